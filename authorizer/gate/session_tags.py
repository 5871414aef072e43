"""The session tags that a template's sessions have for certain."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from authorizer.engine.prove import Tags
from authorizer.model import Role

TAG: Final = "aws:PrincipalTag/"
"""What stands before a tag's key in the condition key of whoever has it (IAM User Guide, "AWS global condition context
keys")."""


def tags_of(roles: Iterable[Role], names: Iterable[str]) -> Mapping[str, Tags]:
    """Template → the tags that every session with it has, whichever of these roles it is of. None where no role has the
    template: nothing is known of its sessions then."""
    rows = [*roles]
    return {name: _common([role.session_tags for role in rows if name in role.policies]) for name in names}


def _common(rows: Sequence[Mapping[str, str]]) -> Tags:
    """The tags that all of the rows have with one claim. Keys have no case."""
    first, *others = rows or [{}]
    return {
        TAG + key: claim
        for key, claim in first.items()
        if all((key.lower(), claim) in {(each.lower(), row[each]) for each in row} for row in others)
    }
