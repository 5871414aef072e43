"""A request that a statement of one user matches and a statement of another does too.

Here all claims have values. The answer is a guess that the evaluator has to confirm; None means only that
none was found.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import product
from typing import Final, TypeAlias

from authorizer.engine.document import Condition, Operator, Statement
from authorizer.engine.evaluate import (
    AccessRequest,
    Concrete,
    Parts,
    Variable,
    judge,
    known_operator,
    matches,
    parse_action,
    parse_pattern,
    parse_resource,
)
from authorizer.engine.prove.automaton import SymbolicPattern, find_overlap
from authorizer.engine.prove.inclusion import find_uncovered
from authorizer.engine.prove.names import actions_of
from authorizer.engine.prove.separation import LeftOut, find_key

EXAMPLES: Final[Mapping[str, tuple[str, ...]]] = {
    "dynamodb": ("GetItem", "PutItem", "Query", "Scan"),
    "s3": ("GetObject", "PutObject", "ListBucket"),
    "secretsmanager": ("GetSecretValue",),
    "sns": ("Publish",),
    "sqs": ("ReceiveMessage", "SendMessage"),
    "ssm": ("GetParameter", "PutParameter"),
    "kms": ("Decrypt",),
}
"""Actions to show first where a policy has a wildcard. Else it is one that AWS has, or the wildcard's shortest text."""


CHOSEN: Final = (
    r"aws:(requesttag/.+|tagkeys|useragent|referer)|s3:(requestobjecttag/.+|requestobjecttagkeys|x-amz-.+|delimiter|max-keys)"
    r"|dynamodb:(attributes|select|returnvalues|returnconsumedcapacity)"
    r"|events:(source|detail-type|detail\.[a-z.]+)|sns:(endpoint|protocol)"
)
"""Keys, in lower case, whose value the caller chooses with each request, and which say nothing of what it touches: two
users may touch one thing with a value of their own each (Service Authorization Reference, "Actions, resources, and
condition keys" of Amazon S3, DynamoDB, EventBridge and SNS; IAM User Guide, "AWS global condition context keys")."""


def meet(
    one: Statement, other: Statement, *, left_out: LeftOut = ()
) -> tuple[AccessRequest, AccessRequest] | None:
    """A request that the first statement matches and one that the second does, which touch the same thing, and none
    of the pairs of resources that are `left_out`."""
    contexts = _contexts(one.conditions, other.conditions)
    actions = _actions(one.actions, other.actions)
    if contexts is None or actions is None:
        return None
    for (number, left), (other_number, right) in product(
        enumerate(one.resources), enumerate(other.resources)
    ):
        resource = None if (number, other_number) in left_out else _resource(left, right)
        if resource is None:
            continue
        return (
            AccessRequest(action=actions[0], resource=resource, context=contexts[0]),
            AccessRequest(action=actions[1], resource=resource, context=contexts[1]),
        )
    return None


def requests_for(statement: Statement, *, unlike: Sequence[Statement]) -> Iterator[AccessRequest]:
    """Requests that a statement matches, first those that other statements may not match."""
    actions = [
        *_beyond(parse_action, statement.actions, [text for each in unlike for text in each.actions]),
        *(_named(text.lower(), statement.actions, (text,)) for text in statement.actions),
    ]
    resources = [
        *_beyond(parse_resource, statement.resources, [text for each in unlike for text in each.resources]),
        *(text for each in statement.resources if (text := _resource(each, each)) is not None),
    ]
    others = [condition for other in unlike for condition in other.conditions]
    keys = {condition.key.lower(): condition.key for condition in (*others, *statement.conditions)}
    options = []
    for key in keys:
        mine = [condition for condition in statement.conditions if condition.key.lower() == key]
        theirs = [condition for condition in others if condition.key.lower() == key]
        satisfying = dict.fromkeys(values for values in _satisfying(mine, theirs) if _hold(mine, values))
        # What the other statements do not ask for comes first.
        options.append(sorted(satisfying, key=lambda values: _hold(theirs, values) if theirs else False))
    for action, resource, *chosen in product(dict.fromkeys(actions), dict.fromkeys(resources), *options):
        context = {
            name: values[0] if len(values) == 1 else values
            for name, values in zip(keys.values(), chosen, strict=True)
            if values
        }
        yield AccessRequest(action=str(action), resource=str(resource), context=context)


def _beyond(parse: Callable[[str], Parts], texts: Sequence[str], others: Sequence[str]) -> Iterator[str]:
    """Texts that these patterns match, and none of the others."""
    for text in texts:
        parts = parse(text)
        if any(isinstance(part, Variable) for part in parts):
            continue
        beyond = find_uncovered(parts, [parse(other) for other in others])
        if beyond is not None:
            yield beyond


def _satisfying(mine: Sequence[Condition], theirs: Sequence[Condition]) -> Iterator[tuple[str, ...]]:
    """Values to try for one key, first those that the other conditions do not ask for."""
    others = [pattern for condition in theirs for pattern in _patterns(condition)]
    for condition in mine:
        for pattern in _patterns(condition):
            beyond = find_uncovered(pattern, others)
            if beyond is not None:
                yield (beyond,)
    yield from _candidates([*mine, *theirs], several=True)


def _resource(left: str, right: str) -> str | None:
    one, other = parse_resource(left), parse_resource(right)
    if any(isinstance(part, Variable) for part in (*one, *other)):
        return None  # a variable is the caller's own: what it brings is not for a guess to say
    patterns: list[SymbolicPattern] = [one, other]  # type: ignore[list-item]  # neither has a variable
    overlap = find_overlap(*patterns)
    if overlap is None:
        return None
    # Nothing is called by an empty name, though a star takes it.
    named = re.sub(r"(?<=/)(?=/|$)|(?<=:)$", "x", overlap.text)
    return named if all(find_overlap(pattern, (named,)) for pattern in patterns) else overlap.text


def _actions(ones: Sequence[str], others: Sequence[str]) -> tuple[str, str] | None:
    """One action for both if there is one; else one of each. As written where it is written without wildcard."""
    if not ones or not others:
        return None
    for left, right in product(ones, others):
        overlap = find_overlap(parse_action(left), parse_action(right))
        if overlap is not None:
            action = _named(overlap.text, (*ones, *others), (left, right))
            return action, action
    return _named(ones[0].lower(), ones, (ones[0],)), _named(others[0].lower(), others, (others[0],))


def _named(text: str, written: Sequence[str], patterns: Sequence[str]) -> str:
    for action in written:
        if action.lower() == text:
            return action if not re.search(r"[*?]", action) else _example(action, patterns)
    return _example(text, patterns)


def _example(text: str, patterns: Sequence[str]) -> str:
    service = text.partition(":")[0]
    for name in (*EXAMPLES.get(service, ()), *actions_of(service)) if service != "*" else ("GetObject",):
        action = f"{service if service != '*' else 's3'}:{name}"
        if all(matches(parse_action(pattern), action.lower()) for pattern in patterns):
            return action
    return re.sub(r"[*?]", "x", text)


_Context: TypeAlias = dict[str, str | Sequence[str]]


def _contexts(ones: Sequence[Condition], others: Sequence[Condition]) -> tuple[_Context, _Context] | None:
    """Contexts that satisfy the conditions: the same for both, but for keys whose values reach beyond themselves."""
    names = {condition.key.lower(): condition.key for condition in (*ones, *others)}
    left: _Context = {}
    right: _Context = {}
    for key, name in names.items():
        mine = [condition for condition in ones if condition.key.lower() == key]
        theirs = [condition for condition in others if condition.key.lower() == key]
        pair = _values(key, mine, theirs)
        if pair is None:
            return None
        for context, values in zip((left, right), pair, strict=True):
            if values:
                context[name] = values[0] if len(values) == 1 else values
    return left, right


def _values(
    key: str, mine: Sequence[Condition], theirs: Sequence[Condition]
) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
    row = find_key(key)
    candidates = list(_candidates([*mine, *theirs], several=row is None or not row.single))
    for values in candidates:
        if _hold([*mine, *theirs], values):
            return values, values
    if re.fullmatch(CHOSEN, key):
        own = next((values for values in candidates if _hold(mine, values)), None)
        another = next((values for values in candidates if _hold(theirs, values)), None)
        return None if own is None or another is None else (own, another)
    if row is not None and row.prefix:
        ones = [values[0] for values in candidates if values and _hold(mine, values)]
        others = [values[0] for values in candidates if values and _hold(theirs, values)]
        for one, other in product(ones, others):
            if one.startswith(other) or other.startswith(one):
                return (one,), (other,)
    return None


def _hold(conditions: Iterable[Condition], values: tuple[str, ...]) -> bool:
    return all(
        judge(condition.operator, condition.values, values, _no_value) is True for condition in conditions
    )


def _no_value(_: str) -> None:
    return None


def _candidates(conditions: Sequence[Condition], *, several: bool) -> Iterator[tuple[str, ...]]:
    """What a request might have for a key: nothing, one value, or several."""
    yield ()
    singles = list(dict.fromkeys(text for condition in conditions for text in _texts(condition, conditions)))
    for text in singles:
        yield (text,)
    if several:
        for one, other in product(singles, singles):
            if one != other:
                yield one, other


def _texts(condition: Condition, among: Sequence[Condition]) -> Iterator[str]:
    operator = known_operator(condition.operator)
    if operator.kind in ("string", "arn"):
        yield from _matching(condition, among)
    elif operator.kind == "numeric":
        for text in condition.values:
            whole = re.fullmatch(r"-?[0-9]{1,18}", text)
            yield from (text, str(int(text) - 1), str(int(text) + 1)) if whole else (text,)
    elif operator.kind == "ip":
        yield from (text.partition("/")[0] for text in condition.values)
    elif operator.kind != "null":
        yield from condition.values
    yield from _OTHERWISE.get(operator.kind, ())


_OTHERWISE: Final = {
    "string": ("something-else",),
    "arn": ("arn:aws:something:::else",),
    "date": ("2001-01-01T00:00:00Z", "2099-01-01T00:00:00Z"),
    "bool": ("true", "false"),
    "ip": ("198.51.100.1",),
    "null": ("something",),
}
"""Values to try where those of the policy do not serve, such as for a negated operator."""


def _matching(condition: Condition, among: Sequence[Condition]) -> Iterator[str]:
    """Texts that one of the condition's values matches, and one of another condition's too."""
    mine = _patterns(condition)
    for other in among:
        for one, another in product(mine, _patterns(other)):
            overlap = find_overlap(one, another)
            if overlap is not None:
                yield overlap.text


def _patterns(condition: Condition) -> list[SymbolicPattern]:
    operator = known_operator(condition.operator)
    if operator.kind not in ("string", "arn"):
        return []
    return [
        pattern for text in condition.values if (pattern := _without_variable(text, operator)) is not None
    ]


def _without_variable(text: str, operator: Operator) -> Concrete | None:
    parts = parse_pattern(text, wildcards=operator.takes_wildcards)
    pattern = tuple(part for part in parts if not isinstance(part, Variable))
    return pattern if len(pattern) == len(parts) else None
