"""Looking for somebody of each kind: callers who are made up, each with a role, and confirmed.

The authorizer's own code resolves a caller, their policy is rendered, and whoever asks says whether that is what was
asked for.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from authorizer.engine import (
    Atom,
    ClaimType,
    EngineError,
    HasItems,
    InScopes,
    IsDefined,
    TemplateSet,
    VariableIs,
    parse_identity,
)
from authorizer.engine.evaluate import AccessRequest, evaluate
from authorizer.engine.prove import Asker, Guess, Literals, guesses
from authorizer.gate.acting import actors
from authorizer.gate.callers import Caller, Through, callers, identity_of, satisfying, ways_in
from authorizer.gate.narrowing import may_be, narrowed, none_left
from authorizer.gate.session_tags import TAG
from authorizer.gate.wording import words
from authorizer.model import Identity, Role
from authorizer.settings.format_text import holes
from authorizer.settings.schema import Access, Issuer, Settings

Context: TypeAlias = Mapping[str, str | Sequence[str]]
Confirm: TypeAlias = Callable[[Identity, Context], AccessRequest | str | None]
"""An identity, and what their request may have besides → the request that they may make, or the route; None: they may
not."""

ComeBy: TypeAlias = Callable[[Role, Collection[str], Issuer, Settings], Iterable[Through]]
"""As `authorizer.gate.callers.ways_in`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """Somebody who may do what is asked about, confirmed."""

    caller: Caller
    requested_role: str | None
    """What they ask for in the role header; None: nothing."""
    identity: Identity = field(repr=False)
    request: AccessRequest | str
    """What they may ask for: a request, or a route."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of users who may."""

    role: str
    issuers: tuple[str, ...]
    through: tuple[Through, ...]
    """How they come by the role and the scopes: any of these, each with nothing that is not needed."""
    asker: Asker
    way: Literals
    """The one of the answer's ways that they go."""
    example: Example


class Looking:
    """For somebody of each kind, in one role: users of these issuers, who come by it so."""

    def __init__(
        self,
        access: Access,
        role: Role,
        confirm: Confirm,
        *,
        issuers: Sequence[Issuer] | None = None,
        come_by: ComeBy = ways_in,
    ) -> None:
        self._settings, self._templates = access
        self._role, self._confirm, self._come_by = role, confirm, come_by
        self._issuers = parties(self._settings) if issuers is None else issuers
        self._always = frozenset(
            name for name, claim in self._settings.claims.items() if claim.claim == "sub"
        )
        self._needed = needed(role) | self._always
        self._tagged = needed(role)
        self.kinds: list[Kind] = []
        self.undecided: list[str] = []

    def at(self, asker: Asker, way: Literals) -> None:
        held = {self._templates.origin(char)[0] for char, _ in asker.values}
        # No session is made without its tags and its name, and no token without `sub`.
        way |= {(IsDefined(claim), True) for claim in self._needed - held}
        if any((atom, not chosen) in way for atom, chosen in way):
            return
        way = way.difference((IsDefined(claim), True) for claim in self._always)
        scopes = {atom.scope: chosen for atom, chosen in way if isinstance(atom, InScopes)}
        wanted = frozenset(scope for scope, chosen in scopes.items() if chosen)
        issuers: dict[tuple[Through, ...], list[str]] = {}
        shown: dict[tuple[Through, ...], Example] = {}
        doubtful = False
        for issuer in self._issuers:
            if not self._may_say(asker, issuer):
                continue
            found: dict[Through, Example] = {}
            acting = list(actors(issuer, wanted=wanted, unwanted=scopes.keys() - wanted))
            for alone in self._come_by(self._role, wanted, issuer, self._settings):
                for names in ((), *acting):
                    if any(not set(each.actors) - set(names) for each in found if each.base == alone.base):
                        continue  # whoever acts besides is not needed
                    through = replace(alone, actors=names)
                    example, doubt = self._example(asker, way, through, issuer)
                    doubtful = doubtful or doubt
                    if example is not None:
                        found[through] = example
            if found:
                issuers.setdefault(tuple(found), []).append(issuer.name)
                shown.setdefault(tuple(found), next(iter(found.values())))
        if doubtful and not issuers:
            whom = ", ".join(words(asker, way, self._templates)) or "everybody"
            self.undecided.append(f"role {self._role.name}, {whom}: nobody was found to show it")
        self.kinds += [
            Kind(
                role=self._role.name,
                issuers=tuple(names),
                through=through,
                asker=asker,
                way=way,
                example=shown[through],
            )
            for through, names in issuers.items()
        ]

    def _may_say(self, asker: Asker, issuer: Issuer) -> bool:
        """Whether the issuer's users may have the values that are asked for."""
        for char, text in asker.values:
            values = may_be(issuer, self._templates.origin(char)[0], self._settings)
            if values is not None and text not in values:
                return False
        return True

    def _example(
        self, asker: Asker, way: Literals, through: Through, issuer: Issuer
    ) -> tuple[Example | None, bool]:
        """Somebody who comes by it so; and where nobody was found, whether there may be somebody all the same."""
        asked = {self._templates.origin(char)[0] for char, _ in asker.values}
        claims = {
            name: narrowed(kind, may_be(issuer, name, self._settings))
            for name, kind in self._templates.claims.items()
            if name in self._role.uses or name in asked
        }
        # Where the authorizer refuses them, or gives another role, it is said: nobody comes by it so.
        open_rule = through.rule is not None and self._settings.rules[through.rule - 1].match != "Equals"
        guessed, doubt = False, False
        for guess in self._guesses(asker, way, through, claims):
            guessed = True
            for caller, requested, identity in self._identities(guess, through, issuer):
                if any(
                    (atom.scope in identity.scopes) != chosen
                    for atom, chosen in way
                    if isinstance(atom, InScopes)
                ):
                    continue
                doubt = True
                if not is_of(identity, asker, way, self._templates):
                    continue
                for context in (*guess.contexts, {}):
                    request = self._confirm(identity, context)
                    if request is not None:
                        return Example(
                            caller=caller, requested_role=requested, identity=identity, request=request
                        ), False
        return None, doubt or (open_rule if guessed else not none_left(way, claims))

    def _guesses(
        self, asker: Asker, way: Literals, through: Through, claims: Mapping[str, ClaimType]
    ) -> Iterator[Guess]:
        tags = {(TAG + key).lower(): claim for key, claim in self._role.session_tags.items()}
        rule = None if through.rule is None else self._settings.rules[through.rule - 1]
        ruled = [
            name for name in claims if rule is not None and self._settings.claims[name].claim == rule.claim
        ]
        wanted = [{name: text} for name in ruled for text in satisfying(rule)] if rule is not None else []
        for texts in wanted or [{}]:
            yield from guesses(
                asker, way, claims=claims, origin=self._templates.origin, tags=tags, texts=texts
            )

    def _identities(
        self, guess: Guess, through: Through, issuer: Issuer
    ) -> Iterator[tuple[Caller, str | None, Identity]]:
        values, _ = guess.user
        said = {name: value for name, value in values.items() if name not in issuer.fixed_claims}
        asks = (None, self._role.name) if self._settings.resolution.role_header else (None,)
        for caller in callers(through, said, issuer, self._settings):
            for requested in asks:
                identity = identity_of(caller, requested, self._settings)
                if (
                    identity is not None
                    and identity.role is self._role
                    and self._tagged <= identity.claims.keys()
                ):
                    yield caller, requested, identity
                    break


def is_of(identity: Identity, asker: Asker, way: Literals, templates: TemplateSet) -> bool:
    """Whether an identity has the claims and scopes of an answer, on this one of its ways."""

    def has(claim: str, text: str) -> bool:
        value = identity.claims.get(claim, ())
        return value == text if isinstance(value, str) else text in value

    def goes(atom: Atom) -> bool | int:
        if isinstance(atom, InScopes):
            return atom.scope in identity.scopes
        if isinstance(atom, IsDefined):
            return atom.claim in identity.claims
        if isinstance(atom, HasItems):
            return len(identity.claims.get(atom.claim, ()))
        return not isinstance(atom, VariableIs) and has(atom.claim, atom.value)

    return all(has(templates.origin(char)[0], text) for char, text in asker.values) and all(
        goes(atom) == chosen for atom, chosen in way
    )


def may(templates: TemplateSet, identity: Identity, request: AccessRequest) -> bool:
    """Whether the session of this identity allows the request, its policy really rendered."""
    try:
        text = templates.render(identity.role.policies, identity.claims, scopes=identity.scopes)
    except EngineError:
        return False
    return evaluate(identity=None, session=parse_identity(text), boundary=None, request=request).allowed


def tagged(request: AccessRequest, identity: Identity, context: Context) -> AccessRequest:
    """The request with what else it may have, and with the tags of the identity's session. What it says itself
    counts."""
    tags = {TAG + key: str(identity.claims[claim]) for key, claim in identity.role.session_tags.items()}
    found = {
        key.lower(): (key, value) for each in (context, request.context, tags) for key, value in each.items()
    }
    return replace(request, context=dict(found.values()))


def needed(role: Role) -> frozenset[str]:
    """The claims without which no session of the role is made, whatever its templates say."""
    return frozenset(
        (*role.session_tags.values(), *holes(role.session_name), *holes(role.source_identity or ""))
    )


def parties(settings: Settings) -> list[Issuer]:
    """Every issuer once, whatever the forms of its `iss`."""
    return list({(issuer.name, issuer.place): issuer for issuer in settings.issuers.values()}.values())
