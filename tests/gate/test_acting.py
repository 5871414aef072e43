"""Somebody who acts for a user: what is read of their token is what the authorizer reads, and nobody else acts."""

import pytest

from authorizer.engine.evaluate import AccessRequest
from authorizer.errors import TokenClaimMalformed
from authorizer.gate import WhoCan, who_can
from authorizer.gate.acting import actors_of, delegated
from authorizer.settings.schema import Access
from authorizer.tokens.claims_set import _actors
from tests.make import make_access, sample_templates

NAMED = '{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/{{ agent }}/*"}'


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param({}, id="nobody"),
        pytest.param({"act": {"sub": "a"}}, id="one"),
        pytest.param({"act": {"sub": "a", "act": {"sub": "b"}}}, id="two in a row"),
        pytest.param({"act": "a"}, id="no object"),
        pytest.param({"act": {}}, id="nobody named"),
        pytest.param({"act": {"sub": 5}}, id="a number"),
        pytest.param({"act": {"sub": "a", "act": []}}, id="no object inside"),
    ],
)
def test_who_acts_is_read_as_the_authorizer_reads_it(payload: dict[str, object]) -> None:
    try:
        expected = _actors(payload)
    except TokenClaimMalformed:
        expected = None
    assert actors_of(payload) == expected


def test_actors_are_laid_into_a_token_outermost_first_and_over_nobody() -> None:
    assert delegated({}, ("a", "b")) == {"act": {"sub": "a", "act": {"sub": "b"}}}
    assert delegated({"act": {"sub": "x", "client_id": "c"}}, ("a",)) == {
        "act": {"sub": "x", "client_id": "c"}
    }


def acted_by(claim: str, statement: str = NAMED) -> Access:
    return make_access(
        issuers=[
            {
                "user_pool": "env:USER_POOL_ID",
                "client_ids": ["env:APP_CLIENT_ID", "env:MACHINE_CLIENT_ID"],
                "token_use": ["id", "access"],
                "actors": {"helper": []},
            }
        ],
        claims={"agent": {"claim": claim, "type": "slug"}},
        policies={"tenant-data": {"isolates": None}},
        roles={name: {"source_identity": "{sub}"} for name in ("viewer", "editor", "admin", "importer")},
        templates={
            **sample_templates(),
            "tenant-data": f'{{"Version": "2012-10-17", "Statement": [{statement}]}}',
        },
    )


def asked(access: Access, name: str) -> WhoCan:
    request = AccessRequest(action="s3:GetObject", resource=f"arn:aws:s3:::b/{name}/x")
    return who_can(access, access.settings.roles["viewer"], request)


def test_only_who_is_listed_is_told_by_the_claim_that_names_who_acts() -> None:
    access = acted_by("act.sub")
    kinds = asked(access, "helper").kinds
    assert kinds
    assert {kind.example.caller.actors for kind in kinds} == {("helper",)}
    assert not asked(access, "stranger").kinds


def test_whoever_acts_shows_what_anybody_who_acts_may() -> None:
    anybody = f"{{% if agent is defined %}}{NAMED.replace('{{ agent }}', 'all')}{{% endif %}}"
    kinds = asked(acted_by("act.sub", anybody), "all").kinds
    assert {kind.example.caller.actors for kind in kinds} == {("helper",)}


def test_another_claim_of_who_acts_takes_somebody_who_does() -> None:
    kinds = asked(acted_by("act.client_id"), "app").kinds
    assert {through.actors for kind in kinds for through in kind.through} == {("helper",)}
