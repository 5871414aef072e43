"""`authorizer policy render`: one user's session policy."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from authorizer.cli import EXIT_UNDECIDED
from authorizer.cli.options import load_access
from authorizer.cli.plain import data
from authorizer.cli.who import names_of, user_of, user_options


@click.command()
@user_options
@click.option("--compact", is_flag=True, help="Print exactly the text that STS gets.")
def render(
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
    compact: bool,
) -> None:
    """Print the session policy of one user: of a --role, or of one --template or several.

    Exit code 0: it renders. 2: this user gets no policy, and the reason.
    """
    from authorizer.engine import MAX_CHARACTERS, EngineError

    if as_json and compact:
        raise click.UsageError(
            "--compact prints the policy's own text, and --json more than that: one of them"
        )
    loaded = load_access(access, aws=aws)
    names = names_of(loaded, role, templates)
    values, wanted = user_of(
        loaded.settings, role=role, claims=claims, scopes=scopes, groups=groups, issuer=issuer
    )
    try:
        text = loaded.templates.render(names, values, scopes=wanted)
    except EngineError as error:
        click.echo(f"no policy for this user: {error}", err=True)
        sys.exit(EXIT_UNDECIDED)
    worst = loaded.templates.worst_case_length(names)
    if as_json:
        shown = {"templates": names, "policy": json.loads(text), "length": len(text), "longest": worst}
        data(json.dumps({**shown, "limit": MAX_CHARACTERS}, indent=2))
        return
    data(text if compact else json.dumps(json.loads(text), indent=2, ensure_ascii=False))
    longest = f"the longest that {', '.join(names)} can render to has {worst}"
    click.echo(f"{len(text)} characters; {longest}, STS takes {MAX_CHARACTERS}", err=True)
