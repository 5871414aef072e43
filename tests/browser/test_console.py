"""The console in Chromium, of the server as it is: each of its panels, who can use it, and what it never runs."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

import jwt
import pytest

from tests.browser.chromium import chromium
from tests.local_gateway.showing import MARKUP, SENT, Showing, showing
from tests.make import ROOT

pytestmark = pytest.mark.page
playwright = pytest.importorskip("playwright.sync_api", reason="make test-page installs Playwright")

AXE = ROOT / "build" / "page" / "node_modules" / "axe-core" / "axe.min.js"
OWN = "arn:aws:s3:::example-data/home/11111111-1111-4111-8111-111111111111/notes.txt"
PANELS = (
    "requests",
    "stages",
    "token",
    "role",
    "routes",
    "policy",
    "try",
    "calls",
    "cache",
    "whatif",
    "isolation",
)
WIDTHS = (1440, 320)
Opening = Callable[..., Any]


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Showing]:
    with showing(tmp_path_factory.mktemp("served")) as shown:
        yield shown


@pytest.fixture(scope="module")
def browser(shown: Showing) -> Iterator[Any]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def opening(browser: Any, shown: Showing) -> Iterator[Opening]:
    """Opens the console, at a decision; what the browser complains about fails the test."""
    troubles: list[str] = []
    contexts = []

    def opened(number: int | None = None, *, width: int = WIDTHS[0], **options: Any) -> Any:
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        context.set_default_timeout(60_000)
        tab = context.new_page()
        tab.on("pageerror", lambda error: troubles.append(str(error)))
        tab.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
        tab.on("dialog", lambda dialog: troubles.append(dialog.message))
        tab.goto(f"{shown.url}/_console")
        if number is not None:
            tab.get_by_role("button", name=str(number), exact=True).click()
            playwright.expect(panel(tab, "decision").locator("p").first).to_contain_text(f"{number}: ")
        return tab

    yield opened
    for context in contexts:
        context.close()
    assert [each for each in troubles if not re.search("status of 4|net::ERR_FAILED", each)] == []


def panel(tab: Any, name: str) -> Any:
    return tab.locator(f"#{name} .body")


def says(tab: Any, name: str, *texts: str) -> None:
    for text in texts:
        playwright.expect(panel(tab, name)).to_contain_text(text)


def test_all_eleven_panels_tell_of_a_request_that_was_allowed(opening: Opening) -> None:
    tab = opening(1)
    assert tab.locator("#requests tbody tr").count() == len(SENT)
    says(tab, "requests", "GET /files/notes.txt", "200 allow", "editor", "miss", "hit, ")
    says(tab, "stages", "parse ✓ passed", "seal ✓ passed", "respond ✓ passed", "lines that decided")
    says(
        tab,
        "token",
        "✓ verified",
        "expires in",
        "The check that fails next: “not expired”",
        "custom:tenant_id",
    )
    says(tab, "role", "✓ editor by cognito:preferred_role", "the best of the groups", "decided before")
    says(tab, "routes", "GET /files/{proxy+}", "✓ open", "✗ closed", "it needs the scope users:manage")
    says(tab, "policy", "of 2,048 characters", "s3-home.json.j2", "packed size")
    assert "{{ sub }}" in tab.locator("#policy mark").all_inner_texts()
    says(tab, "calls", "s3:ListObjectsV2", "✓ 200 allowed")
    says(tab, "cache", "entries", "key, hashed", "request 1")
    says(tab, "whatif", "Change a text to see what becomes of this decision.")
    says(tab, "isolation", "✓ PROVEN policy s3-home", "✓ PROVEN all roles")


@pytest.mark.parametrize(
    ("number", "stage", "code", "line"),
    [
        (2, "permit", "route_closed", '"files:read"     = ["GET /files", "GET /files/*"]'),
        (3, "resolve", "claim_refused", 'tenant = { claim = "custom:tenant_id"'),
        (4, "verify", "token_expired", "[[issuers]]"),
    ],
)
def test_it_is_red_where_it_stopped(opening: Opening, number: int, stage: str, code: str, line: str) -> None:
    tab = opening(number)
    stopped = tab.locator("#stages li.stopped")
    playwright.expect(stopped).to_have_count(1)
    playwright.expect(stopped).to_contain_text(f"{stage} ✗ stopped")
    playwright.expect(stopped).to_contain_text(f"{code}: ")
    playwright.expect(stopped.locator(".here").first).to_contain_text(line)
    red, green, blue = map(
        int, re.findall(r"\d+", stopped.evaluate("e => getComputedStyle(e).borderTopColor"))[:3]
    )
    assert red > 2 * max(green, blue)


def test_requests_come_as_they_are_made_and_the_newest_is_followed(opening: Opening, shown: Showing) -> None:
    tab = opening()
    before = shown.made.stream.count
    says(tab, "decision", f"{before}: ")
    shown.ask("viewer", "/data", **{"X-Role": "default"})
    says(tab, "requests", f"{before + 1}")
    says(tab, "decision", f"{before + 1}: ")
    playwright.expect(tab.locator("#status")).to_contain_text(f"{before + 1} requests so far")


def test_an_action_is_tried_as_the_caller_and_as_somebody_else(opening: Opening) -> None:
    tab = opening(1)
    tab.get_by_role("textbox", name="Action").fill("s3:GetObject")
    tab.get_by_role("textbox", name="Resource").fill(OWN)
    tab.get_by_role("button", name="Try as this caller").click()
    says(tab, "try", "this caller: ✓ allowed", "s3-home.json.j2", "OwnObjects")
    tab.get_by_role("button", name="as admin").click()
    says(tab, "try", "admin: ✗ denied", "does not match")
    tab.get_by_role("button", name="as hostile").click()
    says(tab, "try", "hostile: ? no session", "claim_refused")


def test_the_cache_is_asked_past_and_flushed(opening: Opening, shown: Showing) -> None:
    tab = opening(1)
    tab.get_by_role("button", name="Ask the authorizer anew for request 1", exact=True).click()
    says(tab, "cache", "without the cache, request 1: ✓ allowed")
    tab.get_by_role("button", name="Flush").click()
    says(tab, "cache", "0 entries", "Nothing is cached.")
    assert shown.made.serving.gateway.cache.entries() == ()
    shown.ask("editor", "/files")


def test_a_text_that_is_edited_changes_verdict_and_diff_and_is_kept(opening: Opening, shown: Showing) -> None:
    tab = opening(1)
    tab.get_by_role("textbox", name="Action").fill("s3:GetObject")
    tab.get_by_role("textbox", name="Resource").fill(OWN.replace("11111111", "99999999"))
    tab.get_by_label("File ", exact=False).first.select_option("s3-home")
    text = tab.get_by_label("Text, for this page alone")
    good = text.input_value()
    text.fill(good.replace("home/{{ sub }}/*", "home/*"))
    says(tab, "whatif", "policy diff: ✗ WIDER", "editor gains", "what is tried✗ denied✓ allowed")
    text.fill("{{ nobody }}")
    says(tab, "whatif", "✗ it does not load", "s3-home.json.j2:1")
    tab.get_by_role("button", name="Undo all changes").click()
    playwright.expect(text).to_have_value(good)
    tab.get_by_label("File in policies/cases/").fill("kept")
    tab.get_by_label("Name", exact=True).fill("not theirs")
    tab.get_by_role("button", name="Keep").click()
    says(tab, "whatif", "✓ kept", "PASS not theirs: s3:GetObject")
    assert 'expect   = "deny"' in (shown.cases / "kept.toml").read_text()
    tab.get_by_role("button", name="Keep").click()
    tab.get_by_role("button", name="Replace it").click()
    says(tab, "whatif", "✓ kept")


def test_a_leak_is_told_with_its_two_users(opening: Opening, shown: Showing) -> None:
    file = shown.cases.parent / "templates" / "s3-home.json.j2"
    good = file.read_text()
    before = shown.made.serving.configured
    try:
        file.write_text(good.replace("home/{{ sub }}/*", "home/*"))
        tab = opening()
        tab.wait_for_timeout(500)
        for _ in range(100):
            if shown.made.serving.configured is not before:
                break
            tab.wait_for_timeout(100)
        tab.get_by_role("button", name="Prove what is served now").click()
        says(tab, "isolation", "✗ LEAK policy s3-home", "a user with")
        assert tab.locator("#isolation li li", has_text="may s3:").count() >= 2
    finally:
        now = shown.made.serving.configured
        file.write_text(good)
        for _ in range(100):
            if shown.made.serving.configured is not now:
                break
            tab.wait_for_timeout(100)


def test_secrets_are_shown_when_they_are_asked_for_and_of_that_decision_alone(
    opening: Opening, shown: Showing
) -> None:
    tab = opening(1)
    token = shown.token("editor")
    assert token not in tab.content()
    tab.get_by_text("event and answer").click()
    says(tab, "decision", "****")
    tab.get_by_role("button", name="Show the secrets of this decision").click()
    says(tab, "decision", token)
    tab.get_by_role("button", name="2", exact=True).click()
    says(tab, "decision", "2: GET /files")
    assert token not in tab.content()


def test_a_decision_is_copied_without_secrets(opening: Opening, shown: Showing) -> None:
    tab = opening(1, permissions=["clipboard-read", "clipboard-write"])
    tab.get_by_role("button", name="Copy command").click()
    says(tab, "decision", "command copied")
    command = tab.evaluate("navigator.clipboard.readText()")
    assert "Bearer local:editor" in command
    assert "eyJ" not in command
    tab.get_by_role("button", name="Copy event").click()
    says(tab, "decision", "event copied")
    event = json.loads(tab.evaluate("navigator.clipboard.readText()"))
    assert event["authorizationToken"] == "Bearer local:editor"


def test_markup_of_a_path_or_a_token_is_text(opening: Opening, shown: Showing) -> None:
    hostile = "<img src=x onerror=alert(1)><script>alert(2)</script>"
    token = jwt.encode(
        {"sub": hostile, "iss": hostile, hostile: [hostile]}, "k" * 32, headers={"kid": hostile}
    )
    shown.ask(None, MARKUP + hostile, Authorization=f"Bearer {token}")
    tab = opening(shown.made.stream.count)
    says(tab, "token", hostile, "not verified")
    says(tab, "stages", hostile)
    assert tab.locator("#requests img, #panels img, #panels script").count() == 0


def test_a_page_of_the_backends_gets_neither_the_key_nor_a_frame(browser: Any, shown: Showing) -> None:
    """It has the same origin: what it may not is held by the server, and by the browser."""
    tab = browser.new_page()
    tab.goto(f"{shown.url}/nothing")
    assert tab.evaluate("async () => (await fetch('/_console')).status") == 403
    assert tab.evaluate("async () => (await fetch('/_console/api/requests')).status") == 403
    opened = tab.evaluate(
        "async () => { const w = window.open('/_console'); await new Promise((d) => setTimeout(d, 1500));"
        " try { return w.closed || !w.document.querySelector('meta[name=console-key]') } catch { return true } }"
    )
    assert opened is True
    tab.close()


def test_a_page_with_the_consoles_own_opener_policy_opens_none(browser: Any, shown: Showing) -> None:
    """Such a page of a backend's would stay beside what it opens, and read it."""
    tab = browser.new_page()
    policy = {"Cross-Origin-Opener-Policy": "same-origin", "Content-Type": "text/html"}
    tab.route("**/nothing", lambda route: route.fulfill(status=200, headers=policy, body="<p>backend"))
    tab.goto(f"{shown.url}/nothing")
    seen = tab.evaluate(
        "async () => { const w = window.open('/_console'); await new Promise((d) => setTimeout(d, 1500));"
        " return [w.document.body.textContent.trim(), Boolean(w.document.querySelector('meta[name=console-key]'))] }"
    )
    assert seen == ["no page opens the console: type its address, or follow it from the terminal", False]
    refused = (
        "async () => navigator.serviceWorker.register('/sw.js').then(() => '', (error) => error.message)"
    )
    assert "403" in tab.evaluate(refused)
    tab.close()


def test_it_is_there_again_after_a_reload(opening: Opening) -> None:
    tab = opening(1)
    tab.reload()
    assert tab.locator("meta[name=console-key]").count() == 1


def test_it_works_by_keyboard_alone(opening: Opening) -> None:
    tab = opening(3)
    tab.keyboard.press("ArrowDown")
    says(tab, "decision", "2: GET /files")
    tab.keyboard.press("ArrowDown")
    says(tab, "decision", "1: GET /files/notes.txt")
    tab.get_by_role("textbox", name="Action").focus()
    tab.keyboard.press("Control+A")
    tab.keyboard.type("s3:GetObject")
    tab.keyboard.press("Tab")
    tab.keyboard.press("Control+A")
    tab.keyboard.type(OWN)
    tab.keyboard.press("Enter")
    says(tab, "try", "this caller: ✓ allowed")
    reached = set()
    tab.evaluate("document.activeElement.blur()")
    for _ in range(400):
        tab.keyboard.press("Tab")
        reached.add(tab.evaluate("document.activeElement.closest('section')?.id"))
    assert set(PANELS) - {"calls"} <= reached


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("colours", ["light", "dark"])
def test_axe_finds_nothing(opening: Opening, width: int, colours: str) -> None:
    if not AXE.exists():
        pytest.exit("the console was not tested: make test-page installs axe-core", returncode=1)
    for number in (1, 3, 8):
        tab = opening(number, width=width, color_scheme=colours)
        says(tab, "isolation", "PROVEN")
        tab.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true })")
        tab.evaluate(AXE.read_text())
        found = tab.evaluate("axe.run(document, { resultTypes: ['violations', 'incomplete'] })")
        assert [(each["id"], each["nodes"][0]["html"]) for each in found["violations"]] == []
        assert {each["id"] for each in found["passes"]} >= {"color-contrast", "label", "button-name"}


def test_nothing_is_wider_than_a_narrow_screen(opening: Opening) -> None:
    tab = opening(1, width=320)
    assert tab.evaluate("document.documentElement.scrollWidth") <= 320


def test_a_server_that_ended_is_told(opening: Opening) -> None:
    tab = opening(1)
    tab.route("**/_console/api/**", lambda route: route.abort())
    playwright.expect(tab.locator("#status")).to_contain_text("the server does not answer")


def test_dark_and_light_differ(opening: Opening) -> None:
    backs = {
        colours: opening(color_scheme=colours).evaluate("getComputedStyle(document.body).backgroundColor")
        for colours in ("light", "dark")
    }
    assert backs["light"] != backs["dark"]
