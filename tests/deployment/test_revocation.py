"""The Deny that ends sessions, beside the sessions that are made: it holds for all of one caller's, and for nobody
else's."""

import json
from dataclasses import replace
from typing import Any

import pytest

from authorizer.deployment.revocation import revoke
from authorizer.engine.document.document import parse_identity
from authorizer.engine.evaluate.evaluate import AccessRequest, evaluate
from authorizer.model import Identity
from authorizer.settings.schema import Settings
from authorizer.vending.request import assume_role_request
from tests.make import SUB, make_identity, make_settings
from tests.vending.factories import make_policy

OTHER = "99999999-9999-4999-8999-999999999999"
ACTORS = ("reports-agent", "an agent whose name STS would not take", "a" * 60)
ISSUER = {
    "user_pool": "env:USER_POOL_ID",
    "client_ids": ["env:APP_CLIENT_ID"],
    "token_use": ["id", "access"],
    "actors": {actor: ["data:read"] for actor in ACTORS},
}


def settings_of(**role: Any) -> Settings:
    """One role, whose sessions are told by what is given; all have a source identity, as whoever has actors needs."""
    told = {"source_identity": "{sub}", **role}
    return make_settings(
        issuers=[ISSUER], roles=dict.fromkeys(("viewer", "editor", "admin", "importer"), told)
    )


def is_denied(settings: Settings, identity: Identity) -> bool:
    """Whether a session that is made for `identity` is one of those whose `sub` is SUB, to what is printed."""
    [deny] = [
        each
        for each in revoke(settings, claim="sub", value=SUB, before=None).denies
        if each.role.name == identity.role.name
    ]
    request = assume_role_request(identity, make_policy())
    context = {
        "aws:userid": (f"AROAEXAMPLE:{request.session_name}",),
        **{f"aws:PrincipalTag/{key}": (value,) for key, value in request.tags},
    }
    if request.source_identity is not None:
        context["aws:SourceIdentity"] = (request.source_identity,)
    asked = AccessRequest(action="s3:GetObject", resource="arn:aws:s3:::bucket/key", context=context)
    document = parse_identity(json.dumps(deny.policy))
    return (
        evaluate(identity=[document], session=None, boundary=None, request=asked).verdict == "explicit deny"
    )


@pytest.mark.parametrize(
    "role",
    [
        pytest.param({}, id="by source identity"),
        pytest.param({"session_tags": {"user": "sub"}}, id="by session tag"),
        pytest.param({"source_identity": "x-{sub}"}, id="by one with text around it"),
        pytest.param({"source_identity": "{tenant}"}, id="by session name"),
    ],
)
@pytest.mark.parametrize("actors", [(), *((actor,) for actor in ACTORS)], ids=lambda each: "".join(each)[:20])
def test_every_session_of_a_caller_is_ended_whoever_acts_for_them_and_nobody_elses(
    role: dict[str, Any], actors: tuple[str, ...]
) -> None:
    settings = settings_of(**role)
    for sub, ended in ((SUB, True), (OTHER, False)):
        claims = {"sub": sub, "tenant": "acme"}
        identity = replace(
            make_identity(claims=claims, principal=sub, actors=actors), role=settings.roles["viewer"]
        )
        assert is_denied(settings, identity) is ended
