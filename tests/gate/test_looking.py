"""Looking for somebody of each kind: who is shown is of the kind, and whom nobody can be is not doubted."""

from dataclasses import replace

import pytest

from authorizer.engine.evaluate import AccessRequest
from authorizer.engine.prove import Asker
from authorizer.engine.template import Equals
from authorizer.gate import WhoCan, issuer_of, who_can, who_reaches
from authorizer.gate.looking import Looking, is_of, may
from authorizer.settings.schema import Access, Route
from tests.gate.small import configuration
from tests.make import make_access, sample_templates

EVERYTHING = '"arn:aws:s3:::b/*"'
LONG = ",".join(f'"arn:aws:s3:::b/{"{{ t }}" * 20}/{number}"' for number in range(10, 42))
"""Resources of a policy that STS takes of whoever has a short `t`, and of nobody else."""


def asked(access: Access, role: str, resource: str) -> WhoCan:
    request = AccessRequest(action="s3:GetObject", resource=resource)
    return who_can(access, access.settings.roles[role], request)


def test_nobody_is_of_a_kind_that_no_session_of_the_role_can_be() -> None:
    access = configuration([("Allow", "not (t is defined)", "s3:GetObject", EVERYTHING, "")])
    with_tag, without = (asked(access, role, "arn:aws:s3:::b/x") for role in ("r", "q"))
    assert (with_tag.kinds, with_tag.undecided) == ((), ())
    assert without.kinds
    assert not without.undecided


def test_who_is_shown_is_of_the_kind_even_where_others_may_as_well() -> None:
    reading = '{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/%s/*"}'
    chosen = (
        f"{{% if client is defined %}}{reading % '{{ tenant }}'}{{% else %}}{reading % 'acme'}{{% endif %}}"
    )
    access = make_access(
        issuers=[
            {
                "user_pool": "env:USER_POOL_ID",
                "client_ids": ["env:APP_CLIENT_ID", "env:MACHINE_CLIENT_ID"],
                "token_use": ["id", "access"],
                "fixed_claims": {"tenant": "acme"},
            }
        ],
        policies={"tenant-data": {"isolates": None}},
        templates={
            **sample_templates(),
            "tenant-data": f'{{"Version": "2012-10-17", "Statement": [{chosen}]}}',
        },
    )
    answer = asked(access, "viewer", "arn:aws:s3:::b/acme/x")
    assert {kind.example.caller.token_use for kind in answer.kinds} == {"id", "access"}
    for kind in answer.kinds:
        assert is_of(kind.example.identity, kind.asker, kind.way, access.templates)


def test_who_has_no_policy_may_nothing() -> None:
    access = configuration([("Allow", "", "s3:GetObject", '"arn:aws:s3:::b/{{ t }}/*"', "")])
    kind = asked(access, "r", "arn:aws:s3:::b/a/x").kinds[0]
    assert isinstance(kind.example.request, AccessRequest)
    identity = kind.example.identity
    assert may(access.templates, identity, kind.example.request)
    assert not may(access.templates, replace(identity, claims={}), kind.example.request)


@pytest.mark.parametrize(
    ("refused", "doubts"),
    [
        pytest.param(("a", "b"), 0, id="none of the issuer's values is left"),
        pytest.param(("a",), 1, id="one of the issuer's values is left"),
    ],
)
def test_a_claim_that_an_issuer_cannot_say_otherwise_leaves_no_doubt(
    refused: tuple[str, ...], doubts: int
) -> None:
    access = configuration([("Allow", "", "s3:GetObject", '"arn:aws:s3:::b/{{ t }}/*"', "")])
    partner = issuer_of("eu-west-1_Partner", access.settings)
    looking = Looking(access, access.settings.roles["r"], lambda _, __: None, issuers=[partner])
    way = frozenset((Equals("t", text), False) for text in refused)
    asker = Asker(ways=(way,), values=frozenset(), conditions=(), but=(), places=(), found=())
    looking.at(asker, way)
    assert (looking.kinds, len(looking.undecided)) == ([], doubts)


def test_whose_policy_is_too_long_reaches_no_route_and_is_noted() -> None:
    access = configuration([("Allow", "", "s3:GetObject", f"[{LONG}]", "")], token_scopes="either")
    role = access.settings.roles["r"]
    answer = who_reaches(access, role, Route(method="GET", path="/v"))
    longest = access.templates.worst_case_length(role.policies)
    assert answer.notes == (
        f"role r: whoever's policy is longer than 2048 characters (up to {longest}) has no session",
    )
    for kind in answer.kinds:
        identity = kind.example.identity
        assert access.templates.render(role.policies, identity.claims, scopes=identity.scopes)


def test_an_issuer_all_of_whose_users_have_too_long_a_policy_shows_nobody() -> None:
    long = ",".join(f'"arn:aws:s3:::b/{"{{ tenant }}" * 20}/{number}"' for number in range(10, 42))
    statement = f'{{"Effect": "Allow", "Action": "s3:GetObject", "Resource": [{long}]}}'
    access = make_access(
        issuers=[
            {
                "user_pool": "env:USER_POOL_ID",
                "client_ids": ["env:APP_CLIENT_ID", "env:MACHINE_CLIENT_ID"],
                "token_use": ["id", "access"],
                "fixed_claims": {"tenant": "acme"},
            }
        ],
        templates={
            **sample_templates(),
            "tenant-data": f'{{"Version": "2012-10-17", "Statement": [{statement}]}}',
        },
    )
    answer = who_reaches(access, access.settings.roles["viewer"], Route(method="GET", path="/data/x"))
    assert answer.kinds == ()
    assert "nobody was found to show it" in answer.undecided[0]


def test_a_route_is_not_told_where_there_are_too_many_ways(monkeypatch: pytest.MonkeyPatch) -> None:
    access = configuration([("Allow", "", "s3:GetObject", EVERYTHING, "")])
    monkeypatch.setattr("authorizer.engine.prove.askers.MAX_WAYS", 0)
    answer = who_reaches(access, access.settings.roles["r"], Route(method="GET", path="/w/x"))
    assert answer.kinds == ()
    assert [text.partition(":")[0] for text in answer.undecided] == ["role r"]


def test_an_issuer_whose_users_others_act_for_is_noted_once() -> None:
    access = make_access(
        issuers=[
            {
                "user_pool": "env:USER_POOL_ID",
                "client_ids": ["env:APP_CLIENT_ID", "env:MACHINE_CLIENT_ID"],
                "token_use": ["id", "access"],
                "actors": {"agent": ["data:read"]},
            }
        ],
        roles={name: {"source_identity": "{sub}"} for name in ("viewer", "editor", "admin", "importer")},
    )
    answer = who_reaches(access, access.settings.roles["viewer"], Route(method="GET", path="/data/x"))
    assert [note for note in answer.notes if note.startswith("issuer ")] == [
        "issuer eu-west-1_EXAMPLE01: whoever acts for a user has the scopes that both have, and may lack some of these"
    ]
