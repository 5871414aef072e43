"""Who sets the claims that decide: may users write them, in any app client of their pool?

Sources: Cognito Developer Guide, "Working with user attributes", "Pre token generation Lambda trigger", "Specifying
identity provider attribute mappings for your user pool"; API Reference, CreateUserPoolClient (WriteAttributes).
"""

from collections.abc import Collection
from typing import Final

from authorizer.deployed import Pool, PoolClient, same
from authorizer.gate.rulings import GIVE, REWRITE, Notes, World, checked, if_meant, left_open, refuted
from authorizer.settings.schema import Issuer
from authorizer.syntax.claim_path import path_of

SET_BY_COGNITO: Final = frozenset(
    {
        *("aud", "auth_time", "client_id", "cognito:groups", "cognito:preferred_role", "cognito:roles"),
        *("cognito:username", "event_id", "exp", "iat", "iss", "jti", "origin_jti", "scope", "sub", "token_use"),
        *("username", "version"),
    }
)  # fmt: skip
"""Claims that no attribute of a user is behind (Cognito Developer Guide, "Understanding the identity (ID) token" and
"… the access token")."""
NEVER_CHANGED: Final = SET_BY_COGNITO - {"cognito:groups", "cognito:roles", "cognito:preferred_role", "scope"}
"""Of these, what no trigger can change (Cognito Developer Guide, "Pre token generation Lambda trigger")."""
CLOSE_OTHERS: Final = "the issuer's own papers: who sets this claim, and whether users can"


def isolating(world: World) -> Notes:
    """Users cannot write the claims that templates isolate."""
    settings = world.access.settings
    names = {claim for row in settings.policies.values() for claim in row.isolates}
    yield from _set_by_others(world, {settings.claims[name].claim for name in names})


def deciding(world: World) -> Notes:
    """Nor those that rules look at, and those that sessions are named or tagged by."""
    settings = world.access.settings
    names = {claim for role in world.roles for claim in role.session_tags.values()}
    yield from _set_by_others(
        world, {settings.claims[name].claim for name in names} | {rule.claim for rule in settings.rules}
    )


def _set_by_others(world: World, claims: Collection[str]) -> Notes:
    issuers = {issuer.name: issuer for issuer in world.access.settings.issuers.values()}
    pools = {pool.id: pool for pool in world.deployment.pools}
    for claim in sorted(claims):
        for issuer in issuers.values():
            yield from _of_issuer(world, claim, issuer, pools.get(issuer.name))
    if not claims:
        yield checked("no claim does", world.access.settings.place)
    yield from world.unread("pools")


def _of_issuer(world: World, claim: str, issuer: Issuer, pool: Pool | None) -> Notes:
    what = f"`{claim}` of {world.show(issuer.name)}"
    if issuer.kind != "cognito":
        yield left_open(f"{what}: not a user pool", "", closes=CLOSE_OTHERS, closable=False)
    elif claim in NEVER_CHANGED:
        yield checked(f"{what} is Cognito's own", "" if pool is None else pool.place)
    elif pool is None:
        yield left_open(f"{what}: the user pool is not in these files", "", closes=GIVE)
    else:
        found = [*_writers(world, path_of(claim)[0], pool)]  # `address.formatted` is written with `address`
        yield from found
        if not found:
            yield checked(f"{what}: no app client of the pool may write it", pool.place)


def _writers(world: World, claim: str, pool: Pool) -> Notes:
    if pool.trigger is not None:
        yield left_open(
            f"`{claim}` may be changed by {world.show(pool.trigger)} before a token is signed",
            pool.place,
            closes="read that function: what it takes a claim from, users must not be able to write",
            closable=False,
        )
    if claim in SET_BY_COGNITO:
        return
    if claim.startswith("custom:") and claim not in pool.mutable:
        yield left_open(
            f"`{claim}` is not in the schema of the user pool", pool.place, closes="name it in the schema"
        )
    for client in world.deployment.clients:
        theirs = same(client.pool, pool.id)
        if theirs is not False:
            yield from _written(world, claim, client, pool, theirs)
    for provider in world.deployment.mapped:
        theirs = same(provider.pool, pool.id)
        if theirs is not False and claim in provider.attributes:
            yield left_open(
                f"`{claim}` is filled by an identity provider",
                provider.place,
                closes="that provider's own papers: who sets what it is mapped from",
                closable=theirs is None,
            )


def _written(world: World, claim: str, client: PoolClient, pool: Pool, theirs: bool | None) -> Notes:
    """What an app client lets its users write of a claim; `theirs`: whether it is one of the pool."""
    name = world.show(client.id)
    listed = [same(each, claim) for each in client.writes or ()]
    text = "it is in WriteAttributes" if True in listed else _written_by(claim, client, pool)
    if text:
        # A user's access token for any client of the pool changes the attribute in tokens of all of them.
        doubt = "" if theirs else ", if it is one of this pool"
        note = refuted(
            f"`{claim}` may be written by users of the app client {name}{doubt}: {text}", client.place
        )
        yield if_meant(theirs, note)
    elif None in listed:
        yield left_open(
            f"what users of the app client {name} may write is open", client.place, closes=REWRITE
        )


def _written_by(claim: str, client: PoolClient, pool: Pool) -> str:
    """What lets users write a claim where no list does."""
    if client.writes:  # an empty list is none: the default holds
        return ""
    if claim.startswith("custom:") and not pool.mutable.get(claim, True) and not pool.signs_up:
        return ""
    return "without WriteAttributes they may write what the pool lets change, and what they sign up with"
