"""What templates can allow at all, of anybody: a policy for the role itself.

A session may do what its role *and* its session policy allow (IAM User Guide, "Policy evaluation logic"). Were a
session ever made without its policy, this is what it could still do: what the templates allow somebody. Where a claim
is a session tag, the role by itself keeps the claim's values apart: `${aws:PrincipalTag/…}` is the caller's own (IAM
User Guide, "Pass session tags in AWS STS"). Any other claim becomes `*`, tests of scopes and claims go both ways, and
of a Deny remains what it denies to everybody.

Every replacement errs on one side: what a session policy of these templates allows, this policy allows.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from authorizer.engine.document import TAKES_VARIABLES, Condition, Document, Statement, pack
from authorizer.engine.evaluate import known_operator
from authorizer.engine.language import PATTERN
from authorizer.engine.prove.users import placeholders_of
from authorizer.engine.template import TemplateSet

_IN_VARIABLES = re.compile(r"[A-Za-z0-9_.:/=+@-]+")
"""Tag keys that a policy variable can name. A claim under a key with a space or an umlaut becomes `*`."""
_HOLE = re.compile(PATTERN)
_WILD = re.compile(r"\$\{[^}]*\}|[*?]")
_STARS = re.compile(r"\*{2,}")
_EQUALS = re.compile(r"Equals(IgnoreCase)?")
_ANY_ARN = "arn:*:*:*:*:*"


@dataclass(frozen=True, slots=True, kw_only=True)
class RolePolicy:
    """The policy, and which claims the role can tell apart without a session policy."""

    document: Document
    """Packed; without statements where the templates allow nothing."""
    tagged: frozenset[str]
    """Claims in its statements that a session tag carries."""
    untagged: frozenset[str]
    """Claims that no session tag carries: `*` stands for them."""


def role_policy(templates: TemplateSet, names: Sequence[str], *, tags: Mapping[str, str]) -> RolePolicy:
    """The union of all that `names`, joined, can render to. `tags`: session tag key → claim; each is always passed.

    An Allow is in it if any branch has it; a Deny if every branch has it, as far as it denies the same to everybody.
    """
    reader = _Reader(templates, {claim: key for key, claim in tags.items() if _IN_VARIABLES.fullmatch(key)})
    parts = templates.parts(names)
    documents = [[branch.document.statements for branch in part] for part in parts]
    if len(documents) == 1:  # a branch without an Allow never becomes a session
        documents[0] = [each for each in documents[0] if any(_allows(statement) for statement in each)]
    allows = [statement for part in documents for each in part for statement in each if _allows(statement)]
    common = [statement for part in documents for statement in _always(part, reader)]
    mentioned = {templates.origin(char)[0] for statement in allows for char in placeholders_of(statement)}
    return RolePolicy(
        document=pack(Document(statements=(*map(reader.allow, allows), *common))),
        tagged=frozenset(mentioned & reader.keys.keys()),
        untagged=frozenset(mentioned - reader.keys.keys()),
    )


def _allows(statement: Statement) -> bool:
    return statement.effect == "Allow"


def _always(ways: Sequence[Sequence[Statement]], reader: "_Reader") -> list[Statement]:
    """What is denied to everybody whichever of these ways they go."""
    denies = [
        [made for statement in each if not _allows(statement) and (made := reader.deny(statement))]
        for each in ways
    ]
    return [made for made in (denies[0] if denies else ()) if all(made in each for each in denies)]


class _Reader:
    """Statements with placeholders → statements for everybody: an Allow at its widest, a Deny at its narrowest."""

    def __init__(self, templates: TemplateSet, keys: Mapping[str, str]) -> None:
        self.keys = keys
        """Claim → the key of its session tag."""
        self._templates = templates

    def allow(self, statement: Statement) -> Statement:
        conditions: dict[tuple[str, str], Condition] = {}
        # Of two conditions that become one, the author's own stays: it comes last.
        for condition in sorted(statement.conditions, key=self._is_open, reverse=True):
            made = self._condition(condition, widen=not known_operator(condition.operator).negated)
            if made is not None:
                conditions[made.operator, made.key.lower()] = made
        return replace(
            statement,
            resources=tuple(_starred(self._tagged(text)) for text in statement.resources),
            conditions=tuple(conditions.values()),
        )

    def deny(self, statement: Statement) -> Statement | None:
        """None where nothing is denied to everybody alike."""
        resources = tuple(text for text in map(self._tagged, statement.resources) if not _HOLE.search(text))
        excepted = tuple(_starred(self._tagged(text)) for text in statement.not_resources)
        conditions = [
            self._condition(condition, widen=known_operator(condition.operator).negated)
            for condition in statement.conditions
        ]
        kept = {(made.operator, made.key.lower()): made for made in conditions if made is not None}
        if not (resources or excepted) or len(kept) < len(conditions):
            return None
        return replace(
            statement, resources=resources, not_resources=excepted, conditions=tuple(kept.values())
        )

    def _is_open(self, condition: Condition) -> bool:
        return any(_HOLE.search(self._tagged(text)) for text in condition.values)

    def _condition(self, condition: Condition, *, widen: bool) -> Condition | None:
        """The condition with values that match all that anybody's do (`widen`), or only what everybody's do; None
        where no value is left."""
        typed = known_operator(condition.operator).kind not in TAKES_VARIABLES
        if typed and any(map(_HOLE.search, condition.values)):
            return None  # IAM resolves no variable there, and no pattern means any number or address
        values = tuple(map(self._tagged, condition.values))
        if not self._is_open(condition):
            return replace(condition, values=values)
        if not widen:
            closed = tuple(text for text in values if not _HOLE.search(text))
            return replace(condition, values=closed) if closed else None
        operator = known_operator(condition.operator)
        if operator.kind == "arn":
            return replace(condition, values=tuple(map(_widest_arn, values)))
        if operator.folds_case:
            values = ("*",)  # no operator has both wildcards and no case
        elif operator.name.endswith("Equals"):
            values = tuple(map(_as_pattern, values))
        return replace(
            condition,
            operator=_EQUALS.sub("Like", condition.operator),
            values=tuple(dict.fromkeys(map(_starred, values))),
        )

    def _tagged(self, text: str) -> str:
        """The text with variables in place of claims that are session tags."""
        return _HOLE.sub(lambda hole: self._variable(hole[0]), text)

    def _variable(self, placeholder: str) -> str:
        claim, _ = self._templates.origin(placeholder)
        return f"${{aws:PrincipalTag/{self.keys[claim]}}}" if claim in self.keys else placeholder


def _starred(text: str) -> str:
    return _STARS.sub("*", _HOLE.sub("*", text))


def _as_pattern(text: str) -> str:
    """A value of StringEquals as one of StringLike: its stars and question marks are no wildcards."""
    return _WILD.sub(lambda wild: wild[0] if len(wild[0]) > 1 else f"${{{wild[0]}}}", text)


def _widest_arn(text: str) -> str:
    """Arn operators compare field by field, and a value may hold colons: before the last field it moves them all."""
    return _ANY_ARN if any(map(_HOLE.search, text.split(":", 5)[:5])) else _starred(text)
