"""Whether a resource of a policy can be one that an action works on.

Sure in one direction only: "no" means that no ARN is both. A value to come may be any text without `/`, which no claim
type holds (`authorizer.engine.language`), and a policy variable any text.
"""

import re
from itertools import zip_longest

from authorizer.engine.language import is_placeholder

_ANY, _WITHOUT_SLASH = "*", "\0"
_RUNS = frozenset((_ANY, _WITHOUT_SLASH))
_HOLE = re.compile(r"\$\{([^}]*)\}")
NAMES = frozenset({"BucketName", "TableName"})
"""Parts of an ARN that hold no `/`, and are written before one: without this an object would pass for a bucket (S3 User
Guide, "Bucket naming rules"; DynamoDB Developer Guide, "Naming rules")."""


def may_be(resource: str, arn: str) -> bool:
    """Whether `resource`, as written in a policy, can match an ARN of the form that the reference writes."""
    if "*" in (resource, arn):
        return True
    ours = (_of_policy(field) for field in resource.split(":", 5))
    theirs = (_of_reference(field) for field in arn.split(":", 5))
    return all(_meet(one or "", other or "") for one, other in zip_longest(ours, theirs))


def _of_policy(field: str) -> str:
    return "".join(
        _WITHOUT_SLASH if is_placeholder(char) else char for char in re.sub(r"\$\{[^}]*\}", _ANY, field)
    )


def _of_reference(field: str) -> str:
    return _HOLE.sub(lambda hole: _WITHOUT_SLASH if hole[1] in NAMES else _ANY, field)


def _meet(one: str, other: str) -> bool:
    """Whether some text fits both patterns."""
    seen: set[tuple[int, int]] = set()
    todo = [(0, 0)]
    while todo:
        at = todo.pop()
        if at in seen:
            continue
        seen.add(at)
        here, there = at
        if here == len(one) and there == len(other):
            return True
        a, b = one[here : here + 1], other[there : there + 1]
        if a in _RUNS:
            todo.append((here + 1, there))
        if b in _RUNS:
            todo.append((here, there + 1))
        if a and b and _have_common(a, b):
            todo.append((here + (a not in _RUNS), there + (b not in _RUNS)))
    return False


def _have_common(one: str, other: str) -> bool:
    """Whether one character fits both. `?` and `*` fit all."""
    if one in "*?" or other in "*?":
        return True
    if _WITHOUT_SLASH in (one, other):
        return "/" not in (one, other)
    return one == other


def may_equal(one: str, other: str, *, wild: tuple[bool, bool], fold: bool) -> bool:
    """Whether some text fits both values of conditions. `wild`: whether `*` and `?` are wildcards in each; `fold`:
    whether case counts for nothing."""
    first, second = (_value(text, wildcards) for text, wildcards in zip((one, other), wild, strict=True))
    return _meet(first.lower(), second.lower()) if fold else _meet(first, second)


def _value(text: str, wildcards: bool) -> str:
    """With a character for what is no wildcard though it looks like one, so that no other text equals it."""
    plain = text if wildcards else text.translate(_LITERAL)
    plain = re.sub(r"\$\{[^}]*\}", _ANY, plain)
    return "".join(_ANY if is_placeholder(char) else char for char in plain)


_LITERAL = str.maketrans({"*": "\1", "?": "\2"})
