"""The guide's issuers, end to end: one sub, signed by each of them, all the way to STS and back."""

import re
import shutil
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from authorizer.local.issuer import LocalIssuer, keys_on_disk
from tests.guide.tables import between
from tests.make import ROOT, SUB
from tests.world import World, running, sample_event

CLIENTS = {
    "eu-west-1_EXAMPLE01": "1example23456789app",
    "eu-west-1_Partner01": "partners-app",
    "eu-west-1_Globex01": "globex-app",
    "eu-west-1_Initech1": "initech-app",
}
OWN, PARTNER, GLOBEX, INITECH = CLIENTS
TRACED = 'source_identity = "{sub}"\nsession_tags'


def readme_access(folder: Path, *, actors: str = "") -> Path:
    """The bundled configuration in `folder`, with the guide's issuers in place of its own."""
    shutil.copytree(ROOT / "policies", folder / "policies")
    shutil.copytree(ROOT / "events", folder / "events")
    access = folder / "policies" / "access.toml"
    block = between((ROOT / "docs" / "issuers.md").read_text(), "issuers")
    issuers = block.removeprefix("```toml").removesuffix("```").replace('"any"\n', f'"any"\n{actors}', 1)
    text = re.sub(
        r"^\[\[issuers\]\].*?(?=^# ──)",
        lambda _: issuers + "\n",
        access.read_text(),
        flags=re.DOTALL | re.MULTILINE,
    )
    access.write_text(text.replace("session_tags", TRACED) if actors else text)
    return access


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


@pytest.fixture
def world(tmp_path: Path, keys: Path) -> Iterator[World]:
    with running(
        keys, access=readme_access(tmp_path, actors='actors = { "reports-agent" = ["data:read"] }\n')
    ) as world:
        yield world


def ask(world: World, keys: Path, pool: str, *, use: str = "id", **claims: Any) -> Mapping[str, Any]:
    """The response to a request with this pool's token, and the record's line; every pool signs for one `sub`."""
    iss = f"https://cognito-idp.eu-west-1.amazonaws.com/{pool}"
    issuer = LocalIssuer(iss, client_id=CLIENTS[pool], machine_client_id="-", keys=keys_on_disk(keys))
    groups = claims.pop("groups", ["viewers"])
    person = world.local.personas.people["viewer"]
    person = replace(
        person, sub=SUB, groups=groups, roles=(), preferred_role=None, claims=claims, access_claims=claims
    )
    token = issuer.mint(person, use, role_arns={}, now=time.time())
    event = sample_event("rest-request-allow")
    event["headers"]["Authorization"] = f"Bearer {token}"
    event["multiValueHeaders"]["Authorization"] = [f"Bearer {token}"]
    event["methodArn"] = event["methodArn"].replace("PUT/files/report.txt", "GET/data")
    decision, _ = world.decide(event)
    assert decision.response is not None
    return {**decision.response, "code": decision.code, **world.last}


def policies_asked(world: World) -> list[str]:
    return [form["Policy"] for form in world.sts.requests]


def test_each_issuer_s_users_have_sessions_of_their_own(world: World, keys: Path) -> None:
    said = {"custom:tenant_id": "acme"}
    answers = [ask(world, keys, pool, **said) for pool in (OWN, PARTNER, OWN, PARTNER)]
    assert [answer["code"] for answer in answers] == ["allowed"] * 4
    assert len(world.sts.requests) == 2
    sessions = [answer["context"]["accessKeyId"] for answer in answers]
    assert sessions[0] == sessions[2] != sessions[1] == sessions[3]
    assert [answer["context"]["issuer"].rpartition("/")[2] for answer in answers] == [OWN, PARTNER] * 2
    assert {answer["context"]["sub"] for answer in answers} == {SUB}


def test_a_tenant_s_pool_brings_the_tenant(world: World, keys: Path) -> None:
    for pool, tenant in ((GLOBEX, "globex"), (INITECH, "initech")):
        answer = ask(world, keys, pool, use="access")
        assert (answer["code"], answer["context"]["tenant"]) == ("allowed", tenant)
    first, second = policies_asked(world)
    assert ("globex" in first, "globex" in second) == (True, False)
    tags = [form["Tags.member.1.Value"] for form in world.sts.requests]
    assert tags == ["globex", "initech"]


@pytest.mark.parametrize(
    ("pool", "use", "claims"),
    [
        pytest.param(PARTNER, "id", {"custom:tenant_id": "globex"}, id="a partner in another tenant"),
        pytest.param(
            GLOBEX, "access", {"custom:tenant_id": "initech"}, id="a tenant's pool that names another"
        ),
        pytest.param(
            PARTNER, "id", {"custom:tenant_id": "acme", "groups": ["admins"]}, id="a partner's administrator"
        ),
        pytest.param(GLOBEX, "access", {"groups": ["viewers", "admins"]}, id="a tenant's administrator"),
    ],
)
def test_what_an_issuer_may_not_say_never_reaches_sts(
    world: World, keys: Path, pool: str, use: str, claims: dict[str, Any]
) -> None:
    answer = ask(world, keys, pool, use=use, **claims)
    assert answer["code"] == "issuer_not_entitled"
    assert [statement["Effect"] for statement in answer["policyDocument"]["Statement"]] == ["Deny"]
    assert answer["context"] == {"code": "issuer_not_entitled"}
    assert world.sts.requests == []


def test_whoever_acts_for_a_user_is_seen_and_has_no_more_than_both(world: World, keys: Path) -> None:
    said: dict[str, Any] = {"custom:tenant_id": "acme", "groups": ["editors"]}
    own = ask(world, keys, OWN, **said)
    acted = ask(world, keys, OWN, **said, act={"sub": "reports-agent"})
    assert own["code"] == acted["code"] == "allowed"
    assert set(acted["context"]["scopes"].split()) == {"data:read"} < set(own["context"]["scopes"].split())
    assert (acted["actors"], "actors" in own) == (["reports-agent"], False)
    assert [form["SourceIdentity"] for form in world.sts.requests] == [SUB, f"{SUB}++reports-agent"]


@pytest.mark.parametrize(
    ("pool", "act"),
    [
        pytest.param(OWN, {"sub": "stranger"}, id="somebody who is not listed"),
        pytest.param(OWN, {"sub": "reports-agent", "act": {"sub": "stranger"}}, id="behind one who is"),
        pytest.param(PARTNER, {"sub": "reports-agent"}, id="listed by another issuer"),
    ],
)
def test_nobody_else_acts(world: World, keys: Path, pool: str, act: object) -> None:
    with pytest.raises(AssertionError):  # 401 is an exception in Lambda, and no response
        ask(world, keys, pool, **{"custom:tenant_id": "acme"}, act=act)
    assert world.last["code"] == "delegation_refused"
    assert world.sts.requests == []
