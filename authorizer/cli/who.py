"""For whom a policy is rendered: a role or templates, claims and scopes, from the command line."""

import sys
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import TYPE_CHECKING, Any

import click

from authorizer.cli import EXIT_UNDECIDED
from authorizer.cli.options import access_option, aws_option

if TYPE_CHECKING:
    from authorizer.engine import ClaimValue
    from authorizer.settings.schema import Access, Settings

_OPTIONS = (
    access_option,
    aws_option,
    click.option("--role", help="Take the templates of this role."),
    click.option(
        "--template", "templates", multiple=True, help="Take this template; repeat to join several."
    ),
    click.option(
        "--claim",
        "claims",
        multiple=True,
        metavar="NAME=VALUE",
        help="A claim; for a list, VALUE,VALUE, or the text of its token.",
    ),
    click.option("--scope", "scopes", multiple=True, help="A scope that the user has."),
    click.option("--group", "groups", multiple=True, help="A group, for the scopes that it brings."),
    click.option(
        "--issuer",
        help="Whose user it is: a user pool's id, or an `iss`. It must be allowed to say all this.",
    ),
    click.option("--json", "as_json", is_flag=True, help="Print JSON for machines."),
)


def user_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that say for whom, on a command."""
    return reduce(lambda inner, option: option(inner), reversed(_OPTIONS), command)


def names_of(access: "Access", role: str | None, templates: Sequence[str]) -> tuple[str, ...]:
    """The templates that were asked for."""
    settings, compiled = access
    if bool(role) == bool(templates):
        raise click.UsageError("say either --role or --template")
    if role is not None and role not in settings.roles:
        raise click.BadParameter(f"{role!r} is not among {', '.join(settings.roles)}", param_hint="--role")
    names = settings.roles[role].policies if role is not None else tuple(templates)
    for name in names:
        if name not in compiled.names:
            known = ", ".join(compiled.names)
            raise click.BadParameter(f"{name!r} is not among {known}", param_hint="--template")
    return names


def claims_of(settings: "Settings", claims: Sequence[str]) -> Mapping[str, "ClaimValue"]:
    """`NAME=VALUE` pairs as claims; of a list claim, the value is split at commas, where no text says it otherwise."""
    values: dict[str, ClaimValue] = {}
    for pair in claims:
        name, equals, value = pair.partition("=")
        if not equals or name not in settings.claims:
            known = ", ".join(settings.claims)
            raise click.BadParameter(
                f"{name!r}: expected NAME=VALUE, NAME one of {known}", param_hint="--claim"
            )
        kind = settings.claims[name].type
        values[name] = tuple(value.split(",")) if kind.is_list and kind.written is None else value
    return values


def scopes_of(settings: "Settings", scopes: Sequence[str], groups: Sequence[str]) -> frozenset[str]:
    """The scopes that were named, and those that the groups bring."""
    brought: set[str] = set(scopes)
    for group in groups:
        if group not in settings.groups:
            raise click.BadParameter(
                f"{group!r} is not among {', '.join(settings.groups)}", param_hint="--group"
            )
        brought.update(settings.groups[group].scopes)
    return frozenset(brought)


def user_of(
    settings: "Settings",
    *,
    role: str | None,
    claims: Sequence[str],
    scopes: Sequence[str],
    groups: Sequence[str],
    issuer: str | None,
) -> tuple[Mapping[str, "ClaimValue"], frozenset[str]]:
    """Claims and scopes. With an issuer, those claims too that it fixes; whoever it may not speak for gets no policy,
    and the command ends."""
    values, wanted = claims_of(settings, claims), scopes_of(settings, scopes, groups)
    if issuer is None:
        return values, wanted
    from authorizer.gate import issuer_of, signed

    try:
        found = issuer_of(issuer, settings)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--issuer") from None
    values, refused = signed(found, values, role=role, groups=groups, scopes=wanted, settings=settings)
    if refused is not None:
        click.echo(f"no policy for this user: {refused}", err=True)
        sys.exit(EXIT_UNDECIDED)
    return values, wanted
