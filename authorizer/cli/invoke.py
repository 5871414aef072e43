"""`authorizer invoke EVENT.json`: one event through the real handler, on a laptop."""

import json
import os
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.table import Column
from rich.text import Text

from authorizer.cli import EXIT_UNDECIDED
from authorizer.cli.closed import closed_because
from authorizer.cli.console import folding_table, literal_console
from authorizer.cli.encoding import BYTE_ORDER_MARK, marked, not_utf_8
from authorizer.cli.options import access_option
from authorizer.cli.plain import data
from authorizer.errors import RouteClosed
from authorizer.model import Decision, Verdict
from authorizer.record import Record
from authorizer.runtime import UNAUTHORIZED, Authorizer
from authorizer.syntax.json_text import parse_json

if TYPE_CHECKING:
    from authorizer.local.aws import EmbeddedAws, Tried

SECRET_KEYS = frozenset(("secretAccessKey", "sessionToken", "credentials"))
MASK = "****"
_PLACE = re.compile(r"[a-zA-Z0-9._-]+/.+", re.DOTALL)
"""What boto3 sends: the characters of a bucket's name, and any key."""
EXIT_CODES: Mapping[Verdict, int] = {"allow": 0, "deny": 1, "unauthorized": 1, "failure": EXIT_UNDECIDED}


def _places(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    for place in given:
        if not _PLACE.fullmatch(place):
            raise click.BadParameter(
                f"{place!r} is no object: expected BUCKET/KEY, such as example-data/home/x"
            )
    return given


@click.command()
@click.argument("event", type=click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path))
@access_option
@click.option("--explain", is_flag=True, help="Show on standard error what each stage made of the event.")
@click.option("--show-secrets", is_flag=True, help="Print credentials as they are; masked otherwise.")
@click.option(
    "--get",
    "places",
    multiple=True,
    metavar="BUCKET/KEY",
    callback=_places,
    help="Then read this object with the caller's credentials at the local AWS, which has it, and tell why it may or "
    "may not be read. Again for each object.",
)
@click.option("--aws", is_flag=True, help="Use the ambient AWS environment and the real issuers.")
def invoke(
    event: Path, access: Path, *, explain: bool, show_secrets: bool, places: tuple[str, ...], aws: bool
) -> None:
    """Run EVENT (a JSON file, or - for standard input) through the authorizer and print its response.

    Without --aws no AWS account and no network is needed: a local AWS judges as IAM does, and `Bearer local:NAME` in
    the event becomes a fresh token for that persona of events/personas.toml.

    Exit code 0: allowed. 1: denied or unauthorized. 2: it could not be decided.
    """
    if str(event) == "-" and sys.stdin is None:
        raise click.UsageError("- is standard input, which is closed: expected a JSON file or an open one")
    try:
        text = sys.stdin.read() if str(event) == "-" else event.read_text(encoding="utf-8")
        if text.startswith(BYTE_ORDER_MARK):
            click.echo(marked(str(event)), err=True)
            sys.exit(EXIT_UNDECIDED)
        document = parse_json(text)
    except UnicodeDecodeError as error:
        click.echo(not_utf_8(str(event), error), err=True)
        sys.exit(EXIT_UNDECIDED)
    except (OSError, ValueError) as error:  # JSON that is none
        click.echo(f"{event}: cannot be read: {error}", err=True)
        sys.exit(EXIT_UNDECIDED)
    if aws and places:
        raise click.UsageError(
            "--get puts objects into the local AWS, and --aws asks the real one: one of them"
        )
    with _authorizer(access, document, aws=aws) as (authorizer, ready, local):
        decision, record = authorizer.decide(ready)
        settings = authorizer.settings
        tried = local.get(record.credentials, places) if local and record.credentials and places else []
    if explain:
        _explain(decision, record, aws=aws)
    elif decision.verdict != "allow":
        click.echo(f"{decision.verdict}: {decision.code}: {record.refusal}", err=True)
    if decision.code == RouteClosed.code and (why := closed_because(record, settings)):
        click.echo(_literal(why).plain, err=True)
    data(json.dumps(_shown(_returned(decision), show_secrets), indent=2))
    _show(tried)
    sys.exit(EXIT_CODES[decision.verdict])


@contextmanager
def _authorizer(
    access: Path, event: object, *, aws: bool
) -> Iterator[tuple[Authorizer, object, "EmbeddedAws | None"]]:
    """The authorizer to ask, the event to ask it about, signed in, and the local AWS where it is that."""
    if aws:
        from authorizer.settings.load import load

        authorizer = Authorizer(load(access, os.environ), emit=_silent)
        try:
            yield authorizer, event, None
        finally:
            authorizer.close()
        return

    from authorizer.local.aws import EmbeddedAws
    from authorizer.local.world import local

    with local(access, os.environ) as world:
        region = os.environ.get("AWS_REGION") or world.personas.environment.get("AWS_REGION", "us-east-1")
        embedded = EmbeddedAws(region, world.access.settings.roles)
        try:
            authorizer = Authorizer(world.access, emit=_silent)
            try:
                yield authorizer, world.sign_in(event), embedded
            finally:
                authorizer.close()
        finally:
            embedded.close()


def _silent(_: str) -> None:
    """The decision record is for Lambda's log; here `--explain` tells the same."""


def _returned(decision: Decision) -> dict[str, object]:
    """What Lambda hands to API Gateway: the response, or the error that an exception becomes."""
    if decision.response is not None:
        return dict(decision.response)
    text = UNAUTHORIZED if decision.verdict == "unauthorized" else f"authorizer failure: {decision.code}"
    return {"errorMessage": text, "errorType": "VerdictError"}


def _shown(value: object, show_secrets: bool) -> object:
    if isinstance(value, dict):
        return {
            key: MASK if key in SECRET_KEYS and not show_secrets else _shown(item, show_secrets)
            for key, item in value.items()
        }
    return value


def _explain(decision: Decision, record: Record, *, aws: bool) -> None:
    """Each stage, what came of it and its milliseconds, then the policy as it can be copied, on standard error."""
    console = literal_console(stderr=True)
    columns = (Column("stage", style="bold"), "what came of it", Column("ms", justify="right"))
    table = folding_table(*columns, title="from event to answer", title_justify="left", show_lines=True)
    told = _told(record, aws=aws)
    for stage, milliseconds in record.milliseconds.items():
        table.add_row(stage, _literal(told[stage]), f"{milliseconds:.2f}")
    if record.refusal is not None:
        table.add_row("refused", _literal(f"{record.refusal.code}: {record.refusal}"), "")
    console.print(table)
    if record.policy is not None:
        click.echo(json.dumps(json.loads(record.policy.text), indent=2), err=True)
    style = {"allow": "green", "deny": "yellow", "unauthorized": "yellow", "failure": "red"}[decision.verdict]
    status = {"allow": "the request goes on", "deny": "403", "unauthorized": "401", "failure": "500"}
    outcome = status[decision.verdict]
    if decision.code == RouteClosed.code and record.response is not None:
        outcome = "403 for this route; the answer opens others, and API Gateway may repeat it for them"
    console.print(f"{decision.verdict}: {outcome}", style=style, highlight=False)


def _show(tried: "Sequence[Tried]") -> None:
    """What came of the objects that were asked for, on standard error."""
    if not tried:
        return
    columns = ("GET", Column("", justify="right"), "why")
    table = folding_table(*columns, title="with these credentials", title_justify="left", show_lines=True)
    for each in tried:
        style = "green" if each.status == HTTPStatus.OK else "red"
        table.add_row(
            _literal(each.place), Text(str(each.status), style=style), _literal("\n".join(each.why))
        )
    literal_console(stderr=True).print(table)


def _literal(text: str) -> Text:
    """A path or a username is a stranger's: neither rich's markup nor an escape sequence of the terminal's in it may
    do anything."""
    return Text(
        "".join(char if char.isprintable() or char == "\n" else "\N{REPLACEMENT CHARACTER}" for char in text)
    )


def _told(record: Record, *, aws: bool) -> dict[str, str]:
    """Stage → what it made, in words. Only stages that were passed. The local AWS makes up what a policy's packed size
    is, so that only AWS's own is told."""
    told = {}
    if request := record.request:
        told["parse"] = (
            f"{request.shape} event: {request.route.method} {request.route.path} of {request.route.stage_arn}"
        )
    if claims := record.claims:
        told["verify"] = (
            f"{claims.token_use} token of {claims.issuer} for {claims.username or claims.client_id} ({claims.sub})"
        )
    if identity := record.identity:
        told["resolve"] = (
            f"role {identity.role.name} ({identity.role.arn}) by {identity.rule}; "
            f"scopes {', '.join(sorted(identity.scopes)) or 'none'}"
        )
    if routes := record.routes:
        opened = "\n".join(pattern.partition("/")[2] for pattern in routes.patterns)
        this_route = f"open by {routes.matched!r}" if routes.this_route else "closed"
        told["permit"] = f"{opened}\nthis route: {this_route}"
    if policy := record.policy:
        told["render"] = f"{', '.join(policy.templates)}: {len(policy.text)} of 2048 characters, as below"
    if credentials := record.credentials:
        packed = credentials.packed_policy_size
        told["vend"] = (
            f"{credentials.access_key_id} as session {credentials.session_name}, "
            f"good for {credentials.expiration - record.now:.0f} s"
            + (f", {packed} % of the packed size" if packed is not None and aws else "")
        )
    if record.secrets is not None:
        told["seal"] = f"context: {', '.join(record.secrets)}"
    if record.response is not None:
        told["respond"] = f"{len(json.dumps(record.response))} bytes"
    return told
