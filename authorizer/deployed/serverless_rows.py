"""APIs as SAM writes them: their authorizers, and the routes that functions make of their events.

Source: SAM Developer Guide, "AWS::Serverless::Api", "AWS::Serverless::HttpApi", "ApiAuth", "HttpApiAuth",
"HttpApiFunctionAuth".
"""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from authorizer.deployed.api_rows import REST_TTL, body_of, logs, rest_logs, text_of
from authorizer.deployed.apis import Api, ApiAuthorizer, Integration, function_of
from authorizer.deployed.found_apis import FoundRoute
from authorizer.deployed.gather import texts, truth, whole
from authorizer.deployed.names import is_open
from authorizer.deployed.tree import place_of

if TYPE_CHECKING:
    from authorizer.deployed.rows import Row

IMPLICIT: Final[Mapping[str, tuple[str, str, str]]] = {
    "Api": ("RestApiId", "ServerlessRestApi", "AWS::Serverless::Api"),
    "HttpApi": ("ApiId", "ServerlessHttpApi", "AWS::Serverless::HttpApi"),
}
"""An event's type → the property that names its API, and the API that SAM makes of events that name none (SAM Developer
Guide, "Generated CloudFormation resources")."""


def serverless_api(row: "Row") -> None:
    """`AWS::Serverless::Api`."""
    row.found.apis.append(Api(id=row.reference, kind="REST", place=row.place))
    _usual(row)
    for name, said in _authorizers(row):
        token = str(said.get("FunctionPayloadType") or "TOKEN") == "TOKEN"
        identity = said.get("Identity")
        identity = identity if isinstance(identity, Mapping) else {}
        ttl = identity.get("ReauthorizeEvery")
        header = identity.get("Header") or "Authorization"
        row.found.authorizers.append(
            ApiAuthorizer(
                id=authorizer_id(row.reference, name),
                api=row.reference,
                kind="REST",
                place=place_of(said, row.place),
                type="COGNITO_USER_POOLS" if "UserPoolArn" in said else "TOKEN" if token else "REQUEST",
                function=function_of(said.get("FunctionArn")),
                identity_sources=(str(header).lower(),) if token else _sam_sources(identity),
                ttl=REST_TTL if ttl is None else whole(ttl),
                expression=identity.get("ValidationExpression"),
            )
        )
    body_of(row, "REST", row.get("DefinitionBody"), elsewhere=row.get("DefinitionUri"), usual=True)
    policy = row.get("Auth", "ResourcePolicy")
    if policy is not None:
        _policy(row, row.arn, policy)
    rest_logs(row, row.reference)


def serverless_http_api(row: "Row") -> None:
    """`AWS::Serverless::HttpApi`."""
    row.found.apis.append(Api(id=row.reference, kind="HTTP", place=row.place))
    _usual(row)
    for name, said in _authorizers(row):
        identity = said.get("Identity")
        identity = identity if isinstance(identity, Mapping) else {}
        ttl = identity.get("ReauthorizeEvery")
        row.found.authorizers.append(
            ApiAuthorizer(
                id=authorizer_id(row.reference, name),
                api=row.reference,
                kind="HTTP",
                place=place_of(said, row.place),
                type="REQUEST" if "FunctionArn" in said else "JWT",
                function=function_of(said.get("FunctionArn")),
                identity_sources=_sam_sources(identity),
                ttl=None if ttl is None else whole(ttl),
                payload=text_of(said.get("AuthorizerPayloadFormatVersion")),
                simple=truth(said.get("EnableSimpleResponses")),
            )
        )
    body_of(row, "HTTP", row.get("DefinitionBody"), elsewhere=row.get("DefinitionUri"), usual=True)
    logs(row, row.reference)


_ANY: Final = {"X-AMAZON-APIGATEWAY-ANY-METHOD": "ANY"}


def events(row: "Row") -> None:
    """The routes that a function of SAM's makes of its events."""
    said = row.get("Events")
    for event in said.values() if isinstance(said, Mapping) else ():
        kind = str(event.get("Type")) if isinstance(event, Mapping) else ""
        if kind not in IMPLICIT:
            continue
        properties = event.get("Properties")
        properties = properties if isinstance(properties, Mapping) else {}
        api_id = row.name_in(properties, IMPLICIT[kind][0])
        auth = properties.get("Auth")
        named = auth.get("Authorizer") if isinstance(auth, Mapping) else auth
        if isinstance(auth, Mapping):
            if named is None and truth(auth.get("OverrideApiAuth")) is not False:
                named = "NONE"
            if auth.get("ResourcePolicy") is not None:
                # For one path, and put among the API's own statements.
                _policy(row, f"arn:*:execute-api:*:*:{api_id}/*", auth["ResourcePolicy"])
        path = str(properties.get("Path") or "$default")
        method = str(properties.get("Method") or "ANY").upper()
        row.found.routes.append(
            FoundRoute(
                api=api_id,
                place=place_of(event, row.place),
                method="" if path == "$default" else _ANY.get(method, method),
                path=path,
                authorization={"NONE": "NONE", "AWS_IAM": "AWS_IAM"}.get(str(named), "CUSTOM"),
                authorizer=None if named in (None, "NONE", "AWS_IAM") else authorizer_id(api_id, str(named)),
                usual=named is None,
                integration=Integration(
                    type="AWS_PROXY", uri=row.arn, function=row.arn, mapped={}, place=row.place
                ),
            )
        )


def no_events(row: "Row") -> None:
    """Of a state machine the events are not read: those that make routes are said to be missing."""
    said = row.get("Events")
    for event in said.values() if isinstance(said, Mapping) else ():
        if isinstance(event, Mapping) and event.get("Type") in IMPLICIT:
            row.gathered.leave("apis", place_of(event, row.place), "a state machine's event makes a route")


def _usual(row: "Row") -> None:
    usual = row.get("Auth", "DefaultAuthorizer")
    if isinstance(usual, str):
        row.found.usual[row.reference] = usual if usual == "AWS_IAM" else authorizer_id(row.reference, usual)


def _authorizers(row: "Row") -> Iterator[tuple[str, Mapping[str, Any]]]:
    said = row.get("Auth", "Authorizers")
    for name, each in said.items() if isinstance(said, Mapping) else ():
        if isinstance(each, Mapping):
            yield str(name), each


def _sam_sources(identity: Mapping[str, Any]) -> tuple[str, ...] | None:
    found: list[str] = []
    for name, form in (
        ("Headers", "{}"),
        ("QueryStrings", "query:{}"),
        ("Context", "$context.{}"),
        ("StageVariables", "$stageVariables.{}"),
    ):
        listed = texts(identity.get(name) or [])
        if listed is None or any(map(is_open, listed)):
            return None
        found += [form.format(text.lower() if name == "Headers" else text) for text in listed]
    return tuple(found)


def _policy(row: "Row", arn: str, policy: object) -> None:
    """SAM writes statements of its own for lists of addresses and VPCs, an Allow for everybody among them."""
    own = policy.get("CustomStatements") if isinstance(policy, Mapping) else None
    others = {name for name in policy if name != "CustomStatements"} if isinstance(policy, Mapping) else {"?"}
    if own is not None:
        document = {"Version": "2012-10-17", "Statement": own}
        row.gathered.policy_on(arn, document, place_of(policy, row.place))
    if others:
        everybody = {"Effect": "Allow", "Principal": "*", "Action": "execute-api:Invoke", "Resource": "*"}
        document = {"Version": "2012-10-17", "Statement": everybody}
        row.gathered.policy_on(arn, document, place_of(policy, row.place))


def authorizer_id(api_id: str, name: str) -> str:
    return f"{api_id}/authorizers/{name}"


SERVERLESS_ROWS: "Final[Mapping[str, Callable[[Row], None]]]" = {
    "AWS::Serverless::Api": serverless_api,
    "AWS::Serverless::HttpApi": serverless_http_api,
    "AWS::Serverless::StateMachine": no_events,
}
