"""Everything put together, from the command's options to a server that is ready to run."""

import asyncio
import os
import shlex
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from authorizer.errors import SettingsError
from authorizer.local.aws import UNSET, EmbeddedAws, keep_here
from authorizer.local.issuer import cache_folder
from authorizer.local_gateway.backends import Backend, FunctionBackend, ServerBackend
from authorizer.local_gateway.configured import Configured, Options, check_place, configured, region_of
from authorizer.local_gateway.decisions import Served, Stream
from authorizer.local_gateway.lambda_workers import Workers
from authorizer.local_gateway.server import Server, bound
from authorizer.local_gateway.serving import Serving

SAMPLE: Final = "files.py:lambda_handler"
MANAGEMENT: Final = "AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI"
"""Where SDKs send `@connections` commands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A server, ready to run, and what stands around it."""

    server: Server
    serving: Serving
    stream: Stream
    aws: EmbeddedAws = field(repr=False)
    backend: str
    """What stands behind the API, in words."""
    owner_file: Path
    """A shell reads it and may make buckets and tables."""
    backend_file: Path
    """The same for a backend that runs by itself."""


@contextmanager
def started(
    options: Options,
    *,
    backend: str | None,
    port: int,
    told: Callable[[str], None],
    listen: Callable[[Served], None] | None = None,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> Iterator[Started]:
    """`backend` is a URL, `module:function`, or None for the sample. `folder` is where the two files go: by default the
    user's cache folder. Raises `SettingsError`."""
    outside = dict(os.environ if environment is None else environment)
    check_place(outside)
    # Before anything is built: whoever gets a copy gets none of it, and a profile that is not there ends no session.
    keep_here(outside)
    keep_here(os.environ)
    first = configured(options, outside)
    stream = Stream(listen)
    try:
        listening = bound(port)
        aws = EmbeddedAws(region_of(first.environment), first.access.settings.roles, listen=stream.called)
        try:
            url = f"http://127.0.0.1:{listening.getsockname()[1]}"
            first.function.warm()
            theirs = {**aws.backend_environment(), MANAGEMENT: url, **_own_name(first)}
            # The personas' file may name an environment, too.
            meant = dict(first.environment)
            keep_here(meant)
            behind, what = _backend(backend, {**meant, **theirs})
            if backend is None:
                _seed(aws, first)
            serving = Serving(options, outside, first, aws=aws, backend=behind, stream=stream, told=told)
            where = cache_folder() if folder is None else folder
            name = f"serve-{listening.getsockname()[1]}"
            with (
                _exports(where / f"{name}-owner.env", aws.owner_environment()) as owner,
                _exports(where / f"{name}-backend.env", theirs) as own,
            ):
                yield Started(
                    server=Server(serving, listening),
                    serving=serving,
                    stream=stream,
                    aws=aws,
                    backend=what,
                    owner_file=owner,
                    backend_file=own,
                )
        finally:
            aws.close()
            listening.close()
    except SettingsError:
        first.close()
        raise


def _backend(said: str | None, environment: Mapping[str, str]) -> tuple[Backend, str]:
    if said is not None and said.startswith(("http://", "https://")):
        return ServerBackend(said), said
    handler = said or f"{sample_folder()}/{SAMPLE}"
    what = f"the sample, {handler}" if said is None else f"the function {handler}"
    return FunctionBackend(Workers(handler, environment)), what


def _own_name(first: Configured) -> dict[str, str]:
    """By which a server behind the API knows whom credentials were sealed for."""
    api = first.http or first.websocket
    return {} if api is None else {"API_ID": api.api_id, "STAGE": api.stage}


def sample_folder() -> Path:
    """Where the sample backend is: inside an installed package, under `deploy/` in a checkout."""
    package = Path(__file__).parents[1]
    packed = package / "starter" / "backend"
    return packed if packed.is_dir() else package.parent / "deploy" / "backends" / "python"


def _seed(aws: EmbeddedAws, first: Configured) -> None:
    """An object for each persona and each tenant, where the sample backend looks for them."""
    bucket = first.environment.get("DATA_BUCKET")
    if bucket is None or first.local is None:
        return
    people = first.local.personas.people.values()
    homes = {f"{bucket}/home/{who.sub}/notes.txt" for who in people if who.sub}
    tenants = {who.claims.get("custom:tenant_id") for who in people}
    shared = {
        f"{bucket}/tenants/{name}/figures.txt" for name in tenants if isinstance(name, str) and name.isalnum()
    }
    aws.put(sorted(homes | shared))


@contextmanager
def _exports(file: Path, environment: Mapping[str, str]) -> Iterator[Path]:
    """A file for `.` of a shell, readable by the user alone, as long as this is open."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    file.unlink(missing_ok=True)  # of one that was killed: the port is this process's
    text = UNSET + "".join(f"export {key}={shlex.quote(value)}\n" for key, value in environment.items())
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as stream:
        stream.write(text)
    try:
        yield file
    finally:
        # That of this process: in a folder that machines share another's may have taken its place.
        with suppress(FileNotFoundError):
            if file.read_text() == text:
                file.unlink()


@contextmanager
def running(made: Started) -> Iterator[str]:
    """The server on a thread of its own, for whoever does something beside it: its URL, once it answers."""
    ready = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(made.server.run(ready.set)), daemon=True)
    thread.start()
    ready.wait(10)
    try:
        yield made.server.url
    finally:
        made.server.stop()
        thread.join()
