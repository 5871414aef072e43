"""A sign-in over time: renewed ahead of its end, by one process alone, until somebody signs out."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from authorizer.errors import SignInFailed
from authorizer.signin import alone as turns
from authorizer.signin import session
from authorizer.signin.alone import alone
from authorizer.signin.keeping import Account
from tests.make import ROOT
from tests.servers.authorization_server import CLIENT, Lies
from tests.signin.conftest import Machine, brought, failed, printed


def due(machine: Machine, **more: Any) -> None:
    machine.keyring.change(**{"renew_at": time.time() - 1, **more})


# ── Renewal ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_while_a_token_serves_it_is_not_renewed(signed_in: Machine) -> None:
    for _ in range(2):
        printed(signed_in.run("credentials"))
    assert signed_in.server.count("/token") == 1


@pytest.mark.parametrize(("life", "ahead"), [(3600, 1200), (300, 150)])
def test_a_token_is_due_twenty_minutes_before_its_end_or_at_half_its_life(
    machine: Machine, life: float, ahead: float
) -> None:
    machine.server.life = life
    machine.login()
    entry = machine.keyring.entry
    assert entry["expires"] - entry["renew_at"] == pytest.approx(ahead, abs=15)
    assert entry["expires"] == pytest.approx(time.time() + life, abs=30)


@pytest.mark.parametrize("rotates", [False, True])
def test_a_token_that_is_due_is_renewed(signed_in: Machine, rotates: bool) -> None:
    signed_in.server.rotates = rotates
    before = signed_in.keyring.entry
    due(signed_in)
    printed(signed_in.run("credentials"))
    after = signed_in.keyring.entry
    assert signed_in.api.tokens == [after["token"]]
    assert after["token"] != before["token"]
    assert (after["refresh_token"] == before["refresh_token"]) is not rotates
    assert after["renew_at"] > time.time()
    due(signed_in)
    printed(signed_in.run("credentials"))


def account_on(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> Account:
    """Of the person there, with this process in their place."""
    for name, value in {**machine.keyring.environment, "XDG_CACHE_HOME": str(machine.home)}.items():
        monkeypatch.setenv(name, value)
    return Account(url=machine.api.url, client_id=CLIENT)


def at_once(machine: Machine, count: int, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What as many get who ask at the same time."""
    account = account_on(machine, monkeypatch)
    with ThreadPoolExecutor(count) as threads:
        return list(threads.map(lambda _: session.token(account, time.time()), range(count)))


def test_of_many_who_find_it_due_one_renews_it(signed_in: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has a file and a lock of its own, as processes do."""
    signed_in.server.rotates = True
    due(signed_in)
    assert set(at_once(signed_in, 8, monkeypatch)) == {signed_in.keyring.entry["token"]}
    assert signed_in.server.count("/token") == 2


def test_of_processes_that_find_it_due_one_renews_it(signed_in: Machine) -> None:
    signed_in.server.rotates = True
    due(signed_in, expires=time.time() - 1)
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "authorizer", "credentials", *signed_in.whom],
            cwd=ROOT,
            env={**os.environ, **signed_in.keyring.environment, "XDG_CACHE_HOME": str(signed_in.home)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        for _ in range(3)
    ]
    for each in started:
        out, err = each.communicate()
        assert (each.returncode, json.loads(out)["Version"]) == (0, 1), err
    assert signed_in.server.count("/token") == 2


@pytest.mark.parametrize(
    "break_it",
    [
        pytest.param(lambda machine: machine.server.live.clear(), id="it has been revoked"),
        pytest.param(
            lambda machine: setattr(machine.server.lies, "status", {"/token": 500}), id="the issuer fails"
        ),
        pytest.param(
            lambda machine: setattr(
                machine.server.lies, "claims", lambda said: {**said, "sub": "somebody-else"}
            ),
            id="it is renewed for somebody else",
        ),
        pytest.param(
            lambda machine: setattr(machine.server.lies, "claims", lambda said: {**said, "aud": "another"}),
            id="it is renewed for another app client",
        ),
    ],
)
def test_a_renewal_that_fails_costs_nothing_while_the_token_serves(
    signed_in: Machine, break_it: Callable[[Machine], object]
) -> None:
    before = signed_in.keyring.entry["token"]
    break_it(signed_in)
    due(signed_in)
    printed(signed_in.run("credentials"))
    assert signed_in.api.tokens == [before]
    due(signed_in, expires=time.time() + 30)
    assert "sign in again: authorizer login" in failed(signed_in.run("credentials"))
    assert signed_in.keyring.entry["token"] == before
    assert len(signed_in.api.tokens) == 1


@pytest.mark.parametrize(
    ("ahead", "is_renewed"), [pytest.param(0, True, id="at that moment"), pytest.param(1, False, id="before")]
)
def test_a_token_is_renewed_from_the_moment_on_at_which_it_is_due(
    signed_in: Machine, monkeypatch: pytest.MonkeyPatch, ahead: float, is_renewed: bool
) -> None:
    account, before = account_on(signed_in, monkeypatch), signed_in.keyring.entry
    found = session.token(account, before["renew_at"] - ahead)
    assert (found != before["token"]) is is_renewed
    assert signed_in.server.count("/token") == 1 + is_renewed


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"issuer": None, "refresh_token": None}, id="that was brought along"),
        pytest.param({"refresh_token": None}, id="whose issuer gave nothing to renew it with"),
        pytest.param({"issuer": None}, id="of nobody who would renew it"),
    ],
)
def test_a_token_that_nothing_renews_serves_until_it_ends_and_nobody_is_asked(
    signed_in: Machine, monkeypatch: pytest.MonkeyPatch, changes: dict[str, Any]
) -> None:
    account, asked = account_on(signed_in, monkeypatch), len(signed_in.server.asked)
    entry = signed_in.keyring.entry
    signed_in.keyring.change(**changes, renew_at=0)
    assert session.token(account, entry["expires"] - 0.1) == entry["token"]
    with pytest.raises(SignInFailed, match="has ended, and nothing renews it"):
        session.token(account, entry["expires"])
    assert session.sign_out(account) is True
    assert len(signed_in.server.asked) == asked


def test_a_renewal_that_fails_is_told_from_a_minute_before_the_end_on(
    signed_in: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    account, entry = account_on(signed_in, monkeypatch), signed_in.keyring.entry
    signed_in.server.lies.status = {"/token": 500}
    assert session.token(account, entry["expires"] - 60.1) == entry["token"]
    with pytest.raises(SignInFailed, match="sign in again"):
        session.token(account, entry["expires"] - 60)


# ── Taking turns ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_who_waits_for_another_gives_up_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(turns, "PATIENCE", 0.1)
    with alone("a"), alone("b"), pytest.raises(SignInFailed, match="another command"), alone("a"):
        raise AssertionError("both are within it")
    with alone("a"):
        [first, second] = (tmp_path / "cognito-authorizer").iterdir()
    assert first.read_bytes() == second.read_bytes() == b""
    assert first.stat().st_mode & 0o777 == 0o600
    assert first.parent.stat().st_mode & 0o777 == 0o700


def test_who_waits_for_another_costs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(turns, "PATIENCE", 0.3)
    before = time.thread_time()
    with alone("a"), pytest.raises(SignInFailed, match="another command"), alone("a"):
        pass
    assert time.thread_time() - before < 0.05


def test_a_token_that_serves_waits_for_nobody(signed_in: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    account = account_on(signed_in, monkeypatch)
    monkeypatch.setattr(turns, "PATIENCE", 0.0)
    with alone(account.name):
        assert session.token(account, time.time()) == signed_in.keyring.entry["token"]


def test_turns_are_taken_in_the_cache_of_the_user_even_if_there_is_none_yet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    with alone("a"):
        [file] = (tmp_path / ".cache" / "cognito-authorizer").iterdir()
    assert file.suffix == ".lock"


def test_a_lock_ends_with_the_process_that_has_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    script = "from authorizer.signin.alone import alone\nwith alone('a'): print('in', flush=True); input()"
    holder = subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == b"in\n"
    monkeypatch.setattr(turns, "PATIENCE", 0.0)
    with pytest.raises(SignInFailed, match="another command"), alone("a"):
        pass
    holder.kill()
    holder.communicate()
    with alone("a"):
        pass


def test_a_lock_is_no_link_to_somewhere_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    with alone("a"):
        [file] = (tmp_path / "cognito-authorizer").iterdir()
    file.unlink()
    file.symlink_to(tmp_path / "precious")
    with pytest.raises(SignInFailed, match="cannot be locked"), alone("a"):
        pass
    assert not (tmp_path / "precious").exists()


def test_a_sign_out_waits_for_a_renewal_and_is_not_undone_by_it(
    signed_in: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a renewal that waits for a sign-out finds nobody there."""
    account = account_on(signed_in, monkeypatch)
    due(signed_in)
    with ThreadPoolExecutor(2) as threads:
        with alone(account.name):
            out = threads.submit(session.sign_out, account)
            time.sleep(0.2)
            assert signed_in.keyring.entries
        assert out.result() is True
    assert not signed_in.keyring.entries
    with pytest.raises(SignInFailed, match="nobody is signed in"):
        session.token(account, time.time())


# ── The end ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_who_signs_out_is_forgotten_here_and_there(signed_in: Machine) -> None:
    refresh_token = signed_in.keyring.entry["refresh_token"]
    done = signed_in.run("logout")
    assert (done.returncode, done.stdout) == (0, "")
    assert "signed out" in done.stderr
    assert not signed_in.keyring.entries
    assert not signed_in.server.live
    [revoked] = [given for path, given in signed_in.server.asked if path == "/revoke"]
    assert revoked == {"token": refresh_token, "token_type_hint": "refresh_token", "client_id": CLIENT}
    assert "nobody is signed in" in failed(signed_in.run("credentials"))
    assert "nobody was signed in" in signed_in.run("logout").stderr


@pytest.mark.parametrize(
    ("break_it", "words"),
    [
        pytest.param(
            lambda lies: setattr(lies, "metadata", lambda said: {**said, "revocation_endpoint": None}),
            "tells no revocation_endpoint",
            id="it names none that is a URL",
        ),
        pytest.param(
            lambda lies: setattr(
                lies,
                "metadata",
                lambda said: {each: said[each] for each in said if each != "revocation_endpoint"},
            ),
            "has no revocation endpoint",
            id="it has none",
        ),
        pytest.param(lambda lies: setattr(lies, "status", {"/revoke": 503}), "answers 503", id="it fails"),
    ],
)
def test_tokens_go_from_the_keyring_even_if_the_issuer_revokes_nothing(
    signed_in: Machine, break_it: Callable[[Lies], object], words: str
) -> None:
    break_it(signed_in.server.lies)
    told = failed(signed_in.run("logout"))
    assert words in told
    assert "its refresh token is good until it ends" in told
    assert not signed_in.keyring.entries


def test_a_sign_in_ends_the_one_before(signed_in: Machine) -> None:
    [before] = signed_in.server.live
    assert signed_in.login().returncode == 0
    assert list(signed_in.server.live) == [signed_in.keyring.entry["refresh_token"]] != [before]
    signed_in.server.lies.status = {"/revoke": 503}
    done = signed_in.run("login", "--token-stdin", stdin=brought(signed_in))
    assert (done.returncode, signed_in.keyring.entry["issuer"]) == (0, None), done.stderr


def test_an_entry_that_cannot_be_read_is_written_over(signed_in: Machine) -> None:
    [key] = signed_in.keyring.entries
    signed_in.keyring.entries[key] = "{"
    assert signed_in.login().returncode == 0
    printed(signed_in.run("credentials"))


def test_an_entry_that_cannot_be_read_can_still_be_taken_out(signed_in: Machine) -> None:
    [key] = signed_in.keyring.entries
    signed_in.keyring.entries[key] = "{"
    assert "is not what was put there" in failed(signed_in.run("credentials"))
    done = signed_in.run("logout")
    assert (done.returncode, "nobody was signed in" in done.stderr) == (0, False)
    assert not signed_in.keyring.entries
