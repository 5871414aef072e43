"""`[claims]`, `[variables]`, `[policies]` and `[lint]`: what templates may mention, what they promise, and what is
known of them and meant."""

import re
from collections.abc import Iterator, Mapping

from authorizer.engine import ClaimTypeInvalid, Sharing, declare, sharing_problems
from authorizer.settings.reader import Section
from authorizer.settings.schema import Claim, Policy, Suppression, Terms

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
            kind = declare({**_common(section), **section.rest()})
        except ClaimTypeInvalid as error:
            for problem in error.problems:
                section.problem("", problem)
            # What mentions it is not to blame: a stand-in of the same form, which never leaves `load`.
            several = {"list": True, "max_items": 1} if section.raw("list") not in (None, False) else {}
            kind = declare({"type": "slug", **several})
        found[name] = Claim(name=name, claim=claim, type=kind, user_writable=user_writable)
    return found


def _common(section: Section) -> dict[str, object]:
    """What every claim type may have beside its own options."""
    found = {key: section.raw(key) for key in ("list", "lower_case", "fallback") if key in section}
    if isinstance(found.get("fallback"), str):
        found["fallback"] = section.text("fallback")  # it may be "env:NAME", as any text
    return found


def variables(root: Section) -> dict[str, str]:
    """`[variables]`: constants of the deployment. No IAM metacharacter may hide in an environment variable."""
    section = root.section("variables")
    for name in section.names():
        if not re.fullmatch(_NAME, name):
            section.problem(name, "expected a name of letters, digits and underscores")
    return {
        name: section.text(name, pattern=_VARIABLE, expected='printable ASCII without " $ * ? \\ { }') or "x"
        for name in section.names()
    }


def policies(root: Section, templates: Mapping[str, str], constants: Mapping[str, str]) -> dict[str, Policy]:
    """`[policies]`: what each template in `templates/` keeps apart. A template without a row promises nothing.
    `constants` are the deployment's, under `[variables]`."""
    found = {}
    for name, section in root.sections("policies"):
        if name not in templates:
            section.problem("", f"there is no template {name!r}: expected the file templates/{name}.json.j2")
        shared = tuple(_shared(section, templates.get(name, ""), constants))
        found[name] = Policy(
            name=name,
            isolates=section.text_or_texts("isolates"),
            shared=tuple(sharing for sharing, _ in shared),
            terms=tuple(why for _, why in shared),
        )
        section.done()
    return found


def suppressions(root: Section) -> tuple[Suppression, ...]:
    """`[lint]`: findings that are meant. Whether each still is one, and has its reason, the lint says."""
    lint = root.section("lint")
    found = []
    for section in lint.array("ignore"):
        found.append(
            Suppression(
                code=section.text("code"),
                where=section.text("where"),
                terms=terms(section),
            )
        )
        section.done()
    lint.done()
    return tuple(found)


def terms(section: Section) -> Terms:
    """Why an exception is made, by whom, and until when: a day, with quotes or as TOML's own date."""
    return Terms(
        until=section.day("until"),
        reason=section.optional_text("reason"),
        owner=section.optional_text("owner"),
    )


def _shared(policy: Section, template: str, constants: Mapping[str, str]) -> Iterator[tuple[Sharing, Terms]]:
    if not policy.has_tables("shared"):
        value = policy.raw("shared")
        if value not in (None, []):
            policy.problem(
                "shared",
                "expected tables that say of which statement what is common to all, such as "
                f'[{{ statement = "ListQueues", actions = ["sqs:ListQueues"], resources = ["*"] }}], found {value!r}',
            )
        return
    for section in policy.array("shared"):
        sharing = Sharing(
            statement=section.text("statement"),
            actions=section.texts("actions"),
            resources=tuple(_with_constants(section, text, constants) for text in section.texts("resources")),
        )
        why = terms(section)
        section.done()
        for key, problem in sharing_problems(sharing):
            section.problem(key, problem)
        if f'"{sharing.statement}"' not in template:
            section.problem("statement", f"no statement of the template has the `Sid` {sharing.statement!r}")
        yield sharing, why


def _with_constants(section: Section, text: str, constants: Mapping[str, str]) -> str:
    """The text with constants of the deployment in place of `{{ NAME }}`, as in a template."""

    def constant(hole: re.Match[str]) -> str:
        if hole[1] not in constants:
            section.problem(
                "resources",
                f"{text!r}: `{hole[1]}` is no name under [variables]; what mentions a claim is not common to all",
            )
        return constants.get(hole[1], "x")

    return re.sub(r"\{\{\s*(.*?)\s*\}\}", constant, text)
