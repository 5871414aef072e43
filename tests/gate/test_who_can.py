"""Who may make a request: those who are told, each confirmed, and nobody else."""

import os
import random
from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import pytest

from authorizer.engine import EngineError, InScopes, parse_identity
from authorizer.engine.evaluate import AccessRequest, evaluate, judge
from authorizer.engine.language import is_placeholder
from authorizer.engine.template import Contains, Equals, IsDefined
from authorizer.gate import Kind, WhoCan, who_can
from authorizer.gate.callers import Caller, identity_of
from authorizer.model import Identity
from authorizer.settings.load import read
from authorizer.settings.schema import Access
from tests.make import SUB

EXAMPLES = int(os.environ.get("ENGINE_EXAMPLES", "16"))
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
    statements: Sequence[tuple[str, ...]], *, issuers: int = 2, header: bool = True, **gateway: Any
) -> Access:
    """Two roles, of which `r` has all statements and `q` all but the last; groups that bring one, a scope, or both."""
    names = [f"s{number}" for number in range(len(statements))]
    own = {"client_ids": ["c"], "token_use": ["id", "access"]}
    partner = {
        "roles": ["r"],
        "groups": ["g", "k"],
        "scopes": ["w"],
        "claims": {"t": ["a", "b"]},
    }
    tables: dict[str, Any] = {
        "issuers": [
            {**own, "user_pool": "eu-west-1_Own", **({"speaks_for": "any"} if issuers > 1 else {})},
            {**own, "user_pool": "eu-west-1_Partner", "speaks_for": partner},
        ][:issuers],
        "claims": {
            "sub": {"type": "uuid"},
            "t": {"type": "slug", "max_length": 3},
            "p": {"type": "enum", "values": ["x", "y"]},
            "l": {"type": "slug", "max_length": 3, "list": True, "max_items": 3},
        },
        "roles": {
            "r": {"arn": ROLE.format("r"), "policies": names, "session_tags": {"T": "t"}},
            "q": {"arn": ROLE.format("q"), "policies": names[:-1] or names},
        },
        "groups": {
            "g": {"role": "r", "precedence": 2, "scopes": ["w"]},
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
        caller = Caller(
            issuer=issuer.issuer,
            token_use=use,
            sub=SUB,
            client_id="c",
            groups=groups,
            roles=roles,
            scopes=scopes,
            values=values,
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


def told(access: Access, kind: Kind, identity: Identity, request: AccessRequest) -> bool:
    """Whether a kind of users, read word by word, is one that this user is of."""
    claims, origin = identity.claims, access.templates.origin
    tags = {
        f"aws:principaltag/{key.lower()}": str(claims.get(name))
        for key, name in identity.role.session_tags.items()
    }
    context = {key.lower(): str(value) for key, value in request.context.items()} | tags

    def has(char: str, text: str) -> bool:
        value = claims.get(origin(char)[0])
        return text in value if isinstance(value, tuple) else value == text

    def holds(condition: Any) -> bool | None:
        texts = []
        for text in condition.values:
            held = {origin(char)[0] for char in text if is_placeholder(char)}
            if not held <= claims.keys():
                return False
            lists = [name for name in held if isinstance(claims[name], tuple)]
            items = claims[lists[0]] if lists else ("",)
            texts += ["".join(filled(char, item) for char in text) for item in items]
        given = context.get(condition.key.lower())
        return judge(
            condition.operator, texts, () if given is None else (given,), lambda key: context.get(key)
        )

    def filled(char: str, item: str) -> str:
        if not is_placeholder(char):
            return char
        value = claims[origin(char)[0]]
        return item if isinstance(value, tuple) else value

    def goes(atom: Any, chosen: bool | int) -> bool:
        if isinstance(atom, InScopes):
            return (atom.scope in identity.scopes) is chosen
        value = claims.get(atom.claim)
        if isinstance(atom, IsDefined):
            return (value is not None) is chosen
        if isinstance(atom, Equals):
            return value is not None and (value == atom.value) is chosen
        assert isinstance(atom, Contains)
        return value is not None and (atom.value in value) is chosen

    return (
        kind.role == identity.role.name
        and all(goes(atom, chosen) for atom, chosen in kind.way)
        and all(has(char, text) for char, text in kind.asker.values)
        and all(holds(condition) is True for condition in kind.asker.conditions)
        and not any(
            all(has(char, text) for char, text in each.values)
            and all(holds(condition) is not False for condition in each.conditions)
            for each in kind.asker.but
        )
    )


def whole(answers: Sequence[WhoCan]) -> list[Kind]:
    return [kind for answer in answers for kind in answer.kinds]


def comes_by(access: Access, kind: Kind, caller: Caller) -> bool:
    """Whether the caller's issuer, groups, rule, scopes or roles are among those that the answer tells."""
    settings = access.settings
    name = settings.issuers[caller.issuer].name
    return name in kind.issuers and any(
        set(through.groups) <= set(caller.groups)
        and set(through.token_scopes) <= set(caller.scopes)
        and (
            not through.token_roles
            or {ROLE.format(role) for role in through.token_roles} <= set(caller.roles)
        )
        and (through.rule is None or caller.values.get("p") == "y")
        for through in kind.through
    )


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
    )


@pytest.mark.parametrize("seed", range(EXAMPLES))
def test_exactly_those_who_are_told_may(seed: int) -> None:
    choose = random.Random(seed)
    access = drawn(choose)
    people = list(everybody(access, choose, 80))
    for request in choose.sample(REQUESTS, 6):
        bare = AccessRequest(action=request.action, resource=request.resource)
        answers = [who_can(access, role, bare) for role in access.settings.roles.values()]
        undecided = {answer.role for answer in answers if answer.undecided}
        for caller, _, identity in people:
            kinds = [kind for kind in whole(answers) if told(access, kind, identity, request)]
            assert not kinds or allowed(access, identity, request)
            assert kinds or identity.role.name in undecided or not allowed(access, identity, request)
            assert not kinds or undecided or any(comes_by(access, kind, caller) for kind in kinds)
        for kind in whole(answers):
            shown = kind.example
            again = identity_of(shown.caller, shown.requested_role, access.settings)
            assert isinstance(shown.request, AccessRequest)
            assert again is not None
            assert allowed(access, again, shown.request)
