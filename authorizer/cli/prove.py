"""`authorizer policy prove`: can two users' policies meet?"""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from authorizer.cli import EXIT_UNDECIDED
from authorizer.cli.console import folding_table, literal_console
from authorizer.cli.formats import finds, tell, tell_json
from authorizer.cli.of_results import of_proofs, of_rulings, unknown_actions_of
from authorizer.cli.options import (
    access_option,
    aws_option,
    deployment_option,
    env_option,
    environment_of,
    load_access,
    parameter_option,
)
from authorizer.cli.plain import data
from authorizer.cli.progress import watching
from authorizer.cli.values import told

if TYPE_CHECKING:
    from rich.console import Console

    from authorizer.engine.prove import Finding, Party, Proof
    from authorizer.settings.schema import Access, Settings

STYLES = {"PROVEN": "green", "LEAK": "red", "UNKNOWN": "yellow", "NOT CLAIMED": "dim"}


@click.command()
@click.argument("names", nargs=-1, metavar="[POLICY|ROLE]...")
@access_option
@aws_option
@env_option
@click.option("--json", "as_json", is_flag=True, help="Print the proofs as JSON.")
@click.option(
    "--save",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write each witness as a failing case into this folder.",
)
@click.option(
    "--smt",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write every question of the proof as SMT-LIB into this folder, for a solver to answer.",
)
@deployment_option
@parameter_option
@finds("policy prove", broken=EXIT_UNDECIDED, watched=True)
def prove(
    *,
    names: Sequence[str],
    access: Path,
    aws: bool,
    env_file: Path | None,
    as_json: bool,
    save: Path | None,
    smt: Path | None,
    files: Sequence[Path],
    given: Sequence[str],
    form: str,
) -> None:
    """Prove that no two users whose isolating claims differ can touch the same thing.

    Judges every policy, the policies of each role together, those of all roles (two users need not have the same one),
    where there are several issuers, the users of each against those of the others, and the routes that claims are tied
    to; or only what is named. What a
    policy keeps apart, and what it shares, stands in its row under [policies] of the configuration.

    With --deployment the proof is about the values of the function that the files deploy, and each assumption is
    CHECKED with its place, REFUTED, or OPEN with what would close it.

    Exit code 0: all that is claimed is proven. 1: a leak, something that could not be proven, an action that AWS does
    not have, an assumption that is
    refuted, or one that a file could close and none does. 2: it could not run.
    """
    if files:
        around = environment_of(access, aws=aws, env_file=env_file)
        _prove_deployed(
            names, access, around, as_json=as_json, written=save or smt, files=files, given=given, form=form
        )
    if given:
        raise click.UsageError("--parameter is for templates: name one with --deployment")
    loaded = load_access(access, aws=aws, env_file=env_file)
    proofs = _proofs(loaded, names)
    if save is not None:
        _save(proofs, save)
    if smt is not None:
        from authorizer.cli.smt import write_questions

        write_questions(loaded, names, [proof.subject for proof in proofs], smt)
    unknown = unknown_actions_of(loaded, access)
    if as_json:
        from authorizer.gate import plain_proof

        data(json.dumps([plain_proof(proof, loaded.settings) for proof in proofs], indent=2))
    elif form != "text":
        tell([*of_proofs(proofs, access), *unknown], form, "policy prove")
    else:
        _print(proofs, loaded.settings)
        _print_values(proofs, access)
        tell(unknown, form, "policy prove")
    sys.exit(1 if _failed(proofs) or unknown else 0)


def _failed(proofs: Sequence["Proof"]) -> bool:
    return any(proof.verdict in ("LEAK", "UNKNOWN") for proof in proofs)


def _prove_deployed(
    names: Sequence[str],
    access: Path,
    around: Mapping[str, str],
    *,
    as_json: bool,
    written: Path | None,
    files: Sequence[Path],
    given: Sequence[str],
    form: str,
) -> NoReturn:
    from authorizer.cli.prove_deployment import (
        is_refused,
        load_world,
        parse_parameters,
        plain,
        print_rulings,
        rule,
    )
    from authorizer.deployed import DeploymentInvalid
    from authorizer.gate import plain_proof

    if written is not None:
        raise click.UsageError("--save and --smt write values that are known: they go without --deployment")
    try:
        world = load_world(access, files, parse_parameters(given), around)
    except DeploymentInvalid as error:
        if as_json:
            tell_json([str(error)])
        else:
            click.echo(str(error), err=True)
        sys.exit(EXIT_UNDECIDED)
    proofs, rulings = rule(world, lambda: _proofs(world.access, names))
    settings = world.access.settings
    if as_json:
        told = {"proofs": [plain_proof(proof, settings) for proof in proofs], "assumptions": plain(rulings)}
        data(json.dumps(told, indent=2))
    elif form != "text":
        tell([*of_proofs(proofs, access), *of_rulings(rulings)], form, "policy prove")
    else:
        _print(proofs, settings, assumptions=False)
        print_rulings(literal_console(), rulings)
    sys.exit(1 if _failed(proofs) or is_refused(rulings) else 0)


def _proofs(access: "Access", names: Sequence[str]) -> list["Proof"]:
    from authorizer.gate import prove_settings, subjects

    known = {subject.partition(" ")[2] for subject in subjects(access)}
    if unknown := [name for name in names if name not in known]:
        raise click.BadParameter(f"neither a policy nor a role: {', '.join(map(repr, unknown))}")
    return prove_settings(access, names, watch=watching("proving"))


def _save(proofs: Sequence["Proof"], folder: Path) -> None:
    from authorizer.engine.prove import as_cases
    from authorizer.gate import ROUTES_BY, as_route_cases

    folder.mkdir(parents=True, exist_ok=True)
    for proof in proofs:
        for number, finding in enumerate(proof.findings, start=1):
            if finding.witness is None:
                continue
            stem = f"leak-{proof.subject.replace(' ', '-')}-{number}"
            if proof.subject.startswith(ROUTES_BY):
                texts = {f"{stem}.toml": as_route_cases(finding, finding.witness)}
            else:
                texts = {
                    f"{stem}{letter}.toml": as_cases(finding, finding.witness, names)
                    for letter, names in zip("ab", finding.witness.policies, strict=False)
                }
            for name, text in texts.items():
                (folder / name).write_text(text, encoding="utf-8")
                click.echo(f"saved {folder / name}", err=True)


def _print(proofs: Sequence["Proof"], settings: "Settings", *, assumptions: bool = True) -> None:
    from rich.table import Column
    from rich.text import Text

    console = literal_console()
    table = folding_table("", Column("Verdict", no_wrap=True), "Isolates", "Branches", "Pairs")
    for proof in proofs:
        claims = ", ".join(dict.fromkeys(claim for _, claim in proof.isolates)) or "-"
        verdict = Text(proof.told, style=STYLES[proof.verdict])
        table.add_row(proof.subject, verdict, claims, str(proof.ways), str(proof.pairs))
    console.print(table)
    for proof in proofs:
        for finding in proof.findings:
            _print_finding(console, proof, finding, settings)
    shared = dict.fromkeys(
        f"{sharing.told} ({proof.subject})" for proof in proofs for sharing in proof.shared
    )
    if shared:
        console.print("Left out, because declared as shared:", style="bold")
        for line in shared:
            console.print(f"  {line}", soft_wrap=True)
    if not assumptions:
        return
    console.print("What is proven rests on this:", style="bold")
    for line in dict.fromkeys(line for proof in proofs for line in proof.rests_on):
        console.print(f"  - {line}", soft_wrap=True)


def _print_values(proofs: Sequence["Proof"], access: Path) -> None:
    values = {name: value for proof in proofs for name, value in proof.values}
    if values:
        console = literal_console()
        console.print(
            "And it holds for these values of [variables], and is not shown for any other:", style="bold"
        )
        for line in told(values, access):
            console.print(f"  - {line}", soft_wrap=True)


def _print_finding(console: "Console", proof: "Proof", finding: "Finding", settings: "Settings") -> None:
    from rich.text import Text

    head = "LEAK" if finding.witness else "UNKNOWN"
    console.print(Text.assemble((head, STYLES[head]), f" {proof.subject}: {finding.reason}"), soft_wrap=True)
    console.print(f"  statements: {finding.one} and {finding.other}", soft_wrap=True)
    if finding.witness is None:
        return
    for party in (finding.witness.one, finding.witness.other):
        for line in _describe(party, settings):
            console.print(f"  {line}", soft_wrap=True)


def _describe(party: "Party", settings: "Settings") -> list[str]:
    from authorizer.gate import payload

    claims = ", ".join(f"{name}={value!r}" for name, value in party.claims.items()) or "nothing"
    scopes = f", scopes {', '.join(sorted(party.scopes))}" if party.scopes else ""
    context = ", ".join(f"{key}={value!r}" for key, value in party.request.context.items())
    signed = [f"  by a token that says {json.dumps(payload(party, settings))}"] if party.issuer else []
    return [
        f"a user with {claims}{scopes}, by {', '.join(party.templates)}",
        *signed,
        f"  {'may' if party.allowed else 'may not'} {party.request.action} on {party.request.resource}"
        + (f" with {context}" if context else ""),
    ]
