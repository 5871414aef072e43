"""The page in Chromium, against Ceph's S3: what it does for its user, and what no page can do whatever it asks for."""

import re
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.browser.chromium import chromium
from tests.browser.servers import CLIENT_ID, Api, Cognito, Pages
from tests.deploy.sam import chosen, template
from tests.s3.handed_out import OwnStage, handing_out
from tests.s3.operations import BUCKET, OBJECT
from tests.s3.population import SUBJECTS, USERS, Caller
from tests.s3.stage import Site, built
from tests.servers.rgw import ACCOUNT, RadosGateway, missing

pytestmark = pytest.mark.page
playwright = pytest.importorskip("playwright.sync_api", reason="make test-page installs Playwright")

HOME = SUBJECTS[0]
ERIN, COLLEAGUE, OTHER = USERS[0], USERS[1], USERS[10]
MIB = 1024 * 1024


@pytest.fixture(scope="module")
def gateway() -> Iterator[RadosGateway]:
    if reason := missing():
        pytest.exit(f"the page was not tested: {reason}", returncode=1)
    with RadosGateway() as gateway:
        yield gateway


@pytest.fixture(scope="module")
def site(gateway: RadosGateway) -> Iterator[Site]:
    with built(gateway) as site:
        yield site


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as browser:
        yield browser


@dataclass  # without slots: Playwright marks the object whose methods it calls
class World:
    """The page's tab, and all that it talks to."""

    tab: Any
    pages: Pages
    cognito: Cognito
    api: Api
    stage: OwnStage
    owner: Any
    signed: list[tuple[str, str, str]]
    """Each request to S3: its method, its path with its query, the access key that signed it."""
    troubles: list[str]
    """What the browser complained about: violations of the policy, scripts' errors."""

    def heard(self, said: Any) -> None:
        if said.type == "error" and "status of 403" not in said.text:
            self.troubles.append(said.text)

    def saw(self, request: Any) -> None:
        signer = re.search(r"Credential=([^/]+)/", request.headers.get("authorization", ""))
        if signer:
            path = request.url.removeprefix(self.stage.site.gateway.endpoint)
            self.signed.append((request.method, path, signer[1]))

    def sign_in(self) -> None:
        self.tab.goto(f"{self.pages.origin}/")
        self.tab.get_by_role("button", name="Sign in").click()
        playwright.expect(self.tab.get_by_role("button", name="Sign out")).to_be_visible()

    def says(self, text: str, **options: Any) -> None:
        playwright.expect(self.tab.get_by_role("status")).to_contain_text(text, **options)

    def row(self, name: str) -> Any:
        return self.tab.get_by_role("row", name=re.compile(rf"^{re.escape(name)} "))

    def choose(self, *files: Mapping[str, Any]) -> None:
        self.tab.get_by_label("Files to upload").set_input_files(list(files))

    def upload(self, *files: Mapping[str, Any]) -> None:
        self.choose(*files)
        self.tab.get_by_role("button", name="Upload", exact=True).click()

    def stored(self, name: str) -> bytes:
        found: bytes = self.owner.get_object(Bucket=BUCKET, Key=ERIN.prefix(HOME) + name)["Body"].read()
        return found


def a_file(name: str, body: bytes, kind: str = "text/plain") -> dict[str, Any]:
    return {"name": name, "mimeType": kind, "buffer": body}


Opening = Callable[..., World]


@pytest.fixture
def opening(gateway: RadosGateway, site: Site, browser: Any) -> Iterator[Opening]:
    """Opens the page for somebody; `config` is what its owner changed in it."""
    with ExitStack() as stack:

        def opened(caller: Caller = ERIN, *, listed: bool = True, **config: Any) -> World:
            pages = Pages()
            stack.callback(pages.close)
            origins = [pages.origin if listed else "https://app.example.com"]
            # Not in this thread, in which Playwright's event loop runs.
            environment = stack.enter_context(ThreadPoolExecutor(1))
            handing = handing_out(site, origins)
            stage = environment.submit(handing.__enter__).result()
            stack.callback(lambda: environment.submit(handing.__exit__, None, None, None).result())
            cognito, api = Cognito(stage, caller, HOME), Api(stage, environment)
            for server in (cognito, api):
                stack.callback(server.close)
            colours = config.pop("colours", "light")
            pages.configure(
                {
                    "credentialsUrl": f"{api.origin}/credentials",
                    "headers": {"x-role": "default"},
                    "region": "default",
                    # With its tenant: a preflight is nobody's, and Ceph knows the tenant by who asks.
                    "bucketUrl": f"{gateway.endpoint}/{ACCOUNT}%3A{BUCKET}",
                    "prefix": "home/{sub}/",
                    "signIn": {"domain": cognito.origin, "clientId": CLIENT_ID},
                    **config,
                }
            )
            owner = gateway.client("s3", site.owner)
            owner.put_bucket_cors(Bucket=BUCKET, CORSConfiguration=cors(pages.origin))
            context = browser.new_context(color_scheme=colours)
            stack.callback(context.close)
            context.set_default_timeout(60_000)
            tab = context.new_page()
            world = World(tab, pages, cognito, api, stage, owner, [], [])
            tab.on("pageerror", lambda error: world.troubles.append(str(error)))
            tab.on("console", world.heard)
            tab.on("request", world.saw)
            return world

        yield opened


def cors(origin: str) -> Any:
    """The bucket's rules, as deploy/template.yaml has them."""
    [rule] = chosen(template("template.yaml")["Resources"]["DataBucket"]["Properties"], {"HandsOutToPages"})[
        "CorsConfiguration"
    ]["CorsRules"]
    names = {"MaxAge": "MaxAgeSeconds", "ExposedHeaders": "ExposeHeaders"}
    return {
        "CORSRules": [
            {names.get(key, key): value for key, value in {**rule, "AllowedOrigins": [origin]}.items()}
        ]
    }


# ── What it does ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_user_s_files_go_up_are_listed_and_come_down(opening: Opening) -> None:
    world = opening()
    world.sign_in()
    playwright.expect(world.row(OBJECT)).to_be_visible()
    name, body = "my notes (1)+ü & <b>.txt", b"hello from the page"
    world.upload(a_file(name, body), a_file("empty.bin", b""))
    playwright.expect(world.row(name)).to_contain_text(f"{len(body)} bytes")
    playwright.expect(world.row("empty.bin")).to_be_visible()
    assert world.stored(name) == body
    with world.tab.expect_download() as begun:
        world.tab.get_by_role("button", name=f"Download {name}").click()
    assert Path(begun.value.path()).read_bytes() == body
    assert world.troubles == []


def test_a_large_file_goes_up_in_parts(opening: Opening) -> None:
    world = opening()
    world.sign_in()
    body = bytes(range(256)) * (20 * MIB // 256)
    world.upload(a_file("large.bin", body, "application/octet-stream"))
    world.says("large.bin: uploaded")
    assert world.stored("large.bin") == body
    parts = [path for method, path, _ in world.signed if method == "PUT" and "partNumber" in path]
    assert len(parts) == 3
    assert world.troubles == []


def test_renewal_happens_while_an_upload_runs(opening: Opening) -> None:
    """A session of a quarter of an hour, of which twelve minutes pass between two parts."""
    world = opening()
    world.cognito.life = 900
    world.tab.clock.install()
    world.sign_in()
    playwright.expect(world.row(OBJECT)).to_be_visible()
    first = world.api.handed[-1]
    parts = 0

    def slowly(route: Any) -> None:
        nonlocal parts
        if route.request.method == "PUT":
            parts += 1
            if parts == 2:
                world.cognito.life = 3600
                world.tab.clock.fast_forward(12 * 60 * 1000)
        route.continue_()

    world.tab.route(re.compile("partNumber="), slowly)
    world.upload(a_file("long.bin", bytes(40 * MIB), "application/octet-stream"))
    world.says("long.bin: uploaded", timeout=60_000)
    assert len(world.stored("long.bin")) == 40 * MIB
    signers = [key for method, path, key in world.signed if method == "PUT" and "partNumber" in path]
    assert len(signers) == 5
    assert signers[0] == first
    assert len(set(signers)) == 2
    assert signers[-1] == world.api.handed[-1]
    assert world.cognito.tokens == 2
    assert world.troubles == []


def test_signing_out_stops_an_upload_and_forgets_everything(opening: Opening) -> None:
    world = opening()
    world.sign_in()
    playwright.expect(world.row(OBJECT)).to_be_visible()
    held: list[Any] = []
    world.tab.route(re.compile("partNumber=2"), lambda route: held.append(route))  # noqa: PLW0108 - it is marked
    world.upload(a_file("never.bin", bytes(40 * MIB), "application/octet-stream"))
    while not held:
        world.tab.wait_for_timeout(20)
    world.tab.get_by_role("button", name="Sign out").click()
    playwright.expect(world.tab.get_by_role("button", name="Sign in")).to_be_visible()
    world.tab.wait_for_load_state()
    asked, sent = len(world.api.seen), len(world.signed)
    world.tab.wait_for_timeout(500)
    assert (len(world.api.seen), len(world.signed)) == (asked, sent)
    assert not any("partNumber=3" in path for _, path, _ in world.signed)
    with pytest.raises(Exception, match="NoSuchKey"):
        world.stored("never.bin")
    assert world.cognito.refresh == set()
    assert any(seen.startswith("GET /logout") for seen in world.cognito.seen)
    assert world.tab.get_by_role("row").count() == 0
    storage = "[...Object.entries(localStorage), ...Object.entries(sessionStorage), document.cookie]"
    assert world.tab.evaluate(storage) == [""]


def test_tokens_and_credentials_are_in_no_storage_no_address_and_no_history(opening: Opening) -> None:
    world = opening()
    world.sign_in()
    playwright.expect(world.row(OBJECT)).to_be_visible()
    storage = "JSON.stringify([localStorage, sessionStorage, document.cookie, location.href, history.state])"
    said = world.tab.evaluate(storage)
    assert said == f'[{{}},{{}},"","{world.pages.origin}/",null]'
    assert not any("oken" in seen or "ASIA" in seen for seen in (*world.api.seen, *world.pages.seen))
    world.tab.reload()
    playwright.expect(world.tab.get_by_role("button", name="Sign in")).to_be_visible()


def test_all_of_it_works_by_keyboard(opening: Opening) -> None:
    world = opening()
    world.tab.goto(f"{world.pages.origin}/")
    keyboard = world.tab.keyboard

    def go_to(name: str) -> None:
        for _ in range(20):
            keyboard.press("Tab")
            focused = (
                "document.activeElement.labels?.[0]?.textContent || document.activeElement.ariaLabel || "
            )
            if world.tab.evaluate(f"{focused} document.activeElement.textContent").strip() == name:
                return
        raise AssertionError(f"{name!r} is not to be had by Tab")

    go_to("Sign in")
    keyboard.press("Enter")
    playwright.expect(world.row(OBJECT)).to_be_visible()
    go_to("Files to upload")
    outline = "getComputedStyle(document.activeElement).outlineStyle"
    assert world.tab.evaluate(outline) == "solid"
    with world.tab.expect_file_chooser() as chooser:
        keyboard.press("Enter")
    chooser.value.set_files([a_file("keys.txt", b"by keyboard")])
    go_to("Upload")
    keyboard.press("Space")
    playwright.expect(world.row("keys.txt")).to_be_visible()
    go_to("Download keys.txt")
    with world.tab.expect_download() as begun:
        keyboard.press("Enter")
    assert Path(begun.value.path()).read_bytes() == b"by keyboard"


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_what_is_written_can_be_read_in_light_and_in_dark(opening: Opening, colours: str) -> None:
    world = opening(colours=colours)
    world.sign_in()
    playwright.expect(world.row(OBJECT)).to_be_visible()
    measured = world.tab.evaluate(CONTRAST)
    assert measured["background"] == ([255, 255, 255] if colours == "light" else measured["background"])
    assert (sum(measured["background"]) < 150) is (colours == "dark")
    assert min(measured["ratios"]) >= 4.5  # WCAG 2.2, 1.4.3


CONTRAST = """() => {
  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const rgb = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const light = (colour) => rgb(colour)
    .map((part) => part / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
  const background = getComputedStyle(document.body).backgroundColor;
  const ratios = [...document.querySelectorAll("h1, p, button, label, th, td, caption")]
    .filter((node) => node.checkVisibility())
    .map((node) => [light(getComputedStyle(node).color), light(background)].sort((a, b) => b - a))
    .map(([more, less]) => (more + 0.05) / (less + 0.05));
  return { background: rgb(background), ratios };
}"""

# ── What no page can do ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "prefix",
    [
        pytest.param(COLLEAGUE.prefix(HOME), id="a colleague's folder"),
        pytest.param(OTHER.prefix(HOME), id="a folder of another tenant's"),
        pytest.param(ERIN.prefix(HOME)[:-1] + "0/", id="a folder whose name begins like one's own"),
        pytest.param("home/", id="everybody's folders"),
        pytest.param("", id="the whole bucket"),
    ],
)
def test_a_page_that_asks_for_what_is_not_its_user_s_is_refused_by_the_server(
    opening: Opening, prefix: str
) -> None:
    world = opening(prefix=prefix)
    world.sign_in()
    world.says("S3 answers 403 (AccessDenied)")
    world.upload(a_file("planted.txt", b"planted"))
    world.says("planted.txt: S3 answers 403 (AccessDenied)")
    world.upload(a_file("planted.bin", bytes(9 * MIB)))
    world.says("planted.bin: S3 answers 403 (AccessDenied)")
    keys = {one["Key"] for one in world.owner.list_objects_v2(Bucket=BUCKET).get("Contents", ())}
    assert not any("planted" in key for key in keys)
    assert world.api.statuses == [200]


def test_a_page_of_another_origin_gets_nothing(opening: Opening) -> None:
    world = opening(listed=False)
    made = world.stage.site.door.requests
    world.sign_in()
    world.says("the server cannot be asked, or does not let this page read its answer")
    assert world.api.handed == []
    assert world.stage.site.door.requests == made
    assert world.signed == []


def test_the_next_user_of_the_browser_gets_credentials_of_their_own(opening: Opening) -> None:
    """Neither the browser's cache nor anything of the page's answers one user with what another was answered."""
    world = opening()
    world.sign_in()
    playwright.expect(world.row(OBJECT)).to_be_visible()
    world.tab.get_by_role("button", name="Sign out").click()
    world.tab.wait_for_load_state()
    world.cognito.caller = OTHER
    world.sign_in()
    playwright.expect(world.row(OBJECT)).to_be_visible()
    assert len(world.api.handed) == len(set(world.api.handed)) == 2
    assert world.signed[-1][2] == world.api.handed[1]
    assert OTHER.sub in world.signed[-1][1]


def test_a_sign_in_that_was_not_begun_here_is_refused(opening: Opening) -> None:
    world = opening()
    world.cognito.changed = {"state": "another"}
    world.tab.goto(f"{world.pages.origin}/")
    world.tab.get_by_role("button", name="Sign in").click()
    world.says("this sign-in was not begun here")
    assert world.cognito.tokens == 0
    world.tab.goto(f"{world.pages.origin}/?code=stolen&state=x")
    world.says("this sign-in was not begun here")
    assert world.cognito.tokens == 0


def test_a_script_that_gets_into_the_page_asks_nobody_else_and_makes_no_markup(opening: Opening) -> None:
    world = opening()
    world.sign_in()
    playwright.expect(world.row(OBJECT)).to_be_visible()
    elsewhere = Pages()
    try:
        refused = world.tab.evaluate(f"fetch('{elsewhere.origin}/?stolen').catch((error) => error.name)")
        assert refused == "TypeError"
        assert elsewhere.seen == []
    finally:
        elsewhere.close()
    said = world.tab.evaluate(
        "try { document.body.innerHTML = '<b>x</b>'; 'made' } catch (error) { error.name }"
    )
    assert said == "TypeError"
    assert "Content Security Policy" in " ".join(world.troubles)
