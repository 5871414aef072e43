"""The shapes of single values, as JSON Schema says them."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeAlias

from authorizer.settings.reader import DURATION, ENVIRONMENT, span
from authorizer.settings.readers import NAME

Json: TypeAlias = dict[str, Any]
ANY: Final = NAME
"""In place of a key: every name."""
_LENGTH: Final = re.compile(r"\(\?=\(\?s:\.(\{[0-9,]+\})\)\\Z\)")
"""How `authorizer.settings.limits` bounds the length of a text, in Python's way."""
DRAFT: Final = "http://json-schema.org/draft-07/schema#"
"""What editors understand of TOML: Taplo and Even Better TOML read draft 7 and older."""


class Shapes:
    """What a value may be. `environment`: whether a text may be `env:NAME` in place of what it says."""

    def __init__(self, *, environment: bool) -> None:
        self._environment = environment

    def text(self, pattern: str = "", expected: str = "", default: str | None = None) -> Json:
        """A text that is not empty, and that `pattern` matches whole."""
        shape: Json = {"type": "string", "minLength": 1}
        if pattern:
            shape["pattern"] = f"^(?:{f'{ENVIRONMENT}.+|' if self._environment else ''}{_of_ecma(pattern)})$"
        if expected:
            shape["description"] = f"Expected: {expected}."
        return shape | ({} if default is None else {"default": default})

    def texts(self, pattern: str = "", expected: str = "", default: Sequence[str] | None = None) -> Json:
        """A list of distinct texts."""
        shape: Json = {"type": "array", "items": self.text(pattern), "uniqueItems": True}
        if expected:
            shape["description"] = f"Expected: {expected}."
        return shape | ({"minItems": 1} if default is None else {"default": list(default)})

    def choice(self, choices: Sequence[str], default: str) -> Json:
        """One of `choices`."""
        listed: Json = {"enum": list(choices)}
        if not self._environment:
            return {**listed, "default": default}
        return {"anyOf": [listed, {"type": "string", "pattern": f"^{ENVIRONMENT}."}], "default": default}

    def seconds(self, least: float, most: float, default: str | None = None) -> Json:
        """A duration. Its bounds are told: no pattern can sum up hours and minutes."""
        words = f'a duration from {span(least)} to {span(most)}, such as "90s" or "1h30m"'
        return {**self.text(DURATION.pattern, words), **({} if default is None else {"default": default})}


def _of_ecma(pattern: str) -> str:
    """The pattern as JSON Schema has it (ECMA-262), which knows neither `\\Z` nor flags of a group."""
    return _LENGTH.sub(r"(?=[\\s\\S]\1$)", pattern)


def described(shape: Json, words: str | None) -> Json:
    """The shape with `words` in front of what it says of itself."""
    both = " ".join(part for part in (words, shape.get("description")) if part)
    return (
        {"description": both, **{key: value for key, value in shape.items() if key != "description"}}
        if both
        else shape
    )


def one_of(shapes: Sequence[Json]) -> Json:
    """Any of the shapes."""
    if len(shapes) == 1:
        return shapes[0]
    words = " ".join(dict.fromkeys(shape["description"] for shape in shapes if "description" in shape))
    bare = [
        {key: value for key, value in shape.items() if key not in ("description", "default")}
        for shape in shapes
    ]
    listed: list[str] = []
    others: list[Json] = []
    for shape in (
        each for several in bare for each in (several["anyOf"] if set(several) == {"anyOf"} else [several])
    ):
        if set(shape) == {"enum"}:
            listed += [word for word in shape["enum"] if word not in listed]
        elif shape not in others:
            others.append(shape)
    enum = [{"enum": listed}] if listed else []
    defaults = [shape["default"] for shape in shapes if "default" in shape]
    default = {"default": defaults[0]} if defaults and defaults.count(defaults[0]) == len(shapes) else {}
    return described({"anyOf": [*enum, *others], **default}, words or None)


def table(
    properties: Mapping[str, Json], required: Sequence[str] = (), *, others: Json | bool = False
) -> Json:
    """A table of these keys, and of `others`."""
    shape: Json = {"type": "object", "additionalProperties": others}
    if properties:
        shape["properties"] = dict(properties)
    return shape | ({"required": sorted(required)} if required else {})
