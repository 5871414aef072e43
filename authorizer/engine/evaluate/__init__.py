"""What a policy decides about one request: patterns, conditions, and the reasons in words."""

from authorizer.engine.evaluate.conditions import judge, known_operator
from authorizer.engine.evaluate.evaluate import AccessRequest, Outcome, action_matches, evaluate
from authorizer.engine.evaluate.explain import describe, explain
from authorizer.engine.evaluate.patterns import (
    MANY,
    ONE,
    Concrete,
    Parts,
    Variable,
    Wild,
    matches,
    parse_action,
    parse_pattern,
    parse_resource,
    show,
)

__all__ = [
    "MANY",
    "ONE",
    "AccessRequest",
    "Concrete",
    "Outcome",
    "Parts",
    "Variable",
    "Wild",
    "action_matches",
    "describe",
    "evaluate",
    "explain",
    "judge",
    "known_operator",
    "matches",
    "parse_action",
    "parse_pattern",
    "parse_resource",
    "show",
]
