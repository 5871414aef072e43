"""Confirming that two statements meet: two users whose policies are rendered and evaluated like anybody's."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from itertools import islice
from typing import Final

from authorizer.engine.document import parse_identity
from authorizer.engine.evaluate import AccessRequest, evaluate
from authorizer.engine.language import ClaimType, EngineError
from authorizer.engine.prove.allows import Allow, Templates
from authorizer.engine.prove.separation import LeftOut, Meeting
from authorizer.engine.prove.solve import meet
from authorizer.engine.prove.symbolic import SymbolicStatement
from authorizer.engine.prove.tags import values_of, with_tags
from authorizer.engine.prove.users import User, fill_in, find_user
from authorizer.engine.prove.witness import Party, Witness, assignments, samples

MAX_ATTEMPTS: Final = 120
"""Most pairs of users tried to confirm that two statements meet."""


def may_request(templates: Templates, party: Party) -> bool:
    """Whether this user's policy, really rendered, allows their request. Who gets no policy gets no credentials.

    It is read as any identity policy is: `Templates` of others than this project render such, too.
    """
    try:
        text = templates.render(party.templates, party.claims, scopes=party.scopes)
    except EngineError:
        return False
    return evaluate(identity=None, session=parse_identity(text), boundary=None, request=party.request).allowed


class Confirmation:
    """The search for witnesses among the users of some policies, each a list of templates rendered together."""

    def __init__(
        self, templates: Templates, policies: Sequence[Sequence[str]], claims: Mapping[str, ClaimType]
    ) -> None:
        self._templates = templates
        self._policies = policies
        self._claims = claims

    def witness(
        self,
        claim: str,
        one: Allow,
        other: Allow,
        parts: tuple[SymbolicStatement, SymbolicStatement],
        meeting: Meeting,
        *,
        left_out: LeftOut,
        silent: str | None = None,
    ) -> Witness | None:
        """Two users, different in `claim`, who may both touch what these parts of the statements meet in; None if none
        was found.

        `silent`: the value of both, which the first one has as the fallback and does not say."""
        usual = (silent,) if silent is not None else samples(self._claims[claim].language)
        guesses = assignments(
            meeting,
            isolates=claim,
            ones=(*(() if silent else one.asked_for), *usual),
            others=(*(() if silent else other.asked_for), *usual),
        )
        attempts = (
            (left_user, right_user)
            for left, right in guesses
            for left_way in one.ways
            for right_way in other.ways
            if (left_user := find_user(self._claims, left_way, left, one.items))
            and (right_user := find_user(self._claims, right_way, right, other.items, spare=-1))
        )
        for left_user, right_user in islice(attempts, MAX_ATTEMPTS):
            if silent is None and left_user[0].get(claim) == right_user[0].get(claim):
                continue
            users, allows = (left_user, right_user), (one, other)
            tags = [values_of(allow.tags, user[0]) for allow, user in zip(allows, users, strict=True)]
            mine, theirs = (
                with_tags(fill_in(part.statement, user[0], self._templates.origin), held)
                for part, user, held in zip(parts, users, tags, strict=True)
            )
            requests = None if mine is None or theirs is None else meet(mine, theirs, left_out=left_out)
            if requests is None:
                continue
            if silent is not None:
                del left_user[0][claim]
            parties = [
                self._party(allow.template, user, replace(request, context={**request.context, **held}))
                for allow, user, request, held in zip(allows, users, requests, tags, strict=True)
            ]
            if parties[0] and parties[1]:
                return Witness(
                    one=self._trim(parties[0], {claim, *one.tags.values()}),
                    other=self._trim(parties[1], {claim, *other.tags.values()}),
                )
        return None

    def _party(self, template: str, user: User, request: AccessRequest) -> Party | None:
        """The user with the first policy that the template is part of and that allows the request."""
        parties = (
            Party(claims=user[0], scopes=user[1], request=request, templates=tuple(names))
            for names in self._policies
            if template in names
        )
        return next(filter(self._allowed, parties), None)

    def _allowed(self, party: Party) -> bool:
        return may_request(self._templates, party)

    def _trim(self, party: Party, kept: Collection[str]) -> Party:
        """The party with only the claims that its policy needs, and with those that are to be told."""
        claims = dict(party.claims)
        for name in party.claims:
            without = {other: value for other, value in claims.items() if other != name}
            unsaid = self._claims[name].fallback == claims[name] and not self._claims[name].sayable
            if (name not in kept or unsaid) and self._allowed(replace(party, claims=without)):
                claims = without
        return replace(party, claims=claims)
