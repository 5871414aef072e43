"""`authorizer policy explain --route`: is a route open to one user, by which entry, and what else they may open."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from authorizer.cli.console import literal_console
from authorizer.cli.plain import data

if TYPE_CHECKING:
    from authorizer.engine import ClaimValue
    from authorizer.settings.schema import Settings


def explain_route(
    route: str,
    claims: Mapping[str, "ClaimValue"],
    scopes: frozenset[str],
    settings: "Settings",
    *,
    as_json: bool,
) -> int:
    """Print it. The exit code: 0 open, 1 closed. `route` is `METHOD /path`, `$connect` or `$default`; `claims` are of
    their declared types. Raises `click.BadParameter` for what is no route."""
    from authorizer.gate import RouteTable

    table = RouteTable(settings)
    method, _, path = route.rpartition(" ")
    for problem in table.problems(((method, path),)):
        raise click.BadParameter(problem, param_hint="--route")
    answer = table.answer(claims, scopes, method, path)
    own = table.filled(claims, scopes)
    opened, kept = sorted(answer.opened), sorted(answer.kept)
    if as_json:
        data(json.dumps({"open": bool(opened), "by": opened, "to_others": kept, "routes": own}, indent=2))
        return 0 if opened else 1
    from rich.text import Text

    console = literal_console()
    console.print(Text("open" if opened else "closed", style=f"bold {'green' if opened else 'red'}"))
    for scope, entry in opened:
        console.print(Text(f"  {entry}, of scope {scope}", style="green"), soft_wrap=True)
    for scope, entry in kept:
        why = "with another claim" if scope in scopes else f"with scope {scope}"
        console.print(Text(f"  {entry} opens it to others: {why}"), soft_wrap=True)
    console.print("Open to this user:" if own else "Nothing is open to this user.")
    for line in own:
        console.print(Text(f"  {line}"), soft_wrap=True)
    return 0 if opened else 1
