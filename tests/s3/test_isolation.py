"""Token → authorizer → STS → credentials in the context → backend kit → S3, where the server is the judge."""

import asyncio
from collections.abc import Iterator

import pytest

from authorizer.engine.language.claims import ClaimType
from tests.make import sample_templates
from tests.s3.conftest import TALLIES
from tests.s3.matrix import Check, Tally, checks, population, run
from tests.s3.operations import OPERATIONS
from tests.s3.population import SUBJECTS, USERS, Caller, Subject, Target
from tests.s3.stage import Site, Stage, staged

pytestmark = pytest.mark.s3

HOME, TENANT, *_ = SUBJECTS
MALLORY = "70000000-0000-4000-8000-000000000007"

HOSTILE = [
    pytest.param("*", id="a star"),
    pytest.param("t?0", id="a question mark"),
    pytest.param("t1*", id="a star after a name"),
    pytest.param("${aws:username}", id="a policy variable"),
    pytest.param("${*}", id="an escape of IAM's"),
    pytest.param('x","arn:aws:s3:::isolation/*', id="a quote"),
    pytest.param('x\\","arn:aws:s3:::isolation/*', id="a backslash before a quote"),
    pytest.param("x/../t10", id="a path upwards"),
    pytest.param("..", id="two dots"),
    pytest.param(".", id="one dot"),
    pytest.param("t10/", id="a slash at the end"),
    pytest.param("/", id="a slash"),
    pytest.param("", id="empty"),
    pytest.param(" ", id="a space"),
    pytest.param("t10 ", id="a space at the end"),
    pytest.param("t10\n", id="a line feed"),
    pytest.param("t10\x00", id="a null character"),
    pytest.param("т10", id="a Cyrillic t"),
    pytest.param("ｔ10", id="a full-width t"),
    pytest.param("t10\u200b", id="a zero-width space"),
    pytest.param("＊", id="a full-width star"),
    pytest.param("t" * 33, id="too long"),
    pytest.param("%2A", id="a percent-encoded star"),
]


def mallory(tenant: str = "t1", sub: str = MALLORY) -> Caller:
    return Caller(name="mallory", sub=sub, tenant=tenant)


@pytest.fixture
def trusting(site: Site) -> Iterator[Stage]:
    """An authorizer that puts no claim into a session tag, which STS would check once more."""
    tagless: dict[str, object] = {
        role: {"session_tags": None} for role in ("viewer", "editor", "admin", "writer")
    }
    with staged(site, roles=tagless) as stage:
        yield stage


@pytest.fixture
def without_types(trusting: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once it is loaded: no settings load that tie a route to a claim of any text."""
    monkeypatch.setattr(ClaimType, "check", lambda _, value: value)


@pytest.fixture
def without_escaping(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("authorizer.engine.template.prepared.literal", lambda text: text)


def test_the_sample_of_the_matrix_holds_no_surprise(stage: Stage, pytestconfig: pytest.Config) -> None:
    work = [
        (stage.grant(caller, subject), tuple(checks(caller, subject))) for caller, subject in population(10)
    ]
    tally = asyncio.run(run(stage, work))
    pytestconfig.stash.setdefault(TALLIES, []).append(tally)
    assert tally.unexpected == []
    assert tally.total > 3000
    for operation in OPERATIONS:
        outcomes = {outcome for name, _, outcome in tally.counts if name == operation.name}
        never = operation.deviation or operation.name in ("list without /", "list everything")
        assert outcomes == ({"refused"} if never else {"allowed", "refused"})


@pytest.mark.parametrize("tenant", HOSTILE)
def test_a_hostile_tenant_gets_no_credentials(stage: Stage, tenant: str) -> None:
    asked = stage.site.door.requests
    decision, _ = stage.decide(mallory(tenant), TENANT)
    assert (decision.verdict, decision.code) == ("deny", "claim_refused")
    assert stage.site.door.requests == asked


@pytest.mark.parametrize("sub", [pytest.param("*", id="a star"), pytest.param(f"{MALLORY}/..", id="a path")])
def test_a_hostile_sub_gets_no_credentials(stage: Stage, sub: str) -> None:
    asked = stage.site.door.requests
    decision, _ = stage.decide(mallory(sub=sub), HOME)
    assert (decision.verdict, decision.code) == ("deny", "claim_refused")
    assert stage.site.door.requests == asked


def test_tenants_whose_names_differ_in_case_alone_stay_apart(stage: Stage) -> None:
    assert at_the_victims(stage, mallory("T10"), TENANT).unexpected == []


# ── The tests bite: without the two layers the server does hand out other people's objects ────────────────────────────

WILD = [
    pytest.param("*", id="a star"),
    pytest.param("t?0", id="a question mark"),
    pytest.param("t1*", id="a star after a name"),
]


@pytest.mark.usefixtures("without_types", "without_escaping")
@pytest.mark.parametrize("tenant", WILD)
def test_without_types_and_escaping_the_server_hands_out_another_tenants_objects(
    trusting: Stage, tenant: str
) -> None:
    surprises = at_the_victims(trusting, mallory(tenant), TENANT).unexpected
    for operation in ("get", "put", "list", "delete", "multipart upload", "presigned get"):
        [surprise] = [line for line in surprises if f": {operation} at " in line]
        assert surprise.endswith("promises refused, the evaluator says allowed, the server allowed")


@pytest.mark.usefixtures("without_types", "without_escaping")
def test_without_types_and_escaping_the_server_hands_out_another_users_home(trusting: Stage) -> None:
    surprises = at_the_victims(trusting, mallory(sub="*"), HOME).unexpected
    assert len(surprises) >= 10


def test_a_template_without_its_closing_slash_opens_tenants_whose_names_begin_alike(site: Site) -> None:
    careless = sample_templates()["s3-tenant"].replace("{{ tenant }}/*", "{{ tenant }}*")
    with staged(site, templates={**sample_templates(), "s3-tenant": careless}) as stage:
        caller = USERS[0]
        work = [(stage.grant(caller, TENANT), tuple(checks(caller, TENANT)))]
        surprises = asyncio.run(run(stage, work)).unexpected
    assert caller.tenant == "t1"
    assert any(": get at 'tenants/t10/' (overlapping name)" in line for line in surprises)
    assert any(": put at 'tenants/t1-0/' (overlapping name)" in line for line in surprises)
    assert not any("(other tenant)" in line for line in surprises)


@pytest.mark.usefixtures("without_types")
@pytest.mark.parametrize("tenant", WILD)
def test_escaping_alone_keeps_wildcards_out(trusting: Stage, tenant: str) -> None:
    assert at_the_victims(trusting, mallory(tenant), TENANT).unexpected == []


@pytest.mark.usefixtures("without_escaping")
@pytest.mark.parametrize("tenant", WILD)
def test_types_alone_keep_wildcards_out(trusting: Stage, tenant: str) -> None:
    decision, _ = trusting.decide(mallory(tenant), TENANT)
    assert (decision.verdict, decision.code) == ("deny", "claim_refused")


def at_the_victims(stage: Stage, caller: Caller, subject: Subject) -> Tally:
    """Every operation at somebody else's place, with the credentials that `caller` is granted; but for copying there,
    which needs an object of one's own."""
    prefix = USERS[-1].prefix(subject) if subject is HOME else "tenants/t10/"
    target = Target(prefix=prefix, relation="other tenant")
    mine = [
        Check(caller=caller, subject=subject, operation=operation, target=target)
        for operation in OPERATIONS
        if operation.name != "copy to"
    ]
    return asyncio.run(run(stage, [(stage.grant(caller, subject), mine)]))
