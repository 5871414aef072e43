"""`[callers]`: whose sessions callers may hold, and what does not load."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from authorizer.errors import SettingsError
from authorizer.settings.callers import NOBODY
from tests.make import make_settings, sample_templates

OWN: Mapping[str, Any] = {"arn": "arn:aws:iam::123456789012:role/own", "policies": ["s3-home"]}


def handing(own: Mapping[str, Any] = OWN, **callers: Any) -> dict[str, Any]:
    return {"roles": {"own": own}, "callers": {"roles": {"editor": "own"}, **callers}}


def problem(**changes: Any) -> str:
    with pytest.raises(SettingsError) as caught:
        make_settings(**changes)
    [found] = caught.value.problems
    return str(found)


def test_nobody_holds_a_session_of_their_own_unless_it_is_said() -> None:
    assert make_settings().callers == NOBODY
    assert not NOBODY.handed_out


def test_it_is_read() -> None:
    callers = make_settings(
        **handing(origins=["https://app.example.com", "http://localhost:8000"], same_address=True, sessions=9)
    ).callers
    assert callers.handed_out == {"own"}
    assert callers.origins == {"https://app.example.com", "http://localhost:8000"}
    assert (callers.same_address, callers.sessions) == (True, 9)


def test_what_is_left_out_is_the_careful_value() -> None:
    callers = make_settings(**handing()).callers
    assert (callers.origins, callers.same_address, callers.sessions) == (frozenset(), False, 5)


def limiting(operator: str, key: str, value: str) -> dict[str, Any]:
    """A role that is handed out, and an editor's, with a template that puts this on its Allow."""
    statement = {
        "Effect": "Allow",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::b/{{ sub }}/*",
        "Condition": {operator: {key: value}},
    }
    return {
        "templates": {
            **sample_templates(),
            "limiting": json.dumps({"Version": "2012-10-17", "Statement": statement}),
        }
    }


TIMED = limiting("DateLessThan", "aws:CurrentTime", "2030-01-01T00:00:00Z")
PLACED = limiting("IpAddress", "aws:SourceIp", "203.0.113.0/24")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param(
            {**TIMED, **handing({**OWN, "policies": ["limiting"]})},
            "callers.roles: the templates of role 'own' limit `aws:CurrentTime` themselves",
            id="what is handed out ends with its token",
        ),
        pytest.param(
            {**TIMED, **handing({**OWN, "policies": ["limiting"]}), "session": {"end_with_token": True}},
            "session.end_with_token: the templates of role 'own' limit `aws:CurrentTime` themselves",
            id="as every session does where that is said",
        ),
        pytest.param(
            {**PLACED, **handing({**OWN, "policies": ["limiting"]}, same_address=True)},
            "callers.same_address: the templates of role 'own' limit `aws:SourceIp` themselves",
            id="and serves from one address",
        ),
    ],
)
def test_a_template_may_not_limit_what_its_sessions_are_limited_by(
    changes: dict[str, Any], said: str
) -> None:
    assert said in problem(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({**PLACED, **handing({**OWN, "policies": ["limiting"]})}, id="callers of any address"),
        pytest.param(
            {
                **PLACED,
                "roles": {"own": OWN, "editor": {"policies": ["limiting"]}},
                "callers": {"roles": {"editor": "own"}, "same_address": True},
            },
            id="another role than callers get",
        ),
        pytest.param(
            {
                **TIMED,
                "roles": {"own": OWN, "editor": {"policies": ["limiting"]}},
                "callers": {"roles": {"editor": "own"}},
            },
            id="another role's time",
        ),
    ],
)
def test_and_may_where_they_are_not(changes: dict[str, Any]) -> None:
    assert make_settings(**changes).callers.handed_out == {"own"}


def test_the_address_counts_in_the_length_of_the_shortest_policy() -> None:
    long = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": {
                "Effect": "Allow",
                "Action": "s3:GetObject",
                "Resource": f"arn:aws:s3:::{'b' * 2040}/{{{{ sub }}}}",
            },
        }
    )
    found = []
    for same_address in (False, True):
        said = problem(
            templates={**sample_templates(), "long": long},
            **handing({**OWN, "policies": ["long"]}, same_address=same_address),
        )
        found.append(int(said.partition("the shortest session policy has ")[2].partition(" ")[0]))
    # The time is on each Allow of theirs anyway.
    assert found[1] - found[0] == len(',"IpAddress":{"aws:SourceIp":"192.0.2.1"}')


@pytest.mark.parametrize(
    "gateway",
    [
        pytest.param({}, id="messages of a connection of half an hour"),
        pytest.param({"result_ttl": "50m"}, id="an answer that is repeated for 50 minutes"),
    ],
)
def test_what_callers_hold_may_end_before_what_a_gateway_keeps(gateway: Mapping[str, str]) -> None:
    short = {**OWN, "duration": "15m"}
    assert make_settings(**handing(short), gateway=gateway).roles["own"].duration == 900
    with pytest.raises(SettingsError, match=r"roles\.own\.duration: sessions of 900 s end before"):
        make_settings(roles={"own": short}, gateway=gateway)


@pytest.mark.parametrize(
    "origin",
    [
        pytest.param("*", id="any page"),
        pytest.param("null", id="a page without an origin"),
        pytest.param("https://*.example.com", id="a wildcard"),
        pytest.param("http://app.example.com", id="plain HTTP"),
        pytest.param("https://app.example.com/", id="a path"),
        pytest.param("https://App.example.com", id="upper case, as no browser writes it"),
        pytest.param("https://user@app.example.com", id="a user"),
        pytest.param("http://127.0.0.1.evil.example", id="a host that begins like the laptop's"),
        pytest.param("app.example.com", id="no scheme"),
    ],
)
def test_an_origin_is_one_page_s(origin: str) -> None:
    assert "expected an origin such as https://app.example.com" in problem(**handing(origins=[origin]))


@pytest.mark.parametrize("sessions", [0, 101, -1])
def test_sessions_have_a_bound(sessions: int) -> None:
    assert "sessions" in problem(**handing(sessions=sessions))


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param(
            {"callers": {"roles": {"editor": "none"}}}, "there is no role 'none'", id="an unknown role"
        ),
        pytest.param(
            {"roles": {"own": OWN}, "callers": {"roles": {"none": "own"}}},
            "there is no role 'none'",
            id="an unknown role of callers",
        ),
        pytest.param(
            {**handing(), "groups": {"viewers": {"role": "own"}}},
            "the role 'own' is handed to callers",
            id="a group that leads to it",
        ),
        pytest.param(
            {
                **handing(),
                "rules": [{"claim": "custom:department", "match": "Equals", "value": "x", "role": "own"}],
            },
            "the role 'own' is handed to callers",
            id="a rule that leads to it",
        ),
        pytest.param(
            {**handing(), "resolution": {"ambiguous": "own"}},
            "the role 'own' is handed to callers",
            id="the role of the undecided",
        ),
        pytest.param(
            handing({**OWN, "managed_policies": ["arn:aws:iam::aws:policy/ReadOnlyAccess"]}),
            "limited for each session (callers.roles), and what a managed policy allows is not",
            id="what outlives the token",
        ),
        pytest.param(
            {
                "roles": {"own": OWN, "other": {**OWN, "arn": f"{OWN['arn']}er"}},
                "callers": {"roles": {"editor": "own", "own": "other"}},
            },
            "nothing comes of this row",
            id="a row that nobody reaches",
        ),
    ],
)
def test_what_would_give_callers_a_backend_s_rights_does_not_load(changes: dict[str, Any], said: str) -> None:
    assert said in problem(**changes)


@pytest.mark.parametrize(
    ("condition", "callers", "key"),
    [
        pytest.param(
            {"DateLessThan": {"aws:CurrentTime": "2030-01-01T00:00:00Z"}},
            {},
            "aws:CurrentTime",
            id="the end of the token",
        ),
        pytest.param(
            {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
            {"same_address": True},
            "aws:SourceIp",
            id="the caller's address",
        ),
    ],
)
def test_a_template_that_limits_what_the_session_is_limited_by_does_not_load(
    condition: dict[str, Any], callers: dict[str, Any], key: str
) -> None:
    template = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "s3:GetObject",
                "Resource": "arn:aws:s3:::b/{{ sub }}/*",
                "Condition": condition,
            }
        ],
    }
    changes = handing({**OWN, "policies": ["timed"]}, **callers)
    templates = {**sample_templates(), "timed": json.dumps(template)}
    assert f"limit `{key}` themselves" in problem(**changes, templates=templates)
