"""`authorizer policy prove --deployment`: the proof with the deployment's own values, and each of its assumptions
CHECKED with its place, REFUTED, or OPEN with what would close it."""

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from authorizer.cli.options import environment_names
from authorizer.cli.progress import watched

if TYPE_CHECKING:
    from collections.abc import Callable

    from rich.console import Console

    from authorizer.deployed import Function
    from authorizer.engine.prove import Proof
    from authorizer.gate import Note, Ruling, World
    from authorizer.settings.schema import Gateway

STYLES = {"CHECKED": "green", "OPEN": "yellow", "REFUTED": "red"}
REGION = "AWS_REGION"
"""Lambda sets it itself (Lambda Developer Guide, "Defined runtime environment variables")."""
MAX_PLACES = 3


def parse_parameters(texts: Sequence[str]) -> dict[str, str]:
    """`NAME=VALUE` texts. Raises `click.BadParameter`."""
    parameters = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not name or not equals:
            raise click.BadParameter(f"expected NAME=VALUE, found {text!r}")
        parameters[name] = value
    return parameters


def load_world(
    access: Path, files: Sequence[Path], parameters: Mapping[str, str], around: Mapping[str, str]
) -> "World":
    """The configuration as the deployed function reads it. Names that the files leave without a value mean what they
    mean `around` it, and the ruling on the values says so.

    Raises `SettingsError`, `DeploymentInvalid`.
    """
    from authorizer.deployed import is_open, read_deployment
    from authorizer.errors import SettingsError
    from authorizer.gate import World, authorizers_of
    from authorizer.settings.load import load

    region = parameters.get("AWS::Region") or around.get(REGION) or "us-east-1"
    deployment = read_deployment(files, parameters=parameters, region=region)
    functions = authorizers_of(deployment)

    def known(function: "Function") -> dict[str, str]:
        return {name: value for name, value in function.environment.items() if not is_open(value)}

    def gateway(function: "Function") -> "Gateway | None":
        try:
            return load(access, {**around, **known(function), REGION: region}).settings.gateway
        except SettingsError:
            return None

    own = known(functions[0]) if functions else {}
    names = environment_names(access)
    loaded = load(access, {**around, **own, REGION: region})
    return World(
        loaded,
        deployment,
        borrowed=sorted(names - own.keys() - {REGION}),
        names=sorted(environment_names(access, without=("gateway",))),
        gateways={function.arn: gateway(function) for function in functions[1:]},
    )


def rule(world: "World", make_proofs: "Callable[[], list[Proof]]") -> "tuple[list[Proof], list[Ruling]]":
    """The proofs, and a ruling on each assumption."""
    from authorizer.gate import rule_on

    proofs = [shown(proof, world.show) for proof in make_proofs()]
    steps = rule_on(world, [line for proof in proofs for line in proof.rests_on])
    return proofs, [step() for step in watched(steps, "checking what the proof rests on")]


def shown(value: Any, show: "Callable[[str], str]") -> Any:
    """A value with every text in it as a person reads it: names that AWS makes are those of the template."""
    if isinstance(value, str):
        return show(value)
    if isinstance(value, tuple | list):
        return type(value)(shown(item, show) for item in value)
    if isinstance(value, Mapping):
        return {key: shown(item, show) for key, item in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return dataclasses.replace(
            value,
            **{field.name: shown(getattr(value, field.name), show) for field in dataclasses.fields(value)},
        )
    return value


def is_refused(rulings: "Sequence[Ruling]") -> bool:
    """Whether an assumption is refuted, or one is left open that a file could close."""
    return any(ruling.status == "REFUTED" or ruling.closable for ruling in rulings)


def plain(rulings: "Sequence[Ruling]") -> list[dict[str, object]]:
    """What `--json` prints of them."""
    return [
        {
            "assumption": ruling.assumption,
            "printed": ruling.printed,
            "status": ruling.status,
            "closable": ruling.closable,
            "notes": [
                {"status": note.status, "text": note.text, "place": note.place, "closes": note.closes}
                for note in ruling.notes
            ],
        }
        for ruling in rulings
    ]


def print_rulings(console: "Console", rulings: "Sequence[Ruling]") -> None:
    """The table of all, and each note of what is not CHECKED."""
    from rich.table import Column
    from rich.text import Text

    from authorizer.cli.console import folding_table

    table = folding_table("What the proof rests on", Column("", no_wrap=True), "Where")
    for ruling in rulings:
        if table.row_count and not ruling.printed and rulings[table.row_count - 1].printed:
            table.add_section()
        table.add_row(
            Text(ruling.assumption), Text(ruling.status, STYLES[ruling.status]), Text(_places(ruling))
        )
    console.print(table)
    for ruling in rulings:
        for note in ruling.notes:
            if note.status != "CHECKED":
                _print_note(console, note)
    counts = [f"{sum(each.status == status for each in rulings)} {status}" for status in STYLES]
    console.print(", ".join(counts), highlight=False)


def _print_note(console: "Console", note: "Note") -> None:
    from rich.text import Text

    place = f"{note.place}: " if note.place else ""
    console.print(Text.assemble((note.status, STYLES[note.status]), f" {place}{note.text}"), soft_wrap=True)
    if note.closes:
        console.print(Text(f"  what would close it: {note.closes}"), soft_wrap=True)


def _places(ruling: "Ruling") -> str:
    places = list(
        dict.fromkeys(note.place for note in ruling.notes if note.place and note.status == ruling.status)
    )
    more = [f"and {len(places) - MAX_PLACES} more"] if len(places) > MAX_PLACES else []
    return "\n".join((*places[:MAX_PLACES], *more))
