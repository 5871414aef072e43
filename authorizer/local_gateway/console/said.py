"""What the page says, read by name and type: each reader raises `Refused` for anything else."""

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from authorizer.engine.evaluate import AccessRequest

Said: TypeAlias = Mapping[str, Any]
"""The members of a POST's body, or the parameters of a GET."""
MOST_DIGITS: Final = 12


class Refused(Exception):
    """The page is told so, with this status."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


def text(said: Said, name: str) -> str:
    """Empty where it is not there."""
    value = said.get(name, "")
    if not isinstance(value, str):
        raise Refused(400, f"expected a text as `{name}`")
    return value


def number(said: Said, name: str) -> int | None:
    """A decision's number, also as a parameter says one."""
    value = said.get(name)
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= MOST_DIGITS:
        return int(value)
    raise Refused(400, f"expected a number as `{name}`")


def flag(said: Said, name: str) -> bool:
    value = said.get(name, False)
    if not isinstance(value, bool):
        raise Refused(400, f"expected true or false as `{name}`")
    return value


def mapping(said: Said, name: str) -> dict[str, str]:
    """Texts by name; empty where it is not there."""
    value = said.get(name, {})
    if not isinstance(value, dict) or not all(isinstance(each, str) for each in value.values()):
        raise Refused(400, f"expected texts by name as `{name}`")
    return value


def request_of(said: Said) -> AccessRequest | None:
    """The action that is tried; None where none is."""
    action, resource = text(said, "action").strip(), text(said, "resource").strip()
    if not action or not resource:
        return None
    context = mapping(said, "context")
    if len({key.lower() for key in context}) != len(context):
        raise Refused(400, "a condition key in two spellings: condition keys have no case")
    return AccessRequest(action=action, resource=resource, context=context)
