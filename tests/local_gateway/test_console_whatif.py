"""What would be otherwise, what is kept of it, and what is proven."""

import asyncio
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from authorizer.local_gateway.console import isolation
from authorizer.local_gateway.console.background import in_background
from authorizer.local_gateway.console.isolation import Isolation, digest
from authorizer.local_gateway.console.keeping import keep
from authorizer.local_gateway.console.masking import source_meant, source_shown
from authorizer.local_gateway.console.what_if import edited
from authorizer.local_gateway.written import Written
from tests.local_gateway.console_page import Page, opened, written
from tests.local_gateway.stage import Stage
from tests.make import (
    ACCESS,
    sample_environment,
    sample_templates,
)

OWN = "arn:aws:s3:::example-data/home/11111111-1111-4111-8111-111111111111/notes.txt"


@pytest.fixture
def page(stages: Callable[[str], Stage]) -> Page:
    return opened(stages("rest-token"))


@pytest.fixture
def cases(page: Page, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where cases are kept, in place of the repository's own folder."""
    options = replace(page.stage.serving.options, access=tmp_path / "access.toml")
    monkeypatch.setattr(page.stage.serving, "options", options)
    return tmp_path / "cases"


# ── what if ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_all_texts_can_be_edited(page: Page) -> None:
    texts = page.get("texts")["texts"]
    assert texts == {"access.toml": ACCESS.read_text(), **sample_templates()}


def test_a_template_that_is_edited_changes_verdict_and_difference(page: Page) -> None:
    number = page.sent("editor", "/files")
    wider = sample_templates()["s3-home"].replace("home/{{ sub }}/*", "home/*")
    asked = {"action": "s3:GetObject", "resource": "arn:aws:s3:::example-data/home/somebody/else"}
    found = page.post("whatif", number=number, texts={"s3-home": wider}, **asked)
    assert (found["problems"], found["diff"]["verdict"]) == ([], "WIDER")
    before, after = found["verdict"]["before"], found["verdict"]["after"]
    assert (before["tried"]["state"], after["tried"]["state"]) == ("denied", "allowed")
    assert before["outcome"] == after["outcome"] == "allow"
    assert after["policy"]["characters"] < before["policy"]["characters"]


def test_settings_that_are_edited_change_the_decision(page: Page) -> None:
    number = page.sent("viewer", "/files")
    source = ACCESS.read_text().replace(
        'scopes     = ["data:read"]', 'scopes     = ["data:read", "files:read"]'
    )
    found = page.post("whatif", number=number, texts={"access.toml": source})
    before, after = found["verdict"]["before"], found["verdict"]["after"]
    assert (before["code"], after["code"], after["tried"]) == ("route_closed", "allowed", None)
    assert after["scopes"] == ["data:read", "files:read"]
    assert [shift["whom"] for shift in found["diff"]["authority"]] == ["group viewers"]


def test_an_unchanged_text_changes_nothing(page: Page) -> None:
    number = page.sent("editor", "/files")
    found = page.post("whatif", number=number, texts={"access.toml": ACCESS.read_text()})
    assert found["diff"]["verdict"] == "NO WIDER"
    assert found["verdict"]["before"]["policy"] == found["verdict"]["after"]["policy"]


def test_who_would_have_no_role_is_told(page: Page) -> None:
    number = page.sent("no-groups", "/data")
    found = page.post("whatif", number=number, texts={}, action="s3:GetObject", resource=OWN)["verdict"]
    assert (found["after"]["outcome"], found["after"]["role"], found["after"]["tried"]) == (
        "deny",
        None,
        None,
    )
    assert found["after"]["code"] == "no_role"


@pytest.mark.parametrize(
    ("texts", "says"),
    [
        ({"access.toml": "[nonsense\n"}, "policies/access.toml:1:"),
        ({"access.toml": ACCESS.read_text() + "[nonsense]\n"}, "nonsense"),
        ({"s3-home": "{{ nobody }}"}, "s3-home.json.j2:1"),
        ({"../x": ""}, "there is no text '../x'"),
    ],
)
def test_a_text_that_does_not_load_is_told_with_its_place(
    page: Page, texts: Mapping[str, str], says: str
) -> None:
    number = page.sent("editor", "/files")
    problems = page.post("whatif", number=number, texts=texts)["problems"]
    assert says in problems[0]
    assert page.raw("POST", "keep", json={"number": number, "texts": texts, "name": "x"}).status_code == 400


def test_a_request_that_nobody_was_asked_about_has_a_difference_alone(page: Page) -> None:
    number = page.asked({}, "/data")
    assert page.post("whatif", number=number, texts={})["verdict"] is None


def test_real_issuers_keep_their_own_keys() -> None:
    own, source = written(), ACCESS.read_text()
    for local, uri in ((True, "http://here"), (False, None)):
        issuers = {
            iss: replace(entry, jwks_uri="http://here") for iss, entry in own.access.settings.issuers.items()
        }
        now = replace(own, access=own.access._replace(settings=replace(own.access.settings, issuers=issuers)))
        new = edited(now, {"access.toml": source}, sample_environment(), local=local)
        [known, *_] = new.access.settings.issuers.values()
        assert (known.jwks_uri == "http://here") is (uri is not None)


# ── secrets that are written into the settings ──────────────────────────────────────────────────────────────

SECRETIVE = """[roles.one]
external_id = "s3cret"   # theirs
other = "env:KEYS"

[sealing]
keys = '''{"keys": [
  {"k": "abc"}
]}'''
[shared]
keys = "env:KEYS"
"""


def test_secrets_of_the_settings_are_masked_line_by_line_and_meant_when_they_come_back() -> None:
    shown = source_shown(SECRETIVE)
    assert "s3cret" not in shown
    assert "abc" not in shown
    assert shown.count("env:KEYS") == 2
    assert len(shown.splitlines()) == len(SECRETIVE.splitlines())
    assert source_meant(shown, SECRETIVE) == SECRETIVE
    assert source_meant(shown.replace("[roles.one]", "# new\n[roles.two]"), SECRETIVE) == SECRETIVE.replace(
        "[roles.one]", "# new\n[roles.two]"
    )
    assert source_meant("plain = 1", SECRETIVE) == "plain = 1\n"


@pytest.mark.parametrize(
    "line",
    [
        pytest.param('editor = { arn = "a", external_id = "s3cret" }', id="in an inline table"),
        pytest.param('editor = {external_id="s3cret", arn = "a"}', id="first in one"),
        pytest.param('editor.external_id = "s3cret"', id="behind a dot"),
        pytest.param('"external_id" = "s3cret"', id="its name in quotes"),
        pytest.param("'external_id' = 's3cret'", id="in single quotes"),
        pytest.param("sealing.keys = 's3cret'", id="keys behind a dot"),
        pytest.param("sealing = { source = 'environment', keys = 's3cret' }", id="keys in an inline table"),
        pytest.param('a = { keys = "env:KEYS", external_id = "s3cret" }', id="behind one of the environment"),
        pytest.param('keys = """s3cret""""', id="a text that ends with a quote"),
        pytest.param('keys = "env:KEYS-s3cret"', id="a text that begins as one of the environment"),
    ],
)
def test_a_secret_is_masked_wherever_toml_lets_it_stand(line: str) -> None:
    source = f"[a]\n{line}\nplain = 1\n"
    shown = source_shown(source)
    assert "s3cret" not in shown
    assert "plain = 1" in shown
    assert source_meant(shown, source) == source


# ── keeping ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_was_seen_is_kept_as_a_case(page: Page, cases: Path) -> None:
    number = page.sent("editor", "/files/notes.txt")
    asked = {"action": "s3:GetObject", "resource": OWN, "context": {"aws:SecureTransport": "true"}}
    kept = page.post("keep", number=number, name="own-notes", title="erin's notes", **asked)
    file = cases / "own-notes.toml"
    assert (kept["file"], kept["text"]) == (str(file), file.read_text())
    assert [line.partition(" ")[0] for line in kept["now"]] == ["PASS", "PASS"]
    assert 'expect   = "allow"' in kept["text"]
    assert "erin's notes: s3:GetObject" in kept["text"]
    assert [each.name for each in cases.iterdir()] == ["own-notes.toml"]
    assert file.stat().st_mode & 0o777 == 0o644


def test_a_file_is_replaced_only_where_that_is_said(page: Page, cases: Path) -> None:
    number = page.sent("editor", "/files")
    cases.mkdir()
    (cases / "mine.toml").write_text("mine")
    answer = page.raw("POST", "keep", json={"number": number, "name": "mine"})
    assert (answer.status_code, (cases / "mine.toml").read_text()) == (409, "mine")
    page.post("keep", number=number, name="mine", replace=True)
    assert "[[routes]]" in (cases / "mine.toml").read_text()


def test_a_link_is_replaced_and_not_followed(page: Page, cases: Path, tmp_path: Path) -> None:
    number = page.sent("editor", "/files")
    cases.mkdir()
    (tmp_path / "precious").write_text("precious")
    (cases / "mine.toml").symlink_to(tmp_path / "precious")
    page.post("keep", number=number, name="mine", replace=True)
    assert (tmp_path / "precious").read_text() == "precious"
    assert not (cases / "mine.toml").is_symlink()


@pytest.mark.parametrize("name", ["", "../x", "a/b", "A", ".hidden", "-x", "x" * 64, "x.toml", "x\n", "é"])
def test_a_name_is_nothing_but_a_name(page: Page, cases: Path, name: str) -> None:
    number = page.sent("editor", "/files")
    answer = page.raw("POST", "keep", json={"number": number, "name": name})
    assert (answer.status_code, cases.exists()) == (400, False)
    assert "is no name" in answer.json()["error"]


def test_a_case_of_what_if_expects_what_would_be(page: Page, cases: Path) -> None:
    number = page.sent("viewer", "/files")
    source = ACCESS.read_text().replace(
        'scopes     = ["data:read"]', 'scopes     = ["data:read", "files:read"]'
    )
    kept = page.post("keep", number=number, name="would-be", texts={"access.toml": source})
    assert 'expect = "allow"' in kept["text"]
    assert kept["now"][0].startswith("PASS")  # the scopes stand in the case


def test_a_case_of_a_template_that_is_edited_fails_until_it_is_saved(page: Page, cases: Path) -> None:
    number = page.sent("editor", "/files")
    wider = sample_templates()["s3-home"].replace("home/{{ sub }}/*", "home/*")
    asked = {"action": "s3:GetObject", "resource": "arn:aws:s3:::example-data/home/x"}
    kept = page.post("keep", number=number, name="wider", texts={"s3-home": wider}, **asked)
    assert kept["now"][0].startswith("FAIL")


def test_a_closed_route_is_kept_as_closed(page: Page, cases: Path) -> None:
    number = page.sent("viewer", "/files")
    kept = page.post("keep", number=number, name="closed", action="s3:GetObject", resource=OWN)
    assert 'expect = "deny"' in kept["text"]
    assert 'expect   = "deny"' in kept["text"]
    assert all(line.startswith("PASS") for line in kept["now"])


def test_there_is_no_case_of_nobody(page: Page, cases: Path) -> None:
    number = page.sent("expired", "/data")
    answer = page.raw("POST", "keep", json={"number": number, "name": "nobody"})
    assert (answer.status_code, cases.exists()) == (400, False)


def test_a_folder_that_cannot_be_written_is_told(page: Page, cases: Path) -> None:
    cases.write_text("a file")
    answer = page.raw("POST", "keep", json={"number": page.sent("editor", "/files"), "name": "x"})
    assert answer.status_code == 500
    assert "cannot be written" in answer.json()["error"]


def test_a_text_that_is_no_case_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="not TOML"):
        keep(tmp_path, "x", "[[cases]", written(), replace=False)
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("title", ['"]]\n[users.x]', "\x7f\x1b[31m", "", "é" * 200, "\\u0000"])
def test_a_hostile_title_stays_a_title(page: Page, cases: Path, title: str) -> None:
    number = page.sent("editor", "/files")
    kept = page.post("keep", number=number, name="titled", title=title, replace=True)
    assert len(kept["now"]) == 1


# ── isolation ───────────────────────────────────────────────────────────────────────────────────────────────


def test_each_policy_is_proven(page: Page) -> None:
    proofs = {each["subject"]: each["verdict"] for each in page.get("isolation")["proofs"]}
    assert proofs["policy s3-home"] == proofs["all roles"] == "PROVEN"


def test_a_leak_has_its_two_users() -> None:
    leaking = sample_templates()["s3-home"].replace("home/{{ sub }}/*", "home/*")
    loaded = written(templates={**sample_templates(), "s3-home": leaking})
    proofs = asyncio.run(Isolation().of(loaded))
    [proof] = [each for each in proofs if each["subject"] == "policy s3-home"]
    findings: Any = proof["findings"]
    assert (proof["verdict"], len(findings[0]["witness"])) == ("LEAK", 2)


def test_what_is_the_same_is_proven_once(monkeypatch: pytest.MonkeyPatch) -> None:
    proven: list[Written] = []

    def prove(each: Written) -> list[dict[str, Any]]:
        proven.append(each)
        return []

    monkeypatch.setattr(isolation, "_proofs", prove)
    one, same, other = written(), written(), replace(written(), source="other")
    assert digest(one) == digest(same) != digest(other)

    async def ask() -> None:
        proofs = Isolation()
        await asyncio.gather(*(proofs.of(each) for each in (one, same, other, one)))
        for number in range(isolation.KEPT):
            await proofs.of(replace(one, source=str(number)))
        await proofs.of(one)

    asyncio.run(ask())
    assert len(proven) == 2 + isolation.KEPT + 1


def test_a_server_that_ends_waits_for_no_proof() -> None:
    go = threading.Event()

    async def ask() -> None:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await in_background(go.wait)

    asyncio.run(ask())
    go.set()

    async def fails() -> None:
        with pytest.raises(ZeroDivisionError):
            await in_background(lambda: 1 / 0)

    asyncio.run(fails())
