"""Seats of the shared table, as it says they are: which are free, and what stays written on them."""

from typing import Any, cast

import pytest

from authorizer.runtime import MAX_SECONDS
from authorizer.settings.schema import CLOCK_SKEW, MAX_CHAINED_DURATION, SharedCache
from authorizer.vending.cache import Counts
from authorizer.vending.lifetime import CALLERS
from authorizer.vending.shared import MAKING, Place, SharedLevel, _place, _seat
from tests.make import PATIENT
from tests.vending.conftest import SESSION
from tests.vending.factories import NOW


def seen(holder: str, **times: float) -> dict[str, Any]:
    """What the table says of a seat that was taken ten minutes ago."""
    item = _seat("seat", holder, made=NOW - 600, **times)
    return {name: value for name, value in item.items() if name != "id"}


def placed(holder: str, **times: float) -> Place | None:
    return _place("seat", seen(holder, **times), "mine", NOW, NOW + 20)


@pytest.mark.parametrize(
    ("times", "is_free"),
    [
        pytest.param({"expires": NOW + MAX_CHAINED_DURATION + 60}, False, id="as long as any session lives"),
        pytest.param({"expires": NOW + MAX_CHAINED_DURATION + 61}, True, id="longer than any session lives"),
        pytest.param({"expires": NOW}, True, id="until now"),
        pytest.param({"expires": NOW + 1}, True, id="for its last second"),
        pytest.param({"expires": NOW + CALLERS.need}, True, id="for its last minutes"),
        pytest.param({"expires": NOW + CALLERS.need + 1}, False, id="for more than its last minutes"),
        pytest.param(
            {"expires": NOW + 100, "beside": NOW + CALLERS.need + CLOCK_SKEW},
            False,
            id="with another beside it, at its most",
        ),
        pytest.param(
            {"expires": NOW + 100, "beside": NOW + CALLERS.need + CLOCK_SKEW + 1},
            True,
            id="with what no session is beside it",
        ),
        pytest.param({"expires": NOW + 100, "beside": NOW}, True, id="with one beside it that is over"),
    ],
)
def test_a_seat_of_another_is_free(times: dict[str, float], is_free: bool) -> None:
    assert bool(placed("another", **times)) is is_free


@pytest.mark.parametrize("whose", ["mine", "another"])
@pytest.mark.parametrize("expires", [NOW - 1, NOW + 900])
def test_who_takes_a_seat_leaves_on_it_the_session_that_lives_on_beside(whose: str, expires: float) -> None:
    place = placed(whose, expires=expires, beside=NOW + 200)
    if expires > NOW and whose == "another":
        assert place is None
        return
    assert place is not None
    assert place.item["beside"] == {"N": str(int(NOW + 200))}
    assert place.beside == NOW + 200


def test_ones_own_seat_is_taken_before_that_of_another_in_its_last_minutes() -> None:
    own, other = placed("mine", expires=NOW + 100), placed("another", expires=NOW + 100)
    assert own is not None
    assert not own.is_last
    assert other is not None
    assert other.is_last
    over = placed("another", expires=NOW)
    assert over is not None
    assert not over.is_last


async def test_a_seat_is_read_as_it_is_and_not_as_it_was_a_second_ago() -> None:
    """Without `ConsistentRead` DynamoDB may answer what was before the last write (Developer Guide, "Read
    consistency"): the condition of the write would refuse a seat that is free."""
    asked: list[dict[str, Any]] = []

    class Recording:
        async def get_item(self, **request: Any) -> dict[str, Any]:
            asked.append(request)
            return {}

        async def put_item(self, **_: Any) -> None:
            return

    level = SharedLevel(SharedCache(table="t", region=None), SESSION, Counts(), seal=None)  # type: ignore[arg-type]
    level._client = cast("Any", Recording())
    assert await level.seat(["seat"], "mine", NOW, PATIENT)
    assert [request["ConsistentRead"] for request in asked] == [True]


def test_what_is_not_made_gives_the_seat_back_to_the_session_that_lives_on_beside() -> None:
    """Else STS's refusal of one session, which anybody can bring about, makes room for two in its place."""
    place = placed("mine", expires=NOW - 1, beside=NOW + 200)
    assert place is not None
    assert place.before["beside"] == {"N": str(int(NOW + 200))}
    nobody = placed("mine", expires=NOW - 1)
    assert nobody is not None
    assert nobody.before == {}


def test_no_forged_time_is_written_back() -> None:
    """-1E+125, which DynamoDB holds, would be written with 126 digits, of which it takes 38."""
    forged = {**seen("mine", expires=NOW + 900), "made": {"N": "-1E+125"}}
    place = _place("seat", forged, "mine", NOW, NOW + 20)
    assert place is not None
    assert place.item["made"] == {"N": "0"}


def test_a_session_is_in_the_making_for_as_long_as_any_request_and_any_clock_may_say() -> None:
    assert MAKING > MAX_SECONDS + CLOCK_SKEW
