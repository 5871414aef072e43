"""A keyring for tests: in the memory of the test, asked over loopback by whatever processes the test starts.

`PYTHON_KEYRING_BACKEND=tests.servers.keyring_server.Remote` and `KEYRING_SERVER=URL` make it a process's keyring.
"""

import json
import os
from http.server import ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.request import Request, urlopen

from keyring.backend import KeyringBackend
from keyring.errors import PasswordSetError
from typing_extensions import override

from tests.servers.serving import QuietHandler, serve

VARIABLE = "KEYRING_SERVER"


class KeyringServer:
    """Holds `entries`. While `locked` it answers nobody."""

    def __init__(self) -> None:
        self.entries: dict[str, str] = {}
        self.locked = False
        outer = self

        class Handler(QuietHandler):
            def do_POST(self) -> None:
                said = json.loads(self.body())
                if outer.locked:
                    self.reply(403, b"{}")
                    return
                key = f"{said['service']}\n{said['username']}"
                if said["do"] == "set":
                    outer.entries[key] = said["password"]
                found = outer.entries.get(key)
                if said["do"] == "delete":
                    del outer.entries[key]
                self.reply(200, json.dumps(found).encode())

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.environment = {
            VARIABLE: f"http://127.0.0.1:{self._server.server_port}",
            "PYTHON_KEYRING_BACKEND": f"{__name__}.Remote",
        }
        self.close = serve(self._server)

    @property
    def entry(self) -> dict[str, Any]:
        """The one that is there."""
        [text] = self.entries.values()
        found: dict[str, Any] = json.loads(text)
        return found

    def change(self, **changes: Any) -> None:
        [key] = self.entries
        self.entries[key] = json.dumps({**self.entry, **changes})


class Remote(KeyringBackend):
    """What keyring loads."""

    priority: ClassVar[float] = 9

    @override
    def get_password(self, service: str, username: str) -> str | None:
        return _ask("get", service, username)

    @override
    def set_password(self, service: str, username: str, password: str) -> None:
        _ask("set", service, username, password)

    @override
    def delete_password(self, service: str, username: str) -> None:
        _ask("delete", service, username)


def _ask(do: str, service: str, username: str, password: str = "") -> str | None:
    said = {"do": do, "service": service, "username": username, "password": password}
    try:
        with urlopen(Request(os.environ[VARIABLE], data=json.dumps(said).encode())) as reply:
            found: str | None = json.load(reply)
            return found
    except OSError as error:
        raise PasswordSetError(str(error)) from error
