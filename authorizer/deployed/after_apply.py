"""A plan leaves out what is known after apply. Here that is filled in: by what it refers to, or by a text that may be
any. Whoever reads a resource then cannot take it for something that nobody set.

An expression without references has a `constant_value`, unless it calls functions (`timestamp()`): of such a one a plan
says nothing but that it is there. Of a `dynamic` block it does not even say that: `after_unknown` is the same where the
provider computes such a block and nobody wrote one, as in each new bucket and role.

Source: Terraform documentation, "JSON Output Format" (`expressions`, and `after_unknown` of a change).
"""

from collections.abc import Callable, Mapping, Sequence
from itertools import zip_longest
from typing import Any, TypeAlias

Follow: TypeAlias = Callable[[str, Sequence[str]], str]
"""(an attribute, what its expression refers to) → what it comes to."""


def filled(values: Mapping[str, Any], expressions: Mapping[str, Any], follow: Follow) -> dict[str, Any]:
    """A resource's attributes, or a block's, with those that its configuration sets."""
    found = dict(values)
    for name, expression in expressions.items():
        if isinstance(expression, Mapping) and expression.keys() <= {"references"}:
            if found.get(name) is None:
                found[name] = follow(name, expression.get("references") or ())
        elif isinstance(expression, list):
            blocks = found.get(name)
            found[name] = [
                filled(_object(block), _object(inner), follow)
                for block, inner in zip_longest(blocks if isinstance(blocks, list) else [], expression)
            ]
    return found


def opened(values: Mapping[str, Any], unknown: Mapping[str, Any], follow: Follow) -> dict[str, Any]:
    """The same, with what the plan says of blocks alone: of an attribute by itself, `after_unknown` is true also where
    nobody sets it."""
    return {
        **values,
        **{name: _inside(values.get(name), said, name, follow) for name, said in unknown.items()},
    }


def _inside(value: Any, unknown: Any, name: str, follow: Follow, *, deep: bool = False) -> Any:
    if isinstance(unknown, Mapping):
        inner = _object(value)
        return {
            **inner,
            **{key: _inside(inner.get(key), said, key, follow, deep=True) for key, said in unknown.items()},
        }
    if isinstance(unknown, list):
        rows = value if isinstance(value, list) else []
        return [
            _inside(row, said, name, follow, deep=True) if said is not None else row
            for row, said in zip_longest(rows, unknown)
        ]
    return follow(name, ()) if deep and unknown is True and value is None else value


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
