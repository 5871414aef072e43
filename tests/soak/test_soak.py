"""One handler for a long time, each decision judged by a model that was written from the documentation.

Thousands of them by default, a hundred thousand with ``-m nightly``, a million with `make soak`.
"""

import sys

import pytest
from rich.console import Console

from authorizer.syntax.claim_path import path_of
from tests.faults.awaits import ELSEWHERE
from tests.soak.__main__ import Report, soaked, unsteady
from tests.soak.memory import forget, remembered, sizes
from tests.soak.model import Asked, KeySet, Model, Pool, Seen, Session
from tests.soak.scene import EPOCH, HAPPENINGS

pytestmark = pytest.mark.slow

QUIET = Console(quiet=True)
MOST = 4096
"""Entries: the guide's and the code's own limits are 1,000 sessions, 1,024 tokens, 4,096 refused ones."""


def judged(count: int, people: int, haste: float = 1.0) -> Report:
    report = soaked(count, seed=1, people=people, console=QUIET, haste=haste)
    assert report.wrong == []
    assert report.outcomes.total() == count
    assert {name: size for name, size in report.sizes.items() if size > MOST} == {}
    return report


def test_thousands_of_decisions_are_right() -> None:
    report = judged(4000, people=250, haste=8)
    assert len(report.outcomes) >= 25  # of every kind, or nothing is shown
    assert len(report.happenings) >= 12  # rotations, outages, hours
    assert len(report.descriptors) == len(report.longest) == 20
    assert report.descriptors[-1] <= report.descriptors[10]
    assert 1 < max(report.longest) <= 9.1  # some wait, and none beyond its deadline


@pytest.mark.nightly
def test_a_hundred_thousand_decisions_are_right_and_leave_nothing_behind() -> None:
    report = judged(100_000, people=2000)
    assert set(report.happenings) == set(HAPPENINGS)
    assert report.resident[-1] <= 1.05 * report.resident[len(report.resident) // 2]


@pytest.mark.parametrize(
    ("report", "problem"),
    [
        pytest.param(Report(resident=[9, 100, 105], descriptors=[5, 7, 7], longest=[9.1]), None, id="steady"),
        pytest.param(Report(resident=[100, 100, 106]), "memory grew", id="memory that grows"),
        pytest.param(
            Report(descriptors=[7, 7, 8], resident=[1, 1, 1]), "descriptors are open", id="a leaked socket"
        ),
        pytest.param(Report(longest=[1.0, 9.2, 1.0]), "after 9.20 s, of 9", id="a late record"),
    ],
)
def test_the_soak_notices_what_does_not_stay_as_it_was(report: Report, problem: str | None) -> None:
    found = unsteady(report)
    assert len(found) == (problem is not None)
    assert all(str(problem) in each for each in found)


def test_nothing_is_remembered_without_a_limit() -> None:
    unbounded = [
        f"{name}.{each}"
        for name, module in list(sys.modules.items())
        if name.startswith("authorizer.") and name.split(".")[1] not in ELSEWHERE
        for each, _, most in remembered(module)
        if most is None
    ]
    assert unbounded == []


def test_what_other_work_in_this_process_left_behind_is_not_counted() -> None:
    path_of("act.sub")
    assert any(sizes(object()).values())
    forget()
    assert not any(sizes(object()).values())


# ── The model itself: it has to notice ────────────────────────────────────────────────────────────────────────────

SUB, OTHER = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"


def form(
    sub: str = SUB, *, role: str = "viewer", tenant: str = "acme", owner: str | None = None
) -> dict[str, str]:
    """What STS was asked for."""
    resource = f"arn:aws:s3:::example-data/tenants/{owner or tenant}/*"
    return {
        "RoleArn": f"arn:aws:iam::123456789012:role/vend/{role}",
        "RoleSessionName": sub,
        "Tags.member.1.Key": "tenant",
        "Tags.member.1.Value": tenant,
        "Policy": f'{{"Statement":{{"Effect":"Allow","Action":"s3:GetObject","Resource":"{resource}"}}}}',
    }


def asked(**changes: object) -> Asked:
    fields: dict[str, object] = {
        "shape": "REST TOKEN",
        "method": "GET",
        "path": "/data",
        "defect": None,
        "pool": 0,
        "kid": "a",
        "expires_at": EPOCH + 600,
        "access": False,
        "machine": False,
        "sub": SUB,
        "tenant": "acme",
        "groups": ("viewers",),
        "scopes": (),
        "requested": None,
    }
    return Asked(**{**fields, **changes})  # type: ignore[arg-type]  # as above


def seen(*granted: Session, sts: str | None = None, calls: int = 0, now: float = EPOCH) -> Seen:
    pool = Pool(answers=[KeySet(EPOCH - 60, frozenset("a"))], attempts=[(EPOCH - 60, True)])
    return Seen(now=now, pools=[pool], fetched=False, sts=sts, calls=[form()] * calls, granted=list(granted))


def test_the_model_expects_an_allow_only_of_what_was_granted() -> None:
    model = Model()
    codes, key = model.expected(asked(), seen())
    assert codes == set()  # no call, nothing in memory: there is nothing to answer with
    assert key is not None
    granting = seen(Session(form(), EPOCH + 3600), calls=1)
    model.observe(granting)
    assert model.expected(asked(), granting) == ({"allowed"}, key)
    assert model.wrong_credentials(key, "REST TOKEN", granting, form(), EPOCH + 3600) is None


def test_the_model_remembers_a_session_that_outlives_later_ones() -> None:
    model = Model()
    model.observe(seen(Session(form(), EPOCH + 3600), calls=1))
    for second in range(5):
        model.observe(seen(Session(form(), EPOCH + 60), sts="short", calls=1, now=EPOCH + second))
    assert "allowed" in model.expected(asked(), seen(now=EPOCH + 5))[0]


@pytest.mark.parametrize(
    ("theirs", "expiration", "problem"),
    [
        pytest.param(form(OTHER), EPOCH + 3600, "are Key", id="another's"),
        pytest.param(form(role="admin"), EPOCH + 3600, "are Key", id="another role's"),
        pytest.param(form(tenant="globex"), EPOCH + 3600, "are Key", id="another tenant's"),
        pytest.param(form(owner="globex"), EPOCH + 3600, "reach", id="of another tenant's data"),
        pytest.param(form(owner="*"), EPOCH + 3600, "reach", id="of everybody's data"),
        pytest.param(form(), EPOCH + 329, "end before", id="that end too early"),
    ],
)
def test_the_model_notices_credentials(theirs: dict[str, str], expiration: float, problem: str) -> None:
    model = Model()
    granting = seen(Session(form(), EPOCH + 3600), calls=1)
    model.observe(granting)
    _, key = model.expected(asked(), granting)
    assert key is not None
    assert str(model.wrong_credentials(key, "REST TOKEN", granting, theirs, expiration)).startswith(problem)


def test_the_model_notices_what_was_granted_to_nobody_and_what_came_from_before_a_restart() -> None:
    model = Model()
    granting = seen(Session(form(), EPOCH + 3600), calls=1)
    _, key = model.expected(asked(), granting)
    assert key is not None
    assert (
        model.wrong_credentials(key, "REST TOKEN", granting, form(), EPOCH + 3600) == "were granted to nobody"
    )
    model.observe(granting)
    model.forget()
    assert (
        model.wrong_credentials(key, "REST TOKEN", granting, form(), EPOCH + 3600) == "were granted to nobody"
    )


@pytest.mark.parametrize(
    ("changes", "codes"),
    [
        pytest.param({"defect": "signature_invalid"}, {"signature_invalid"}, id="a forged token"),
        pytest.param({"expires_at": EPOCH}, {"token_expired"}, id="at the very end"),
        pytest.param({"kid": "b"}, {"a fetch that was not made"}, id="an unknown key that nobody looked for"),
        pytest.param({"groups": ()}, {"no_role"}, id="nobody"),
        pytest.param({"groups": ("editors", "auditors")}, {"role_ambiguous"}, id="two equally good roles"),
        pytest.param({"requested": "admin"}, {"requested_role_refused"}, id="a role of others"),
        pytest.param({"tenant": "*"}, {"claim_refused"}, id="every tenant"),
        pytest.param({"tenant": None}, {"claim_absent"}, id="no tenant"),
        pytest.param({"machine": True, "sub": "stranger"}, {"no_role"}, id="a machine without a rule"),
    ],
)
def test_the_model_expects_a_refusal(changes: dict[str, object], codes: set[str]) -> None:
    assert Model().expected(asked(**changes), seen())[0] == codes


def test_the_model_lets_an_outage_of_sts_touch_nobody_who_was_just_answered() -> None:
    model = Model()
    model.observe(seen(Session(form(), EPOCH + 3600), calls=1))
    _, key = model.expected(asked(), seen())
    assert key is not None
    model.note_allowed(key)
    assert model.expected(asked(), seen(sts="down", calls=1))[0] == {"allowed"}
    late = seen(sts="down", calls=1, now=EPOCH + 3300)
    assert model.expected(asked(expires_at=EPOCH + 9999), late)[0] == {"sts_unavailable"}
