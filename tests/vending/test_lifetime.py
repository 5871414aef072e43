"""When fresh credentials are asked for: early enough, and not by everybody at once."""

import zlib
from itertools import pairwise

from authorizer.vending.lifetime import Lifetime
from tests.vending.factories import NOW, make_credentials

LIFETIME = Lifetime(need=600.0)
"""Sessions of an hour serve for 3,000 s: fresh ones are asked for after 1,800 to 2,400 of them."""


def due(number: int) -> int:
    """Seconds after which the session with this key is due."""
    held = make_credentials(access_key_id=f"ASIA{number:016d}")
    return next(second for second in range(3001) if LIFETIME.is_due(held, NOW + second))


def test_sessions_that_began_together_are_renewed_over_a_fifth_of_the_time_for_which_they_serve() -> None:
    found = sorted(map(due, range(400)))
    assert 1800 <= found[0] < 1830
    assert 2370 < found[-1] <= 2400
    fifths = [sum(1800 + 120 * part < each <= 1920 + 120 * part for each in found) for part in range(5)]
    assert min(fifths) > 50, "about eighty in each fifth"
    assert max(later - earlier for earlier, later in pairwise(found)) < 30


def test_a_session_is_due_from_its_very_moment_on() -> None:
    key = "ASIAEXAMPLEAP2KAACC7"
    assert zlib.crc32(key.encode()) == 0, "the last turn: exactly four fifths"
    held = make_credentials(access_key_id=key)
    assert not LIFETIME.is_due(held, NOW + 2399.5)
    assert LIFETIME.is_due(held, NOW + 2400.0)


def test_a_session_is_due_at_the_same_moment_in_every_environment_that_shares_it() -> None:
    assert due(1) == due(1)
    assert due(1) != due(2)


def test_a_session_is_never_due_before_three_fifths_or_after_four_fifths() -> None:
    for number in range(400):
        held = make_credentials(access_key_id=f"ASIA{number:016d}")
        assert not LIFETIME.is_due(held, NOW + 1799)
        assert LIFETIME.is_due(held, NOW + 2401)
