"""What each role's session policies allow now, beside what they allowed before."""

from authorizer.engine.prove import RoleDiff, Side, diff_role
from authorizer.settings.schema import Access


def compare(old: Access, new: Access) -> list[RoleDiff]:
    """One comparison for each role of either side.

    Session policies are compared; who gets which role, and the roles' own policies, are not.
    """
    names = dict.fromkeys([*new.settings.roles, *old.settings.roles])
    return [diff_role(name, old=_side(old, name), new=_side(new, name)) for name in names]


def _side(access: Access, role: str) -> Side | None:
    settings, templates = access
    if role not in settings.roles:
        return None
    return Side(
        templates=templates,
        names=settings.roles[role].policies,
        sources={name: claim.claim for name, claim in settings.claims.items()},
    )
