"""`[claims]`, `[variables]` and `[policies]`: what templates may mention, and what they promise."""

import re
from collections.abc import Mapping

from authorizer.engine import ClaimTypeInvalid, declare
from authorizer.settings.reader import Section
from authorizer.settings.schema import Claim, Policy

_NAME = r"[A-Za-z_][A-Za-z0-9_]*"
_VARIABLE = r"[ -!#%-)+->@-\[\]-z|~]+"  # printable ASCII without " $ * ? \ { }


def claims(root: Section) -> dict[str, Claim]:
    """`[claims]`: name in templates → claim of the token and its type."""
    found = {}
    for name, section in root.sections("claims"):
        if not re.fullmatch(_NAME, name) or name in ("scopes", "true", "false", "none"):
            section.problem("", "expected a name of letters, digits and underscores that templates can use")
        claim = section.text("claim", name)
        user_writable = section.flag("user_writable")
        try:
            kind = declare(section.rest())
        except ClaimTypeInvalid as error:
            for problem in error.problems:
                section.problem("", problem)
            continue
        found[name] = Claim(name=name, claim=claim, type=kind, user_writable=user_writable)
    return found


def variables(root: Section) -> dict[str, str]:
    """`[variables]`: constants of the deployment. No IAM metacharacter may hide in an environment variable."""
    section = root.section("variables")
    for name in section.names():
        if not re.fullmatch(_NAME, name):
            section.problem(name, "expected a name of letters, digits and underscores")
    return {
        name: section.text(name, pattern=_VARIABLE, expected='printable ASCII without " $ * ? \\ { }')
        for name in section.names()
    }


def policies(root: Section, templates: Mapping[str, str]) -> dict[str, Policy]:
    """`[policies]`: what each template in `templates/` keeps apart. A template without a row promises nothing."""
    found = {}
    for name, section in root.sections("policies"):
        if name not in templates:
            section.problem("", f"there is no template {name!r}: expected the file templates/{name}.json.j2")
        found[name] = Policy(
            name=name, isolates=section.optional_text("isolates"), shared=section.texts("shared", ())
        )
        section.done()
    return found
