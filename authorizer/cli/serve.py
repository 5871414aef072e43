"""`authorizer serve`: API Gateway on a laptop, in front of the user's own backend."""

import asyncio
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from authorizer.cli.ending import INTERRUPTED
from authorizer.cli.options import access_option

if TYPE_CHECKING:
    from authorizer.local_gateway.decisions import Served
    from authorizer.local_gateway.start import Started

KIND_NAMES = ("rest-token", "rest-request", "http-1", "http-2", "http-simple")
"""Here too, so that `--help` needs no extra."""

_ORIGIN = re.compile(r"https?://(?:[a-z0-9.-]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?")
"""An origin as browsers write it (RFC 6454 §6.2). None that stands for several, such as `*`: whoever is named may reach
this machine."""


def _origins(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> tuple[str, ...]:
    for origin in given:
        if not _ORIGIN.fullmatch(origin):
            raise click.BadParameter(
                f"{origin!r}: expected an origin such as https://app.example.com: scheme, host in lower case and port, "
                "no path and no `*`, which would let any page reach this machine"
            )
    return given


@click.command()
@access_option
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8400, show_default=True, help="0 takes a free one."
)
@click.option(
    "--kind",
    type=click.Choice(KIND_NAMES),
    help="The kind of API and authorizer. Default: what [gateway] response needs, rest-token for a policy. A WebSocket "
    "API is served beside it where a scope opens $connect.",
)
@click.option(
    "--api",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Routes and authorizers of this OpenAPI document or SAM template, in place of those of access.toml.",
)
@click.option("--api-name", metavar="LOGICAL_ID", help="Which API of the template, where it has several.")
@click.option(
    "--backend",
    metavar="MODULE:FUNCTION|URL",
    help="A Lambda handler (module:function, or path/file.py:function) or an HTTP server. Default: the sample backend.",
)
@click.option(
    "--allow-origin",
    "origins",
    multiple=True,
    metavar="ORIGIN",
    callback=_origins,
    help="CORS for pages of this origin.",
)
@click.option(
    "--api-key",
    "keys",
    multiple=True,
    metavar="KEY",
    help="A key of the usage plan: every route then needs one. REST.",
)
@click.option(
    "--real-tokens", is_flag=True, help="Believe the real issuers, over the network, and no personas."
)
def serve(
    access: Path,
    *,
    port: int,
    kind: str | None,
    api: Path | None,
    api_name: str | None,
    backend: str | None,
    origins: tuple[str, ...],
    keys: tuple[str, ...],
    real_tokens: bool,
) -> None:
    """Serve the API on this machine alone, as API Gateway would: the authorizer in front, a backend behind it, and a
    local AWS that enforces what was vended. No account and no network is needed.

    Sign in as a persona of events/personas.toml at /_local/, or with `authorizer token NAME`. /_console shows why each
    request was decided as it was. A change of the policies, the settings, the personas or the handler is taken over as
    it is saved.
    """
    from authorizer.local_gateway.configured import Options
    from authorizer.local_gateway.start import started

    if kind is not None and api is not None:
        raise click.UsageError("--kind is for routes of access.toml, and --api brings its own: one of them")
    if api_name is not None and api is None:
        raise click.UsageError("--api-name chooses among the APIs of a template: name that with --api")
    options = Options(
        access=access,
        kind=kind,
        api=api,
        api_name=api_name,
        origins=origins,
        keys=keys,
        real_tokens=real_tokens,
    )
    with started(options, backend=backend, port=port, told=click.echo, listen=_tell) as made:
        click.echo(_banner(made))
        asyncio.run(made.server.run())
        interrupted = made.server.interrupted
    sys.exit(INTERRUPTED if interrupted else 0)


def _banner(made: "Started") -> str:
    configured = made.serving.configured
    rows = []
    if configured.http is not None:
        kinds = sorted({route.door.kind.name for route in configured.http.routes if route.door is not None})
        rows.append(("API", f"{made.server.url}  {', '.join(kinds)}, {len(configured.http.routes)} routes"))
    if configured.websocket is not None:
        rows.append(("WebSocket", made.server.url.replace("http", "ws", 1)))
    if configured.local is not None:
        rows.append(("sign in", f"{made.server.url}/_local/"))
    rows += [
        ("console", f"{made.server.url}/_console"),
        ("backend", made.backend),
        ("local AWS", f"{made.aws.environment['AWS_ENDPOINT_URL']}  as its owner: . {made.owner_file}"),
        ("", f"as a backend that runs by itself: . {made.backend_file}"),
    ]
    return "\n".join(f"{name:<10} {said}" for name, said in rows)


def _tell(served: "Served") -> None:
    """One line a request, then what its backend was refused by AWS. No query, no header: tokens stand there."""
    cached = "" if served.cache is None else served.cache if served.age is None else f"hit {served.age:.0f}s"
    stages = " ".join(f"{name} {spent:.0f}" for name, spent in served.milliseconds.items() if name != "total")
    asked = f"{served.method} {served.path}" if served.method else f"{served.path} {served.route}"
    text = (
        f"{served.number:>5} {served.status} {served.outcome:<12} {asked}  {served.code}"
        f"  {served.principal or '-'}  {cached or '-'}  {served.milliseconds['total']:.0f} ms ({stages})"
    )
    click.echo(_printable(text))
    if served.outcome not in ("allow", "open", "preflight") or served.code == "backend":
        for why in served.why[:3]:
            click.echo(_printable(f"      {why}"))
    for call in served.calls:
        verdict = "allowed" if call.refused is None else f"{call.refused}: {'; '.join(call.why[:1])}"
        click.echo(_printable(f"      AWS {call.status} {call.service}:{call.operation} {verdict}"))


def _printable(text: str) -> str:
    """A path is a stranger's: no escape sequence in it reaches the terminal."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in text)
