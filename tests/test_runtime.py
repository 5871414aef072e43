"""The entry point: one loop, a deadline, and nothing of the past after a restart."""

import asyncio
import io
import json
import random
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from authorizer import memory
from authorizer.errors import (
    AuthorizerError,
    Forbidden,
    NoRole,
    Refusal,
    RouteClosed,
    ServiceFailure,
    SettingsError,
    Unauthorized,
)
from authorizer.model import Claims, Routes
from authorizer.record import Record
from authorizer.runtime import (
    FAMILIES,
    LATE_SECONDS,
    MARGIN_SECONDS,
    MAX_SECONDS,
    WARM_SECONDS,
    Authorizer,
    _decision,
    _seconds_left,
)
from authorizer.sealing.seal import peek_kid
from authorizer.sealing.sealer import KEYS_MAX_AGE
from authorizer.settings.kinds import KINDS
from authorizer.settings.schema import Access, Sealing, Session, Settings
from authorizer.tokens.claims_set import names_read
from tests.make import NOW, SUB, make_claims, make_request
from tests.servers.jwks import Jwks
from tests.vending.factories import jwk_set, make_jwk
from tests.world import World, running, sample_event


def refusals(parent: type[Refusal] = Refusal) -> list[type[Refusal]]:
    found = []
    for child in parent.__subclasses__():
        found += [child, *refusals(child)]
    return found


def recorded(**noted: Any) -> Record:
    record = Record(NOW)
    for name, value in noted.items():
        setattr(record, name, value)
    return record


def test_the_same_caller_is_asked_for_once_and_served_from_memory(world: World) -> None:
    event = world.local.sign_in(sample_event("rest-token-allow"))
    first, _ = world.authorizer.decide(event)
    second, _ = world.authorizer.decide(event)
    assert first.response == second.response
    assert len(world.sts.requests) == 1
    assert world.last["credentials_cached"] is True


def test_two_users_never_share_credentials(world: World) -> None:
    world.sample("rest-token-allow")
    world.sample("http-1-allow")
    assert len({request["RoleSessionName"] for request in world.sts.requests}) == 2


def test_every_invocation_runs_on_the_loop_that_the_clients_were_made_in(world: World) -> None:
    loops = []
    sts = world.authorizer._stages.vendor._sts
    assume_role = sts.assume_role

    async def noting(*args: Any, **names: Any) -> Any:
        loops.append(asyncio.get_running_loop())
        return await assume_role(*args, **names)

    sts.assume_role = noting  # type: ignore[method-assign]  # a spy
    for name in ("rest-token-allow", "http-1-allow", "machine-allow"):
        assert world.sample(name)[0].verdict == "allow"
    assert loops == [world.authorizer._loop] * 3


def test_a_decision_that_waits_for_nothing_starts_no_event_loop(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    event = world.local.sign_in(sample_event("rest-token-allow"))
    first, _ = world.authorizer.decide(event)

    def never(_: object) -> None:
        raise AssertionError("the event loop was started")

    monkeypatch.setattr(world.authorizer._loop, "run_until_complete", never)
    second, record = world.authorizer.decide(event)
    monkeypatch.undo()
    assert second.verdict == "allow", record.refusal
    assert second.response == first.response


def test_nothing_is_left_for_later(world: World) -> None:
    """Lambda freezes the process as soon as it has answered."""
    for name in ("rest-token-allow", "http-2-allow", "expired-unauthorized", "machine-allow"):
        world.sample(name)
        assert asyncio.all_tasks(world.authorizer._loop) == set()
    assert LATE_SECONDS <= MARGIN_SECONDS / 2, "what is stopped leaves time for its record"


def test_a_decision_from_memory_waits_for_sealing_keys_that_are_due(
    key_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing else in it waits, so that it has been begun without the event loop."""
    secret = {"SecretString": jwk_set(make_jwk("old", 1))}

    class Secrets:
        def get_secret_value(self, **_: str) -> dict[str, str]:
            return secret

    def sealed(settings: Settings) -> Settings:
        sealing = Sealing(source="secretsmanager", keys="seal")
        return replace(settings, session=Session(context="sealed"), sealing=sealing)

    monkeypatch.setattr("authorizer.sealing.sealers.blocking_client", lambda _: Secrets())
    with running(key_folder, change=sealed) as world:
        event = world.local.sign_in(sample_event("rest-token-allow"))
        began = time.time()
        for wait, kid in ((0.0, "old"), (KEYS_MAX_AGE - 1, "old"), (KEYS_MAX_AGE, "new")):
            monkeypatch.setattr(world.authorizer, "_clock", lambda now=began + wait: now)
            decision, record = world.authorizer.decide(event)
            assert decision.response is not None, record.refusal
            context = cast(dict[str, str], decision.response["context"])
            assert peek_kid(context["credentials"]) == kid
            secret["SecretString"] = jwk_set(make_jwk("new", 2))
        assert len(world.sts.requests) == 1
        assert world.authorizer._stages.vendor.sealers.counts.key_failures == 0


def test_environments_that_are_restored_from_one_snapshot_do_not_pause_together(world: World) -> None:
    """Else a thousand of them that STS throttles come back in the same millisecond, again and again."""
    before = random.getstate()
    drawn = set()
    try:
        for _ in range(3):
            random.setstate((3, (*range(1, 625), 624), None))  # the memory of the snapshot
            world.authorizer.restart()
            drawn.add(random.random())
    finally:
        random.setstate(before)
    assert len(drawn) == 3


def test_a_restart_forgets_every_credential(world: World) -> None:
    world.sample("rest-token-allow")
    world.authorizer.restart()
    decision, _ = world.sample("rest-token-allow")
    assert decision.verdict == "allow"
    assert len(world.sts.requests) == 2


def keys_at(world: World, jwks: Jwks) -> Access:
    """What the world runs on, with the keys of its issuer somewhere else."""
    settings, templates = world.local.access
    issuers = {name: replace(issuer, jwks_uri=jwks.uri) for name, issuer in settings.issuers.items()}
    return Access(replace(settings, issuers=issuers), templates)


def test_what_was_warmed_needs_no_keys_for_its_first_request(world: World) -> None:
    jwks = Jwks(world.local.issuer.jwks())
    authorizer = Authorizer(keys_at(world, jwks), emit=world.lines.append)
    try:
        authorizer.warm()
        assert WARM_SECONDS <= 10 / 2, "half of what Lambda gives is for loading"
        assert jwks.requests == 1
        authorizer.restart()
        assert jwks.requests == 2, "it is warmed again"
        jwks.document = None
        event = world.local.sign_in(sample_event("rest-token-allow"))
        assert authorizer.decide(event)[0].verdict == "allow"
        assert jwks.requests == 2
    finally:
        authorizer.close()
        jwks.close()


def test_of_a_token_nothing_is_kept_that_nobody_reads(world: World) -> None:
    """A hundred claims of a user's attributes, times a thousand users, are memory for nothing."""
    _, record = world.sample("rest-token-allow")
    assert record.claims is not None
    settings = world.local.access.settings
    kind = KINDS[settings.issuers[record.claims.issuer].kind]
    read = settings.claims_read | names_read(kind, record.claims.token_use)
    assert record.claims.values.keys() <= read
    assert settings.claims_read & record.claims.values.keys()


def test_what_takes_too_long_to_warm_is_left_to_the_first_request(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("authorizer.runtime.WARM_SECONDS", 0.05)
    authorizer = Authorizer(world.local.access, emit=world.lines.append)

    async def waits() -> None:
        await asyncio.sleep(3600)

    monkeypatch.setattr(authorizer._stages.vendor, "warm", waits)
    try:
        authorizer.warm()
        event = world.local.sign_in(sample_event("rest-token-allow"))
        assert authorizer.decide(event)[0].verdict == "allow"
    finally:
        authorizer.close()


def test_who_fails_to_warm_is_told_and_leaves_nobody_waiting_for_the_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys that are malformed end the init phase. What waited beside them held STS's lock: 3,600 s of it, here."""
    authorizer = Authorizer(world.local.access, emit=world.lines.append)
    ended: list[str] = []

    async def waits() -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            ended.append("STS")

    async def fails(_: float) -> None:
        await asyncio.sleep(0)
        raise SettingsError(["keys"])

    monkeypatch.setattr(authorizer._stages.vendor, "warm", waits)
    monkeypatch.setattr(authorizer._stages.sealers, "warm", fails)
    try:
        with pytest.raises(SettingsError, match="keys"):
            authorizer.warm()
        assert ended == ["STS"]
    finally:
        authorizer.close()


def test_what_is_closed_keeps_no_connection_and_decides_nothing_that_waits(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = []
    authorizer = Authorizer(world.local.access, emit=world.lines.append)
    for stage in (authorizer._stages.verifier, authorizer._stages.vendor):

        async def close(stage: Any = stage, of: Any = stage.close) -> None:
            await of()
            closed.append(stage)

        monkeypatch.setattr(stage, "close", close)
    authorizer.close()
    assert closed == [authorizer._stages.verifier, authorizer._stages.vendor]
    with pytest.raises(RuntimeError, match="Event loop is closed"):
        authorizer.decide(world.local.sign_in(sample_event("rest-token-allow")))


def test_the_record_goes_to_the_functions_log_at_once_and_names_the_function(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(log))
    authorizer = Authorizer(world.local.access, function="authorizer-live")
    try:
        authorizer.decide({})
        assert log.getvalue().endswith(b"\n")
        [line] = log.getvalue().splitlines()
        said = json.loads(line)
        assert (said["function"], said["code"]) == ("authorizer-live", "event_unknown")
    finally:
        authorizer.close()


def test_the_deadline_is_lambda_s_but_never_more_than_an_http_api_waits() -> None:
    class Context:
        def __init__(self, milliseconds: int) -> None:
            self.get_remaining_time_in_millis = lambda: milliseconds

    assert MAX_SECONDS == 9, "an HTTP API waits for 10 s"
    assert _seconds_left(None) == MAX_SECONDS
    assert _seconds_left(Context(60_000)) == MAX_SECONDS
    assert _seconds_left(Context(3_000)) == 2.75
    assert _seconds_left(Context(100)) == 0


@pytest.mark.parametrize("refusal", refusals(), ids=lambda refusal: refusal.__name__)
def test_no_refusal_ever_becomes_an_allow(refusal: type[Refusal]) -> None:
    error = refusal.__new__(refusal)
    Exception.__init__(error, "x")
    if not hasattr(error, "code"):
        return  # a family, never raised itself
    # Even with a response at hand, as if the refusal had come after the last stage.
    decision = _decision(
        recorded(request=make_request(), claims=make_claims(), response={"a": 1}, refusal=error)
    )
    expected = next(verdict for family, verdict in FAMILIES if issubclass(refusal, family))
    assert decision.verdict == expected
    assert decision.verdict != "allow"
    assert decision.code == refusal.code
    if decision.response is not None:
        assert '"Allow"' not in str(decision.response).replace("'", '"')


def test_every_refusal_belongs_to_one_family_and_has_a_code_of_its_own() -> None:
    leaves = [refusal for refusal in refusals() if refusal not in (Unauthorized, Forbidden, ServiceFailure)]
    codes = [refusal.code for refusal in leaves if "code" in vars(refusal)]
    assert len(codes) == len(set(codes))
    assert all(issubclass(refusal, AuthorizerError) for refusal in leaves)


def test_a_flow_that_ends_without_an_answer_is_a_failure() -> None:
    decision = _decision(recorded(request=make_request()))
    assert (decision.verdict, decision.code, decision.response) == ("failure", "unforeseen", None)


def test_an_answer_that_does_not_open_this_route_is_never_an_allow() -> None:
    closed = Routes(patterns=("a",), closed=(), matched=None)
    noted: dict[str, Any] = {"request": make_request(), "response": {"opens": "others"}, "routes": closed}
    assert _decision(recorded(**noted)).verdict == "failure", "though nobody refused it"
    denied = _decision(recorded(**noted, refusal=RouteClosed("x")))
    assert (denied.verdict, denied.code, denied.response) == ("deny", "route_closed", {"opens": "others"})
    assert _decision(recorded(**{**noted, "routes": None})).verdict == "failure"


def test_a_closed_route_counts_as_denied_and_its_answer_still_opens_the_others(world: World) -> None:
    decision, record = world.sample("closed-route-deny")
    assert (world.last["verdict"], world.last["code"], world.last["route"]) == ("deny", "route_closed", None)
    assert (
        world.last["reason"] == str(record.refusal) == "the caller's scopes do not open the requested route"
    )
    again = {**sample_event("closed-route-deny")}
    again["methodArn"] = again["methodArn"].replace("DELETE/data/figures", "GET/data/figures")
    opened, _ = world.decide(again)
    assert opened.verdict == "allow"
    assert opened.response == decision.response, "what the gateway repeats is what it would be answered"


def test_a_path_that_walks_is_told_apart_from_a_closed_route_and_not_repeated(world: World) -> None:
    event = sample_event("rest-token-allow")
    decision, _ = world.decide({**event, "methodArn": event["methodArn"] + "/../canary"})
    assert (decision.verdict, decision.code) == ("deny", "route_closed")
    assert "no scope opens such a path" in world.last["reason"]
    assert "canary" not in world.lines[-1]


def test_what_is_refused_after_all_has_answered_is_answered_with_a_denial_alone() -> None:
    open_here = Routes(patterns=("a",), closed=(), matched="GET /files")
    noted: dict[str, Any] = {"request": make_request(), "routes": open_here, "claims": make_claims()}
    allowed = _decision(recorded(**noted, response={"opens": "this"}))
    assert (allowed.verdict, allowed.response) == ("allow", {"opens": "this"})
    unanswered = _decision(recorded(**noted))
    assert (unanswered.verdict, unanswered.response) == ("failure", None)
    refused = _decision(recorded(**noted, response={"opens": "this"}, refusal=NoRole("x")))
    assert (refused.verdict, refused.code) == ("deny", "no_role")
    assert refused.response is not None
    assert "opens" not in refused.response


@pytest.mark.parametrize(
    ("claims", "principal"),
    [
        pytest.param(make_claims(), SUB, id="the subject of the token"),
        pytest.param(None, "unknown", id="nobody, before a token was verified"),
    ],
)
def test_a_denial_names_whom_it_denies(claims: Claims | None, principal: str) -> None:
    for refusal in (NoRole("x"), RouteClosed("x")):
        decision = _decision(recorded(request=make_request(), claims=claims, refusal=refusal))
        assert decision.response is not None, "also where nothing was answered yet"
        assert decision.response["principalId"] == principal


def test_a_denial_without_a_request_to_deny_is_a_failure() -> None:
    decision = _decision(recorded(refusal=NoRole("x")))
    assert (decision.verdict, decision.response) == ("failure", None)


def test_what_pure_stages_remember_of_callers_is_forgotten_with_all_else(world: World) -> None:
    world.sample("rest-token-allow")
    assert any(each.cache_info().currsize for each in memory._memories)
    world.authorizer.forget()
    assert not any(each.cache_info().currsize for each in memory._memories)


def test_one_environment_reads_its_sealing_keys_once(world: World) -> None:
    """Who shares sessions and who hands them over have the same seals."""
    stages = world.authorizer._stages
    assert stages.vendor.sealers is stages.sealers
