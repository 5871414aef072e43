"""A key endpoint under the test's control: no network, no sleeping."""

import asyncio

from authorizer.tokens.fetch import FetchFailed


class Endpoint:
    """A `Fetch` that answers with `answer` once `open` is set, and counts the times that it was asked."""

    def __init__(self, answer: bytes | Exception) -> None:
        self.answer = answer
        self.fetches = 0
        self.asked = asyncio.Event()
        """Set while somebody waits for an answer."""
        self.open = asyncio.Event()
        self.open.set()

    async def __call__(self, uri: str, timeout: float) -> bytes:  # noqa: ASYNC109 — the signature of `Fetch`
        self.fetches += 1
        self.asked.set()
        await self.open.wait()
        self.asked.clear()
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


DOWN = FetchFailed("connection refused")
SLOW = FetchFailed("did not answer within 2 s")
