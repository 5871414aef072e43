"""Who gets the console, and what it is: one page without anything from elsewhere, and answers for that page alone."""

import re
from collections.abc import Callable

import pytest

from authorizer.local_gateway.console import pages
from authorizer.local_gateway.console.answers import ASKED
from tests.local_gateway.console_page import PLACE, Page, opened
from tests.local_gateway.screenshot import PICTURE
from tests.local_gateway.stage import ORIGIN, Stage
from tests.make import ROOT


@pytest.fixture
def page(stages: Callable[[str], Stage]) -> Page:
    return opened(stages("rest-token"))


def test_the_page_may_run_and_fetch_nothing_but_the_consoles_own_files(page: Page) -> None:
    answer = page.stage.client.get(PLACE, headers={"Sec-Fetch-Dest": "document"})
    own = f"http://127.0.0.1:{page.stage.server.port}/_console"
    assert answer.headers["content-security-policy"].split("; ") == [
        "default-src 'none'",
        f"script-src {own}/",
        f"style-src {own}/",
        f"connect-src {own}/api/",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    ]
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert answer.headers["cache-control"] == "no-store"
    assert page.stage.client.get(f"{PLACE}/").status_code == 200
    assert "<style" not in answer.text
    assert " on" not in re.sub(r"\bon[ -]", "", answer.text.lower())
    assert "http" not in answer.text


@pytest.mark.parametrize("destination", ["iframe", "empty", "object", "script"])
def test_the_key_is_for_a_window_of_its_own(page: Page, destination: str) -> None:
    """A page of the backend's has the same origin: by fetch or in a frame it would read the key."""
    answer = page.stage.client.get(PLACE, headers={"Sec-Fetch-Dest": destination})
    assert (answer.status_code, page.key in answer.text) == (403, False)


@pytest.mark.parametrize("site", ["same-origin", "same-site", "cross-site"])
def test_no_page_opens_the_console(page: Page, site: str) -> None:
    """One of a backend's that has the same opener policy could read the key of what it opened."""
    document = {"Sec-Fetch-Dest": "document"}
    answer = page.stage.client.get(PLACE, headers={**document, "Sec-Fetch-Site": site})
    assert (answer.status_code, page.key in answer.text) == (403, False)
    answer = page.stage.client.get(PLACE, headers={**document, "Sec-Fetch-Site": "none"})
    assert (answer.status_code, page.key in answer.text) == (200, True)


@pytest.mark.parametrize("path", ["/sw.js", PLACE])
def test_there_is_no_service_worker_between_the_console_and_its_server(page: Page, path: str) -> None:
    answer = page.stage.client.get(
        path, headers={"Service-Worker": "script", "Sec-Fetch-Site": "same-origin"}
    )
    assert answer.status_code == 403
    assert "service worker" in answer.text


@pytest.mark.parametrize("name", [f"{method} {name}" for method, name in ASKED])
@pytest.mark.parametrize("key", [None, "", "wrong", "\N{LATIN SMALL LETTER A WITH DIAERESIS}"])
def test_without_the_key_nothing_is_answered(page: Page, name: str, key: str | None) -> None:
    method, _, path = name.partition(" ")
    headers: dict[bytes, bytes] = {} if key is None else {b"x-console": key.encode("latin-1")}
    answer = page.stage.client.request(method, f"{PLACE}/api/{path}", headers=headers, params={"number": 1})
    assert answer.status_code == 403
    assert "load the page anew" in answer.json()["error"]


def test_each_server_has_a_key_of_its_own(page: Page, stages: Callable[[str], Stage]) -> None:
    assert opened(stages("http-2")).key != page.key


@pytest.mark.parametrize("origin", ["https://evil.example", "null", ORIGIN, "http://localhost:1"])
def test_pages_of_others_are_refused(page: Page, origin: str) -> None:
    """Those too that the API's CORS allows."""
    for path in (PLACE, f"{PLACE}/console.js", f"{PLACE}/api/requests"):
        answer = page.stage.client.get(path, headers={"Origin": origin, "x-console": page.key})
        assert answer.status_code == 403, path
    assert page.raw("POST", "flush", json={}, headers={"Origin": origin}).status_code == 403


def test_another_host_is_refused(page: Page) -> None:
    assert page.stage.client.get(PLACE, headers={"Host": "evil.example"}).status_code == 403


@pytest.mark.parametrize(
    ("name", "kind"),
    [("console.js", "text/javascript"), ("console.css", "text/css"), ("dom.js", "text/javascript")],
)
def test_its_files_are_served(page: Page, name: str, kind: str) -> None:
    answer = page.stage.client.get(f"{PLACE}/{name}")
    assert answer.headers["content-type"].startswith(kind)
    assert answer.headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    "name", ["index.html", "%2e%2e/pages.py", "..%2fpages.py", "pages.py", "nothing.js", "api"]
)
def test_no_other_file_is(page: Page, name: str) -> None:
    assert page.stage.client.get(f"{PLACE}/{name}").status_code == 404


def test_the_page_takes_nothing_but_get(page: Page) -> None:
    assert page.stage.client.post(PLACE).status_code == 405


@pytest.mark.parametrize(
    ("method", "name"), [("GET", "reveal"), ("GET", "flush"), ("POST", "requests"), ("GET", "nothing")]
)
def test_what_changes_or_tells_something_is_a_post(page: Page, method: str, name: str) -> None:
    assert page.raw(method, name, params={"number": 1}).status_code == 404


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff", b'"x"'])
def test_a_post_says_an_object(page: Page, body: bytes) -> None:
    answer = page.raw("POST", "flush", content=body)
    assert (answer.status_code, answer.json()["error"]) == (400, "expected a JSON object")


def test_a_post_is_bounded(page: Page) -> None:
    assert page.raw("POST", "flush", content=b" " * (pages.MOST_BYTES + 1)).status_code == 413


@pytest.mark.parametrize(
    ("name", "said", "status"),
    [
        ("reveal", {}, 404),
        ("reveal", {"number": 10**9}, 404),
        ("reveal", {"number": 0}, 404),
        ("reveal", {"number": "x"}, 400),
        ("reveal", {"number": True}, 400),
        ("reveal", {"number": "1" * 13}, 400),
        ("reveal", {"number": "٣"}, 400),
        ("try", {"action": 1}, 400),
        ("try", {"action": "s3:GetObject"}, 400),
        ("try", {"action": "s3:GetObject", "resource": "arn:x", "context": []}, 400),
        ("try", {"action": "s3:GetObject", "resource": "arn:x", "context": {"a": 1}}, 400),
        ("try", {"action": "s3:GetObject", "resource": "arn:x", "context": {"a": "1", "A": "2"}}, 400),
        ("try", {"action": "s3:GetObjekt", "resource": "arn:x"}, 400),
        ("try", {"action": "s3:GetObject", "resource": "arn:x", "persona": "nobody"}, 404),
        ("keep", {"name": "x", "replace": "yes"}, 400),
    ],
)
def test_what_cannot_be_read_is_refused(page: Page, name: str, said: dict[str, object], status: int) -> None:
    number = page.sent("editor", "/data")
    answer = page.raw("POST", name, json={"number": number, **said} if name != "reveal" else said)
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]


def test_looking_leaves_no_decision(page: Page) -> None:
    before = page.stage.stream.count
    page.get("requests")
    page.stage.client.get(PLACE)
    assert page.stage.stream.count == before


SCRIPTS = sorted(pages.FILES.glob("*.js"))


@pytest.mark.parametrize("file", SCRIPTS, ids=lambda file: file.name)
def test_no_script_makes_markup_or_code_of_a_text(file: object) -> None:
    text = pages.FILES.joinpath(str(file)).read_text()
    for sink in (
        *(
            "innerHTML",
            "outerHTML",
            "insertAdjacent",
            "document.write",
            "eval(",
            "Function(",
            "srcdoc",
            "setHTML",
        ),
        *("javascript:", "createContextualFragment", "parseFromString", "href:", "src:", "style:", "import("),
    ):
        assert sink not in text, sink
    assert not re.search(r"https?:", text)


def test_every_script_is_part_of_the_page() -> None:
    imported = {name for file in SCRIPTS for name in re.findall(r'from "\./([\w.]+)"', file.read_text())}
    assert {file.name for file in SCRIPTS} == {*imported, "console.js"}


def test_there_are_eleven_panels_and_a_way_to_each() -> None:
    text = (pages.FILES / "index.html").read_text()
    assert [int(number) for number in re.findall(r"<h2[^>]*>(\d+) ", text)] == [*range(1, 12)]
    for place in re.findall(r'<a href="#(\w+)"', text):
        assert f'<section id="{place}"' in text


def test_its_picture_is_small_and_stands_in_readme_and_guide() -> None:
    """Made by `python -m tests.local_gateway.screenshot`."""
    picture = PICTURE.read_bytes()
    assert picture.startswith(b"\x89PNG")
    assert len(picture) < 200_000
    assert "](docs/console.png)" in (ROOT / "README.md").read_text()
    assert "](console.png)" in (ROOT / "docs" / "serve.md").read_text()
