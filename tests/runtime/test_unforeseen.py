"""What nobody plans for: a wait is cancelled, a connection does not close."""

import asyncio
from typing import Any

import pytest

from tests.world import World


def test_a_request_whose_wait_is_cancelled_under_it_is_a_failure_with_its_record(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def cancelled(*_: Any) -> Any:
        raise asyncio.CancelledError

    monkeypatch.setattr(world.authorizer._stages.verifier, "verify", cancelled)
    decision, _ = world.sample("rest-token-allow")
    assert (decision.verdict, decision.code, decision.response) == ("failure", "unforeseen", None)
    assert [line.count('"verdict":"failure"') for line in world.lines] == [1]
    assert world.last["reason"] == "stopped: a stage did not end by the deadline"


def test_all_is_forgotten_though_a_connection_does_not_close(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail() -> None:
        raise OSError("reset")

    before = world.authorizer._stages
    assert world.sample("rest-token-allow")[0].verdict == "allow"
    close = before.vendor.close
    monkeypatch.setattr(before.vendor, "close", fail)
    with pytest.raises(OSError, match="reset"):
        world.authorizer.forget()
    assert world.authorizer._stages is not before
    assert world.sample("rest-token-allow")[0].verdict == "allow"
    assert len(world.sts.requests) == 2
    world.authorizer._loop.run_until_complete(close())
