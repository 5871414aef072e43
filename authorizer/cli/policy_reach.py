"""`authorizer policy reach`: all that a group, a role, an issuer's users or a persona reach."""

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from authorizer.cli import EXIT_UNDECIDED
from authorizer.cli.console import folding_table, literal_console
from authorizer.cli.options import access_option, aws_option, json_option, load_access
from authorizer.cli.plain import data
from authorizer.cli.told import plain_example

if TYPE_CHECKING:
    from authorizer.gate import Caller, Reach, Reached
    from authorizer.local.personas import Persona
    from authorizer.settings.schema import Access


@click.command()
@access_option
@aws_option
@click.option("--group", help="What members of this group reach who are in no other.")
@click.option("--role", help="What whoever has this role reaches.")
@click.option("--issuer", help="What users of this issuer reach: a user pool's id, or an `iss`.")
@click.option("--persona", help="What this person of events/personas.toml reaches.")
@json_option("Print the answer as JSON.")
def reach(
    *,
    access: Path,
    aws: bool,
    group: str | None,
    role: str | None,
    issuer: str | None,
    persona: str | None,
    as_json: bool,
) -> None:
    """Say all that somebody reaches: roles, scopes, routes, and actions on resources, with claims where users differ.

    Each statement is shown by somebody who may, with a request. Of the roles' own policies nothing is seen: they can
    only take away. What `managed_policies` of a role allow besides is not seen either, and a note says so.

    Exit code 0: told. 1: a statement of which nobody was found who may. 2: it could not run.
    """
    from authorizer.engine.prove import Undecided

    loaded = load_access(access, aws=aws)
    asked = {"--group": group, "--role": role, "--issuer": issuer, "--persona": persona}
    problems = list(_problems(loaded, access, asked))
    if problems:
        raise click.UsageError("\n  ".join(("cannot be asked:", *problems)))
    try:
        found = _reach(loaded, access, asked)
    except Undecided as undecided:
        click.echo(f"cannot be told: {undecided}", err=True)
        sys.exit(EXIT_UNDECIDED)
    if as_json:
        data(json.dumps(_plain(found), indent=2))
    else:
        _print(found)
    sys.exit(1 if any(row.effect == "Allow" and row.example is None for row in found.statements) else 0)


def _problems(loaded: "Access", access: Path, asked: Mapping[str, str | None]) -> Iterator[str]:
    """Everything that is wrong with the question."""
    from authorizer.gate import issuer_of

    given = [option for option, value in asked.items() if value is not None]
    if len(given) != 1:
        yield f"expected one of {', '.join(asked)}, found {' and '.join(given) or 'none'}"
    settings = loaded.settings
    for option, known in (("--group", settings.groups), ("--role", settings.roles)):
        name = asked[option]
        if name is not None and name not in known:
            yield f"there is no {option.removeprefix('--')} {name!r}: expected one of {', '.join(known) or 'none'}"
    if asked["--issuer"] is not None:
        try:
            issuer_of(asked["--issuer"], settings)
        except ValueError as error:
            yield str(error)
    people, persona = _people(access), asked["--persona"]
    if persona is not None and persona not in people:
        yield f"there is no persona {persona!r}: expected one of {', '.join(people) or 'none'}"
    elif persona is not None:
        for role in _named(people[persona]):
            if role not in settings.roles:
                yield f"persona {persona!r} has the role {role!r}, which access.toml does not list"


def _people(access: Path) -> Mapping[str, "Persona"]:
    from authorizer.local.personas import load_personas
    from authorizer.local.world import personas_beside

    place = personas_beside(access)
    return load_personas(place).people if place.exists() else {}


def _reach(loaded: "Access", access: Path, asked: Mapping[str, str | None]) -> "Reach":
    from authorizer.gate import (
        issuer_of,
        reach_of_callers,
        reach_of_group,
        reach_of_issuer,
        reach_of_role,
    )

    if asked["--group"] is not None:
        return reach_of_group(loaded, asked["--group"])
    if asked["--role"] is not None:
        return reach_of_role(loaded, asked["--role"])
    if asked["--issuer"] is not None:
        return reach_of_issuer(loaded, issuer_of(asked["--issuer"], loaded.settings))
    return reach_of_callers(loaded, list(_callers(loaded, access, str(asked["--persona"]))))


def _callers(loaded: "Access", access: Path, name: str) -> Iterator["Caller"]:
    """Whom the tokens speak for that the local issuer mints for a persona."""
    from authorizer.gate import Caller
    from authorizer.local.personas import load_personas
    from authorizer.local.world import personas_beside

    personas = load_personas(personas_beside(access))
    persona, settings = personas.people[name], loaded.settings
    issuer = next(iter(settings.issuers.values()))
    clients = sorted(issuer.client_ids or {"local"})
    known = personas.environment
    client = known.get("MACHINE_CLIENT_ID" if persona.machine else "APP_CLIENT_ID", clients[0])
    sub = persona.sub or client
    groups = () if persona.machine else persona.groups
    for use in ("access",) if persona.machine else ("id", "access"):
        of_id = use == "id"
        claims = persona.claims if of_id else persona.access_claims
        arns = {role: settings.roles[role].arn for role in _named(persona)} if of_id else {}
        listed = {"cognito:groups": list(groups)} if groups else {}
        yield Caller(
            issuer=issuer.issuer,
            token_use=use,
            sub=sub,
            client_id=client,
            username=persona.username or None,
            machine=persona.machine,
            groups=groups,
            roles=tuple(arns[role] for role in persona.roles if of_id),
            preferred_role=arns.get(persona.preferred_role or ""),
            scopes=() if of_id else persona.scopes,
            values={
                "iss": issuer.issuer,
                "sub": sub,
                "aud" if of_id else "client_id": client,
                **listed,
                **claims,
            },
        )


def _named(persona: "Persona") -> list[str]:
    """The roles that their ID token names."""
    return list(dict.fromkeys((*persona.roles, *filter(None, (persona.preferred_role,)))))


def _print(found: "Reach") -> None:
    from rich.text import Text

    console = literal_console()

    def say(line: str) -> None:
        console.print(line, soft_wrap=True)

    say(f"Roles: {', '.join(found.roles) or 'none'}")
    sure = [scope for scope, all_have in found.scopes if all_have]
    some = [scope for scope, all_have in found.scopes if not all_have]
    say(f"Scopes: {', '.join(sure) or 'none'}" + (f"; some may have {', '.join(some)}" if some else ""))
    if found.routes:
        table = folding_table("Route", "By scope")
        for scope, route in found.routes:
            table.add_row(Text(route), Text(scope if scope in sure else f"{scope}, who has it"))
        console.print(table)
    if found.statements:
        table = folding_table("Role", "Actions", "Resources", "With", "Who")
        for row in found.statements:
            actions = "\n".join(row.actions) if row.effect == "Allow" else "not " + "\nnot ".join(row.actions)
            cells = (row.role, actions, "\n".join(row.resources), "\n".join(row.conditions) or "-")
            table.add_row(*map(Text, (*cells, "\nor ".join(row.users) or "all")))
        console.print(table)
    for row in found.statements:
        if row.effect == "Allow":
            say(_example(row))
    for note in found.notes:
        say(f"Note: {note}")


def _example(row: "Reached") -> str:
    if row.example is None:
        return f"UNKNOWN {', '.join(row.places)}: nobody was found who may use it"
    request = plain_example(row.example)["request"]
    return f"{', '.join(row.places)}: {json.dumps(row.example.caller.values)} may {json.dumps(request)}"


def _plain(found: "Reach") -> dict[str, object]:
    return {
        "roles": list(found.roles),
        "scopes": [{"scope": scope, "all_have_it": sure} for scope, sure in found.scopes],
        "routes": [{"scope": scope, "route": route} for scope, route in found.routes],
        "statements": [
            {
                "role": row.role,
                "effect": row.effect,
                "actions": list(row.actions),
                "resources": list(row.resources),
                "conditions": list(row.conditions),
                "who": list(row.users),
                "statements": list(row.places),
                "example": None if row.example is None else plain_example(row.example),
            }
            for row in found.statements
        ],
        "notes": list(found.notes),
    }
