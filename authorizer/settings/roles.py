"""`[roles]`, `[groups]`, `[[rules]]` and `[resolution]`: which roles there are, and what leads a caller to one."""

from authorizer.model import Role
from authorizer.settings.limits import LIMITS
from authorizer.settings.reader import Section
from authorizer.settings.routes import HEADER
from authorizer.settings.schema import MAX_CHAINED_DURATION, MIN_DURATION, Group, Resolution, Rule


def roles(root: Section, default_name: str, default_duration: int) -> dict[str, Role]:
    """`[roles.NAME]`. `uses` is filled in once the templates are compiled."""
    found = {}
    for name, section in root.sections("roles"):
        found[name] = Role(
            name=name,
            arn=section.text(
                "arn",
                pattern=LIMITS["RoleArn"].pattern,
                expected="the ARN of an IAM role, arn:aws:iam::ACCOUNT:role/NAME",
            ),
            policies=section.texts("policies"),
            session_name=section.text("session_name", default_name),
            session_tags=section.mapping("session_tags"),
            transitive_tags=section.texts("transitive_tags", ()),
            source_identity=section.optional_text("source_identity"),
            external_id=section.optional_text(
                "external_id",
                pattern=LIMITS["ExternalId"].pattern,
                expected="2 to 1,224 of A-Z a-z 0-9 _ + = , . @ : / -",
            ),
            managed_policies=section.texts(
                "managed_policies",
                (),
                pattern=LIMITS["PolicyArns.arn"].pattern,
                expected="the ARN of a managed policy",
            ),
            duration=int(
                section.seconds(
                    "duration", f"{default_duration}s", least=MIN_DURATION, most=MAX_CHAINED_DURATION
                )
            ),
            uses=frozenset(),
        )
        section.done()
    if not found:
        root.problem("roles", "no role may be assumed: add a [roles.NAME] table")
    return found


def groups(root: Section) -> dict[str, Group]:
    """`[groups.NAME]`. Cognito: precedence is a whole number from 0, lower wins, absent is last."""
    found = {}
    for name, section in root.sections("groups"):
        found[name] = Group(
            name=name,
            role=section.optional_text("role"),
            precedence=section.integer("precedence", least=0, most=2**31 - 1),
            scopes=section.texts("scopes", ()),
        )
        section.done()
    return found


def rules(root: Section) -> tuple[Rule, ...]:
    """`[[rules]]`, in order (Cognito identity pools, MappingRule; value 1–128 characters)."""
    found = []
    for section in root.array("rules"):
        found.append(
            Rule(
                claim=section.text("claim"),
                match=section.choice("match", ("Equals", "NotEqual", "StartsWith", "Contains"), "Equals"),
                value=section.text("value", pattern=r".{1,128}", expected="1 to 128 characters"),
                role=section.text("role"),
            )
        )
        section.done()
    return tuple(found)


def resolution(root: Section) -> Resolution:
    """`[resolution]`."""
    section = root.section("resolution")
    header = section.optional_text("role_header", pattern=HEADER, expected="the name of a header")
    ambiguous = section.text("ambiguous", "deny")
    section.done()
    return Resolution(
        role_header=header.lower() if header else None, ambiguous=None if ambiguous == "deny" else ambiguous
    )
