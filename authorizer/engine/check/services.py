"""What services make of a name beyond what IAM compares: where a proof by ARN says less than it seems.

The prover compares texts. Each fact here is about a service that reads more into such a text, or that reaches the same
thing by another one. A lint finding says where a template lets that happen, and a proof rests on the rest.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from authorizer.engine.document import Statement, covers_action
from authorizer.engine.language import ClaimType, is_placeholder
from authorizer.engine.template import TemplateSet


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """One service's reading of names."""

    actions: tuple[str, ...]
    says: str
    """What a proof rests on where such an action occurs."""
    source: str
    anywhere: frozenset[str] = frozenset()
    """Characters that mean something else to the service, wherever in a value they stand."""
    first: frozenset[str] = frozenset()
    """The same, for a value that begins with one and stands right behind a `/`."""
    below: bool = False
    """Whether a name also opens all that lies below it."""
    within: str = ""
    """Text that the resource has where the fact counts; empty: it always does."""

    def dangers(self, kind: ClaimType, *, begins: bool) -> frozenset[str]:
        """The characters that values of the type can have and should not. `begins`: the value follows a `/`."""
        found: set[str] = set()
        for sequence in kind.language.alternatives:
            leading = begins
            for segment in (each for each in sequence if each.max):
                found |= segment.chars & (self.anywhere | (self.first if leading else frozenset()))
                leading = leading and not segment.min
        return frozenset(found)


FACTS: tuple[Fact, ...] = (
    Fact(
        actions=("ssm:GetParametersByPath",),
        says="`ssm:GetParametersByPath` answers with every level below the path that it asks for, Deny or not",
        source='Systems Manager User Guide, "Restricting access to Parameter Store parameters using IAM policies"',
        anywhere=frozenset("/"),
        below=True,
        within=":parameter",
    ),
    Fact(
        actions=("iot:Subscribe",),
        says="`iot:Subscribe`: `+` and `#` in a topic filter are wildcards, and IAM compares them as they are written",
        source='IoT Core Developer Guide, "Using wildcard characters in MQTT and AWS IoT Core policies"',
        anywhere=frozenset("+#/"),
        within=":topicfilter/",
    ),
    Fact(
        actions=(
            "es:ESHttpGet",
            "es:ESHttpPost",
            "es:ESHttpPut",
            "es:ESHttpDelete",
            "es:ESHttpHead",
            "es:ESHttpPatch",
        ),
        says="`es:ESHttp…`: a path may name several indexes (`_all`, `a,b`, `<…>`), and so may a request's body "
        "unless the domain sets rest.action.multi.allow_explicit_index to false",
        source='OpenSearch documentation, "Index name syntax"; OpenSearch Service API Reference, AdvancedOptionsStatus',
        anywhere=frozenset(",/"),
        first=frozenset("_<"),
    ),
    Fact(
        actions=(
            "ssm:StartSession",
            "ssm:ResumeSession",
            "ssm:SendCommand",
            "ec2-instance-connect:SendSSHPublicKey",
        ),
        says="who runs commands on a machine reaches what its disks hold and what its own role may do",
        source='Systems Manager User Guide, "Setting up Session Manager"; EC2 User Guide, "IAM roles for Amazon EC2"',
    ),
    Fact(
        actions=("rds-db:connect", "rds-data:ExecuteStatement", "rds-data:BatchExecuteStatement"),
        says="a database keeps its own users apart: `rds-db:connect` names one, `rds-data:…` takes the one of a secret "
        "that the caller may read, and both reach the same tables",
        source='Aurora User Guide, "Authorizing access to the Amazon RDS Data API" and "Creating and using an IAM '
        'policy for IAM database access"',
    ),
    Fact(
        actions=("lambda:InvokeFunction", "lambda:InvokeAsync"),
        says="a function is reached by its name, its versions and its aliases, and each is an ARN of its own",
        source='Lambda Developer Guide, "Using Lambda aliases in event sources and permissions policies"',
    ),
    Fact(
        actions=("s3:*",),
        says="an access point shows the objects of its bucket under ARNs of its own, and the bucket stays reachable",
        source='S3 User Guide, "Configuring IAM policies for using access points"',
        within=":accesspoint/",
    ),
)
"""Every fact. `docs/soundness.md` has the same list."""


def rests_on_services(templates: TemplateSet, name: str) -> tuple[str, ...]:
    """What a proof about a template rests on besides what the prover knows: a line for each fact whose actions it
    allows."""
    statements = {
        statement for branch in templates.branches([name]) for statement in branch.document.statements
    }
    told = {fact.says for statement in statements for fact in _facts(statement)}
    return tuple(fact.says for fact in FACTS if fact.says in told)


def about_services(
    templates: TemplateSet, statement: Statement, isolates: str
) -> Iterator[tuple[str, str, str]]:
    """Findings (code, text, remedy) about one statement of a template that isolates a claim."""
    kind = templates.claims[isolates]
    for fact in _facts(statement):
        resources = [resource for resource in statement.resources if fact.within in resource]
        dangers = {
            char
            for resource in resources
            for before, here in zip(" " + resource, resource, strict=False)
            if is_placeholder(here) and templates.origin(here)[0] == isolates
            for char in fact.dangers(kind, begins=before == "/")
        }
        if dangers:
            yield (
                "service",
                f"values of `{isolates}` can hold {' '.join(sorted(dangers))}, which the service reads otherwise than "
                f"IAM: {fact.says}",
                "take a type without them: `uuid`, `slug`, `digits`, or `opaque` with `exclude`",
            )
        if fact.below and any(not _includes_below(resource, resources) for resource in resources):
            yield (
                "service",
                f"the statement opens more than it names, and no proof sees it: {fact.says}",
                "name what lies below as well: PATH and PATH/*",
            )


def _facts(statement: Statement) -> Iterator[Fact]:
    if statement.effect != "Allow":
        return
    for fact in FACTS:
        named = any(fact.within in resource for resource in statement.resources)
        if named and any(
            covers_action(action, meant) or covers_action(meant, action)
            for action in statement.actions
            for meant in fact.actions
        ):
            yield fact


def _includes_below(resource: str, resources: Iterable[str]) -> bool:
    return resource.endswith("*") or f"{resource}/*" in resources
