"""`authorizer policy explain`: why a request is allowed or denied."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from authorizer.cli import EXIT_UNDECIDED
from authorizer.cli.console import literal_console
from authorizer.cli.options import load_access
from authorizer.cli.plain import data
from authorizer.cli.who import names_of, user_of, user_options

if TYPE_CHECKING:
    from authorizer.engine import Branch
    from authorizer.engine.evaluate import Outcome


@click.command()
@user_options
@click.option("--action", help="What the user does, such as s3:GetObject.")
@click.option("--resource", help="The ARN of what it is done to.")
@click.option(
    "--context",
    "pairs",
    multiple=True,
    metavar="KEY=VALUE",
    help="A condition key; repeat for several values.",
)
@click.option(
    "--route",
    metavar="'METHOD /path'",
    help="In place of an action and a resource: a route of the API, $connect or $default.",
)
def explain(
    *,
    access: Path,
    aws: bool,
    role: str | None,
    templates: Sequence[str],
    claims: Sequence[str],
    scopes: Sequence[str],
    groups: Sequence[str],
    issuer: str | None,
    as_json: bool,
    action: str | None,
    resource: str | None,
    pairs: Sequence[str],
    route: str | None,
) -> None:
    """Say what one user's session policy makes of one request, statement by statement; or whether a route is open.

    Judged is the session policy by itself: the role's own policies can only take away from it. What `managed_policies`
    of the role allow besides is not seen, and said. Routes are those of the user's scopes, with the user's claims in
    them.

    Exit code 0: allowed. 1: denied. 2: this user gets no policy.
    """
    from authorizer.engine import EngineError
    from authorizer.engine.check import action_problems, key_problems, resource_problems
    from authorizer.engine.evaluate import AccessRequest, evaluate
    from authorizer.gate import managed

    loaded = load_access(access, aws=aws)
    if route is not None:
        if action or resource or pairs:
            raise click.UsageError("say either --route, or --action and --resource")
        values, wanted = user_of(
            loaded.settings, role=role, claims=claims, scopes=scopes, groups=groups, issuer=issuer
        )
        from authorizer.cli.route_explained import explain_route

        sys.exit(explain_route(route, values, wanted, loaded.settings, as_json=as_json))
    if action is None or resource is None:
        raise click.UsageError("say --action and --resource, or --route")
    if wrong := next(action_problems(action), None):
        raise click.BadParameter(wrong, param_hint="--action")
    if wrong := next(resource_problems([action], [resource], known=True), None):
        raise click.BadParameter(wrong, param_hint="--resource")
    context = _context(pairs)
    for key in context:
        if wrong := next(key_problems((), key), None):
            raise click.BadParameter(wrong, param_hint="--context")
    names = names_of(loaded, role, templates)
    values, wanted = user_of(
        loaded.settings, role=role, claims=claims, scopes=scopes, groups=groups, issuer=issuer
    )
    request = AccessRequest(action=action, resource=resource, context=context)
    try:
        loaded.templates.render(names, values, scopes=wanted)
        branch = loaded.templates.trace(names, values, scopes=wanted)
    except EngineError as error:
        click.echo(f"no policy for this user: {error}", err=True)
        sys.exit(EXIT_UNDECIDED)
    outcome = evaluate(identity=None, session=branch.document, boundary=None, request=request)
    notes = list(managed([loaded.settings.roles[role]] if role is not None else ()))
    if as_json:
        _print_json(branch, outcome, notes)
    else:
        _print(branch, outcome, notes)
    sys.exit(0 if outcome.allowed else 1)


def _context(pairs: Sequence[str]) -> dict[str, str | list[str]]:
    found: dict[str, list[str]] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key:
            raise click.BadParameter(f"{pair!r}: expected KEY=VALUE", param_hint="--context")
        found.setdefault(key, []).append(value)
    if len({key.lower() for key in found}) != len(found):
        raise click.BadParameter(
            "a key in two spellings: condition keys have no case", param_hint="--context"
        )
    return {key: values[0] if len(values) == 1 else values for key, values in found.items()}


def _print(branch: "Branch", outcome: "Outcome", notes: Sequence[str]) -> None:
    from rich.text import Text

    from authorizer.engine.evaluate import describe
    from authorizer.engine.evaluate import explain as findings

    console = literal_console()
    colour = "green" if outcome.allowed else "red"
    console.print(Text(describe(outcome)[0], style=f"bold {colour}"))
    for finding in findings(outcome):
        sid = finding.place.sid or f"statement {finding.place.statement + 1}"
        place = branch.places[finding.place.statement].describe()
        said = "decides" if finding.decided else "matches" if finding.matched else "does not match"
        style = colour if finding.decided else "default" if finding.matched else "dim"
        console.print(Text(f"{place}: {sid}, {finding.effect}: {said}", style=style), soft_wrap=True)
        for check in finding.failed:
            console.print(Text(f"    {check.element} wanted {check.wanted}"), soft_wrap=True)
            console.print(Text(f"    {' ' * len(check.element)}    got {check.got}"), soft_wrap=True)
    for note in notes:
        console.print(Text(f"Not seen: {note}"), soft_wrap=True)


def _print_json(branch: "Branch", outcome: "Outcome", notes: Sequence[str]) -> None:
    from authorizer.engine.evaluate import explain as findings

    rows = [
        {
            "statement": finding.place.sid or finding.place.statement + 1,
            "place": branch.places[finding.place.statement].describe(),
            "effect": finding.effect,
            "matched": finding.matched,
            "decided": finding.decided,
            "checks": [asdict(check) for check in finding.checks],
        }
        for finding in findings(outcome)
    ]
    data(json.dumps({"verdict": outcome.verdict, "statements": rows, "notes": list(notes)}, indent=2))
