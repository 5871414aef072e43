"""Would IAM allow this request? Identity policies ∩ session policy ∩ permissions boundary, an explicit deny first.

Source: IAM User Guide, "Policy evaluation logic" (one account, a role session). Resource-based policies,
service and resource control policies are not modelled: see the assumptions that the prover prints.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from types import MappingProxyType
from typing import Literal, TypeAlias

from authorizer.engine.document import Condition, Document, Statement
from authorizer.engine.evaluate.conditions import Judgement, judge
from authorizer.engine.evaluate.patterns import Concrete, Wild, matches, parse_action, parse_resource, resolve

LayerName: TypeAlias = Literal["identity", "session", "boundary"]
Verdict: TypeAlias = Literal["allow", "explicit deny", "implicit deny"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessRequest:
    """What a caller wants to do.

    `context` has the request's condition keys, each with its value or its values; an absent key is not
    listed. Keys have no case: two that differ only in case are a ValueError when the request is evaluated.
    """

    action: str
    resource: str
    context: Mapping[str, str | Sequence[str]] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Which statement: its layer, the number of the document within the layer and of the statement within that."""

    layer: LayerName
    document: int
    statement: int
    sid: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The answer, and what decided it.

    `deciding` has the first matching Deny, or the first matching Allow of every layer; it is empty for an
    implicit deny, and `missing` then names the layers that allow nothing. `explain` tells the rest.
    """

    verdict: Verdict
    deciding: tuple[Place, ...]
    missing: tuple[LayerName, ...]
    layers: Mapping[LayerName, tuple[Document, ...]] = field(repr=False)
    request: AccessRequest = field(repr=False)

    @property
    def allowed(self) -> bool:
        return self.verdict == "allow"


def evaluate(
    *,
    identity: Sequence[Document] | None,
    session: Document | None,
    boundary: Document | None,
    request: AccessRequest,
) -> Outcome:
    """The outcome of one request.

    A layer that is None does not exist and limits nothing; one without documents or statements allows
    nothing. With no layer at all nothing is allowed.
    """
    layers: dict[LayerName, tuple[Document, ...]] = {}
    if identity is not None:
        layers["identity"] = tuple(identity)
    if session is not None:
        layers["session"] = (session,)
    if boundary is not None:
        layers["boundary"] = (boundary,)
    context = Context(request.context)
    allows: dict[LayerName, Place] = {}
    for layer, documents in layers.items():
        for at, document in enumerate(documents):
            for number, statement in enumerate(document.statements):
                allow = statement.effect == "Allow"
                if (allow and layer in allows) or not applies(statement, request, context):
                    continue
                place = Place(layer=layer, document=at, statement=number, sid=statement.sid)
                if not allow:
                    return Outcome(
                        verdict="explicit deny", deciding=(place,), missing=(), layers=layers, request=request
                    )
                allows[layer] = place
    missing = tuple(layer for layer in layers if layer not in allows)
    allowed = bool(layers) and not missing
    return Outcome(
        verdict="allow" if allowed else "implicit deny",
        deciding=tuple(allows.values()) if allowed else (),
        missing=missing,
        layers=layers,
        request=request,
    )


def places(layers: Mapping[LayerName, Sequence[Document]]) -> Iterator[tuple[Place, Statement]]:
    """Every statement of every document with its place, in the order in which they are judged."""
    for layer, documents in layers.items():
        for at, document in enumerate(documents):
            for number, statement in enumerate(document.statements):
                yield Place(layer=layer, document=at, statement=number, sid=statement.sid), statement


class Context:
    """The condition keys of one request, found without regard to case."""

    __slots__ = ("_values",)

    def __init__(self, context: Mapping[str, str | Sequence[str]]) -> None:
        self._values: dict[str, tuple[str, ...]] = {
            key.lower(): (value,) if isinstance(value, str) else tuple(value)
            for key, value in context.items()
        }
        if len(self._values) != len(context):
            raise ValueError(f"a condition key is given twice, differing only in case: {sorted(context)}")

    def values(self, key: str) -> tuple[str, ...]:
        """The key's values; none if it is absent."""
        return self._values.get(key.lower(), ())

    def single(self, key: str) -> str | None:
        """What a variable `${key}` resolves to: only a single-valued key has that."""
        values = self.values(key)
        return values[0] if len(values) == 1 else None


def applies(statement: Statement, request: AccessRequest, context: Context) -> bool:
    """Whether the statement matches the request. What cannot be told counts against the caller."""
    if not action_matches(statement, request.action):
        return False
    unsure = statement.effect != "Allow"
    judgement = resource_matches(statement, request.resource, context)
    if not (unsure if judgement is None else judgement):
        return False
    for condition in statement.conditions:
        judgement = condition_holds(condition, context)
        if not (unsure if judgement is None else judgement):
            return False
    return True


def action_matches(statement: Statement, action: str) -> bool:
    """Action or NotAction against the request's action, without regard to case."""
    wanted = action.lower()
    literals, patterns = _actions(statement.not_actions or statement.actions)
    listed = wanted in literals or any(matches(pattern, wanted) for pattern in patterns)
    return listed is not bool(statement.not_actions)


@lru_cache(maxsize=4096)
def _actions(texts: tuple[str, ...]) -> tuple[frozenset[object], tuple[Concrete, ...]]:
    """The actions that are spelled out, and those with wildcards."""
    patterns = {parse_action(text) for text in texts}
    wild = tuple(pattern for pattern in patterns if any(isinstance(part, Wild) for part in pattern))
    return frozenset(pattern[0] for pattern in patterns.difference(wild) if pattern), wild


def resource_matches(statement: Statement, resource: str, context: Context) -> Judgement:
    """Resource or NotResource against the request's resource. A pattern whose variable has no value matches
    none; under NotResource that would open everything, so there it cannot be told."""
    unresolved = False
    for text in statement.not_resources or statement.resources:
        pattern = resolve(parse_resource(text), context.single)
        if pattern is None:
            unresolved = True
        elif matches(pattern, resource):
            return not statement.not_resources
    if not statement.not_resources:
        return False
    return None if unresolved else True


def condition_holds(condition: Condition, context: Context) -> Judgement:
    """One operator and key of the statement's Condition against the request's context."""
    return judge(condition.operator, condition.values, context.values(condition.key), context.single)
