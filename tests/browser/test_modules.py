"""What a page loads: its modules by their own tests on Node, its signatures by botocore's, itself by what it says."""

import json
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests import needs
from tests.make import ROOT

pytestmark = pytest.mark.slow

PAGE = ROOT / "deploy" / "browser"
MODULES = sorted(PAGE.glob("*.mjs"))
HTML = (PAGE / "index.html").read_text()
KEYS = ("ASIAEXAMPLE", "wJalrXUtnFEMI/K7MDENG", "a/session+token==")
WHEN = datetime(2026, 6, 1, 12, 34, 56, tzinfo=UTC)
SIGN = """
import { encoded, signed, query as written } from "./sigv4.mjs";
import { readFileSync } from "node:fs";
const made = [];
for (const { method, host, key, query, headers, body } of JSON.parse(readFileSync(0, "utf8"))) {
  const url = new URL(`https://${host}/${encoded(key)}`);
  url.search = written(query);
  const [accessKeyId, secretAccessKey, sessionToken] = KEYS;
  const credentials = { accessKeyId, secretAccessKey, sessionToken, expiration: new Date() };
  const signer = { credentials, region: "eu-west-1", now: new Date("2026-06-01T12:34:56.789Z") };
  const sent = await signed({ method, url, headers, body: new TextEncoder().encode(body) }, signer);
  made.push({ url: url.href, sent });
}
console.log(JSON.stringify(made));
"""


def node(*arguments: str, said: str = "", folder: Path = ROOT) -> str:
    program = needs.node()
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    if tuple(map(int, version.strip().lstrip("v").split(".")[:2])) < (20, 11):
        pytest.skip(f"Node.js 20.11 or newer, here is {version.strip()}: npm install --global node")
    done = subprocess.run(
        [program, *arguments],
        cwd=folder,
        input=said,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
    return done.stdout


def test_the_modules_pass_their_own_tests_on_node() -> None:
    told = node("--test", "tests/browser")
    assert re.search(r"^# pass [6-9]\d$", told, re.MULTILINE), told[-500:]
    assert "MaxListenersExceededWarning" not in told


def test_signatures_are_those_of_botocore() -> None:
    asked: list[dict[str, Any]] = [
        {"method": method, "host": host, "key": key, "query": query, "headers": headers, "body": body}
        for method, body, headers in (
            ("GET", "", {}),
            ("PUT", "hello", {"content-type": "text/plain; charset=utf-8"}),
            ("POST", "<x/>", {"x-amz-meta-name": "two  spaces and  more "}),
        )
        for host in ("bucket.s3.eu-west-1.amazonaws.com", "127.0.0.1:8080")
        for key in ("", "home/a/b.txt", "home/a b+c/ü€😀.txt", "a//b'(c)*!~@:=&$,;", "%41%2F", "a?b#c")
        for query in ([], [["list-type", "2"], ["prefix", "home/a b/"], ["Z", "*'()!~"], ["uploads", ""]])
    ]
    script = f"const KEYS = {json.dumps(KEYS)};{SIGN}"
    made = json.loads(node("--input-type=module", "-e", script, said=json.dumps(asked), folder=PAGE))
    assert len(made) == len(asked) == 72
    for one, answer in zip(asked, made, strict=True):
        sent = answer["sent"]
        request = AWSRequest(
            method=one["method"],
            url=answer["url"],
            data=one["body"].encode(),
            headers={name: value for name, value in sent.items() if name != "authorization"},
        )
        request.context["timestamp"] = WHEN.strftime("%Y%m%dT%H%M%SZ")
        signer = S3SigV4Auth(Credentials(*KEYS), "s3", "eu-west-1")
        canonical = signer.canonical_request(request)
        signature = signer.signature(signer.string_to_sign(request, canonical), request)
        assert sent["authorization"].endswith(f"Signature={signature}"), (one, canonical)


# ── The page ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def policy() -> dict[str, list[str]]:
    [content] = re.findall(r'http-equiv="Content-Security-Policy" content="([^"]+)"', HTML)
    directives = [directive.split() for directive in content.split(";")]
    return {name: sources for name, *sources in directives}


def config() -> dict[str, Any]:
    [text] = re.findall(r'<script type="application/json" id="config">(.*?)</script>', HTML, re.DOTALL)
    found: dict[str, Any] = json.loads(text)
    return found


def test_the_page_runs_its_own_scripts_alone_and_goes_to_the_configured_origins_alone() -> None:
    found, said = policy(), config()
    urls = (said["credentialsUrl"], said["bucketUrl"], said["signIn"]["domain"])
    assert found["connect-src"] == [f"https://{urlsplit(url).netloc}" for url in urls]
    assert found["default-src"] == found["base-uri"] == found["form-action"] == ["'none'"]
    assert found["script-src"] == found["style-src"] == ["'self'"]
    assert found["require-trusted-types-for"] == ["'script'"]
    assert "unsafe" not in str(found)


def test_nothing_of_the_page_stands_inline_or_comes_from_elsewhere() -> None:
    scripts = re.findall(r"<script([^>]*)>", HTML)
    assert [script.strip() for script in scripts] == [
        'type="application/json" id="config"',
        'type="module" src="page.mjs"',
    ]
    assert not re.search(r"\son\w+=|\sstyle=|javascript:", HTML)
    for linked in re.findall(r'(?:src|href)="([^"]+)"', HTML):
        assert (PAGE / linked).is_file()


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.name)
def test_a_module_imports_what_is_beside_it_and_makes_no_markup_and_no_code_of_a_text(module: Path) -> None:
    text = module.read_text()
    for imported in re.findall(r'^import .* from "([^"]+)";', text, re.MULTILINE):
        assert (module.parent / imported).is_file()
    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|console\.", text
    )
    assert not re.search(r"localStorage\.|indexedDB|document\.cookie", text)
    assert ("sessionStorage." in text) is (module.name == "sign_in.mjs")


def test_each_element_that_the_script_asks_for_is_there_and_has_a_name_for_who_does_not_see_it() -> None:
    asked = set(re.findall(r'element\("([\w-]+)"\)', (PAGE / "page.mjs").read_text()))
    assert asked <= set(re.findall(r'\sid="([\w-]+)"', HTML))
    assert '<html lang="' in HTML
    for field in re.findall(r'<input[^>]* id="(\w+)"', HTML):
        assert f'<label for="{field}">' in HTML
    assert 'role="status"' in HTML
    assert "tabindex" not in HTML


def test_the_module_for_sdks_is_one_file() -> None:
    assert not re.search(r"^import\b(?!\()|\brequire\(", (PAGE / "credentials.mjs").read_text(), re.MULTILINE)
