"""What is deployed, in a report: the files that say it, and what became of each assumption by them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from authorizer.cli.options import environment_of
from authorizer.cli.progress import watched
from authorizer.cli.prove_deployment import load_world

if TYPE_CHECKING:
    from authorizer.assurance import Assumption, Deployed
    from authorizer.gate import Note, Ruling


DEPLOYMENT, NESTED = "deployment", "nested stack"
"""Kinds of files in a report: those that are named, and those that these nest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What a report is asked to be about."""

    access: Path
    sample: bool
    files: tuple[Path, ...] = ()
    """What says what is deployed; none: nobody looks at that."""
    parameters: Mapping[str, str]


def described(files: Iterable[Path], access: Path, *, nested: Iterable[Path] = ()) -> list[dict[str, Any]]:
    """The rows of a report for these files, and for the stacks that they nest. Raises `click.UsageError` where two of
    them would have one name there."""
    from authorizer.assurance import described_file

    rows = [(DEPLOYMENT, file) for file in sorted(files)] + [(NESTED, file) for file in sorted(nested)]
    found = [described_file(kind, file, access.parent) for kind, file in rows]
    if len({row["name"] for row in found}) < len(found):
        names = ", ".join(row["name"] for row in found)
        raise click.UsageError(f"a report would call two of these files by one name: {names}: rename one")
    return found


def look_at(about: About, names: Mapping[str, str]) -> "tuple[Deployed, list[dict[str, Any]]]":
    """What is deployed, and the rows of the report for the files that say so, with the stacks that they nest. `names`
    are those of other files in the report, by path.

    Raises `DeploymentInvalid`, `SettingsError`, `click.UsageError`.
    """
    from authorizer.assurance import Deployed, told
    from authorizer.gate import rule_on

    around = environment_of(about.access, aws=not about.sample)
    world = load_world(about.access, about.files, about.parameters, around)
    read = [Path(file) for file in dict.fromkeys(world.deployment.files)]
    every = {**names, **{str(file): told(file, about.access.parent) for file in read}}

    def rule(lines: Iterable[str]) -> "list[Assumption]":
        steps = rule_on(world, lines)
        return [_as_assumption(step(), every) for step in watched(steps, "checking what the proofs rest on")]

    nested = [file for file in read if file not in about.files]
    rows = described(about.files, about.access, nested=nested)
    return Deployed(access=world.access, show=world.show, rule=rule), rows


def _as_assumption(ruling: "Ruling", names: Mapping[str, str]) -> "Assumption":
    from authorizer.assurance import Assumption

    told = [_told(note, names) for note in ruling.notes if note.status == ruling.status]
    return Assumption(
        text=ruling.assumption,
        state=ruling.status,
        place="; ".join(dict.fromkeys(text for text in told if text)),
        printed=ruling.printed,
    )


def _told(note: "Note", names: Mapping[str, str]) -> str:
    """Of what is CHECKED its place, of all else also what is so, and what would close it."""
    place = _named(note.place, names)
    if note.status == "CHECKED":
        return place
    closes = f"; what would close it: {note.closes}" if note.closes else ""
    return f"{place}: {note.text}{closes}".removeprefix(": ")


def _named(place: str, names: Mapping[str, str]) -> str:
    """With the file as the report calls it: no report names a folder of the machine that it was made on."""
    found = [path for path in names if place == path or place.startswith(f"{path}:")]
    longest = max(found, key=len, default="")
    return names.get(longest, "") + place.removeprefix(longest)
