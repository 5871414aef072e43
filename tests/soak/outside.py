"""Issuers and STS for millions of requests: in this process, under control, and each seen by the model."""

import base64
import json
from collections.abc import Callable
from contextlib import asynccontextmanager
from typing import Any, Final

from typing_extensions import override

from tests.faults.edges import Issuer, Session, Sts, Table
from tests.soak import model
from tests.soak.model import KeySet, Pool
from tests.tokens.minting import jwk, key_set

POOLS: Final = tuple(
    f"https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_EXAMPLE0{number}" for number in (1, 2)
)
SIGNERS: Final = ("genuine", "rotated", "third", "fourth")
"""Names of keys that issuers sign with, one after the other and from the beginning again."""


class RotatingIssuer(Issuer):
    """One issuer with its keys; `rotate` and `withdraw` change them."""

    def __init__(self, number: int, clock: Callable[[], float]) -> None:
        self.number = number
        self.generation = 0
        self.published: list[str] = []
        self.seen = Pool()
        self.served = 0
        """Good answers so far."""
        self._clock = clock
        super().__init__(b"")
        self.rotate()

    @property
    def kid(self) -> str:
        """What it signs with now."""
        return self.published[-1]

    def signer(self, kid: str) -> str:
        return SIGNERS[int(kid.rpartition("-")[2]) % len(SIGNERS)]

    def rotate(self) -> None:
        self.generation += 1
        self.published.append(f"pool{self.number}-{self.generation}")
        self._publish()

    def withdraw(self) -> None:
        """All keys but the one that signs."""
        del self.published[:-1]
        self._publish()

    def _publish(self) -> None:
        self.document = key_set(*(jwk(self.signer(kid), kid=kid) for kid in self.published))

    @override
    @asynccontextmanager
    async def _answer(self, seconds: float) -> Any:
        now = self._clock()
        kids = frozenset(self.published)
        self.seen.attempts = [*self.seen.attempts[-1:], (now, self.wrong is None)]
        async with super()._answer(seconds) as response:
            if self.wrong is None:
                self.seen.answers = [*self.seen.answers[-1:], KeySet(now, kids)]
                self.served += 1
            yield response


class Issuers:
    """An aiohttp session as `HttpFetch` uses one, for all of them."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.all = [RotatingIssuer(number, clock) for number in range(len(POOLS))]

    def get(self, uri: str, **options: Any) -> Any:
        [issuer] = [
            issuer for issuer, pool in zip(self.all, POOLS, strict=True) if uri.startswith(f"{pool}/")
        ]
        return issuer.get(uri, **options)

    async def close(self) -> None:
        """Nothing is open."""


class WatchedSts(Sts):
    """Keeps the calls of one request alone: who looks clears them."""

    def __init__(self, clock: Callable[[], float]) -> None:
        super().__init__(clock)
        self.calls: list[dict[str, str]] = []
        self.granted: list[model.Session] = []
        self.count = 0

    @override
    async def _answer(self, form: dict[str, str]) -> tuple[int, bytes]:
        self.count += 1
        del self.asked[:]  # nobody reads them here, and they would be millions
        self.calls.append(_asked(form))
        return await super()._answer(form)

    @override
    def _end(self, form: dict[str, str]) -> float:
        end = super()._end(form)
        self.granted.append(model.Session(_asked(form), float(int(end))))
        return end


def granted_to(session_token: str) -> dict[str, str]:
    """What was asked for, of STS as it is here."""
    return _asked(json.loads(base64.urlsafe_b64decode(session_token)))


def _asked(form: dict[str, str]) -> dict[str, str]:
    return {name: value for name, value in form.items() if name not in ("Action", "Version")}


def session_with(sts: WatchedSts) -> Session:
    return Session(sts, Table())
