"""What the server runs on, loaded from the user's files: settings, personas, APIs, the authorizer. Replaced as a whole.

Loading either gives all of it or raises: so a bad change leaves what serves as it is.
"""

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from authorizer.errors import SettingsError
from authorizer.local.personas import load_personas
from authorizer.local.world import Local, local, personas_beside
from authorizer.local_gateway.api import Api, Cors
from authorizer.local_gateway.asking import LocalFunction
from authorizer.local_gateway.from_access import api_of, default_kind, websocket_api_of
from authorizer.local_gateway.from_document import apis_in
from authorizer.local_gateway.kinds import HTTP_SIMPLE, KINDS, Kind
from authorizer.local_gateway.written import Written
from authorizer.model import Shape
from authorizer.runtime import Authorizer
from authorizer.settings.load import load, read_toml
from authorizer.settings.schema import Access, Settings

LAMBDA: Final = "AWS_LAMBDA_FUNCTION_NAME"
DEFAULT_REGION: Final = "us-east-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command was told."""

    access: Path
    kind: str | None = None
    """A name of `KINDS`; None: what `[gateway]` needs."""
    api: Path | None = None
    """An OpenAPI document or a SAM template; None: routes of access.toml."""
    api_name: str | None = None
    """Which API of the template: its logical id."""
    real_tokens: bool = False
    """True: tokens of the real issuers, and no personas."""
    origins: tuple[str, ...] = ()
    keys: tuple[str, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Configured:
    """All that was loaded. `close` ends it."""

    written: Written
    environment: Mapping[str, str] = field(repr=False)
    """What `env:` names mean: the personas' below the real one."""
    local: Local | None
    """Who can sign in; None where tokens are real."""
    function: LocalFunction
    http: Api | None
    websocket: Api | None
    stack: ExitStack = field(repr=False)

    def close(self) -> None:
        self.function.close()
        self.stack.close()

    @property
    def access(self) -> Access:
        return self.written.access

    @property
    def apis(self) -> tuple[Api, ...]:
        return tuple(api for api in (self.http, self.websocket) if api is not None)


def check_place(environment: Mapping[str, str]) -> None:
    """Raises `SettingsError` in a Lambda function."""
    if LAMBDA in environment:
        raise SettingsError(["the local gateway is for laptops: it never runs in a Lambda function"])


def region_of(environment: Mapping[str, str]) -> str:
    return environment.get("AWS_REGION") or DEFAULT_REGION


def configured(options: Options, environment: Mapping[str, str]) -> Configured:
    """Raises `SettingsError` with every problem."""
    personas = load_personas(personas_beside(options.access))
    meant = {**personas.environment, **environment}
    with ExitStack() as stack:
        world = None
        if options.real_tokens:
            access = load(options.access, meant)
        else:
            world = stack.enter_context(local(options.access, environment))
            access = world.access
        http, websocket = _apis(options, access.settings, region_of(meant))
        apis = tuple(api for api in (http, websocket) if api is not None)
        _, source = read_toml(options.access)
        forms = {form: Written(access=each, source=source, apis=apis) for form, each in _forms(access, http)}
        # Made last: what fails leaves no event loop behind.
        function = LocalFunction(
            {form: Authorizer(each.access, emit=_silent) for form, each in forms.items()}, forms
        )
        return Configured(
            written=Written(access=access, source=source, apis=apis),
            environment=meant,
            local=world,
            function=function,
            http=http,
            websocket=websocket,
            stack=stack.pop_all(),
        )


def _apis(options: Options, settings: Settings, region: str) -> tuple[Api | None, Api | None]:
    http, websocket = _apis_of_any_key(options, settings, region)
    if options.keys and http is not None and http.protocol != "REST":
        # REST APIs alone have usage plans (API Gateway Developer Guide, "Choose between REST APIs and HTTP APIs").
        raise SettingsError(
            [
                "--api-key: an HTTP API has no API keys, and this is one: expected it beside a REST API, such as "
                "--kind rest-token"
            ]
        )
    return http, websocket


def _apis_of_any_key(options: Options, settings: Settings, region: str) -> tuple[Api | None, Api | None]:
    cors = _cors(options.origins, settings)
    if options.api is not None:
        http, websocket = apis_in(options.api, settings, region, name=options.api_name, cors=cors)
        if websocket is None and not (http and http.routes):
            raise SettingsError(
                [
                    f"{options.api}: has no {'API' if http is None else 'route'}, so that nothing would be served: "
                    "expected an OpenAPI document with `paths`, or a SAM template with AWS::Serverless::Api or HttpApi "
                    "and functions' events of it"
                ]
            )
        return http, websocket
    kind = KINDS[options.kind] if options.kind else default_kind(settings)
    _check_answer(kind, settings, "--kind")
    http = api_of(settings, kind, region, cors=cors, with_keys=bool(options.keys))
    return http, websocket_api_of(settings, region, cors=cors)


def _forms(access: Access, http: Api | None) -> list[tuple[bool, Access]]:
    """For each form of answer that the API's authorizers expect, whether simple, the configuration that gives it: an
    API with both has two functions, and a form is all that their environments need differ in."""
    settings = access.settings
    own = settings.gateway.response == "simple"
    doors = [route.door for route in http.routes if route.door is not None] if http else []
    needed = {door.kind.simple for door in doors if door.kind.shape is Shape.HTTP_2}
    forms = [(own, access)]
    for form in needed - {own}:
        gateway = replace(settings.gateway, response="simple" if form else "policy", result_ttl=0.0)
        forms.append((form, Access(replace(settings, gateway=gateway), access.templates)))
    return forms


def _cors(origins: tuple[str, ...], settings: Settings) -> Cors:
    """For pages of the user's own. Headers by name: `*` does not stand for `Authorization` (Fetch standard, "CORS
    non-wildcard request-header name")."""
    if not origins:
        return Cors()
    gateway = settings.gateway
    tokens = (text.removeprefix("header:") for text in gateway.token_sources if text.startswith("header:"))
    keyed = (text for text in gateway.identity_sources if not text.startswith(("query:", "$")))
    role = settings.resolution.role_header
    return Cors(
        origins=origins,
        methods=("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"),
        headers=tuple(dict.fromkeys((*tokens, *keyed, *((role,) if role else ()), "content-type"))),
        exposed=("www-authenticate",),
        max_age=600,
    )


def _check_answer(kind: Kind, settings: Settings, where: str) -> None:
    """The event does not tell which form the API expects: settings and API must agree, or each answer is a 500."""
    expects = "simple" if kind is HTTP_SIMPLE else "policy"
    said = settings.gateway.response
    if kind.protocol == "HTTP" and said != expects and kind.name != "http-1":
        raise SettingsError(
            [
                f"{where}: {kind.name} expects a {expects} response, and gateway.response of {settings.place} is "
                f"{said!r}: serve another kind, or change the setting"
            ]
        )


def _silent(_: str) -> None:
    """The decision record is for Lambda's log; here the stream tells the same."""
