"""The order of verification, and its memory."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from authorizer.errors import AlgorithmRefused, IssuerUnknown, SettingsError, SignatureInvalid, Unauthorized
from authorizer.model import Claims
from authorizer.settings.kinds import KINDS, Kind
from authorizer.settings.schema import Issuer, Keys
from authorizer.tokens.algorithms import ALGORITHMS
from authorizer.tokens.checks import check_lasting, check_timed
from authorizer.tokens.claims_set import ClaimsSet, claims_of, names_read, parse_claims_set
from authorizer.tokens.compact import ascii_of, parse_compact, peek
from authorizer.tokens.fetch import Fetch, HttpFetch, is_safe
from authorizer.tokens.jwk import KeySetRefused, parse_key_set
from authorizer.tokens.keystore import FetchCounts, KeyStore
from authorizer.tokens.memory import Memory
from authorizer.tokens.proxy import Proxies
from authorizer.tokens.public_keys import PublicKey
from authorizer.tokens.signature import is_signed_by
from authorizer.waiting.deadline import Deadline

MAX_VERIFIED = 1_024
"""Verified tokens remembered by one environment, which serves one request at a time. About 2 KB each: of what an
issuer writes besides, nothing is kept."""
MAX_REFUSED = 4_096
"""Refused tokens remembered, apart from the others: a flood of bad tokens pushes no good one out. About 0.5
KB each."""


MAX_WARMED = 8
"""Most key sets that are fetched ahead of a request. Of a thousand tenants' pools none is likelier than another to be
the next, and a thousand fetches would keep that request waiting."""
MAX_NAMED = 4
"""Most issuers that a refusal tells of."""


@dataclass(slots=True, kw_only=True)
class _Verified:
    """A token that has passed everything but the checks that depend on the time."""

    store: KeyStore
    kid: str
    key: PublicKey
    """What verified the signature. It counts while the store still holds it under this `kid`."""
    issuer: Issuer
    said: ClaimsSet
    claims: Claims | None = None
    """None until it has passed those too, for the first time."""


@dataclass(slots=True, kw_only=True)
class _Refused:
    """A token that this key has refused, or whose claims never change for the better."""

    store: KeyStore
    kid: str
    key: PublicKey
    refusal: type[Unauthorized]
    message: str


class Verifier:
    """Turns tokens into `Claims`. One for an environment; used by one event loop."""

    def __init__(
        self,
        issuers: Mapping[str, Issuer],
        keys: Keys,
        *,
        wanted: Collection[str] | None = None,
        fetch: Fetch | None = None,
    ) -> None:
        """`issuers` by `iss`: empty means that every token is refused. `wanted` are the claims that are asked
        for later, besides those that every decision reads; None: all that a token has. Raises `SettingsError`."""
        self.counts = FetchCounts()
        self._http = HttpFetch()
        self._issuers = dict(issuers)
        self._stores = _stores(self._issuers, keys, fetch or self._http, self._http.proxies, self.counts)
        self._distinct = tuple(set(self._stores.values()))
        self._kept = {name: None if wanted is None else _kept(kind, wanted) for name, kind in KINDS.items()}
        self._verified: Memory[_Verified] = Memory(MAX_VERIFIED)
        self._refused: Memory[_Refused] = Memory(MAX_REFUSED)

    async def verify(self, token: str, now: float, deadline: Deadline) -> Claims:
        """What the issuer says about the caller, if every check passes at `now` (seconds since the epoch).
        Keys that are absent or due are waited for until `deadline`.

        Raises a child of `Unauthorized`, each for its reason, or `KeysUnavailable`.
        """
        # 1. Not longer than anything we sign; ASCII.
        octets = ascii_of(token)
        # 2. Seen before, and the key that decided then still serves: only the time is asked again.
        digest = sha256(octets).digest()
        verified = self._verified.get(digest)
        if verified is not None:
            held = verified.store.held(verified.kid, now)
            if held is None:
                held = await verified.store.key(verified.kid, now, deadline)
            if held is verified.key:
                return _claims_at(now, verified)
        refused = self._refused.get(digest)
        if refused is not None and refused.store.held(refused.kid, now) is refused.key:
            raise refused.refusal(refused.message)
        # 3. Well formed: three parts, an algorithm that we know, a `kid`, no `crit`.
        compact = parse_compact(octets)
        payload = peek(compact)
        # 4. `iss` is one of ours. It is not believed yet: it only says whose key to try.
        issuer = self._trust(payload)
        # 5. The issuer's algorithm, whatever the token would rather have, and its key of that `kid`.
        if compact.alg != issuer.algorithm:
            raise AlgorithmRefused(
                f"the token's `alg` is not {issuer.algorithm}, which '{issuer.issuer}' signs with"
            )
        store = self._stores[issuer.issuer]
        kid = compact.kid
        key = await store.key(kid, now, deadline)
        try:
            # 6. The signature.
            if not is_signed_by(key, compact, ALGORITHMS[issuer.algorithm]):
                raise SignatureInvalid(f"the signature does not match the key {kid!r} of '{issuer.issuer}'")
            # 7. Every claim that is read has its type.
            said = parse_claims_set(payload, compact.typ, KINDS[issuer.kind], self._kept[issuer.kind])
            # 8. What never changes: token use, client, lifetime.
            check_lasting(said, issuer)
        except Unauthorized as refusal:
            self._refused.put(
                digest, _Refused(store=store, kid=kid, key=key, refusal=type(refusal), message=str(refusal))
            )
            raise
        # 9. What depends on the time: `exp`, `nbf`, `iat`, `auth_time`.
        verified = _Verified(store=store, kid=kid, key=key, issuer=issuer, said=said)
        self._verified.put(digest, verified)
        return _claims_at(now, verified)

    async def warm(self, now: float) -> None:
        """Fetch every key set that is not pinned, all at once, ahead of the first request, where they are at most
        `MAX_WARMED`. What fails is tried again by the request that needs it, when its cool-down is over."""
        if len(self._distinct) <= MAX_WARMED:
            await asyncio.gather(*(store.warm(now) for store in self._distinct))

    async def close(self) -> None:
        """Close the connections. A later call opens new ones."""
        await self._http.close()

    def _trust(self, unverified: Mapping[str, object]) -> Issuer:
        iss = unverified.get("iss")
        issuer = self._issuers.get(iss) if isinstance(iss, str) else None
        if issuer is None:
            raise IssuerUnknown(f"the token's `iss` is no configured issuer: {_listed(list(self._issuers))}")
        return issuer


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
    return ", ".join(f"'{name}'" for name in names[:MAX_NAMED]) + more or "none is configured"


def _kept(kind: Kind, wanted: Collection[str]) -> Mapping[str, Collection[str]]:
    return {use: sorted(names_read(kind, use).union(wanted)) for use in kind.typ}


def _claims_at(now: float, verified: _Verified) -> Claims:
    """The claims of a token that the time allows."""
    check_timed(verified.said, verified.issuer, now)
    if verified.claims is None:
        verified.claims = claims_of(verified.said, verified.issuer)
    return verified.claims


def _stores(
    issuers: Mapping[str, Issuer], keys: Keys, fetch: Fetch, proxies: Proxies, counts: FetchCounts
) -> dict[str, KeyStore]:
    """A key store by `iss`; two issuers share one only if they name the same document, the same pinned keys
    and the same algorithm. All of them count in `counts`."""
    shared: dict[tuple[str, str | None, str], KeyStore] = {}
    stores: dict[str, KeyStore] = {}
    problems: list[str] = []
    for name, issuer in issuers.items():
        place = (issuer.jwks_uri, issuer.pinned_keys, issuer.algorithm)
        if name != issuer.issuer:
            problems.append(f"issuer '{issuer.issuer}' is listed under another name: '{name}'")
        if issuer.kind not in KINDS:
            problems.append(
                f"issuer '{name}' is of the kind '{issuer.kind}': expected one of {', '.join(KINDS)}"
            )
        elif issuer.algorithm not in KINDS[issuer.kind].algorithms:
            problems.append(
                f"issuer '{name}' has the algorithm '{issuer.algorithm}': of the kind '{issuer.kind}' expected "
                + " or ".join(KINDS[issuer.kind].algorithms)
            )
        if not is_safe(issuer.jwks_uri):
            problems.append(
                f"issuer '{name}' has the key set '{issuer.jwks_uri}', neither https nor on this machine"
            )
        else:
            try:
                proxies.on_the_way_to(issuer.jwks_uri)
            except ValueError as error:
                problems.append(f"issuer '{name}' has the key set '{issuer.jwks_uri}', and {error}")
        algorithm = ALGORITHMS.get(issuer.algorithm)
        if algorithm is None:
            continue  # no kind has it
        try:
            pinned = (
                parse_key_set(issuer.pinned_keys.encode(), algorithm)
                if issuer.pinned_keys is not None
                else None
            )
        except KeySetRefused as refused:
            problems.append(f"issuer '{name}' has pinned keys that cannot be used: {refused}")
        else:
            stores[name] = shared.setdefault(
                place, KeyStore(issuer.jwks_uri, algorithm, keys, fetch, pinned, counts=counts)
            )
    if problems:
        raise SettingsError(problems)
    return stores
