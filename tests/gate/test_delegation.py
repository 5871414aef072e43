"""Whoever acts for a user never gets more than the user: proven, or shown by a request."""

import json
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from authorizer.engine import EngineError, parse_session
from authorizer.engine.evaluate import AccessRequest, evaluate
from authorizer.engine.prove import Proof
from authorizer.gate import prove_delegation, prove_settings
from authorizer.settings.load import read
from authorizer.settings.schema import Access
from tests.make import make_access

ROLE = "arn:aws:iam::123456789012:role/r"
SUB = "11111111-1111-4111-8111-111111111111"


def statement(action: str, resource: str = "arn:aws:s3:::b/{{ sub }}/*", effect: str = "Allow") -> str:
    return json.dumps({"Effect": effect, "Action": action, "Resource": resource})


def policy(*parts: str) -> str:
    return '{"Version": "2012-10-17", "Statement": [' + "".join(parts) + "]}"


ALWAYS = statement("s3:GetObject")
WRITE = '{% if "write" in scopes %},' + statement("s3:PutObject") + "{% endif %}"
ONLY_WITHOUT = '{% if not "write" in scopes %},' + statement("s3:DeleteObject") + "{% endif %}"
WIDER_ELSE = (
    '{% if "write" in scopes %},'
    + statement("s3:PutObject")
    + "{% else %},"
    + statement("s3:PutObject", "arn:aws:s3:::b/*")
    + "{% endif %}"
)
NARROWER_ELSE = (
    '{% if "write" in scopes %},'
    + statement("s3:PutObject", "arn:aws:s3:::b/{{ sub }}/*")
    + "{% else %},"
    + statement("s3:PutObject", "arn:aws:s3:::b/{{ sub }}/drafts/*")
    + "{% endif %}"
)
DENY_WITH = (
    '{% if "write" in scopes %},'
    + statement("s3:GetObject", "arn:aws:s3:::b/{{ sub }}/old/*", "Deny")
    + "{% endif %}"
)
DENY_WITHOUT = (
    '{% if not "write" in scopes %},'
    + statement("s3:GetObject", "arn:aws:s3:::b/{{ sub }}/old/*", "Deny")
    + "{% endif %}"
)


def configuration(template: str, *, actors: bool = True) -> Access:
    tables: dict[str, Any] = {
        "issuers": [
            {
                "user_pool": "eu-west-1_own",
                "client_ids": ["a"],
                "token_use": ["id"],
                "actors": {"agent": ["read"]} if actors else {},
            }
        ],
        "claims": {"sub": {"type": "uuid"}, "teams": {"type": "slug", "list": True, "max_items": 2}},
        "policies": {"data": {"isolates": "sub"}},
        "roles": {"user": {"arn": ROLE, "policies": ["data"], "source_identity": "{sub}"}},
        "scopes": {"read": ["GET /x"], "write": ["PUT /x"]},
        "gateway": {"result_ttl": "0s"},
    }
    return read(tables, source="", place="access.toml", templates={"data": template}, environment={})


def proof_of(template: str) -> Proof:
    access = configuration(template)
    [proof] = prove_delegation(access)
    assert proof.subject == "acting as user"
    return proof


@pytest.mark.parametrize(
    "template",
    [
        pytest.param(policy(ALWAYS), id="that looks at no scope"),
        pytest.param(policy(ALWAYS, WRITE), id="that gives more for a scope"),
        pytest.param(policy(ALWAYS, NARROWER_ELSE), id="that gives less without it"),
        pytest.param(policy(ALWAYS, DENY_WITHOUT), id="that denies without it"),
    ],
)
def test_a_policy_gives_nobody_more_for_fewer_scopes(template: str) -> None:
    assert proof_of(template).verdict == "PROVEN"


@pytest.mark.parametrize(
    ("template", "action"),
    [
        pytest.param(policy(ALWAYS, ONLY_WITHOUT), "s3:DeleteObject", id="that allows for want of a scope"),
        pytest.param(policy(ALWAYS, WIDER_ELSE), "s3:PutObject", id="that allows more without it"),
        pytest.param(policy(ALWAYS, DENY_WITH), "s3:GetObject", id="that denies with it"),
    ],
)
def test_a_policy_that_gives_more_for_fewer_scopes_is_a_leak(template: str, action: str) -> None:
    access = configuration(template)
    proof = proof_of(template)
    assert proof.verdict == "LEAK"
    [finding] = proof.findings
    assert finding.witness is not None
    delegated, own = finding.witness.one, finding.witness.other
    assert (delegated.allowed, own.allowed) == (True, False)
    assert delegated.scopes < own.scopes
    for party in (delegated, own):
        text = access.templates.render(party.templates, party.claims, scopes=party.scopes)
        outcome = evaluate(identity=None, session=parse_session(text), boundary=None, request=party.request)
        assert outcome.allowed is party.allowed
    assert action in finding.reason


def test_lists_are_the_user_s_own_whoever_acts() -> None:
    each = (
        "{% for team in teams %}," + statement("s3:GetObject", "arn:aws:s3:::b/{{ team }}/*") + "{% endfor %}"
    )
    only_without = each.replace("{% for", '{% if not "write" in scopes %}{% for') + "{% endif %}"
    assert proof_of(policy(ALWAYS, each)).verdict == "PROVEN"
    assert proof_of(policy(ALWAYS, only_without)).verdict == "LEAK"


def test_where_nobody_may_act_nothing_is_asked() -> None:
    access = configuration(policy(ALWAYS, ONLY_WITHOUT), actors=False)
    assert not [proof for proof in prove_settings(access) if proof.subject.startswith("acting")]


def test_only_what_is_named_is_proven() -> None:
    access = configuration(policy(ALWAYS))
    assert [proof.subject for proof in prove_settings(access, ["user"])] == ["role user", "acting as user"]
    assert [proof.subject for proof in prove_settings(access, ["data"])] == ["policy data"]


def test_the_bundled_roles_give_whoever_acts_no_more_than_the_user() -> None:
    access = make_access(
        issuers=[
            {"user_pool": "eu-west-1_own", "client_ids": ["a"], "token_use": ["id"], "actors": {"agent": []}}
        ],
        roles={name: {"source_identity": "{sub}"} for name in ("viewer", "editor", "admin", "importer")},
    )
    proofs = list(prove_delegation(access))
    assert {proof.subject: proof.verdict for proof in proofs} == {
        f"acting as {role}": "PROVEN" for role in ("viewer", "editor", "admin", "importer")
    }


PIECES = (ALWAYS, WRITE, ONLY_WITHOUT, WIDER_ELSE, NARROWER_ELSE, DENY_WITH, DENY_WITHOUT)
REQUESTS = tuple(
    AccessRequest(action=action, resource=f"arn:aws:s3:::b/{path}", context={})
    for action in ("s3:GetObject", "s3:PutObject", "s3:DeleteObject")
    for path in (f"{SUB}/x", f"{SUB}/old/x", f"{SUB}/drafts/x", "other/x")
)


@cache
def _allowed(template: str, scopes: frozenset[str]) -> frozenset[int]:
    access = configuration(template)
    try:
        session = parse_session(access.templates.render(["data"], {"sub": SUB}, scopes=scopes))
    except EngineError:
        return frozenset()
    return frozenset(
        at
        for at, request in enumerate(REQUESTS)
        if evaluate(identity=None, session=session, boundary=None, request=request).allowed
    )


@examples(max_examples=60)
@given(pieces=st.lists(st.sampled_from(PIECES[1:]), unique=True, max_size=3))
def test_what_is_proven_holds_for_every_request_that_was_tried(pieces: list[str]) -> None:
    template = policy(ALWAYS, *pieces)
    exceeds = not _allowed(template, frozenset()) <= _allowed(template, frozenset(("write",)))
    verdict = proof_of(template).verdict
    assert verdict in ("PROVEN", "LEAK")
    assert (verdict == "LEAK") is exceeds
