"""The files of `policies/` and `events/` for a user pool that exists, as texts. Pure."""

import json
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import count

from authorizer.local.pool import CUSTOM, Attribute, Pool, PoolGroup

TENANT = re.compile(r"tenant|org|company|account|customer|workspace", re.IGNORECASE)
"""What an attribute is often called that says where a user belongs."""
MAX_SLUG = 32
ROLE = "member"
"""The role of groups to which the pool gives none."""
ROUTES = ("/data", "/data/*")
"""What `data:read` opens to GET."""
SUB = "11111111-1111-4111-8111-{:012d}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """What is written."""

    access: str
    personas: str
    routes: str
    """Cases: who opens each route, and to whom it stays closed."""
    events: dict[str, str]
    warnings: tuple[str, ...]
    """What its owner has to look at."""


def files_of(pool: Pool, policies: Sequence[str], environment: dict[str, str]) -> Files:
    """access.toml without the rows of `policies`, which are the library's; personas, a group each, and their events.

    `environment` are further names that those rows read, and what they mean on a laptop.
    """
    tenant = tenant_of(pool.attributes)
    roles = _roles(pool)
    invented = {
        _variable(name): f"arn:aws:iam::123456789012:role/{name}"
        for name, arn in roles.items()
        if arn is None
    }
    return Files(
        access="\n".join(_access(pool, policies, tenant, roles)),
        personas="\n".join(_personas(pool, tenant, roles, {**environment, **invented})),
        routes="\n".join(_routes(pool)),
        events=_events(pool),
        warnings=tuple(_warnings(pool, tenant, invented)),
    )


def tenant_of(attributes: Sequence[Attribute]) -> Attribute | None:
    """The attribute that says where a user belongs: one by its name that nobody may write, else one by its name."""
    named = [one for one in attributes if TENANT.search(one.name) and one.kind == "String"]
    return next((one for one in named if not one.writers), named[0] if named else None)


def _roles(pool: Pool) -> dict[str, str | None]:
    """Name in access.toml → ARN. Groups with one role share it; those without have one that is yet to be made."""
    found: dict[str, str | None] = {}
    for group in pool.groups:
        if group.role_arn is not None and group.role_arn not in found.values():
            name = _name(group.role_arn.rpartition("/")[2])
            found[_free(name, found)] = group.role_arn
    if not found or any(group.role_arn is None for group in pool.groups):
        found[_free(ROLE, found)] = None
    return found


def _role_of(group: PoolGroup, roles: dict[str, str | None]) -> str:
    return next(name for name, arn in roles.items() if arn == group.role_arn)


def _access(
    pool: Pool, policies: Sequence[str], tenant: Attribute | None, roles: dict[str, str | None]
) -> list[str]:
    people = [client for client in pool.clients if not client.machine] or list(pool.clients)
    names = _line(", ".join(client.name for client in people))
    lines = [
        f"# Who may do what, and as whom: begun from the user pool {pool.id}.",
        "",
        "[[issuers]]",
        f"user_pool  = {_text(pool.id)}",
        f"client_ids = {json.dumps([client.id for client in people])}   # {names}",
        'token_use  = ["id", "access"]',
        "",
        "[claims]",
        'sub = { type = "uuid" }',
        *_claims(pool.attributes, tenant),
        "",
        "[variables]",
        'partition = "aws"',
        "",
        "[policies]",
        "",
    ]
    for name, arn in roles.items():
        written = _text(f"env:{_variable(name)}") if arn is None else _text(arn)
        lines += [
            f"[roles.{_key(name)}]",
            f"arn          = {written}",
            f"policies     = {json.dumps(list(policies))}",
            'session_tags = { tenant = "tenant" }',
            "",
        ]
    for group in pool.groups or (PoolGroup(name="everyone", precedence=None, role_arn=None),):
        lines += [f"[groups.{_key(group.name)}]", f"role       = {_text(_role_of(group, roles))}"]
        if group.precedence is not None:
            lines.append(f"precedence = {group.precedence}")
        lines += ['scopes     = ["data:read"]', ""]
    return [
        *lines,
        "[scopes]   # what each opens; `*` crosses `/`",
        f'"data:read" = {json.dumps([f"GET {route}" for route in ROUTES])}',
        "",
        "[gateway]",
        'result_ttl = "5m"   # the result TTL of the authorizer in API Gateway: `authorizer deploy` sets both',
        "",
    ]


def _claims(attributes: Sequence[Attribute], tenant: Attribute | None) -> list[str]:
    if tenant is None:
        return [
            "# The pool has no custom attribute that says where a user belongs: add one that no app client may write.",
            'tenant = { claim = "custom:tenant_id", type = "slug", max_length = 32 }',
        ]
    lines = [_claim("tenant", tenant)]
    others = [one for one in attributes if one is not tenant]
    if others:
        lines.append("# Further attributes of the pool: take in what templates are to mention.")
        taken = ["sub", "tenant"]
        for one in others:
            taken.append(_free(_name(one.name.removeprefix(CUSTOM)).replace("-", "_"), taken, joint="_"))
            lines.append(f"# {_claim(taken[-1], one)}")
    return lines


def _claim(name: str, attribute: Attribute) -> str:
    longest = min(attribute.max_length or MAX_SLUG, MAX_SLUG)
    kind = 'type = "digits"' if attribute.kind == "Number" else f'type = "slug", max_length = {longest}'
    writable = ", user_writable = true" if attribute.writers else ""
    return f"{name} = {{ claim = {_text(attribute.name)}, {kind}{writable} }}"


def _personas(
    pool: Pool, tenant: Attribute | None, roles: dict[str, str | None], environment: dict[str, str]
) -> list[str]:
    claim = "custom:tenant_id" if tenant is None else tenant.name
    lines = [
        "# The people of the sample events, one for each group. Laptop only: nothing here reaches AWS.",
        "",
        "[environment]   # what the `env:` names of access.toml mean on a laptop",
        *(f"{name} = {_text(value)}" for name, value in sorted(environment.items())),
    ]
    for number, (name, group) in enumerate(_people(pool).items(), 1):
        lines += [
            "",
            f"[{_key(name)}]",
            f"sub           = {_text(SUB.format(number))}",
            f"username      = {_text(name)}",
            f"groups        = [{_text(group.name)}]",
            f'claims        = {{ {_text(claim)} = "acme" }}',
            f'access_claims = {{ {_text(claim)} = "acme" }}',
        ]
        if group.role_arn is not None:
            role = _text(_role_of(group, roles))
            lines += [f"roles          = [{role}]", f"preferred_role = {role}"]
    return [
        *lines,
        "",
        "[stranger]   # signed in, and in no group",
        f"sub      = {_text(SUB.format(0))}",
        'username = "stranger"',
        f'claims   = {{ {_text(claim)} = "acme" }}',
        "",
    ]


def _routes(pool: Pool) -> list[str]:
    people = _people(pool)
    lines = ["# Who opens which routes: each entry of [scopes] for someone, and closed for someone."]
    for name, group in people.items():
        lines += [
            "",
            f"[users.{_key(name)}]",
            'claims = { tenant = "acme" }',
            f"groups = [{_text(group.name)}]",
        ]
    lines += ["", "[users.stranger]   # signed in, and in no group", 'claims = { tenant = "acme" }']
    for route in ROUTES:
        path = route.replace("*", "figures")
        for name, expected in (*((name, "allow") for name in people), ("stranger", "deny")):
            lines += [
                "",
                "[[routes]]",
                f"name   = {_text(f'{name}: GET {path}')}",
                f"user   = {_text(name)}",
                'method = "GET"',
                f"path   = {_text(path)}",
                f"expect = {_text(expected)}",
            ]
            if expected == "allow":
                lines.append(f"route  = {_text(f'GET {route}')}")
    return [*lines, ""]


def _people(pool: Pool) -> dict[str, PoolGroup]:
    groups = pool.groups or (PoolGroup(name="everyone", precedence=None, role_arn=None),)
    found: dict[str, PoolGroup] = {}
    for group in groups:
        name = _name(group.name)
        found[_free(name, (*found, "environment", "stranger"))] = group
    return found


def _events(pool: Pool) -> dict[str, str]:
    first = next(iter(_people(pool)))
    rows = {
        "rest-token-allow": (first, "GET"),
        "closed-route-deny": (first, "DELETE"),
        "no-role-deny": ("stranger", "GET"),
    }
    region = pool.id.partition("_")[0]
    return {
        f"{name}.json": json.dumps(
            {
                "type": "TOKEN",
                "authorizationToken": f"Bearer local:{person}",
                "methodArn": f"arn:aws:execute-api:{region}:123456789012:rest0token/live/{method}/data/figures",
            },
            indent=2,
        )
        + "\n"
        for name, (person, method) in rows.items()
    }


def _warnings(pool: Pool, tenant: Attribute | None, invented: dict[str, str]) -> list[str]:
    found = [
        f"{one.name}: users can write it themselves through {', '.join(one.writers)}: it must decide no boundary; "
        "leave it out of the app client's WriteAttributes"
        for one in pool.attributes
        if one.writers
    ]
    if tenant is None:
        found.append("no custom attribute says where a user belongs: access.toml expects custom:tenant_id")
    if machines := [client.name for client in pool.clients if client.machine]:
        found.append(f"app clients of machines are left out, and have no role yet: {', '.join(machines)}")
    if invented:
        found.append(f"roles that are yet to be made: {', '.join(invented)} (`authorizer deploy` makes them)")
    return found


def _variable(role: str) -> str:
    return f"{re.sub(r'[^A-Z0-9]', '_', role.upper())}_ROLE_ARN"


def _name(text: str) -> str:
    return re.sub(r"[^a-z0-9_-]+", "-", text.lower()).strip("-") or "group"


def _free(name: str, taken: Collection[str], *, joint: str = "-") -> str:
    """The name, or the first with a number behind it that is free: `admin-2` may itself be somebody's own name."""
    numbered = (f"{name}{joint}{number}" for number in count(2))
    return name if name not in taken else next(each for each in numbered if each not in taken)


def _line(text: str) -> str:
    """On one line: Cognito takes a line feed in the name of an app client, which would end a comment."""
    return re.sub(r"\s+", " ", text)


def _key(name: str) -> str:
    return name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else _text(name)


def _text(value: str) -> str:
    """A TOML basic string: JSON's escapes are among TOML's (TOML 1.0, "String")."""
    return json.dumps(value, ensure_ascii=False)
