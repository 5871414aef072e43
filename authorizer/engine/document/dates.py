"""Dates in condition values: what IAM stores, what leaves no doubt, and what it means.

Source: IAM User Guide, "IAM JSON policy elements: Condition operators", date condition operators.
"""

import re
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from functools import lru_cache

_STORED = re.compile(
    r"[-+]?\d{1,10}(?:-(?:0?[1-9]|1[0-2])(?:-(?:0?[1-9]|[12]\d|3[01]))?)?"
    r"(?:T(?:(?:[01]?\d|2[0-4])(?::[0-5]?\d(?::[0-5]?\d(?:\.\d{1,9})?)?)?)?(?:Z|[-+](?:[01]\d|2[0-3])(?::?[0-5]\d)?)?)?",
    re.IGNORECASE | re.ASCII,
)
_PLAIN = re.compile(
    r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])"
    r"T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:Z|[-+](?:[01]\d|2[0-3]):[0-5]\d)"
    r"|\d{9,11}",  # fewer digits could be meant as a year
    re.ASCII,
)
_INT64 = 2**63


def is_loose_date(text: str) -> bool:
    """What IAM takes as a date when it stores a policy: parts may be missing, epoch numbers must fit 64 bits."""
    if number := re.fullmatch(r"([-+]?)0*([0-9]{1,19})", text):
        return -_INT64 <= int(number[1] + number[2]) < _INT64
    return _STORED.fullmatch(text) is not None


def is_plain_date(text: str) -> bool:
    """Whether nobody can read it as another moment: a whole date with time and zone, or seconds since 1970."""
    return _PLAIN.fullmatch(text) is not None


_PROFILE = re.compile(
    r"(?P<year>[0-9]{4})(-(?P<month>[0-9]{2})(-(?P<day>[0-9]{2})"
    r"(T(?P<hour>[0-9]{2}):(?P<minute>[0-9]{2})(:(?P<second>[0-9]{2})(\.(?P<fraction>[0-9]{1,9}))?)?"
    r"(?P<zone>Z|[+-][0-9]{2}:[0-9]{2}))?)?)?"
)
"""The W3C profile of ISO 8601 (https://www.w3.org/TR/NOTE-datetime), which the User Guide names."""
_EPOCH = re.compile(r"([0-9]{1,3}|[0-9]{5,12})(\.[0-9]{1,9})?")


@lru_cache(maxsize=1024)
def seconds_of(text: str) -> Decimal | None:
    """Seconds since the epoch. Four digits alone are a year, more are seconds."""
    if _EPOCH.fullmatch(text):
        return Decimal(text)
    found = _PROFILE.fullmatch(text)
    if not found:
        return None
    zone = found["zone"] or "Z"
    try:
        offset = timedelta(0)
        if zone != "Z":
            offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[4:6])) * (-1 if zone[0] == "-" else 1)
        moment = datetime(
            int(found["year"]),
            int(found["month"] or 1),
            int(found["day"] or 1),
            int(found["hour"] or 0),
            int(found["minute"] or 0),
            int(found["second"] or 0),
            tzinfo=timezone(offset),
        )
    except ValueError:
        return None
    seconds = (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)
    return Decimal(seconds) + Decimal(f"0.{found['fraction'] or 0}")
