"""Stand-ins for names that no file says: AWS makes them up, or somebody passes them later.

CloudFormation names a role `STACK-ViewerRole-1A2B3C4D5E6F`. Which role is meant is known all the same, by its logical
id, so a stand-in is as good as the name wherever two texts are compared for being the same. Where a pattern with
wildcards is compared, the stand-in may be any text.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Literal

UNKNOWN_ACCOUNT = "000000000000"
"""Stands for the account of a stack: an ARN wants twelve digits, and no account has these."""

_MADE, _OPEN = "zq{:05}made", "zq{:05}open"
_TOKEN = re.compile(rf"zq([0-9]{{5,}})(?:made|open)|{UNKNOWN_ACCOUNT}")
_IS_OPEN = re.compile(r"zq[0-9]{5,}open")
_IS_MADE = re.compile(r"zq[0-9]{5,}made")


@dataclass(frozen=True, slots=True)
class Names:
    """All stand-ins of one deployment. Whoever reads a file adds to them; nobody else does."""

    _labels: list[str] = field(default_factory=list)
    _made: dict[str, str] = field(default_factory=dict)

    def made(self, label: str) -> str:
        """The stand-in for a name that AWS makes: the same for one label, and no other resource has it."""
        if label not in self._made:
            self._made[label] = self._next(_MADE, label)
        return self._made[label]

    def open(self, label: str) -> str:
        """The stand-in for a text that may be any, another's name too."""
        return self._next(_OPEN, label)

    def _next(self, form: str, label: str) -> str:
        self._labels.append(label)
        return form.format(len(self._labels) - 1)

    def show(self, text: str) -> str:
        """The text as a person reads it: `arn:aws:s3:::${DataBucket}`."""
        return _TOKEN.sub(self._shown, text)

    def _shown(self, token: re.Match[str]) -> str:
        if not token[1]:
            return "${AWS::AccountId}"
        number = int(token[1])
        return f"${{{self._labels[number]}}}" if number < len(self._labels) else token[0]


def is_known(text: str) -> bool:
    """Whether all of the text is what will really stand there."""
    return not _TOKEN.search(text)


def is_open(text: str) -> bool:
    """Whether part of the text may be anything, so that it is not even known what it names."""
    return bool(_IS_OPEN.search(text))


def is_made(text: str) -> bool:
    """Whether AWS makes part of the text, for one resource alone."""
    return bool(_IS_MADE.search(text))


def same(one: str, other: str) -> bool | None:
    """Whether two texts name the same; None where that cannot be told. What AWS makes for one resource is not what it
    makes for another, and may be any name that somebody wrote down."""
    if one == other:
        return True
    first, second = _standing(one), _standing(other)
    if first == second != "open":
        return False
    parts = [widened(text, beside=beside).split("*") for text, beside in ((one, other), (other, one))]
    return None if _may_be(*sorted(parts, key=len, reverse=True)) else False


@lru_cache(maxsize=1 << 16)
def _standing(text: str) -> Literal["known", "account", "made", "open"]:
    """What stands in for something in a text. Two that differ, of one kind that is not open, name two things. Kept:
    every access point is compared with every bucket."""
    if is_open(text):
        return "open"
    return "made" if is_made(text) else "known" if is_known(text) else "account"


def _may_be(one: Sequence[str], other: Sequence[str]) -> bool:
    """Whether some text fits two patterns, each given as what stands between its `*`; by their ends, where both have
    one."""
    if len(other) == 1:
        return bool(re.fullmatch(".*".join(map(re.escape, one)), other[0], re.DOTALL))
    begin, end = sorted((one[0], other[0]), key=len), sorted((one[-1], other[-1]), key=len)
    return begin[1].startswith(begin[0]) and end[1].endswith(end[0])


def widened(text: str, *, beside: str = "") -> str:
    """The text as a pattern: `*` for every stand-in, but for those that `beside` has too: these are the same text."""
    return _TOKEN.sub(lambda token: token[0] if token[0] in beside else "*", text)
