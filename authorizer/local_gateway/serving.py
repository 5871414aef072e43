"""What is being served now, and how a change of a file becomes part of it."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final

from watchfiles import awatch

from authorizer.errors import SettingsError
from authorizer.local.aws import EmbeddedAws
from authorizer.local.world import personas_beside
from authorizer.local_gateway.backends import Backend, FunctionBackend
from authorizer.local_gateway.configured import Configured, Options, configured
from authorizer.local_gateway.decisions import Stream
from authorizer.local_gateway.gateway import Gateway

SUFFIXES: Final = frozenset((".toml", ".j2", ".json", ".yaml", ".yml"))
"""Files that configure. Editors write others beside them."""
WAIT: Final = 100
"""Milliseconds of quiet after which a change counts."""


class Serving:
    """`told` gets each line for the user: what was taken over, what was not."""

    def __init__(
        self,
        options: Options,
        environment: Mapping[str, str],
        first: Configured,
        *,
        aws: EmbeddedAws,
        backend: Backend,
        stream: Stream,
        told: Callable[[str], None],
    ) -> None:
        self.configured = first
        self.gateway = Gateway(
            asked=first.function, backend=backend, stream=stream, keys=frozenset(options.keys)
        )
        self.options = options
        self._environment = environment
        self._aws = aws
        self._backend = backend
        self._told = told

    async def reload(self) -> bool:
        """Take over what the files say now; where they cannot be, what was good keeps serving. Whether they were.

        The cache is empty afterwards, as after a deployment.
        """
        try:
            new = await asyncio.to_thread(configured, self.options, self._environment)
        except SettingsError as error:
            self._told(f"not taken over, the last good configuration keeps serving:\n{error}")
            return False
        except Exception as error:
            self._told(
                f"not taken over, the last good configuration keeps serving: {type(error).__name__}: {error}"
            )
            return False
        self._aws.know(new.access.settings.roles)
        await asyncio.to_thread(new.function.warm)
        old, self.configured = self.configured, new
        self.gateway.asked = new.function
        self.gateway.cache.flush()
        await asyncio.to_thread(old.close)
        self._told("taken over: the configuration; the authorizer cache is empty")
        return True

    async def watch(self) -> None:
        """For as long as the server runs."""
        function = self._backend.workers.file if isinstance(self._backend, FunctionBackend) else None
        access = self.options.access
        folders = {access.resolve().parent, personas_beside(access).parent}
        folders |= {file.resolve().parent for file in (self.options.api, function) if file is not None}
        async for changes in awatch(*sorted(outermost(folders)), debounce=800, step=WAIT):
            files = {Path(path) for _, path in changes}
            await self.changed(files)

    async def changed(self, files: Iterable[Path]) -> None:
        """What these files configure is taken over."""
        files = set(files)
        if isinstance(self._backend, FunctionBackend):
            folder = self._backend.workers.file.parent
            if any(file.suffix == ".py" and file.is_relative_to(folder) for file in files):
                self._backend.workers.reload()
                self._told("taken over: the backend's code")
        if any(file.suffix in SUFFIXES for file in files):
            await self.reload()

    async def close(self) -> None:
        await self._backend.close()
        await asyncio.to_thread(self.configured.close)


def outermost(folders: Iterable[Path]) -> set[Path]:
    """Without those that stand inside another: they are watched with it."""
    found = set(folders)
    return {each for each in found if not found & set(each.parents)}
