"""What each role's session policies allow now, beside what they allowed before."""

from authorizer.engine.prove import RoleDiff, Side, diff_role
from authorizer.settings.schema import Settings


def compare(old: Settings, new: Settings) -> list[RoleDiff]:
    """One comparison for each role of either side.

    Session policies are compared; who gets which role, and the roles' own policies, are not.
    """
    names = dict.fromkeys([*new.roles, *old.roles])
    return [diff_role(name, old=_side(old, name), new=_side(new, name)) for name in names]


def _side(settings: Settings, role: str) -> Side | None:
    if role not in settings.roles:
        return None
    return Side(
        templates=settings.template_set,
        names=settings.roles[role].policies,
        sources={name: claim.claim for name, claim in settings.claims.items()},
    )
