"""The stricter rules: what IAM may take in a policy, and this engine refuses in a session policy.

Each rule closes a way to widen a session, or a way in which a policy silently means something else than it says.
"""

import re
from collections.abc import Iterator, Mapping

from authorizer.engine.document.operators import TAKES_VARIABLES, expected_value, parse_operator
from authorizer.engine.document.statement import Condition, Document, Problem, Statement
from authorizer.engine.language import is_placeholder

RULES: Mapping[str, str] = {
    "null-resource": "`null` among resources means nothing; whoever wrote it meant something",
    "id": "`Id` has no use in a session policy",
    "sid": "a `Sid` is of letters and digits (IAM User Guide, grammar)",
    "not-action": "`NotAction` of an Allow grants what it does not name",
    "not-resource": "`NotResource` of an Allow grants what it does not name",
    "action-form": "an action is SERVICE:NAME, wildcards only in the name, so that it can be judged",
    "action-forbidden": "`*`, `sts:…` and `iam:…` lead out: the next hop has no session policy",
    "resource-form": "STS refuses incomplete ARNs in session policies",
    "resource-any": "resource `*` is for actions that have no resource level",
    "variable-form": "an unclosed or unknown `${…}` means something else than it looks like",
    "variable-place": "IAM resolves variables only after the fifth colon, and in String and Arn values",
    "condition-key": "a key with white space, or without its service, is never present",
    "condition-twice": "the same operator and key in two spellings: only one may count",
    "condition-empty": "a condition without keys or values means something else than it looks like",
    "condition-value": "a value that does not parse never matches",
    "character": "STS takes only U+0020 to U+00FF",
}
"""Rule → why it is one."""

WITHOUT_RESOURCE_LEVEL = frozenset(
    {
        "cloudwatch:getmetricdata",
        "cloudwatch:getmetricstatistics",
        "cloudwatch:listmetrics",
        "cloudwatch:putmetricdata",
        "comprehend:batchdetectdominantlanguage",
        "comprehend:batchdetectentities",
        "comprehend:batchdetectkeyphrases",
        "comprehend:batchdetectsentiment",
        "comprehend:batchdetectsyntax",
        "comprehend:batchdetecttargetedsentiment",
        "comprehend:containspiientities",
        "comprehend:detectdominantlanguage",
        "comprehend:detectkeyphrases",
        "comprehend:detectpiientities",
        "comprehend:detectsentiment",
        "comprehend:detectsyntax",
        "comprehend:detecttargetedsentiment",
        "comprehend:detecttoxiccontent",
        "comprehendmedical:detectentitiesv2",
        "comprehendmedical:detectphi",
        "comprehendmedical:infericd10cm",
        "comprehendmedical:inferrxnorm",
        "comprehendmedical:infersnomedct",
        "dynamodb:describelimits",
        "dynamodb:listtables",
        "ec2:describeregions",
        "kms:generaterandom",
        "polly:describevoices",
        "pricing:getproducts",
        "rekognition:comparefaces",
        "rekognition:detectfaces",
        "rekognition:detectlabels",
        "rekognition:detectprotectiveequipment",
        "rekognition:detecttext",
        "rekognition:recognizecelebrities",
        "s3:listallmybuckets",
        "secretsmanager:getrandompassword",
        "ses:getsendquota",
        "sns:listtopics",
        "sqs:listqueues",
        "textract:analyzedocument",
        "textract:analyzeexpense",
        "textract:analyzeid",
        "textract:detectdocumenttext",
        "transcribe:startstreamtranscription",
        "transcribe:startstreamtranscriptionwebsocket",
        "translate:listlanguages",
        "translate:translatetext",
        "xray:getsamplingrules",
        "xray:getsamplingtargets",
        "xray:puttelemetryrecords",
        "xray:puttracesegments",
    }
)
"""Actions that may have Resource `*`, because IAM knows no other for them, or none that every request names (Service
Authorization Reference, the tables of these services; in lower case). AWS has some thousands more: what stands here
shows or changes nothing of another tenant's, and a session policy can grant it in passing. Any other action with
Resource `*` is refused: where yours is missing, add it with its source. A test holds the table to the reference."""

_SID = re.compile(r"[A-Za-z0-9]*")
_ACTION = re.compile(r"[A-Za-z0-9-]+:[A-Za-z0-9*?]+")
_KEY = re.compile(r"[A-Za-z0-9.-]+:[^\s*?\"\\]+")
_VARIABLE = re.compile(r"\$\{(?:[*?$]|[A-Za-z0-9.-]+:[A-Za-z0-9_.:/=+@-]+(?:, '[^'${}]*')?)\}")
FORBIDDEN_SERVICES = frozenset({"sts", "iam"})


def broken_rules(document: Document) -> Iterator[Problem]:
    """Every stricter rule that a document breaks, in the order of its statements."""
    for index, statement in enumerate(document.statements):
        for rule, text in _statement(statement):
            yield Problem(statement=index, text=text, rule=rule)


def _statement(statement: Statement) -> Iterator[tuple[str, str]]:
    if not _SID.fullmatch(statement.sid or ""):
        yield "sid", f"`Sid` {statement.sid!r} is refused: expected letters and digits"
    allow = statement.effect == "Allow"
    yield from _excepted(statement)
    for action in (*statement.actions, *statement.not_actions):
        yield from _action(action, allow)
    for resource in statement.resources:
        if resource == "*":
            others = [action for action in statement.actions if action.lower() not in WITHOUT_RESOURCE_LEVEL]
            if allow and others:
                yield "resource-any", _any_refused(others)
        else:
            yield from _resource(resource)
    for resource in statement.not_resources:
        if resource != "*":
            yield from _resource(resource)
    spellings: dict[tuple[str, str], str] = {}
    for condition in statement.conditions:
        yield from _condition(condition)
        spelling = condition.operator, condition.key.lower()
        if spelling in spellings:
            yield "condition-twice", f"`{condition.operator}` has key `{condition.key}` in two spellings"
        spellings[spelling] = condition.key


def _excepted(statement: Statement) -> Iterator[tuple[str, str]]:
    """`NotAction` and `NotResource`: of a Deny they are what stays allowed."""
    for rule, element, instead, values, all_of_them in (
        ("not-action", "NotAction", "actions in `Action`", statement.not_actions, {"*", "*:*"}),
        ("not-resource", "NotResource", "resources in `Resource`", statement.not_resources, {"*"}),
    ):
        if values and statement.effect == "Allow":
            yield rule, f"`{element}` of an Allow is refused: list the {instead}"
        elif all_of_them.intersection(values):
            yield rule, f"`{element}` with all of them denies nothing: list what stays allowed"


def _action(action: str, allow: bool) -> Iterator[tuple[str, str]]:
    service = action.partition(":")[0].lower()
    if service == "*":
        if allow:
            yield "action-forbidden", f"action {action!r} is refused: it includes `sts:AssumeRole`"
    elif not _ACTION.fullmatch(action):
        yield (
            "action-form",
            f"action {action!r} is refused: expected SERVICE:NAME with letters, digits, * and ?",
        )
    elif allow and service in FORBIDDEN_SERVICES:
        yield "action-forbidden", f"action {action!r} is refused: `{service}` leads out of the session"


def _any_refused(actions: list[str]) -> str:
    return (
        f'resource "*" is refused for {", ".join(actions)}: name the ARNs; one that takes none and is '
        "refused all the same goes into a policy of your own that `managed_policies` of the role names"
    )


def _resource(resource: str) -> Iterator[tuple[str, str]]:
    fields = resource.split(":", 5)
    if len(fields) < 6 or not fields[5]:
        yield (
            "resource-form",
            f"resource {resource!r} is refused: expected arn:PARTITION:SERVICE:REGION:ACCOUNT:NAME",
        )
    if any("${" in field for field in fields[:5]):
        yield "variable-place", f"resource {resource!r} has a policy variable before its fifth colon"
    yield from _variables(resource)


def _condition(condition: Condition) -> Iterator[tuple[str, str]]:
    operator = parse_operator(condition.operator)
    if operator is None or not condition.values:
        yield "condition-empty", f"`{condition.operator}` on {condition.key!r} has nothing to compare with"
        return
    if operator.kind == "null" and operator.qualifier:
        yield "condition-value", f"`{condition.operator}` is refused: `Null` takes no {operator.qualifier}"
    if not _KEY.fullmatch(condition.key):
        yield (
            "condition-key",
            f"condition key {condition.key!r} is refused: expected SERVICE:NAME without white space",
        )
    for value in condition.values:
        if operator.kind in TAKES_VARIABLES:
            yield from _variables(value)
        elif "${" in value:
            yield "variable-place", f"`{condition.operator}` takes no policy variable: {value!r}"
            continue
        if len(value) == 1 and is_placeholder(value):
            continue  # where a value to come may stand is for `authorizer.engine.template.holes`
        expected = expected_value(operator.kind, value)
        if expected is not None:
            yield "condition-value", f"`{condition.operator}` has value {value!r}: expected {expected}"


def _variables(text: str) -> Iterator[tuple[str, str]]:
    if "${" in _VARIABLE.sub("", text):
        yield (
            "variable-form",
            f"{text!r} has a malformed policy variable: expected ${{service:key}}, or ${{*}}",
        )
