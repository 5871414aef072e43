"""The line that every request leaves: what it says, and that it is JSON whatever a stranger sent."""

import gc
import json
from collections.abc import Mapping
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authorizer.errors import NoRole
from authorizer.metrics import COUNTERS, DECISION, NAMESPACE
from authorizer.model import Credentials, Routes, SessionPolicy
from authorizer.pipeline import authorize
from authorizer.record import MAX_LISTED, MAX_TEXT, STAGES, Record
from tests.make import NOW, SUB, make_claims, make_identity, make_request, sample_access, sample_settings
from tests.world import sample_event

TEXTS = st.text(max_size=20)
UNITS = frozenset(
    (
        "Seconds",
        "Microseconds",
        "Milliseconds",
        "Bytes",
        "Kilobytes",
        "Percent",
        "Count",
        "Count/Second",
        "None",
    )
)
"""Of those that CloudWatch knows (API reference, MetricDatum) the ones that a function could mean."""


def whole(tick: float = 0.0015, **changes: Any) -> Record:
    """A record of a request that went all the way, each step `tick` seconds long."""
    ticks = iter(range(100))
    record = Record(NOW, function="authorizer-live", tick=lambda: next(ticks) * tick)
    record.parsed(make_request(**changes.get("request", {})))
    record.verified(make_claims(**changes.get("claims", {})))
    record.resolved(make_identity(**changes.get("identity", {})))
    record.permitted(Routes(patterns=("a", "b"), closed=(), matched="GET /files/*"))
    record.rendered(SessionPolicy(text="{}", digest="00ff", templates=("s3-home",)))
    record.vended(
        Credentials(
            access_key_id="ASIAEXAMPLE000000001",
            secret_access_key=changes.get("secret", "canary-secret"),
            session_token="canary-token",
            expiration=NOW + 3600.9,
            role_arn="arn:aws:iam::123456789012:role/editor",
            session_name=changes.get("session_name", SUB),
            packed_policy_size=changes.get("packed", 12),
            session_token_utilization=changes.get("utilization", 34),
            issued_at=NOW - 1,
        )
    )
    record.sealed({"secretAccessKey": "canary-secret"})
    record.responded({})
    return record


def test_the_line_says_what_every_stage_made() -> None:
    assert json.loads(whole().line("allow")) == {
        "_aws": {
            "Timestamp": int(NOW * 1000),
            "CloudWatchMetrics": [
                {
                    "Namespace": "CognitoAuthorizer",
                    "Dimensions": [["function", "verdict"], ["function", "verdict", "code"]],
                    "Metrics": [
                        {"Name": "decisions", "Unit": "Count"},
                        {"Name": "duration", "Unit": "Milliseconds"},
                    ],
                }
            ],
        },
        "function": "authorizer-live",
        "decisions": 1,
        "duration": 13.5,
        "verdict": "allow",
        "code": "allowed",
        "shape": "REST REQUEST",
        "api": "rest0reqst",
        "stage": "prod",
        "method": "GET",
        "route": "GET /files/*",
        "request_id": "request-1",
        "sub": make_claims().sub,
        "issuer": make_claims().issuer,
        "token_use": "id",
        "machine": False,
        "role": "editor",
        "rule": "cognito:preferred_role",
        "scopes": ["data:read", "files:read"],
        "routes": 2,
        "this_route": True,
        "templates": ["s3-home"],
        "policy": "00ff",
        "policy_characters": 2,
        "session_name": SUB,
        "access_key_id": "ASIAEXAMPLE000000001",
        "expiration": "2027-01-15T09:00:00Z",
        "packed_policy_size": 12,
        "session_token_utilization": 34,
        "credentials_cached": True,
        "stages": dict.fromkeys(
            ("parse", "verify", "resolve", "permit", "render", "vend", "seal", "respond"), 1.5
        ),
    }


def test_a_refused_request_says_why_and_how_far_it_came() -> None:
    record = Record(NOW)
    record.parsed(make_request(request_id=None))
    record.refused(NoRole('no "role"'))
    said = json.loads(record.line("deny"))
    assert (said["verdict"], said["code"], said["reason"]) == ("deny", "no_role", 'no "role"')
    assert said["request_id"] is None
    assert list(said["stages"]) == ["parse"]
    assert said["route"] is None
    assert "sub" not in said


def test_a_size_that_sts_does_not_tell_is_null() -> None:
    assert json.loads(whole(packed=None).line("allow"))["packed_policy_size"] is None
    assert json.loads(whole(utilization=None).line("allow"))["session_token_utilization"] is None


def test_milliseconds_are_told_by_stage() -> None:
    assert whole().milliseconds == json.loads(whole().line("allow"))["stages"]
    assert tuple(whole().milliseconds) == STAGES


async def test_the_time_to_seal_is_no_part_of_answering() -> None:
    clock = [0.0]
    done = whole()

    class Verifier:
        async def verify(self, *_: object) -> object:
            return done.claims

    class Vendor:
        async def vend(self, *_: object) -> object:
            return done.credentials

    class Sealers:
        async def context(self, *_: object) -> dict[str, str]:
            clock[0] += 5
            return {"credentials": "sealed"}

    class Connections:
        async def keep(self, *_: object) -> dict[str, str]:
            clock[0] += 2
            return {}

    stages: Any = SimpleNamespace(
        settings=sample_settings(),
        templates=sample_access().templates,
        verifier=Verifier(),
        vendor=Vendor(),
        sealers=Sealers(),
        connections=Connections(),
    )
    record = Record(NOW, tick=lambda: clock[0])
    deadline: Any = NOW + 9
    await authorize(sample_event("rest-token-allow"), stages, now=NOW, deadline=deadline, record=record)
    assert record.milliseconds == {**dict.fromkeys(STAGES, 0), "seal": 7000}


# ── Metrics ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def taken(line: str) -> dict[tuple[str, ...], float]:
    """The metrics that CloudWatch takes from a line, by name and dimensions: what its specification of the embedded
    metric format demands is asserted on the way."""
    assert "\n" not in line
    assert len(line.encode()) < 256 * 1024
    said = json.loads(line)
    found: dict[tuple[str, ...], float] = {}
    assert isinstance(said["_aws"]["Timestamp"], int)
    for directive in said["_aws"]["CloudWatchMetrics"]:
        assert directive["Namespace"] == NAMESPACE
        assert 0 < len(directive["Metrics"]) <= 100
        for dimensions in directive["Dimensions"]:
            assert len(dimensions) <= 30
            for name in dimensions:
                # A value that is empty, too long or not ASCII is dropped, and the metric with it (API reference,
                # Dimension).
                assert 0 < len(said[name]) <= 1024
                assert said[name].isascii()
            for metric in directive["Metrics"]:
                assert metric["Unit"] in UNITS
                assert type(said[metric["Name"]]) in {int, float}
                key = (metric["Name"], *(said[name] for name in dimensions))
                assert key not in found
                found[key] = said[metric["Name"]]
    return found


def test_a_decision_counts_by_function_verdict_and_code() -> None:
    assert taken(whole().line("allow")) == {
        ("decisions", "authorizer-live", "allow"): 1,
        ("decisions", "authorizer-live", "allow", "allowed"): 1,
        ("duration", "authorizer-live", "allow"): 13.5,
        ("duration", "authorizer-live", "allow", "allowed"): 13.5,
    }


@given(st.dictionaries(st.sampled_from(sorted(COUNTERS)), st.integers(min_value=1), max_size=len(COUNTERS)))
def test_exactly_the_counters_that_are_present_are_declared(counted: Mapping[str, int]) -> None:
    line = whole().line("allow", counted)
    of_function = {key: value for key, value in taken(line).items() if len(key) == 2}
    assert of_function == {(name, "authorizer-live"): count for name, count in counted.items()}
    assert COUNTERS.keys() & json.loads(line).keys() == counted.keys()


def test_the_table_of_metrics_is_one_that_cloudwatch_takes() -> None:
    assert len(COUNTERS) <= 100
    assert not COUNTERS.keys() & (DECISION.keys() | json.loads(whole().line("allow")).keys())
    for name, metric in {**DECISION, **COUNTERS}.items():
        assert name.isidentifier()
        assert metric.unit in UNITS
        assert metric.meaning
    assert {metric.unit for metric in COUNTERS.values()} == {"Count"}


# ── What a stranger chose ────────────────────────────────────────────────────────────────────────────────────────────


def told(text: str) -> str:
    """A text as the record tells it, of one that is not long."""
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


@given(method=TEXTS, number=TEXTS, sub=TEXTS, rule=TEXTS, scope=TEXTS, path=TEXTS)
def test_the_line_is_one_line_of_json_whatever_a_stranger_sent(
    method: str, number: str, sub: str, rule: str, scope: str, path: str
) -> None:
    record = whole(
        request={"method": method, "request_id": number, "path": f"/canary{path}"},
        claims={"sub": sub},
        identity={"rule": rule, "scopes": frozenset((scope,))},
    )
    line = record.line("allow")
    assert "\n" not in line
    said = json.loads(line)
    found = said["method"], said["request_id"], said["sub"], said["rule"], *said["scopes"]
    assert found == tuple(map(told, (method, number, sub, rule, scope)))
    assert all(text.isprintable() for text in found)
    assert "canary" not in line


@pytest.mark.parametrize("char", ["x", "ü", "\N{PILE OF POO}", "\x1b", "\u202e", "\ud800", '"', "\\", "\n"])
def test_however_much_a_stranger_sends_the_line_stays_short(char: str) -> None:
    long = char * 10_000
    record = whole(
        request={"method": long, "request_id": long, "api_id": long, "stage": long},
        claims={"sub": long, "issuer": long, "token_use": long},
        identity={"rule": long, "scopes": frozenset(f"{number}{long}" for number in range(1000))},
        session_name=long,
    )
    record.refused(NoRole(long))
    line = record.line("deny", dict.fromkeys(COUNTERS, 1))
    assert taken(line)
    said = json.loads(line)
    assert len(said["scopes"]) == MAX_LISTED
    assert said["scopes"][-1] == "and 937 more"
    texts = [value for value in said.values() if isinstance(value, str)] + said["scopes"]
    assert all(text.isprintable() for text in texts)
    assert "canary" not in line


def test_a_long_text_is_told_by_its_beginning_and_a_digest() -> None:
    def principal(sub: str) -> str:
        said: str = json.loads(whole(claims={"sub": sub}).line("allow"))["sub"]
        return said

    longest = "x" * MAX_TEXT
    assert principal(longest) == longest
    one, other = principal(f"{longest}1"), principal(f"{longest}2")
    assert one != other
    assert len(one) == len(other) == MAX_TEXT
    assert one.startswith("x" * 200)


def test_a_reason_may_be_longer_than_other_texts() -> None:
    record = Record(NOW)
    record.refused(NoRole("x" * 1024))
    assert json.loads(record.line("deny"))["reason"] == "x" * 1024
    record.refused(NoRole("x" * 1025))
    assert len(json.loads(record.line("deny"))["reason"]) == 1024


@pytest.mark.parametrize(
    ("number", "last"),
    [
        pytest.param(64, "scope 63", id="as many as there is room for"),
        pytest.param(65, "and 2 more", id="one more"),
    ],
)
def test_a_list_is_told_whole_while_there_is_room(number: int, last: str) -> None:
    scopes = frozenset(f"scope {each:02}" for each in range(number))
    said = json.loads(whole(identity={"scopes": scopes}).line("allow"))["scopes"]
    assert (len(said), said[-1]) == (64, last)


def test_a_record_keeps_what_was_sealed_for_the_command_that_explains_it() -> None:
    assert list(whole().secrets or ()) == ["secretAccessKey"]


# ── From here to CloudTrail ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("template", "claims", "name", "shown"),
    [
        pytest.param("{sub}", {"sub": SUB, "email": "erin@x.example"}, SUB, SUB, id="the subject alone"),
        pytest.param("app-{sub}", {"sub": SUB}, f"app-{SUB}", f"app-{SUB}", id="the subject and a constant"),
        pytest.param("{email}", {"email": "erin@x.example"}, "erin@x.example", "{email}", id="an address"),
        pytest.param(
            "{tenant}-{sub}", {"sub": SUB, "tenant": "acme"}, f"acme-{SUB}", "{tenant}-{sub}", id="both"
        ),
        pytest.param(
            "{sub}", {"sub": "erin@x.example"}, "erin@x.example", "{sub}", id="a claim that is only called so"
        ),
        pytest.param("{sub}", {"sub": SUB}, "hashed=0f", "hashed=0f", id="the subject, made fit for STS"),
    ],
)
def test_the_sessions_name_is_told_where_it_tells_no_more_than_the_subject(
    template: str, claims: dict[str, str], name: str, shown: str
) -> None:
    identity = make_identity(claims=claims)
    role = replace(identity.role, session_name=template)
    record = whole(session_name=name)
    record.identity = replace(identity, role=role)
    line = record.line("allow")
    assert json.loads(line)["session_name"] == shown
    assert "erin" not in line
    assert json.loads(line)["access_key_id"] == "ASIAEXAMPLE000000001"


@pytest.mark.parametrize("counted", [{}, {"calls": 2, "evicted": 1}], ids=["nothing else", "counters"])
def test_the_line_is_the_fields_as_text(counted: dict[str, int]) -> None:
    assert json.loads(whole().line("allow", counted)) == whole().fields("allow", counted)


@pytest.mark.slow
def test_no_credentials_are_kept_by_what_remembers_their_text() -> None:
    whole(secret="only here").line("allow")
    gc.collect()
    held = [each for each in gc.get_objects() if isinstance(each, Credentials)]
    assert [each for each in held if each.secret_access_key == "only here"] == []


def test_the_whole_time_is_told_in_milliseconds() -> None:
    ticks = iter((100.0, 100.5))
    record = Record(NOW, tick=lambda: next(ticks))
    assert json.loads(record.line("failure"))["duration"] == 500.0


@pytest.mark.parametrize(("age", "cached"), [(1, True), (0, False), (-1, False)])
def test_credentials_are_told_as_cached_where_they_are_older_than_the_request(
    age: float, cached: bool
) -> None:
    record = whole()
    assert record.credentials is not None
    record.credentials = replace(record.credentials, issued_at=NOW - age)
    assert json.loads(record.line("allow"))["credentials_cached"] is cached


def test_the_line_holds_no_space_that_json_does_not_need() -> None:
    line = whole().line("allow")
    assert line == json.dumps(json.loads(line), separators=(",", ":"))
