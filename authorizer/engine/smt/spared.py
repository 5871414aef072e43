"""What a request that no Deny stops must be, as terms of a script.

A Deny stops whoever asks for one of its actions, on one of its resources, with all of its conditions true. So one of
these is not so: that is what is said here, exactly, or not at all. Half of it would say too much.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from authorizer.engine.document import Condition, Statement, parse_operator
from authorizer.engine.smt.keys import SEVERAL, begins_at
from authorizer.engine.smt.script import Script, whole
from authorizer.engine.smt.terms import (
    Wild,
    both,
    either,
    has_variable,
    holes_of,
    parts_of,
    regex,
    union,
)

_MATCHES: Final = {
    # Whether any text may stand first, and last → how the rest matches.
    (False, False): "(= {text} {target})",
    (False, True): "(str.prefixof {text} {target})",
    (True, False): "(str.suffixof {text} {target})",
    (True, True): "(str.contains {target} {text})",
}


class _Unsaid(Exception):
    """Something about a Deny that has no exact term here; its message says what, in words."""


@dataclass(frozen=True, slots=True)
class Spared:
    """One user's request by an Allow, beside the Denies of the same policy."""

    script: Script
    user: str
    allow: Statement

    def say(self, denies: Sequence[Statement]) -> None:
        """That it gets past each of them. What cannot be said is left out, and told."""
        for deny in denies:
            try:
                ways = [*self._action(deny), *self._resource(deny), *map(self._condition, deny.conditions)]
            except _Unsaid as unsaid:
                self.script.left_out[f"what a Deny does, which {unsaid}"] = None
            else:
                self.script.say(either(ways))

    def _action(self, deny: Statement) -> list[str]:
        """That another action is asked for."""
        action = self._asked()
        if deny.not_actions:
            return [f"(str.in_re {action} {_actions(deny.not_actions)})"]
        return [] if "*" in deny.actions else [f"(not (str.in_re {action} {_actions(deny.actions)}))"]

    def _asked(self) -> str:
        """The action, in lower case: one that the Allow allows, of the service that both requests go to."""
        name = f"|{self.user}: action|"
        if name not in self.script.declared:
            self.script.constant(name)
            self.script.say(f"(str.in_re {name} {_actions(self.allow.actions)})")
            self.script.say(f'(str.prefixof (str.++ {self.script.constant("service")} ":") {name})')
        return name

    def _resource(self, deny: Statement) -> list[str]:
        """That it is about another resource."""
        target = self.script.constant("resource")
        if deny.not_resources:
            return [self.script.matches(target, self.user, whole(text)) for text in deny.not_resources]
        if "*" in deny.resources:
            return []
        return [both([self._unlike(target, whole(text)) for text in deny.resources])]

    def _unlike(self, target: str, pattern: str) -> str:
        """That the target does not match a pattern with this user's claims in it."""
        if has_variable(pattern):
            raise _Unsaid("has a policy variable in its resource")
        if any("*" in field or "?" in field for field in pattern.split(":", 5)[:5]):
            # A wildcard there stays in its field (IAM User Guide, "IAM JSON policy elements: Resource").
            raise _Unsaid("has a wildcard before the fifth colon of its resource")
        parts = parts_of(pattern, wildcards=True)
        if not any(holes_of(pattern)):
            return f"(not (str.in_re {target} {regex(parts, folded=False)}))"
        first, last = parts[0] is Wild.MANY, parts[-1] is Wild.MANY
        inner = parts[first : len(parts) - last]
        if any(isinstance(part, Wild) for part in inner):
            raise _Unsaid("has a claim and a wildcard within its resource")
        text = self.script.text_of(self.user, inner)
        return f"(not {_MATCHES[first, last].format(text=text, target=target)})"

    def _condition(self, condition: Condition) -> str:
        """That a condition of the Deny is not true."""
        operator, begins = parse_operator(condition.operator), begins_at(condition.key)
        key = condition.key.lower()
        if (
            operator is None
            or begins is None
            or operator.kind not in ("string", "arn")
            or not operator.negated  # a request without the key gets past it
            or operator.if_exists
            or operator.qualifier
            or SEVERAL.fullmatch(key)
            or (begins and any(each.key.lower() == key for each in self.allow.conditions))
        ):
            raise _Unsaid(f"asks `{condition.operator}` of `{condition.key}`")
        target = self.script.touched(key)
        matches = self.script.begins if begins else self.script.matches
        return either(
            [
                matches(
                    target, self.user, text, wildcards=operator.takes_wildcards, folded=operator.folds_case
                )
                for text in condition.values
            ]
        )


def _actions(patterns: Sequence[str]) -> str:
    """Any action that one of the patterns names, in lower case."""
    return union([regex(parts_of(text.lower(), wildcards=True), folded=False) for text in patterns])
