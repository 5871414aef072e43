"""`authorizer policy who-can`: who may make one request, or reach one route."""

import json
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from authorizer.cli.console import folding_table, literal_console
from authorizer.cli.options import access_option, aws_option, json_option, load_access
from authorizer.cli.plain import data
from authorizer.cli.told import plain_example

if TYPE_CHECKING:
    from authorizer.gate import Kind, WhoCan
    from authorizer.settings.schema import Access, Route

MOST = 6
"""Most ways of coming by a role that are printed for one kind of users; `--json` has them all."""


@click.command("who-can")
@click.argument("what", metavar="ACTION|ROUTE")
@click.argument("resource", required=False)
@access_option
@aws_option
@click.option("--role", help="Only who has this role.")
@click.option(
    "--context",
    "pairs",
    multiple=True,
    metavar="KEY=VALUE",
    help="A condition key of the request; repeat for several values, and leave VALUE empty for one that is not there.",
)
@json_option("Print the answer as JSON.")
def who_can(
    *,
    what: str,
    resource: str | None,
    access: Path,
    aws: bool,
    role: str | None,
    pairs: Sequence[str],
    as_json: bool,
) -> None:
    """Say who may do ACTION to RESOURCE, or reach a ROUTE such as "GET /data/x": everybody, and nobody else.

    Told are issuers, roles, groups, scopes and claims, and what the request must have besides; each is shown by
    somebody who may. Of the roles' own policies nothing is seen: they can only take away. What `managed_policies` of a
    role allow besides could not be told.

    Exit code 0: this is everybody. 1: there is something that could not be told. 2: it could not run.
    """
    from authorizer.gate import route_of

    loaded = load_access(access, aws=aws)
    route = route_of(what)
    context = _context(pairs)
    problems = list(
        _problems(loaded=loaded, what=what, resource=resource, route=route, role=role, pairs=pairs)
    )
    if problems:
        raise click.UsageError("\n  ".join(("cannot be asked:", *problems)))
    answers = list(
        _answers(loaded=loaded, what=what, resource=resource or "", route=route, role=role, context=context)
    )
    if as_json:
        data(json.dumps(_plain(loaded, answers), indent=2))
    else:
        _print(loaded, answers, of_action=route is None)
    sys.exit(1 if any(answer.undecided for answer in answers) else 0)


def _problems(
    *,
    loaded: "Access",
    what: str,
    resource: str | None,
    route: "Route | None",
    role: str | None,
    pairs: Sequence[str],
) -> Iterator[str]:
    """Everything that is wrong with the question."""
    from authorizer.engine.check import request_problems
    from authorizer.gate import route_problems

    if route is None:
        yield from request_problems(what, resource or "")
    else:
        if resource is not None:
            yield f"a route has no resource: found {resource!r}"
        yield from route_problems(route)
        if pairs:
            yield "a route has no condition keys: --context is for an action"
    if role is not None and role not in loaded.settings.roles:
        yield f"there is no role {role!r}: expected one of {', '.join(loaded.settings.roles)}"
    for pair in pairs:
        if not pair.partition("=")[1] or not pair.partition("=")[0]:
            yield f"--context {pair!r}: expected KEY=VALUE"


def _context(pairs: Sequence[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    spelt: dict[str, str] = {}
    for pair in pairs:
        key, _, value = pair.partition("=")
        values = found.setdefault(spelt.setdefault(key.lower(), key), [])
        values += [value] if value else []
    return found


def _answers(
    *,
    loaded: "Access",
    what: str,
    resource: str,
    route: "Route | None",
    role: str | None,
    context: dict[str, list[str]],
) -> Iterator["WhoCan"]:
    from authorizer.cli.progress import watched
    from authorizer.engine.evaluate import AccessRequest
    from authorizer.gate import who_can as ask
    from authorizer.gate import who_reaches

    roles = [each for name, each in loaded.settings.roles.items() if role in (None, name)]
    for each in watched(roles, "asking about each role"):
        if route is not None:
            yield who_reaches(loaded, each, route)
        else:
            yield ask(loaded, each, AccessRequest(action=what, resource=resource, context=context))


def _print(loaded: "Access", answers: Sequence["WhoCan"], *, of_action: bool) -> None:
    from rich.text import Text

    from authorizer.engine.check import edition
    from authorizer.gate import conditions, exceptions, words

    console = literal_console()
    kinds = [kind for answer in answers for kind in answer.kinds]
    several = len({issuer.name for issuer in loaded.settings.issuers.values()}) > 1
    table = folding_table(
        "Role", *(("Issuer",) if several else ()), "Who", *(("With", "By") if of_action else ())
    )
    for kind in kinds:
        left = [*conditions(kind.asker, loaded.templates)]
        left += [f"unless {each}" for each in exceptions(kind.asker, loaded.templates)]
        row = [
            kind.role,
            *(("\n".join(kind.issuers[:MOST]) + _more(len(kind.issuers)),) if several else ()),
            "\n".join(words(kind.asker, kind.way, loaded.templates)) or "everybody",
        ]
        if of_action:
            row += ["\n".join(left) or "-", "\n".join(place.describe() for place in kind.asker.places)]
        table.add_row(*(Text(cell) for cell in row))
    if kinds:
        console.print(table)
    for kind in kinds:
        for line in _lines(loaded, kind):
            console.print(line, soft_wrap=True)
    undecided = [each for answer in answers for each in answer.undecided]
    for told in undecided:
        console.print(Text(f"UNKNOWN {told}", style="yellow"), soft_wrap=True)
    if not undecided:
        console.print("These, and nobody else." if kinds else "Nobody.", style="bold")
    for note in dict.fromkeys(note for answer in answers for note in answer.notes):
        console.print(f"Not seen: {note}", soft_wrap=True)
    if of_action:
        console.print(f"Judged by AWS's actions of {edition()}.")


def _more(count: int) -> str:
    return f"\nand {count - MOST} more" if count > MOST else ""


def _lines(loaded: "Access", kind: "Kind") -> Iterator[str]:
    from authorizer.gate import words

    yield f"{kind.role}, {', '.join(words(kind.asker, kind.way, loaded.templates)) or 'everybody'}: by"
    for through in kind.through[:MOST]:
        yield f"  - {through.told(loaded.settings)}"
    if len(kind.through) > MOST:
        yield f"  - and {len(kind.through) - MOST} more ways"
    yield f"  for example a token that says {json.dumps(dict(kind.example.caller.values))}"
    if kind.example.requested_role is not None:
        yield f"    and asks for role {kind.example.requested_role}"
    if not isinstance(kind.example.request, str) and kind.example.request.context:
        yield f"    with {', '.join(f'{key}={value!r}' for key, value in kind.example.request.context.items())}"


def _plain(loaded: "Access", answers: Sequence["WhoCan"]) -> dict[str, object]:
    from authorizer.engine.check import edition

    return {
        "actions_of": edition(),
        "kinds": [_plain_kind(loaded, kind) for answer in answers for kind in answer.kinds],
        "undecided": [each for answer in answers for each in answer.undecided],
        "notes": list(dict.fromkeys(note for answer in answers for note in answer.notes)),
    }


def _plain_kind(loaded: "Access", kind: "Kind") -> dict[str, object]:
    from dataclasses import asdict

    from authorizer.gate import conditions, exceptions, words

    templates = loaded.templates
    return {
        "role": kind.role,
        "issuers": list(kind.issuers),
        "who": words(kind.asker, kind.way, templates),
        "claims": {templates.origin(char)[0]: text for char, text in sorted(kind.asker.values)},
        "conditions": conditions(kind.asker, templates),
        "unless": exceptions(kind.asker, templates),
        "statements": [place.describe() for place in kind.asker.places],
        "through": [asdict(through) for through in kind.through],
        "example": plain_example(kind.example),
    }
