"""What stands around the page on loopback: where it is from, where it signs in, and the API that it asks."""

import base64
import hashlib
import json
import re
import secrets
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from http.server import ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from tests.make import ROOT
from tests.s3.handed_out import OwnStage, call
from tests.s3.population import Caller, Subject
from tests.servers.serving import QuietHandler, serve

FOLDER = ROOT / "deploy" / "browser"
TYPES = {".html": "text/html; charset=utf-8", ".mjs": "text/javascript", ".css": "text/css"}
CLIENT_ID = "app"
"""Of the sample's page: the audience of its tokens."""
Handling = Callable[[QuietHandler, str], None]


class Server:
    """Serves on a free loopback port, until closed. Keeps each request: method and path."""

    def __init__(self, handle: Handling) -> None:
        self.seen: list[str] = []
        outer = self

        class Handler(QuietHandler):
            def do_GET(self) -> None:
                outer.seen.append(f"{self.command} {self.path}")
                handle(self, self.command)

            def do_POST(self) -> None:
                self.do_GET()

            def do_OPTIONS(self) -> None:
                self.do_GET()

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.origin = f"http://127.0.0.1:{server.server_port}"
        self.close = serve(server)


class Pages(Server):
    """The page as it is, but for where it goes: `configure` says it."""

    def __init__(self) -> None:
        self.html = ""
        super().__init__(self._give)

    def configure(self, config: Mapping[str, Any]) -> None:
        html = (FOLDER / "index.html").read_text()
        origins = {
            f"{parts.scheme}://{parts.netloc}"
            for parts in map(
                urlsplit, (config["credentialsUrl"], config["bucketUrl"], config["signIn"]["domain"])
            )
        }
        html = re.sub(r"connect-src [^;]+;", f"connect-src {' '.join(sorted(origins))};", html)
        self.html = re.sub(
            r'(id="config">).*?(</script>)',
            lambda found: f"{found[1]}{json.dumps(dict(config))}{found[2]}",
            html,
            flags=re.DOTALL,
        )

    def _give(self, handler: QuietHandler, _: str) -> None:
        name = urlsplit(handler.path).path.strip("/") or "index.html"
        file = FOLDER / name
        if file.parent != FOLDER or not file.is_file():
            handler.reply(204 if name == "favicon.ico" else 404, b"")
            return
        body = self.html.encode() if name == "index.html" else file.read_bytes()
        headers = {"Content-Type": TYPES[file.suffix], "Content-Security-Policy": "frame-ancestors 'none'"}
        handler.reply(200, body, headers)


class Cognito(Server):
    """A user pool's OAuth endpoints, on whose page `caller` has signed in already (Cognito Developer Guide, "User pool
    endpoints"). Refuses what a user pool refuses: another client, a code twice, a wrong verifier."""

    def __init__(self, stage: OwnStage, caller: Caller, subject: Subject) -> None:
        self.stage, self.caller, self.subject = stage, caller, subject
        self.codes: dict[str, str] = {}
        self.refresh: set[str] = set()
        self.tokens = 0
        self.life = 3600.0
        self.changed: dict[str, str] = {}
        """What comes back from the sign-in in place of what was sent."""
        super().__init__(self._answer)

    def _answer(self, handler: QuietHandler, method: str) -> None:
        parts = urlsplit(handler.path)
        if method == "GET":
            asked = dict(parse_qsl(parts.query))
            if parts.path == "/oauth2/authorize":
                assert (asked["client_id"], asked["response_type"]) == (CLIENT_ID, "code")
                assert asked["code_challenge_method"] == "S256"
                code = secrets.token_urlsafe()
                self.codes[code] = asked["code_challenge"]
                back = {"code": code, "state": asked["state"], **self.changed}
                _redirect(handler, f"{asked['redirect_uri']}?{urlencode(back)}")
            else:
                assert parts.path == "/logout"
                _redirect(handler, asked["logout_uri"])
            return
        form = dict(parse_qsl(handler.body().decode()))
        said = self._grant(form) if parts.path == "/oauth2/token" else self._revoke(form)
        cors = {"Access-Control-Allow-Origin": handler.headers.get("Origin", "null")}
        handler.reply(400 if "error" in said else 200, json.dumps(said).encode(), cors)

    def _grant(self, form: Mapping[str, str]) -> dict[str, str]:
        if form["client_id"] != CLIENT_ID:
            return {"error": "invalid_client"}
        if form["grant_type"] == "refresh_token":
            if form["refresh_token"] not in self.refresh:
                return {"error": "invalid_grant"}
            return {"id_token": self._token()}
        digest = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if self.codes.pop(form["code"], None) != challenge:
            return {"error": "invalid_grant"}
        refresh = secrets.token_urlsafe()
        self.refresh.add(refresh)
        return {"id_token": self._token(), "refresh_token": refresh}

    def _token(self) -> str:
        self.tokens += 1
        return self.stage.token(self.caller, self.subject, now=time.time() - 3600 + self.life)

    def _revoke(self, form: Mapping[str, str]) -> dict[str, str]:
        self.refresh.discard(form["token"])
        return {}


class Api(Server):
    """`GET /credentials`, behind what an HTTP API makes of a request."""

    def __init__(self, stage: OwnStage, environment: Executor) -> None:
        self.stage = stage
        self.environment = environment
        """Asks the function: one call at a time, as Lambda does, and always from one thread."""
        self.handed: list[str] = []
        """The access key id of each answer 200."""
        self.statuses: list[int] = []
        super().__init__(self._answer)

    def _answer(self, handler: QuietHandler, method: str) -> None:
        headers = {name.lower(): value for name, value in handler.headers.items()}
        answer: Any = self.environment.submit(self.stage.own, call(method, handler.path, headers)).result()
        if method == "GET":
            self.statuses.append(answer["statusCode"])
        if answer["statusCode"] == 200:
            self.handed.append(json.loads(answer["body"])["AccessKeyId"])
        handler.reply(answer["statusCode"], answer.get("body", "").encode(), answer["headers"])


def _redirect(handler: QuietHandler, location: str) -> None:
    handler.reply(302, b"", {"Location": location})
