"""One type of Terraform's AWS provider, as CloudFormation's."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Type:
    """One type of the provider, as CloudFormation's."""

    kind: str
    properties: Mapping[str, str]
    """CloudFormation's property → the provider's attribute."""
    shape: Callable[[Mapping[str, Any]], Mapping[str, Any]] = lambda _: {}
    """Properties that are of another shape."""


def first(values: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The first of a list of blocks."""
    blocks = values.get(name)
    return blocks[0] if isinstance(blocks, list) and blocks and isinstance(blocks[0], Mapping) else {}
