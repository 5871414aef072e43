"""`authorizer policy prove`: can two users' policies meet?"""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from authorizer.cli.console import literal_console
from authorizer.cli.options import access_option, aws_option, env_option, load_access
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
def prove(
    *,
    names: Sequence[str],
    access: Path,
    aws: bool,
    env_file: Path | None,
    as_json: bool,
    save: Path | None,
    smt: Path | None,
) -> None:
    """Prove that no two users whose isolating claims differ can touch the same thing.

    Judges every policy, the policies of each role together, those of all roles (two users need not have the same one),
    where there are several issuers, the users of each against those of the others, and the routes that claims are tied
    to; or only what is named. What a
    policy keeps apart, and what it shares, stands in its row under [policies] of the configuration.

    Exit code 0: all that is claimed is proven. 1: a leak, or something that could not be proven. 2: it could not run.
    """
    loaded = load_access(access, aws=aws, env_file=env_file)
    proofs = _proofs(loaded, names)
    if save is not None:
        _save(proofs, save)
    if smt is not None:
        from authorizer.cli.smt import write_questions

        write_questions(loaded, names, [proof.subject for proof in proofs], smt)
    if as_json:
        from authorizer.gate import plain_proof

        click.echo(json.dumps([plain_proof(proof, loaded.settings) for proof in proofs], indent=2))
    else:
        _print(proofs, loaded.settings)
        _print_values(proofs, access)
    sys.exit(1 if any(proof.verdict in ("LEAK", "UNKNOWN") for proof in proofs) else 0)


def _proofs(access: "Access", names: Sequence[str]) -> list["Proof"]:
    from authorizer.gate import prove_settings, subjects

    known = {subject.partition(" ")[2] for subject in subjects(access)}
    if unknown := [name for name in names if name not in known]:
        raise click.BadParameter(f"neither a policy nor a role: {', '.join(map(repr, unknown))}")
    return prove_settings(access, names)


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


def _print(proofs: Sequence["Proof"], settings: "Settings") -> None:
    from rich.table import Column, Table
    from rich.text import Text

    console = literal_console()
    table = Table("", Column("Verdict", no_wrap=True), "Isolates", "Branches", "Pairs")
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
