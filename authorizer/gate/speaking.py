"""What tokens were refused for: a group or a role that their issuer may not speak for, under the name that another kind
of issuer says it by. It is asked only where access.toml reads that claim (`authorizer.identity.authority`)."""

from collections.abc import Iterator, Sequence

from authorizer.gate.steps import Step, Steps
from authorizer.identity.authority import GROUPS, ROLES, read_elsewhere
from authorizer.settings.kinds import KINDS, Kind
from authorizer.settings.schema import Access, Issuer


def said_elsewhere(old: Access, new: Access) -> Steps:
    """Of issuers on both sides: what is looked at no more, and what is now."""
    for iss, issuer in new.settings.issuers.items():
        if iss not in old.settings.issuers:
            continue
        sides = old.settings.issuers[iss], issuer
        before, now = (set(_asked(sides, access)) for access in (old, new))
        for claim in sorted(before ^ now):
            yield Step(
                direction="WIDER" if claim in before else "NARROWER",
                what=f"`{claim}`",
                whom=f"issuer {issuer.name}",
                identity={"issuer": iss, "claims": {claim: "what it may not speak for"}},
            )


def _asked(sides: Sequence[Issuer], access: Access) -> Iterator[str]:
    """Claims that tokens of an issuer are asked about, beside those by which its own kind says groups and roles."""
    own = {name for each in sides for name in _own(KINDS[each.kind])}
    if all(each.speaks_for.groups is not None for each in sides):
        yield from read_elsewhere(GROUPS, access.settings) - own
    if all(each.speaks_for.roles is not None for each in sides):
        yield from read_elsewhere(ROLES, access.settings) - own


def _own(kind: Kind) -> tuple[str | None, ...]:
    return kind.groups, kind.roles, kind.preferred_role
