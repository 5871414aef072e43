"""Why two statements could not be shown to be apart, and what to write instead."""

from collections.abc import Iterator

from authorizer.engine.prove.automaton import SymbolicPattern
from authorizer.engine.prove.separation import Meeting, find_key, is_single, must_be_there
from authorizer.engine.prove.symbolic import SymbolicCondition, SymbolicStatement
from authorizer.engine.prove.variables import variables_of

_TAG = "aws:principaltag/"
_WHERE = "put the claim into the resource, or into a condition on `s3:prefix`, `dynamodb:LeadingKeys` or a resource tag"


def why_unknown(one: SymbolicStatement, other: SymbolicStatement, meeting: Meeting) -> str:
    """What stands between the two statements and a proof, and for each cause what to write."""
    causes = dict.fromkeys(
        (*_of_inside(meeting), *(cause for side in (one, other) for cause in _causes(side)))
    )
    if not causes:
        causes = dict.fromkeys(_of_patterns(meeting))
    return "; ".join(("not shown to be apart, and no two users found who meet", *causes))


def _of_inside(meeting: Meeting) -> Iterator[str]:
    for hit in meeting.resources[:1]:
        if hit.inside is not None:
            one, other = map(_shown, hit.inside)
            yield (
                f"one of `{one}` and `{other}` lies inside the other, or both inside one "
                f"resource such as {hit.overlap.text!r}, and reaches what that holds: put the claim into both, or into "
                "a condition on `dynamodb:LeadingKeys` of both"
            )


def _causes(statement: SymbolicStatement) -> Iterator[str]:
    written = statement.statement
    if written.not_actions or written.not_resources:
        yield "`NotAction` and `NotResource` name everything else: list what is allowed"
    for condition in statement.conditions:
        yield from _of_condition(condition, statement)
    variables = set(variables_of((written,)))
    if variables:
        tags = sorted(key.partition("/")[2] for key in variables if key.startswith(_TAG))
        instead = (
            f", or set the tag in `session_tags` of every role with it: {', '.join(tags)}" if tags else ""
        )
        yield f"a policy variable may be any text here: write the claim itself, `{{{{ claim }}}}`{instead}"


def _of_condition(condition: SymbolicCondition, statement: SymbolicStatement) -> Iterator[str]:
    key, operator = condition.condition.key, condition.operator
    row = find_key(condition.key)
    if operator.kind == "null":
        return
    if row is None:
        yield f"`{key}` may tell callers apart, but not what they touch: {_WHERE}"
    elif condition.patterns is None:
        yield f"`{operator.name}` on `{key}` says what is not touched: write `StringEquals` or `StringLike`"
    elif operator.if_exists and not must_be_there(statement, condition):
        yield f"`IfExists` lets requests without `{key}` pass: leave it out"
    elif operator.qualifier == "ForAllValues":
        if not must_be_there(statement, condition):
            yield f'`ForAllValues` holds without `{key}`, too: add "Null": {{"{key}": "false"}}'
    elif not is_single(statement, row):
        yield (
            f"a request may have several values of `{key}`, as batches and transactions do, of which one would do: "
            f'write "ForAllValues:{operator.name}", and "Null": {{"{key}": "false"}}'
        )


def _of_patterns(meeting: Meeting) -> Iterator[str]:
    hits = [*meeting.resources, *(hit for hits in meeting.keys.values() for hit in hits)]
    for hit in hits[:1]:
        yield (
            f"`{_shown(hit.left)}` and `{_shown(hit.right)}` may both match {hit.overlap.text!r}: put a character that "
            "no value holds, such as `/`, on both sides of the claim, or a constant that only one of the two has"
        )


def _shown(pattern: SymbolicPattern) -> str:
    return "".join(
        part if isinstance(part, str) else f"{{{{ {part.claim} }}}}" if hasattr(part, "claim") else part.value
        for part in pattern
    )
