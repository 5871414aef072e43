"""Seats: how many role sessions of one user are alive at once."""

import asyncio
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from authorizer.errors import TooManySessions
from authorizer.settings.callers import Callers
from authorizer.settings.schema import SharedCache
from authorizer.vending import seats
from authorizer.vending.cache import Counts
from authorizer.vending.seats import AllTaken, Seat, Seats
from authorizer.vending.shared import Place, SharedLevel
from authorizer.vending.vendor import Vendor
from authorizer.waiting.deadline import Deadline
from tests.make import PATIENT
from tests.vending.conftest import SESSION
from tests.vending.factories import NOW, SUB, make_identity, make_settings


class Table:
    """The shared level's part: answers `seat` with what it is given, and keeps what is kept and given back."""

    def __init__(self, answer: object) -> None:
        self.answer = answer
        self.asked: Sequence[str] = ()
        self.kept: list[tuple[str, float]] = []
        self.given_back: list[str] = []

    async def seat(self, names: Sequence[str], *_: object) -> str | None:
        self.asked = names
        if isinstance(self.answer, BaseException):
            raise self.answer
        return names[0] if self.answer else None

    async def keep_seat(self, name: str, ends: float, *_: object) -> None:
        self.kept.append((name, ends))

    async def unseat(self, name: str, _: Deadline) -> None:
        self.given_back.append(name)


def counted(most: int, table: Any = None) -> Seats:
    return Seats(most, table, make_settings().issuers)


async def left(seat: Seat) -> None:
    """No session came of it."""
    seat.leave()
    await seat.give_back()


async def take(
    seats: Seats,
    principal: str = SUB,
    *,
    holder: str | None = None,
    ends: float = NOW + 900,
    now: float = NOW,
    **of: Any,
) -> Seat:
    """A seat for a session that is like no other, where no `holder` is named."""
    identity = make_identity(principal=principal, **of)
    return await seats.take(identity, holder or uuid4().hex, ends, now, PATIENT)


async def test_a_user_is_told_when_the_first_session_ends() -> None:
    seats = counted(2)
    await take(seats, ends=NOW + 400)
    await take(seats)
    with pytest.raises(TooManySessions, match=r"2 role sessions .* ends in 400 s"):
        await take(seats)


async def test_a_session_in_place_of_another_has_its_seat() -> None:
    seats = counted(2)
    await take(seats, holder="laptop", ends=NOW + 900)
    await take(seats, holder="phone", ends=NOW + 900)
    await take(seats, holder="laptop", ends=NOW + 1500, now=NOW + 600)
    with pytest.raises(TooManySessions, match="ends in 599 s"):
        await take(seats, now=NOW + 901 - 600)
    await take(seats, holder="tablet", now=NOW + 900, ends=NOW + 1800)
    with pytest.raises(TooManySessions, match="ends in 600 s"):
        await take(seats, holder="phone", now=NOW + 900)


async def test_a_session_that_was_not_made_in_place_of_another_leaves_it_its_seat() -> None:
    table: Any = Table(answer=True)
    seats = counted(1, table)
    await take(seats, holder="laptop", ends=NOW + 900)
    seat = await take(seats, holder="laptop", ends=NOW + 1500, now=NOW + 600)
    await left(seat)
    assert len(table.given_back) == 1, "else nobody could take it for the next try"
    with pytest.raises(TooManySessions, match="ends in 301 s"):
        await take(seats, now=NOW + 599)
    assert await take(seats, now=NOW + 900)


async def test_a_fresh_token_finds_the_seat_of_a_session_in_its_last_minutes() -> None:
    """A session ends with its token, so that each refresh of it would else be refused until then."""
    seats = counted(1)
    await take(seats, ends=NOW + 900)
    with pytest.raises(TooManySessions, match="ends in 301 s"):
        await take(seats, now=NOW + 599)
    await take(seats, now=NOW + 600, ends=NOW + 1500)
    with pytest.raises(TooManySessions, match="ends in 899 s"):
        await take(seats, now=NOW + 601)


async def test_a_token_that_is_refreshed_in_its_last_minute_is_not_refused() -> None:
    seats = counted(1)
    await take(seats, ends=NOW + 45)
    assert await take(seats, ends=NOW + 900)


async def test_tokens_that_end_within_minutes_bring_no_more_than_twice_the_sessions() -> None:
    """Of a pool whose tokens live for five minutes all sessions are in their last: a loop must not become hundreds."""
    seats = counted(2)
    for number in range(4):
        await take(seats, ends=NOW + 200 + number)
    with pytest.raises(TooManySessions, match="ends in 101 s"):
        await take(seats, now=NOW + 99)
    assert await take(seats, now=NOW + 200)


async def test_what_was_not_made_in_the_last_minutes_of_another_leaves_no_room_for_more() -> None:
    seats = counted(1)
    await take(seats, ends=NOW + 45)
    await left(await take(seats, ends=NOW + 900))
    await take(seats, ends=NOW + 901)
    with pytest.raises(TooManySessions, match="ends in 901 s"):
        await take(seats)


async def test_who_found_all_seats_taken_asks_no_table_for_some_seconds() -> None:
    table: Any = Table(AllTaken())
    seats = counted(2, table)
    asked = []
    for moment in (0.0, 4.9, 5.0, 2.0):
        table.asked = ()
        with pytest.raises(TooManySessions, match="2 role sessions"):
            await take(seats, holder="laptop", now=NOW + moment)
        asked.append(bool(table.asked))
    assert asked == [True, False, True, True]  # at last by a clock that was set back


async def test_who_found_all_seats_taken_keeps_no_other_holder_from_asking() -> None:
    """A loop with one token would else end the renewals of the user's other sessions."""
    table: Any = Table(AllTaken())
    seats = counted(2, table)
    with pytest.raises(TooManySessions):
        await take(seats, holder="laptop")
    table.answer = True
    assert await take(seats, holder="phone")
    seats.clear()
    assert await take(seats, holder="laptop")


async def test_an_environment_remembers_as_many_refusals_as_it_has_room_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert seats.MOST_REFUSED == 10_000
    monkeypatch.setattr(seats, "MOST_REFUSED", 2)
    table: Any = Table(AllTaken())
    many = counted(2, table)
    asked = []
    # The tablet's makes room by the least recent, which is the phone's once the laptop was refused again.
    for holder, moment in (
        ("laptop", 0),
        ("phone", 1),
        ("laptop", 6),
        ("tablet", 6),
        ("laptop", 6),
        ("phone", 5),
    ):
        table.asked = ()
        with pytest.raises(TooManySessions):
            await take(many, holder=holder, now=NOW + moment)
        asked.append(bool(table.asked))
    assert asked == [True, True, True, True, False, True]


async def test_a_holder_asks_the_table_for_its_own_seat_first_wherever_it_comes() -> None:
    asked = []
    for holder in ("laptop", "laptop", "phone"):
        table: Any = Table(answer=True)
        await take(counted(20, table), holder=holder)
        asked.append(table.asked)
    assert asked[0] == asked[1] != asked[2]
    assert sorted(asked[0]) == sorted(asked[2])
    assert len(set(asked[0])) == 20


async def test_what_is_given_back_is_given_back_in_the_table_too() -> None:
    table: Any = Table(answer=True)
    seats = counted(1, table)
    seat = await take(seats)
    await left(seat)
    assert len(table.given_back) == 1
    assert await take(seats)


async def test_a_seat_is_a_sessions_until_it_ends_once_it_is_made() -> None:
    table: Any = Table(answer=True)
    seat = await take(counted(1, table), ends=NOW + 900)
    assert table.kept == []
    await seat.keep()
    assert table.kept == [(table.asked[0], NOW + 900)]


async def test_whoever_acts_for_a_user_takes_none_of_the_users_own() -> None:
    seats = counted(1)
    await take(seats, actors=("assistant",))
    await take(seats, actors=("assistant", "robot"))
    assert await take(seats)
    with pytest.raises(TooManySessions):
        await take(seats, actors=("assistant",))


async def test_a_user_of_a_pool_with_two_urls_is_one_user() -> None:
    seats = counted(1)
    first, second, *_ = make_settings().issuers
    assert first != second
    await take(seats, issuer=first)
    with pytest.raises(TooManySessions):
        await take(seats, issuer=second)


async def test_what_the_table_never_gave_is_not_kept_in_it() -> None:
    table: Any = Table(answer=False)
    await (await take(counted(1, table))).keep()
    assert table.kept == []


async def test_what_the_table_never_gave_is_not_given_back_to_it() -> None:
    table: Any = Table(answer=False)
    seat = await take(counted(1, table))
    await left(seat)
    assert table.given_back == []


@pytest.mark.parametrize(
    ("trouble", "told"),
    [
        pytest.param(AllTaken(), TooManySessions, id="all are taken"),
        pytest.param(asyncio.CancelledError(), asyncio.CancelledError, id="the request was stopped"),
        pytest.param(RuntimeError(), RuntimeError, id="something unforeseen"),
    ],
)
async def test_who_gets_no_seat_of_the_table_keeps_none_here(
    trouble: BaseException, told: type[BaseException]
) -> None:
    table: Any = Table(trouble)
    seats = counted(1, table)
    with pytest.raises(told):
        await take(seats)
    table.answer = True
    assert await take(seats)


async def test_an_environment_remembers_as_many_users_as_it_has_room_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(seats, "MOST_USERS", 2)
    many = counted(1)
    seat = await take(many, "first")
    for user in ("second", "third"):
        await take(many, user)
    assert await take(many, "first")
    with pytest.raises(TooManySessions):
        await take(many, "third")
    await left(seat)


async def test_the_user_who_came_least_lately_is_forgotten_first(monkeypatch: pytest.MonkeyPatch) -> None:
    assert seats.MOST_USERS == 10_000
    monkeypatch.setattr(seats, "MOST_USERS", 2)
    many = counted(2)
    for user in ("first", "second", "first", "third"):
        await take(many, user)
    with pytest.raises(TooManySessions):
        await take(many, "first")
    await take(many, "second")
    assert await take(many, "second")


async def test_a_seat_that_was_forgotten_meanwhile_is_given_back_in_silence() -> None:
    many = counted(1)
    seat = await take(many)
    many.clear()
    await left(seat)
    assert await take(many)


async def test_a_restored_snapshot_counts_anew() -> None:
    settings = make_settings(callers=Callers(roles={"editor": make_identity().role.name}, sessions=1))
    vendor = Vendor(settings, session=SESSION)
    assert vendor._seats is not None
    await take(vendor._seats)
    vendor.forget()
    assert await take(vendor._seats)


async def test_a_table_that_does_not_answer_is_left_alone_and_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def silent(*_: object) -> None:
        raise TimeoutError

    counts = Counts()
    level = SharedLevel(SharedCache(table="t", region=None), SESSION, counts, seal=None)  # type: ignore[arg-type]
    monkeypatch.setattr(level, "_exchange", silent)
    await level.unseat(PLACE, PATIENT)
    assert counts.shared_failures == 1
    assert await level.seat(["seat/1"], "laptop", NOW, PATIENT) is None
    assert counts.shared_failures == 2
    assert await level.seat(["seat/1"], "laptop", NOW, PATIENT) is None
    assert counts.shared_failures == 2  # not asked again at once


REFUSED = ClientError({"Error": {"Code": "AccessDeniedException"}}, "PutItem")
PLACE = Place(
    {"id": {"S": "seat/1"}, "holder": {"S": "laptop"}, "making": {"N": str(int(NOW) + 30)}},
    before={},
    beside=0.0,
    is_last=False,
)


class Exchange:
    """In place of the shared level's way to its table: what it answers, and how often it was asked."""

    def __init__(self, *answers: Exception | dict[str, Any]) -> None:
        self.answers = list(answers)
        self.asked = 0

    async def __call__(self, *_: object) -> dict[str, Any]:
        self.asked += 1
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


READ: dict[str, Any] = {}
"""Nobody has the seat."""
WRITTEN: dict[str, Any] = {}


async def named(level: SharedLevel, holder: str = "laptop", *, now: float = NOW) -> str | None:
    """The name of the seat that `level` gives."""
    place = await level.seat(["seat/1"], holder, now, PATIENT)
    return place and str(place.item["id"]["S"])


def a_level(exchange: Exchange, monkeypatch: pytest.MonkeyPatch) -> tuple[SharedLevel, Counts]:
    counts = Counts()
    level = SharedLevel(SharedCache(table="t", region=None), SESSION, counts, seal=None)  # type: ignore[arg-type]
    monkeypatch.setattr(level, "_exchange", exchange)
    return level, counts


async def test_pauses_of_a_table_that_refuses_seats_double_and_end_with_the_first_that_it_gives(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    exchange = Exchange(REFUSED, TimeoutError(), READ, WRITTEN, READ, REFUSED, READ, WRITTEN)
    level, counts = a_level(exchange, monkeypatch)
    found = []
    for moment in (0, 0.5, 1, 2.5, 3, 10, 10.5, 11):
        before = exchange.asked
        seat = await named(level, now=NOW + moment)
        found.append((exchange.asked > before, seat))
    taken = (True, "seat/1")
    # The second failure in a row pauses for two seconds, the one behind a success for one again.
    refused, paused = (True, None), (False, None)
    assert found == [refused, paused, refused, paused, taken, refused, paused, taken]
    assert counts.shared_failures == 3


async def test_a_seat_that_cannot_be_kept_is_counted_and_stops_no_other_write(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    exchange = Exchange(REFUSED, READ, WRITTEN)
    level, counts = a_level(exchange, monkeypatch)
    await level.keep_seat(PLACE, NOW + 900, NOW, PATIENT)
    assert counts.shared_failures == 1
    assert await named(level, "phone") == "seat/1"


async def test_a_request_without_time_asks_no_table_for_a_seat_and_that_is_no_fault_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    exchange = Exchange(READ, WRITTEN)
    level, counts = a_level(exchange, monkeypatch)
    assert await level.seat(["seat/1"], "laptop", NOW, Deadline.after(0.0)) is None
    assert (exchange.asked, counts.shared_failures) == (0, 0)
    assert await named(level) == "seat/1"


async def test_a_request_whose_time_goes_by_while_it_reads_takes_no_seat_any_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is left of it is for STS and the answer; and a session without a seat, beside a table that answers, would be
    one more than the user may have."""
    in_its_last_minutes = {
        "Item": {"holder": {"S": "phone"}, "made": {"N": "0"}, "expires": {"N": str(int(NOW) + 99)}}
    }
    exchange = Exchange(in_its_last_minutes)
    level, counts = a_level(exchange, monkeypatch)
    short = iter([False, False, True])
    monkeypatch.setattr(level, "_is_short", lambda _: next(short))
    with pytest.raises(AllTaken):
        await level.seat(["seat/1", "seat/2"], "laptop", NOW, PATIENT)
    assert (exchange.asked, counts.shared_failures) == (1, 0)
