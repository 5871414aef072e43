"""Lint: what is in order by the rules and still likely not what its author meant.

Each finding has a code, a place and a remedy. A finding is no proof of a leak, and no finding is no proof of the
opposite: that is the prover's.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from authorizer.engine.check.actions import about_actions, about_names, about_permissions
from authorizer.engine.check.conditions import about_conditions
from authorizer.engine.check.coverage import Coverage
from authorizer.engine.check.services import about_services
from authorizer.engine.document import (
    MAX_CHARACTERS,
    Condition,
    Operator,
    Statement,
    covers_action,
    parse_operator,
)
from authorizer.engine.language import PATTERN, is_placeholder
from authorizer.engine.template import Branch, Contains, Equals, Place, TemplateSet

CODES: Mapping[str, str] = {
    "for-all-values": "a ForAllValues condition also holds when the key is absent",
    "open-prefix": "a pattern goes on right behind a claim, or a listing prefix has no closing `/`",
    "whole-listing": "a bucket is listed without a condition on the prefix",
    "scan": "dynamodb:Scan reads across leading keys",
    "permissions": "an action by which a session can open a resource to others, or to everybody",
    "partition": "the partition is hard-coded",
    "unknown-service": "an action of a service that AWS does not have",
    "unknown-action": "an action that its service does not have, or a pattern that matches none",
    "resource-type": "an action and a resource that it never works on",
    "resource-level": "an action that has no resource level, on something other than `*`",
    "condition-key": "a condition key that does not exist, or that these actions never have",
    "qualifier": "a key with several values and no ForAllValues or ForAnyValue, or one of them on a key with one value",
    "literal-star": "a star under an operator that takes it for a plain character",
    "contradiction": "two conditions on one key that never hold together",
    "service": "a service reads more into a name than IAM compares, and values or resources let it",
    "user-writable": "users can change the claim that decides what they reach, or whom a session names",
    "merged": "tokens that say different things of a claim that keeps users apart, and mean one value",
    "too-large": "some users' policy can be longer than STS takes",
    "tag-value": "some users' claim is no value that a session tag can have",
    "no-cases": "no case is about the template, or the scope",
    "uncovered": "no case exercises a statement, a branch or a route",
    "unused": "a template that no role renders, a scope that no group brings, a claim that nothing uses",
    "no-promise": "nothing says what the template isolates, so nothing is proven about it",
    "shared": "what is declared common to all is one user's own, or no statement allows it",
    "literal-route": "text in a route that another router would take for a parameter",
    "route-size": "some users' routes can be longer than API Gateway takes",
    "open-route": "a scope that several groups have opens every route of the API",
    "any-client": "tokens for any app client of the issuer are taken",
    "issuers": "several issuers speak for everything: each can sign for the users, groups and roles of the others",
    "shared-name": "an issuer can sign for the session name of another issuer's user",
    "managed-policies": "managed policies add to what the session may do, and nothing is proven about them",
    "suppression": "a row of `lint.ignore` without a reason, or that no finding needs; an exception past its day",
    "dead-end": "a group that leads to no role and no scope, or a branch on a scope that does not exist",
}
"""Code → what it is about."""


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Finding:
    """One thing to look at."""

    place: str
    """`s3-home.json.j2:12`, or a line of the configuration."""
    code: str
    text: str
    remedy: str
    key: str = ""
    """The key of access.toml that it is about, such as `roles.viewer.policies`; empty for a template's."""

    @property
    def where(self) -> str:
        """What it is about, without a line: the key, or the template's file."""
        return self.key or self.place.rpartition(":")[0]


def lint(
    templates: TemplateSet,
    *,
    user_writable: Iterable[str],
    groupings: Mapping[str, tuple[str, ...]],
    isolates: Mapping[str, Sequence[str]],
    watch: Callable[[Sequence[str]], Iterable[str]] = iter,
) -> tuple[Finding, ...]:
    """Every finding about the templates themselves. `user_writable` are claims that users can change; `groupings` are
    the templates that are joined into one policy, by the name of their role; `isolates` are the claims by which a
    template keeps users apart. `watch` is given the names of the templates, and hands on one after the other."""
    found: set[Finding] = set()
    writable = frozenset(user_writable)
    for name in watch(templates.names):
        found.update(_partitions(templates, name))
        for branch in templates.branches([name]):
            for place, statement in zip(branch.places, branch.document.statements, strict=True):
                found.update(_statement(templates, statement, place))
                found.update(_writable(templates, statement, place, writable))
                for claim in isolates.get(name, ()):
                    found.update(_services(templates, statement, place, claim))
            found.update(_asked(branch, name, writable))
    for role, names in groupings.items():
        length = templates.worst_case_length(names)
        if length > MAX_CHARACTERS:
            found.add(
                Finding(
                    place=f"role {role}",
                    key=f"roles.{role}",
                    code="too-large",
                    text=f"the longest policy has {length} characters, STS takes {MAX_CHARACTERS}",
                    remedy="lower `max_length` of its claims, or move constants into the role's own policy",
                )
            )
    return tuple(sorted(found))


def unknown_actions(templates: TemplateSet) -> tuple[Finding, ...]:
    """The actions that AWS does not have: what is proven of them is proven of nothing."""
    found: set[Finding] = set()
    for name in templates.names:
        for branch in templates.branches([name]):
            for place, statement in zip(branch.places, branch.document.statements, strict=True):
                found.update(
                    Finding(place=place.describe(), code=code, text=text, remedy=remedy)
                    for code, text, remedy in about_names(statement)
                )
    return tuple(sorted(found))


def lint_coverage(
    coverage: Iterable[Coverage], *, threshold: float, named: Collection[str] = ()
) -> Iterator[Finding]:
    """Templates whose cases cover less than `threshold` percent. `named` are those that some case is about, whatever
    it decides: who has written cases is not told to write them."""
    for each in coverage:
        missed = (*each.statements_missed, *each.branches_missed)
        if len(missed) == each.statements + each.branches:
            text, remedy = (
                (
                    "its cases decide none of its statements",
                    "run `authorizer policy test`, which says what came of each",
                )
                if missed and each.template in named
                else (
                    "no case is about this template",
                    f"write policies/cases/{each.template}.toml: what must be allowed, and what never",
                )
            )
            yield Finding(place=f"{each.template}.json.j2:1", code="no-cases", text=text, remedy=remedy)
        elif each.percent < threshold:
            for line in missed:
                place, _, text = line.partition(": ")
                yield Finding(
                    place=place,
                    code="uncovered",
                    text=text,
                    remedy="add a case that is decided by it or goes that way",
                )


def _statement(templates: TemplateSet, statement: Statement, place: Place) -> Iterator[Finding]:
    where = place.describe()

    def show(text: str) -> str:
        return re.sub(PATTERN, lambda found: f"{{{{ {templates.origin(found[0])[0]} }}}}", text)

    conditions = [
        (condition, operator)
        for condition in statement.conditions
        if (operator := parse_operator(condition.operator)) is not None
    ]
    present = {
        condition.key.lower()
        for condition, operator in conditions
        if operator.kind == "null" and condition.values == ("false",)
    }
    if statement.effect == "Allow":
        yield from _for_all_values(conditions, present, where)
        yield from _prefixes(statement, conditions, where)
        yield from _scan(statement, conditions, where)
    for code, text, remedy in (
        *(about_permissions(statement) if statement.effect == "Allow" else ()),
        *about_actions(statement, show),
        *about_conditions(statement, conditions),
    ):
        yield Finding(place=where, code=code, text=text, remedy=remedy)


def _for_all_values(
    conditions: Iterable[tuple[Condition, Operator]], present: set[str], where: str
) -> Iterator[Finding]:
    for condition, operator in conditions:
        if operator.qualifier == "ForAllValues" and condition.key.lower() not in present:
            yield Finding(
                place=where,
                code="for-all-values",
                text=f"`{condition.operator}` on {condition.key} also holds for requests without that key",
                remedy=f'add "Null": {{"{condition.key}": "false"}}',
            )


def _prefixes(
    statement: Statement, conditions: Iterable[tuple[Condition, Operator]], where: str
) -> Iterator[Finding]:
    patterns = [(resource, "resource") for resource in statement.resources]
    listed = False
    for condition, operator in conditions:
        if condition.key.lower() == "s3:prefix" and operator.kind == "string" and not operator.negated:
            listed = True
            for value in condition.values:
                if value and is_placeholder(value[-1]):
                    yield Finding(
                        place=where,
                        code="open-prefix",
                        text="a listing prefix ends with a claim: `t1` also lists `t10/…`",
                        remedy="close the prefix: `{{ claim }}/`, or `{{ claim }}/*`",
                    )
        if operator.name in {"StringLike", "ArnLike", "ArnEquals"}:
            patterns += [(value, condition.key) for value in condition.values]
    for pattern, what in patterns:
        if re.search(PATTERN + "[*?]", pattern):
            yield Finding(
                place=where,
                code="open-prefix",
                text=f"{what}: a wildcard right behind a claim also takes longer values of others",
                remedy="put a separator between them: `{{ claim }}/*`",
            )
    lists = [action for action in statement.actions if covers_action(action, "s3:ListBucket")]
    if lists and not listed:
        yield Finding(
            place=where,
            code="whole-listing",
            text=f"`{lists[0]}` without a condition on s3:prefix lists the names of everybody's objects",
            remedy='add "StringLike": {"s3:prefix": "FOLDER/{{ claim }}/*"}',
        )


def _scan(
    statement: Statement, conditions: Iterable[tuple[Condition, Operator]], where: str
) -> Iterator[Finding]:
    if not any(condition.key.lower() == "dynamodb:leadingkeys" for condition, _ in conditions):
        return
    for action in statement.actions:
        if covers_action(action, "dynamodb:Scan"):
            yield Finding(
                place=where,
                code="scan",
                text=f"`{action}` includes dynamodb:Scan, which reads items of every leading key",
                remedy="list the actions without it: GetItem, BatchGetItem, Query, …",
            )


def _writable(
    templates: TemplateSet, statement: Statement, place: Place, writable: frozenset[str]
) -> Iterator[Finding]:
    texts = [
        *statement.resources,
        *statement.not_resources,
        *(value for condition in statement.conditions for value in condition.values),
    ]
    claims = {templates.origin(char)[0] for text in texts for char in filter(is_placeholder, text)}
    for claim in sorted(claims & writable):
        yield Finding(
            place=place.describe(),
            code="user-writable",
            text=f"claim `{claim}` decides what this statement is about, and users can change it",
            remedy="take it from the app client's writable attributes, or use `sub`",
        )


def _services(templates: TemplateSet, statement: Statement, place: Place, isolates: str) -> Iterator[Finding]:
    for code, text, remedy in about_services(templates, statement, isolates):
        yield Finding(place=place.describe(), code=code, text=text, remedy=remedy)


def _asked(branch: Branch, name: str, writable: frozenset[str]) -> Iterator[Finding]:
    for atom in branch.chosen:
        if isinstance(atom, Equals | Contains) and atom.claim in writable:
            yield Finding(
                place=f"{name}.json.j2:1",
                code="user-writable",
                text=f"a test asks for claim `{atom.claim}`, and users can change it: they choose the branch",
                remedy="ask for a scope, or for a claim that only the issuer sets",
            )


def _partitions(templates: TemplateSet, name: str) -> Iterator[Finding]:
    for text, place in templates.texts(name):
        for match in re.finditer(r"arn:(aws(?:-[a-z-]+)?):", text):
            yield Finding(
                place=place.describe(text.count("\n", 0, match.start())),
                code="partition",
                text=f"`arn:{match[1]}:` is one partition's alone",
                remedy="declare a variable and write `arn:{{ partition }}:`",
            )
