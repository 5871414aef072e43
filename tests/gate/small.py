"""Small configurations, drawn at random, and the people that there can be in them: for what is asked of everybody."""

import os
import random
from collections.abc import Iterator, Mapping, Sequence
from itertools import product
from typing import Any

from authorizer.engine import EngineError, parse_identity
from authorizer.engine.evaluate import AccessRequest, evaluate
from authorizer.gate.acting import delegated
from authorizer.gate.callers import Caller, identity_of
from authorizer.model import Identity
from authorizer.settings.load import read
from authorizer.settings.schema import Access
from tests.make import SUB

EXAMPLES = int(os.environ.get("ENGINE_EXAMPLES", "8"))
ROLE = "arn:aws:iam::123456789012:role/{}"
GATES = (
    "",
    '"w" in scopes',
    'not ("w" in scopes)',
    "t is defined",
    'p == "x"',
    'l is defined and "m" in l',
    't is defined and "w" in scopes',
    'not (t is defined) or "v" in scopes',
)
RESOURCES = (
    '"arn:aws:s3:::b/{{ t }}/*"',
    '"arn:aws:s3:::b/{{ p }}/{{ t }}"',
    '"arn:aws:s3:::b/all/*"',
    '"arn:aws:s3:::b/*"',
    '"arn:aws:s3:::b/${aws:PrincipalTag/T}/*"',
    '"arn:aws:s3:::b/${aws:SourceVpc}/*"',
    '[{% for i in l %}"arn:aws:s3:::b/{{ i }}/*"{% if not loop.last %},{% endif %}{% endfor %}]',
    '["arn:aws:s3:::b/{{ t }}{{ t }}/*","arn:aws:s3:::b/{{ t }}/{{ p }}?"]',
)
CONDITIONS = (
    "",
    '"StringLike": { "s3:prefix": "{{ t }}*" }',
    '"StringNotEquals": { "s3:prefix": "{{ p }}" }',
    '"StringEquals": { "aws:PrincipalTag/t": ["a", "zz"] }',
    '"StringLike": { "aws:PrincipalTag/t": "a*" }',
    '"StringEquals": { "s3:prefix": "${aws:PrincipalTag/t}" }',
    '"StringLike": { "s3:prefix": [{% for i in l %}"{{ i }}"{% if not loop.last %},{% endif %}{% endfor %}] }',
    '"Bool": { "aws:SecureTransport": "true" }',
)
PREFIXES = (None, "a", "ab", "x", "m")
AROUND = (("true", "a"), (None, "m"), ("false", None))
REQUESTS = tuple(
    AccessRequest(
        action=action,
        resource=f"arn:aws:s3:::b/{name}",
        context={
            key: value
            for key, value in (
                ("s3:prefix", prefix),
                ("aws:SecureTransport", secure),
                ("aws:sourcevpc", vpc),
            )
            if value is not None
        },
    )
    for action, name, (prefix, secure, vpc) in product(
        ("s3:GetObject", "s3:PutObject"),
        ("a/1", "x/a", "all/1", "m/1", "aa/x", "a/x1"),
        tuple(
            (prefix, secure, vpc)
            for prefix in PREFIXES
            for secure, vpc in (("true", "a"), (None, "m"), ("false", None))
        ),
    )
)


def template(statement: tuple[str, ...]) -> str:
    effect, gate, action, resource, condition = statement
    text = f'{{"Effect": "{effect}", "Action": "{action}", "Resource": {resource}'
    text += f', "Condition": {{ {condition} }}}}' if condition else "}"
    gated = f"{{% if {gate} %}}{text}{{% endif %}}" if gate else text
    return f'{{"Version": "2012-10-17", "Statement": [{gated}]}}'


def configuration(
    statements: Sequence[tuple[str, ...]],
    *,
    issuers: int = 2,
    header: bool = True,
    managed: str | None = None,
    actors: Mapping[str, Sequence[str]] | None = None,
    groups: Mapping[str, Mapping[str, Any]] | None = None,
    **gateway: Any,
) -> Access:
    """Two roles, of which `r` has all statements and `q` all but the last; groups that bring one, a scope, or both.
    Both pass the managed policy `managed`; `actors` may act for the users of the first issuer, and `groups` have
    something else than these."""
    names = [f"s{number}" for number in range(len(statements))]
    besides: dict[str, Any] = {"managed_policies": [managed]} if managed else {}
    besides |= {"source_identity": "{sub}"} if actors else {}
    own = {"client_ids": ["c"], "token_use": ["id", "access"]}
    acting = {"actors": dict(actors)} if actors else {}
    partner = {
        "roles": ["r"],
        "groups": ["g", "k"],
        "scopes": ["w"],
        "claims": {"t": ["a", "b"]},
    }
    tables: dict[str, Any] = {
        "issuers": [
            {**own, **acting, "user_pool": "eu-west-1_Own", **({"speaks_for": "any"} if issuers > 1 else {})},
            {**own, "user_pool": "eu-west-1_Partner", "speaks_for": partner},
        ][:issuers],
        "claims": {
            "sub": {"type": "uuid"},
            "t": {"type": "slug", "max_length": 3},
            "p": {"type": "enum", "values": ["x", "y"]},
            "l": {"type": "slug", "max_length": 3, "list": True, "max_items": 3},
        },
        "roles": {
            "r": {"arn": ROLE.format("r"), "policies": names, "session_tags": {"T": "t"}, **besides},
            "q": {"arn": ROLE.format("q"), "policies": names[:-1] or names, **besides},
        },
        "groups": {
            "g": {"role": "r", "precedence": 2, "scopes": ["w"], **(groups or {}).get("g", {})},
            "h": {"role": "q", "precedence": 1, "scopes": []},
            "i": {"role": "r", "precedence": 1},
            "k": {"scopes": ["v"]} if issuers == 1 else {"scopes": []},
        },
        "rules": [{"claim": "p", "match": "Equals", "value": "y", "role": "q"}],
        "scopes": {"w": ["GET /w/*"], "v": ["GET /v"]},
        "resolution": {"role_header": "x-role"} if header else {},
        "gateway": {
            "result_ttl": "0s",
            "identity_sources": ["authorization"],
            **gateway,
        },
    }
    return read(
        tables,
        source="",
        place="access.toml",
        templates={name: template(statement) for name, statement in zip(names, statements, strict=True)},
        environment={},
    )


def everybody(
    access: Access, choose: random.Random, count: int
) -> Iterator[tuple[Caller, str | None, Identity]]:
    """Some of all tokens that there can be, those that the authorizer takes."""
    settings = access.settings
    for _ in range(count):
        issuer = choose.choice(list(settings.issuers.values()))
        groups = tuple(name for name in settings.groups if choose.random() < 0.4)
        use = choose.choice(("id", "access"))
        scopes = tuple(name for name in settings.scopes if choose.random() < 0.4) if use == "access" else ()
        claims = {
            "t": choose.choice((None, "a", "b", "ab")),
            "p": choose.choice((None, "x", "y")),
            "l": choose.choice((None, ["m"], ["a", "m"], ["a", "b", "x"])),
        }
        roles = (
            tuple(ROLE.format(name) for name in ("r", "q") if choose.random() < 0.2) if use == "id" else ()
        )
        values: dict[str, object] = {
            "sub": SUB,
            **{key: value for key, value in claims.items() if value is not None},
        }
        acting = tuple(name for name in issuer.actors if choose.random() < 0.4)
        caller = Caller(
            issuer=issuer.issuer,
            token_use=use,
            sub=SUB,
            client_id="c",
            groups=groups,
            roles=roles,
            scopes=scopes,
            actors=acting,
            values=delegated(values, acting),
        )
        requested = choose.choice((None, "r", "q")) if settings.resolution.role_header else None
        identity = identity_of(caller, requested, settings)
        if identity is not None:
            yield caller, requested, identity


def allowed(access: Access, identity: Identity, request: AccessRequest) -> bool:
    """By a way of its own: the policy is rendered and evaluated, with the session's tags."""
    tags = identity.role.session_tags
    if not set(tags.values()) <= identity.claims.keys():
        return False
    try:
        text = access.templates.render(identity.role.policies, identity.claims, scopes=identity.scopes)
    except EngineError:
        return False
    context = {
        **request.context,
        **{f"aws:PrincipalTag/{key}": str(identity.claims[name]) for key, name in tags.items()},
    }
    request = AccessRequest(action=request.action, resource=request.resource, context=context)
    return evaluate(identity=None, session=parse_identity(text), boundary=None, request=request).allowed


def drawn(choose: random.Random) -> Access:
    def one(effect: str, *actions: str) -> tuple[str, ...]:
        return tuple(map(choose.choice, ((effect,), GATES, actions, RESOURCES, CONDITIONS)))

    statements = [one("Allow", "s3:GetObject", "s3:*Object") for _ in range(choose.randint(1, 3))]
    if choose.random() < 0.6:
        statements.append(one("Deny", "s3:GetObject", "s3:*"))
    return configuration(
        statements,
        issuers=choose.choice((1, 2)),
        header=False,
        token_scopes=choose.choice(("ignore", "either", "both")),
        actors=choose.choice((None, {"agent": ["w"], "bot": ["v"]})),
    )
