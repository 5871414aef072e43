"""One local run, put together: settings for a laptop, a local issuer behind them, an embedded AWS below."""

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cache
from pathlib import Path

from authorizer.errors import SettingsError
from authorizer.local.issuer import ALGORITHM, TOKEN_USES, JwksServer, LocalIssuer, keys_on_disk
from authorizer.local.personas import FILE, Personas, load_personas
from authorizer.settings.load import load
from authorizer.settings.schema import Access

_TOKEN = re.compile(r"(?P<scheme>(?i:bearer) +)?local:(?P<name>[\w-]+)(?::(?P<use>id|access))?")

_MEANT = re.compile(r"((?i:bearer) +)?local:")
"""What no issuer signs: whoever writes it means a persona."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Local:
    """Personas who can sign in, and a configuration that believes their tokens."""

    access: Access
    personas: Personas
    issuer: LocalIssuer

    def mint(self, name: str, token_use: str = "id") -> str:
        """A fresh token for the persona called `name`."""
        persona = self.personas.people.get(name)
        if persona is None:
            known = ", ".join(self.personas.people)
            if not known:
                raise SettingsError(
                    [
                        f"{self.personas.place}: names nobody: expected a table for each persona, such as [{name}]"
                    ]
                )
            close = get_close_matches(name, self.personas.people, n=1)
            meant = f"did you mean {close[0]!r}? " if close else ""
            raise SettingsError(
                [f"{self.personas.place}: there is no persona {name!r}: {meant}expected one of {known}"]
            )
        arns = {role.name: role.arn for role in self.access.settings.roles.values()}
        if missing := sorted({*persona.roles, *filter(None, (persona.preferred_role,))} - set(arns)):
            raise SettingsError(
                [
                    f"{self.personas.place}: {name}: there is no role {role!r} in {self.access.settings.place}"
                    for role in missing
                ]
            )
        return self.issuer.mint(persona, token_use, role_arns=arns, now=time.time())

    def sign_in(self, event: object) -> object:
        """`event` with every `local:NAME` and `local:NAME:access` replaced by a token; all else as it is.

        One token a persona: an event repeats its headers, and two tokens in one request are refused.
        """
        return self._signed_in(event, cache(self.mint))

    def _signed_in(self, event: object, mint: Callable[[str, str], str]) -> object:
        if isinstance(event, Mapping):
            return {key: self._signed_in(value, mint) for key, value in event.items()}
        if isinstance(event, list):
            return [self._signed_in(item, mint) for item in event]
        if isinstance(event, str) and "local:" in event:
            # An HTTP API with payload 1.0 joins the values of its identity sources.
            return ",".join(_signed_in(part, mint) for part in event.split(","))
        return event


def _signed_in(text: str, mint: Callable[[str, str], str]) -> str:
    match = _TOKEN.fullmatch(text)
    if match is None:
        if _MEANT.match(text):
            raise SettingsError([f"{text!r}: expected local:NAME, local:NAME:id or local:NAME:access"])
        return text
    return (match["scheme"] or "") + mint(match["name"], match["use"] or TOKEN_USES[0])


def personas_beside(access: Path) -> Path:
    """`events/personas.toml` of the project that `access` belongs to."""
    return access.resolve().parent.parent / "events" / FILE


@contextmanager
def local(access: Path, environment: Mapping[str, str], *, keys: Path | None = None) -> Iterator[Local]:
    """The settings in `access` with the personas' environment beneath the real one, believing a local issuer.

    The issuer's URL stays what the settings say; its keys come from loopback, and its algorithm is that of these keys.
    """
    personas = load_personas(personas_beside(access))
    settings, templates = load(access, {**personas.environment, **environment})
    first = next(iter(settings.issuers.values()))
    clients = sorted(first.client_ids or {"local"})
    issuer = LocalIssuer(
        first.issuer,
        client_id=personas.environment.get("APP_CLIENT_ID", clients[0]),
        machine_client_id=personas.environment.get("MACHINE_CLIENT_ID", clients[-1]),
        keys=keys_on_disk(keys),
    )
    server = JwksServer(issuer.jwks())
    try:
        issuers = {
            iss: replace(entry, jwks_uri=server.uri, pinned_keys=None, algorithm=ALGORITHM)
            for iss, entry in settings.issuers.items()
        }
        believing = Access(replace(settings, issuers=issuers), templates)
        yield Local(access=believing, personas=personas, issuer=issuer)
    finally:
        server.close()
