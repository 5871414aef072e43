"""How long something that failed is left alone: longer each time, and as the clock on the wall says."""

import pytest

from authorizer.waiting.cooldown import FIRST_PAUSE, LONGEST_PAUSE, Cooldown
from tests.vending.factories import NOW


def failed(*moments: float) -> Cooldown:
    cooldown = Cooldown()
    for moment in moments:
        cooldown.failed(moment)
    return cooldown


def test_what_never_failed_may_be_tried() -> None:
    assert Cooldown().is_over(NOW)
    assert Cooldown().is_over(0.0)


def test_a_failure_is_followed_by_a_pause() -> None:
    cooldown = failed(NOW)
    assert not cooldown.is_over(NOW)
    assert not cooldown.is_over(NOW + FIRST_PAUSE - 0.01)
    assert cooldown.is_over(NOW + FIRST_PAUSE)


def test_each_further_failure_doubles_it_up_to_a_minute() -> None:
    cooldown, now, pauses = Cooldown(), NOW, []
    for _ in range(1000):
        cooldown.failed(now)
        pause = next(seconds for seconds in range(1, 100) if cooldown.is_over(now + seconds))
        pauses.append(pause)
        now += pause
    assert pauses[:8] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert set(pauses[8:]) == {LONGEST_PAUSE}


def test_failures_of_requests_that_ran_together_are_one() -> None:
    cooldown = failed(*[NOW] * 256, NOW + 0.5)
    assert cooldown.is_over(NOW + FIRST_PAUSE)


def test_a_success_makes_the_next_failure_a_first_one() -> None:
    cooldown = failed(NOW, NOW + 1, NOW + 3)
    cooldown.succeeded()
    assert cooldown.is_over(NOW + 3)
    cooldown.failed(NOW + 4)
    assert cooldown.is_over(NOW + 4 + FIRST_PAUSE)


@pytest.mark.parametrize("frozen", [0.1, 0.6, 3.0, 60.0, 86400.0])
def test_a_freeze_counts_as_what_it_was(frozen: float) -> None:
    """The process knows nothing of it but the time of the next request."""
    assert failed(NOW).is_over(NOW + frozen) is (frozen >= FIRST_PAUSE)


def test_a_clock_that_was_set_back_prolongs_no_pause() -> None:
    assert failed(NOW).is_over(NOW - 0.01)
