"""For whom a policy is rendered: a role or templates, claims and scopes, from the command line."""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from functools import reduce
from typing import TYPE_CHECKING, Any

import click

from authorizer.cli import EXIT_UNDECIDED
from authorizer.cli.completing import names_in
from authorizer.cli.completing import templates as templates_beside
from authorizer.cli.options import access_option, aws_option, json_option

if TYPE_CHECKING:
    from authorizer.engine import ClaimValue
    from authorizer.settings.schema import Access, Settings

_OPTIONS = (
    access_option,
    aws_option,
    click.option("--role", help="Take the templates of this role.", shell_complete=names_in("roles")),
    click.option(
        "--template",
        "templates",
        multiple=True,
        help="Take this template; repeat to join several.",
        shell_complete=templates_beside,
    ),
    click.option(
        "--claim",
        "claims",
        multiple=True,
        metavar="NAME=VALUE",
        help="A claim; for a list, VALUE,VALUE, or the text of its token.",
    ),
    click.option(
        "--scope",
        "scopes",
        multiple=True,
        help="A scope that the user has.",
        shell_complete=names_in("scopes"),
    ),
    click.option(
        "--group",
        "groups",
        multiple=True,
        help="A group, for the scopes that it brings.",
        shell_complete=names_in("groups"),
    ),
    click.option(
        "--issuer",
        help="Whose user it is: a user pool's id, or an `iss`. It must be allowed to say all this.",
    ),
    json_option("Print JSON for machines."),
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
        raise click.BadParameter(among(role, settings.roles), param_hint="--role")
    names = settings.roles[role].policies if role is not None else tuple(templates)
    for name in names:
        if name not in compiled.names:
            raise click.BadParameter(among(name, compiled.names), param_hint="--template")
    return names


def claims_of(settings: "Settings", claims: Sequence[str]) -> Mapping[str, "ClaimValue"]:
    """`NAME=VALUE` pairs as claims; of a list claim, the value is split at commas, where no text says it otherwise."""
    from authorizer.engine import ValueRefused

    values: dict[str, ClaimValue] = {}
    for pair in claims:
        name, equals, value = pair.partition("=")
        if not equals or name not in settings.claims:
            known, known_names = (
                ", ".join(settings.claims),
                [each for each in settings.claims if each != name],
            )
            raise click.BadParameter(
                f"{name!r}: expected NAME=VALUE, NAME one of {known}; {_meant(name, known_names)}".removesuffix(
                    "; "
                ),
                param_hint="--claim",
            )
        if name in values:
            raise click.BadParameter(
                f"{name} is given twice: expected one value of it; several of a list claim are written as {name}=A,B",
                param_hint="--claim",
            )
        kind = settings.claims[name].type
        values[name] = tuple(value.split(",")) if kind.is_list and kind.written is None else value
        try:
            kind.check(values[name])
        except ValueRefused as refused:
            click.echo(
                f"no policy for this user: --claim {name}: {refused}; its type is {kind.name}", err=True
            )
            sys.exit(EXIT_UNDECIDED)
    return values


def among(name: str, known: Iterable[str]) -> str:
    """That a name is none of the known ones, and which was likely meant."""
    return f"{name!r} is not among {', '.join(known)}; {_meant(name, known)}".removesuffix("; ")


def _meant(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name, list(known), n=1)
    return f"did you mean {close[0]!r}?" if close else ""


def scopes_of(settings: "Settings", scopes: Sequence[str], groups: Sequence[str]) -> frozenset[str]:
    """The scopes that were named, and those that the groups bring."""
    for scope in scopes:
        if scope not in settings.scopes:
            raise click.BadParameter(among(scope, settings.scopes), param_hint="--scope")
    brought: set[str] = set(scopes)
    for group in groups:
        if group not in settings.groups:
            raise click.BadParameter(among(group, settings.groups), param_hint="--group")
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
