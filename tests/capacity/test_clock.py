"""The virtual clock: asyncio's own waits and time-outs, exact and in no time."""

import asyncio

import pytest

from authorizer.capacity.clock import VirtualLoop


def test_what_waits_for_an_hour_ends_an_hour_later_and_in_order() -> None:
    loop = VirtualLoop(100.0)
    met: list[tuple[float, float]] = []

    async def wait(seconds: float) -> None:
        await asyncio.sleep(seconds)
        met.append((seconds, asyncio.get_running_loop().time()))

    for seconds in (3600, 1, 60):
        loop.create_task(wait(seconds))
    loop.run_until(200.0)
    assert len(met) == 2
    assert loop.now == 200.0
    loop.run_until(5000.0)
    assert met == [(1, 101.0), (60, 160.0), (3600, 3700.0)]
    assert not loop.get_debug()


def test_a_time_out_ends_what_takes_too_long_and_nothing_else() -> None:
    loop = VirtualLoop(0.0)
    met: list[tuple[float, float]] = []

    async def wait(seconds: float) -> None:
        try:
            async with asyncio.timeout(1.0):
                await asyncio.sleep(seconds)
        except TimeoutError:
            met.append((seconds, loop.now))

    for seconds in (0.5, 2.0):
        loop.create_task(wait(seconds))
    loop.run_until(10.0)
    assert met == [(2.0, 1.0)]


def test_what_is_cancelled_before_its_turn_does_not_run() -> None:
    loop = VirtualLoop(0.0)
    met: list[str] = []
    loop.call_soon(met.append, "soon").cancel()
    loop.call_later(1.0, met.append, "later").cancel()
    loop.call_later(2.0, met.append, "kept")
    loop.run_until(3.0)
    assert met == ["kept"]


def test_what_is_due_at_the_end_waits_for_the_next_run() -> None:
    loop = VirtualLoop(0.0)
    met: list[str] = []
    loop.call_at(1.0, met.append, "at one")
    loop.run_until(1.0)
    assert met == []
    loop.run_until(1.1)
    assert met == ["at one"]


def test_a_callback_that_fails_ends_the_run() -> None:
    loop = VirtualLoop(0.0)
    loop.call_soon(lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        loop.run_until(1.0)


def test_a_failure_without_an_exception_ends_it_too() -> None:
    loop = VirtualLoop(0.0)
    loop.call_soon(loop.call_exception_handler, {"message": "lost"})
    with pytest.raises(RuntimeError, match="lost"):
        loop.run_until(1.0)
