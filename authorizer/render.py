"""Identity → SessionPolicy: the one user's policy, or a refusal. Never an empty one."""

import hashlib

from authorizer.engine import EngineError, NothingAllowed, TemplateSet, ValueMissing
from authorizer.engine import PolicyTooLarge as EnginePolicyTooLarge
from authorizer.errors import ClaimAbsent, NothingGranted, PolicyInvalid, PolicyTooLarge
from authorizer.memory import PER_CALLER, remembered
from authorizer.model import Identity, Role, SessionPolicy
from authorizer.settings.schema import Settings


def render(identity: Identity, templates: TemplateSet, settings: Settings) -> SessionPolicy:
    """The templates of the identity's role, joined and rendered with the identity's own claims and scopes.

    Raises `ClaimAbsent`, `NothingGranted`, `PolicyTooLarge` or `PolicyInvalid`: the engine's errors in this project's
    families. A claim that the user lacks and scopes that grant nothing are for an administrator; a policy that is too
    large or malformed is a fault of the templates.
    """
    return _policy(identity.role, tuple(identity.claims.items()), identity.scopes, templates, settings)


@remembered(PER_CALLER)  # at most 2,048 characters each
def _policy(
    role: Role,
    claims: tuple[tuple[str, str | tuple[str, ...]], ...],
    scopes: frozenset[str],
    templates: TemplateSet,
    settings: Settings,
) -> SessionPolicy:
    try:
        text = templates.render(role.policies, dict(claims), scopes=scopes)
    except ValueMissing as error:
        claim = settings.claims[error.name].claim
        raise ClaimAbsent(
            f"role {role.name!r}: its policies need the claim {claim!r}, and the token does not carry it"
        ) from None
    except NothingAllowed:
        raise NothingGranted(
            f"role {role.name!r}: with these scopes its policies allow nothing, so no session is made"
        ) from None
    except EnginePolicyTooLarge as error:
        raise PolicyTooLarge(
            f"role {role.name!r}: the session policy has {error.length} characters: STS takes {error.limit}; shorten "
            "its templates or the max_length of its claims, or split the role"
        ) from None
    except EngineError as error:
        raise PolicyInvalid(f"role {role.name!r}: {error}") from None
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    return SessionPolicy(text=text, digest=digest, templates=role.policies)
