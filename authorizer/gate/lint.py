"""Lint of a whole configuration: what loads, and is still likely not what its author meant.

`authorizer.engine.check.lint` judges the templates; this file what `access.toml` makes of them.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from difflib import get_close_matches

from authorizer.engine import InScopes, TemplateSet
from authorizer.engine.check import Finding, lint
from authorizer.engine.prove import covers, owned
from authorizer.gate.claims import about_claims
from authorizer.gate.handed_out import handed_out
from authorizer.gate.issuers import sayable
from authorizer.gate.route_lint import lint_routes
from authorizer.model import Role
from authorizer.settings.format_text import holes
from authorizer.settings.limits import LIMITS
from authorizer.settings.schema import Access, Authority, Settings
from authorizer.syntax.places import Path, dotted, line_of

TOKEN_END = len(',"Condition":{"DateLessThan":{"aws:CurrentTime":"2000-01-01T00:00:00Z"}}')
"""Most characters that `session.end_with_token` adds to an Allow."""


def lint_settings(
    access: Access, source: str, *, watch: Callable[[Sequence[str]], Iterable[str]] = iter
) -> tuple[Finding, ...]:
    """Every finding about the templates and about the configuration. `source` is the text of `access.toml`; `watch` is
    given the names of the templates, and hands on one after the other."""
    settings, templates = access
    found = set(
        lint(
            templates,
            user_writable=[
                claim.name for claim in settings.claims.values() if claim.claim in _writable(settings)
            ],
            groupings={role.name: role.policies for role in settings.roles.values()},
            isolates={row.name: row.isolates for row in settings.policies.values()},
            watch=watch,
        )
    )
    for path, code, text, remedy in (
        *_policies(settings, templates),
        *_shared(settings, templates),
        *_scopes(settings),
        *lint_routes(settings),
        *_groups(settings),
        *about_claims(settings, templates),
        *_rules(settings),
        *_issuers(settings),
        *_roles(settings, templates),
        *_names(settings),
        *_names_of_several(settings),
        *handed_out(settings, templates),
    ):
        line = line_of(source, path)
        place = f"{settings.place}:{line}" if line else settings.place
        found.add(Finding(place=place, code=code, text=text, remedy=remedy, key=dotted(path)))
    found.update(_dead_branches(settings, templates))
    return tuple(sorted(found))


_Found = Iterator[tuple[Path, str, str, str]]


def _policies(settings: Settings, templates: TemplateSet) -> _Found:
    rendered = {name for role in settings.roles.values() for name in role.policies}
    for name in templates.names:
        row = settings.policies.get(name)
        if row is None or not row.isolates:
            yield (
                ("policies", name),
                "no-promise",
                f"nothing says what template {name!r} isolates, so nothing is proven about it",
                f'write {name} = {{ isolates = "CLAIM" }} under [policies]',
            )
        for claim in row.isolates if row is not None else ():
            if settings.claims[claim].claim in _writable(settings):
                yield (
                    ("policies", name),
                    "user-writable",
                    f"{name!r} isolates `{claim}`, which users can change: they choose who they are",
                    "isolate by a claim that only the issuer sets, such as `sub`",
                )
        if name not in rendered:
            yield (
                ("policies", name),
                "unused",
                f"no role renders template {name!r}",
                "name it in the `policies` of a role, or delete it",
            )


def _shared(settings: Settings, templates: TemplateSet) -> _Found:
    own = frozenset(claim for row in settings.policies.values() for claim in row.isolates)
    for row in settings.policies.values():
        pieces = [
            (statement, resource)
            for branch in (templates.branches([row.name]) if row.shared else ())
            for statement in branch.document.statements
            for resource in statement.resources
            if statement.effect == "Allow"
        ]
        for number, sharing in enumerate(row.shared):
            covered = [piece for piece in pieces if covers(sharing, *piece)]
            place: Path = ("policies", row.name, "shared", number)
            if not covered:
                yield (
                    place,
                    "shared",
                    f"{row.name!r} shares nothing by `{sharing.told}`: no such statement has all its actions and one "
                    "of its resources among these",
                    "name all actions of the statement, or delete the row",
                )
            elif any(owned(*piece, own, templates.origin) for piece in covered):
                yield (
                    place,
                    "shared",
                    f"{row.name!r} declares `{sharing.told}` common to all, and the statement mentions the claim by "
                    "which users are kept apart: that is one user's own, and judged all the same",
                    "delete the row, or put what is common into a statement of its own",
                )


def _scopes(settings: Settings) -> _Found:
    brought = {scope for group in settings.groups.values() for scope in group.scopes}
    for name in settings.scopes:
        if name not in brought and settings.gateway.token_scopes == "ignore":
            yield (
                ("scopes", name),
                "unused",
                f"no group brings scope {name!r}, and the tokens' own scopes are ignored",
                "give it to a group, or delete it",
            )
    for name, routes in settings.scopes.items():
        holders = [group.name for group in settings.groups.values() if name in group.scopes]
        if len(holders) > 1 and any((route.method, route.path) == ("ANY", "/*") for route in routes):
            yield (
                ("scopes", name),
                "open-route",
                f"scope {name!r} opens every route, `ANY /*`, and {len(holders)} groups bring it: "
                + ", ".join(map(repr, holders[:4])),
                "list the routes, or keep the scope for one group",
            )


def _dead_branches(settings: Settings, templates: TemplateSet) -> Iterator[Finding]:
    for name, scope in sorted(_tested(templates)):
        if scope not in settings.scopes:
            before, quoted, _ = settings.template_sources[name].partition(f'"{scope}" ')
            close = get_close_matches(scope, settings.scopes, n=1)
            meant = f"did you mean {close[0]!r}? " if close else ""
            yield Finding(
                place=f"{name}.json.j2:{before.count(chr(10)) + 1 if quoted else 1}",
                code="dead-end",
                text=f"the template asks for scope {scope!r}, which [scopes] does not have: that branch is never taken",
                remedy=f"{meant}declare the scope, or correct its name",
            )


def _tested(templates: TemplateSet) -> set[tuple[str, str]]:
    """Every scope that a template asks for."""
    return {
        (name, atom.scope)
        for name in templates.names
        for branch in templates.branches([name])
        for atom in branch.chosen
        if isinstance(atom, InScopes)
    }


def _groups(settings: Settings) -> _Found:
    for group in settings.groups.values():
        if group.role is None and not group.scopes:
            yield (
                ("groups", group.name),
                "dead-end",
                f"group {group.name!r} leads to no role and brings no scope",
                "give it a role or scopes, or delete it",
            )


def _writable(settings: Settings) -> frozenset[str]:
    """Claims of the token that users can change, by whatever name one of them is declared so."""
    return frozenset(claim.claim for claim in settings.claims.values() if claim.user_writable)


def _rules(settings: Settings) -> _Found:
    writable = _writable(settings)
    for index, rule in enumerate(settings.rules):
        if rule.claim in writable:
            yield (
                ("rules", index, "claim"),
                "user-writable",
                f"rule {index + 1} asks for {rule.claim!r}, which users can change: they choose their role",
                "ask for a claim that only the issuer sets, such as `cognito:groups`",
            )


def _issuers(settings: Settings) -> _Found:
    """More than one party that may say everything is one too many; a group that an issuer may name and nothing knows is
    misspelt more often than meant."""
    parties = {issuer.name: issuer for issuer in settings.issuers.values()}
    for issuer in parties.values():
        if issuer.client_ids is None:
            yield (
                (*issuer.place, "client_ids"),
                "any-client",
                f"the issuer {issuer.name!r}: a token is taken whichever app client it was signed for",
                "list the app clients of this API",
            )
    everything = [issuer for issuer in parties.values() if issuer.speaks_for == Authority()]
    if len(everything) > 1:
        yield (
            (*everything[0].place[:2], "speaks_for"),
            "issuers",
            f"{len(everything)} issuers speak for everything: each can name any group, role and tenant, and what it "
            "signs for one `sub` another can sign, too",
            "list what each may speak for: roles, groups, scopes, and the values of claims",
        )


def _roles(settings: Settings, templates: TemplateSet) -> _Found:
    for role in settings.roles.values():
        if role.managed_policies:
            yield (
                ("roles", role.name, "managed_policies"),
                "managed-policies",
                f"role {role.name!r}: a session may do what its own policy or a managed one allows",
                "let them hold nothing but Deny, or what every user may do; the rest belongs into the templates",
            )
        yield from _size(role, settings, templates)
        yield from _tag_values(role, settings)


def _size(role: Role, settings: Settings, templates: TemplateSet) -> _Found:
    """What the templates' own finding leaves out: the ARNs of managed policies, and the end with the token."""
    arns, limit = sum(map(len, role.managed_policies)), LIMITS["Policy"].most
    added = 0
    if settings.session.end_with_token:
        added = TOKEN_END * sum(
            max(
                (sum(each.effect == "Allow" for each in branch.document.statements) for branch in ways),
                default=0,
            )
            for ways in templates.parts(role.policies)
        )
    longest = templates.worst_case_length(role.policies)
    if longest <= limit < longest + arns + added:
        yield (
            ("roles", role.name, "managed_policies" if arns else "policies"),
            "too-large",
            f"role {role.name!r}: the longest policy has {longest} characters, and {longest + arns + added} with the "
            f"ARNs of managed policies and the token's end, STS takes {limit}",
            "lower `max_length` of its claims, or move constants into the role's own policy",
        )


def _tag_values(role: Role, settings: Settings) -> _Found:
    limit = LIMITS["Tags.Value"]
    for key, claim in role.session_tags.items():
        sequences = settings.claims[claim].type.language.alternatives
        longest = max(sum(segment.max for segment in sequence) for sequence in sequences)
        if longest > limit.most or not all(
            limit.takes(char) for sequence in sequences for segment in sequence for char in segment.chars
        ):
            yield (
                ("roles", role.name, "session_tags"),
                "tag-value",
                f"role {role.name!r}: some values of `{claim}` are none that the session tag {key!r} can have, and who "
                "has one is answered 500",
                f"take a claim whose type allows at most {limit.most} letters, digits, spaces and _ . : / = + - @",
            )


def _names(settings: Settings) -> _Found:
    """What stands for a caller in AWS, and in API Gateway's usage plans."""
    writable = _writable(settings)
    named: list[tuple[Path, str, Iterable[str]]] = []
    for role in settings.roles.values():
        place = "roles", role.name
        named += [
            ((*place, "session_tags"), f"the session tag {key!r}", (claim,))
            for key, claim in role.session_tags.items()
        ]
        named.append(((*place, "session_name"), "the session name", holes(role.session_name)))
        named.append(((*place, "source_identity"), "the source identity", holes(role.source_identity or "")))
    if settings.gateway.usage_key_claim is not None:
        named.append((("gateway", "usage_key_claim"), "the usage key", (settings.gateway.usage_key_claim,)))
    for path, what, claims in named:
        for claim in dict.fromkeys(claims):
            if settings.claims[claim].claim in writable:
                role_name = f"role {path[1]!r}: " if path[0] == "roles" else ""
                yield (
                    path,
                    "user-writable",
                    f"{role_name}{what} is made of `{claim}`, which users can change: they choose whom it names",
                    "name callers by a claim that only the issuer sets, such as `sub`",
                )


def _names_of_several(settings: Settings) -> _Found:
    """A name that two issuers can both sign for. Cognito draws every `sub` itself; whoever runs another issuer writes
    what they like, and so the name of anybody's session."""
    parties = {issuer.name: issuer for issuer in settings.issuers.values()}
    for role in settings.roles.values():
        may = [
            issuer
            for issuer in parties.values()
            if issuer.speaks_for.roles is None or role.name in issuer.speaks_for.roles
        ]
        others = [
            issuer.name for issuer in may if issuer.name == issuer.issuer
        ]  # no user pool, which has an id
        if len(may) < 2 or not others:
            continue
        if not any(
            _is_of_one([sayable(issuer, claim) for issuer in may]) for claim in holes(role.session_name)
        ):
            yield (
                ("roles", role.name, "session_name"),
                "shared-name",
                f"role {role.name!r}: {others[0]!r} can sign for the session name of another issuer's user: in "
                "CloudTrail, and to `authorizer revoke`, both are one person",
                'put a claim into it that no two of them can both say, such as session_name = "{partner}-{sub}" with '
                "`fixed_claims` of each issuer",
            )


def _is_of_one(values: Sequence[frozenset[str] | None]) -> bool:
    """Whether no value is sayable by two."""
    known = [each for each in values if each is not None]
    return len(known) == len(values) and sum(map(len, known)) == len(frozenset().union(*known))
