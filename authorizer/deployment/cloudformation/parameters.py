"""What is asked for when the stack is deployed: a table for all deployments, and a row for each `env:` name."""

from collections.abc import Mapping
from typing import Any, Final

from authorizer.deployment.alarms import ALARMS, CREDENTIALS_ALARMS, NO_KEYS, REFUSALS, TOO_MANY
from authorizer.deployment.cloudformation.intrinsics import logical
from authorizer.deployment.plan import Plan
from authorizer.deployment.standins import StandIn

Parameter = dict[str, Any]


def _text(description: str, default: str | None = "", **more: object) -> Parameter:
    head: Parameter = {"Type": "String"} if default is None else {"Type": "String", "Default": default}
    return {**head, **more, "Description": description}


def _number(description: str, default: int, **more: object) -> Parameter:
    return {"Type": "Number", "Default": default, **more, "Description": description}


APIS: Final[Mapping[str, Parameter]] = {
    "RestApiId": _text("A REST API to attach to. Empty leaves it out."),
    "RestAuthorizerType": _text(
        "TOKEN reads one header alone; REQUEST is keyed by all identity sources of access.toml, each of which "
        "every request "
        "then needs.",
        "TOKEN",
        AllowedValues=["TOKEN", "REQUEST"],
    ),
    "HttpApiId": _text("An HTTP API to attach to. Empty leaves it out."),
    "WebSocketApiId": _text("A WebSocket API to attach to. Empty leaves it out."),
}
ANSWERS: Final[Mapping[str, Parameter]] = {
    "GatewayResponses": _text(
        "Whether a REST API's answers 401 (with WWW-Authenticate), 403 (with the refusal's code) and 500 are set.",
        "yes",
        AllowedValues=["yes", "no"],
    ),
    "AllowOrigin": _text(
        "With a REST API, the origin whose pages may read these answers, such as https://app.example.com, or *. Empty: "
        "none.",
        AllowedPattern=r"^(|\*|https?://[A-Za-z0-9.:-]+)$",
    ),
    "ResourceUrl": _text(
        "With a REST API, its public URL without a path, such as https://api.example.com: then the 401 names, "
        "and the API "
        "has, metadata of the protected resource (RFC 9728). Needs RestApiRootResourceId.",
        AllowedPattern=r"^(https://[A-Za-z0-9.:-]+)?$",
    ),
    "RestApiRootResourceId": _text("The id of the REST API's resource `/`, for the metadata."),
}
RUNTIME: Final[Mapping[str, Parameter]] = {
    "SnapStart": _text(
        "PublishedVersions starts from a snapshot. It needs python3.12 or newer, and costs per restore.",
        "None",
        AllowedValues=["None", "PublishedVersions"],
    ),
    "ReservedConcurrency": _number(
        "Environments that the authorizer has for itself, and at most: nothing else in the account can take "
        "them, and a "
        "flood of requests takes no others. 0 reserves none, since an account must keep 100 unreserved and a new "
        "one may "
        "have 10 in all.",
        0,
        MinValue=0,
    ),
    "LogRetention": _number(
        "Days for which decision records are kept.",
        30,
        AllowedValues=[1, 7, 14, 30, 90, 180, 365, 731, 1827],
    ),
    "LogKmsKeyArn": _text(
        "A KMS key that encrypts the log. Its policy lets CloudWatch Logs use it. Empty: AWS's own."
    ),
    "KmsKeyArn": _text("A KMS key that encrypts the function's environment. Empty: AWS's own."),
    "SubnetIds": {
        "Type": "CommaDelimitedList",
        "Default": "",
        "Description": "Subnets that the function runs in. They must reach STS and the issuers' keys. Empty: no VPC.",
    },
    "SecurityGroupIds": {
        "Type": "CommaDelimitedList",
        "Default": "",
        "Description": "Security groups of the function in these subnets.",
    },
    "PermissionsBoundary": _text(
        "ARN of a permissions boundary of every role that is made here. Empty: none."
    ),
    "Tracing": _text("Active sends traces to X-Ray.", "PassThrough", AllowedValues=["PassThrough", "Active"]),
}
WATCH: Final[Mapping[str, Parameter]] = {
    "AlarmTopicArn": _text("An SNS topic that alarms notify. Empty leaves them to the console."),
    REFUSALS: _number(
        "More refusals than this raise an alarm. Set it above an ordinary day's.", 100, MinValue=1
    ),
    NO_KEYS: _number(
        "More requests than this that found no keys of their issuer raise an alarm. Strangers can cause some: "
        "set it above "
        "those, and below an ordinary day's requests.",
        50,
        MinValue=1,
    ),
}
CREDENTIALS: Final[Mapping[str, Parameter]] = {
    "CredentialsRoute": _text(
        "yes makes GET /credentials, where callers get credentials of their own as [callers] of access.toml says. "
        "A scope has to open that route. With ReservedConcurrency its function has as many environments again.",
        "no",
        AllowedValues=["no", "yes"],
    ),
    TOO_MANY: _number(
        "With GET /credentials, more answers 429 than this raise an alarm: somebody asks for more sessions than a user "
        "may have.",
        10,
        MinValue=1,
    ),
}
"""Where access.toml hands something out."""
RESOURCES: Final = frozenset(
    {
        *(
            "AuthorizerFunction",
            "AuthorizerFunctionAliaslive",
            "AuthorizerLogs",
            "AuthorizerRole",
            "AuthorizerMayVend",
        ),
        "AuthorizerMayTrace",
        *(
            "RollOuts",
            "RollOut",
            "RollOutRole",
            "Version",  # CDK's construct gives it the rest of its name
            "SessionsTable",
            "Dashboard",
            *(alarm.name for alarm in ALARMS),
        ),
        *("WellKnown", "ProtectedResource", "ResourceMetadata"),
        *(
            f"Credentials{what}"
            for what in ("Function", "Logs", "Role", "MayVend", "MayTrace", "Resource", "Method", "Preflight")
        ),
        *("CredentialsIntegration", "CredentialsHttpRoute", "CredentialsHttpPreflight"),
        *("RestMayHandOut", "HttpMayHandOut", *(alarm.name for alarm in CREDENTIALS_ALARMS)),
        *("RestUnauthorized", "RestDenied", "RestUndecided", "RestMisconfigured"),
        *(
            f"{kind}{what}"
            for kind in ("Rest", "Http", "WebSocket")
            for what in ("Authorizer", "MayAuthorize")
        ),
    }
)
"""What every deployment may make: resources and parameters share one space of names."""
FIXED: Final = RESOURCES | {
    *APIS,
    *ANSWERS,
    *RUNTIME,
    *WATCH,
    *CREDENTIALS,
    "Architecture",
    "PythonVersion",
    "CodeBucket",
    "CodeKey",
}
PYTHONS: Final = ("python3.11", "python3.12", "python3.13", "python3.14")


def built_for(python: str, architecture: str) -> dict[str, Parameter]:
    """What must be as the zip is."""
    return {
        "PythonVersion": _text(
            "What `authorizer bundle --python` built for.", f"python{python}", AllowedValues=list(PYTHONS)
        ),
        "Architecture": _text(
            "What `authorizer bundle --arch` built for.", architecture, AllowedValues=["arm64", "x86_64"]
        ),
    }


POOL: Final = r"^[a-z]{2,4}(-[a-z]+)+-\d_[0-9A-Za-z]{1,40}$"
ROLE: Final = r"^arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+$"


def names_of(plan: Plan) -> dict[str, str]:
    """`env:` name → its parameter: no two share one, and none has the name of something else in the template."""
    found: dict[str, str] = {}
    taken = FIXED | {role_id(plan, planned.role.name) for planned in plan.roles}
    for name in (*(one.name for one in plan.variables), *plan.unknown):
        word = logical(name) or "Value"
        numbered = (f"{word}{suffix}" for suffix in ("", "Value", *range(2, 1000)))
        found[name] = next(one for one in numbered if one not in taken and one not in found.values())
    return found


def role_id(plan: Plan, name: str) -> str:
    """The role's logical name: `a-b` and `a_b` are two roles, and neither may take the other's place."""
    found: dict[str, str] = {}
    for planned in plan.roles:
        word = logical(planned.role.name)
        numbered = (f"{word}{number}Role" for number in ("", *range(2, 1000)))
        found[planned.role.name] = next(one for one in numbered if one not in found.values())
    return found[name]


def of_variable(stand_in: StandIn, plan: Plan, *, exists: bool) -> Parameter | None:  # noqa: PLR0911 - one a kind
    """The parameter of one `env:` name; None where the stack knows its value by itself."""
    where = f"`env:{stand_in.name}` of {plan.place}"
    match stand_in.kind:
        case "account" | "partition":
            return None
        case "role":
            [role] = [one.role.name for one in plan.roles if one.variable == stand_in.name]
            return (
                _text(f"ARN of the role that {plan.place} calls {role}.", None, AllowedPattern=ROLE)
                if exists
                else None
            )
        case "pool":
            return _text(f"A user pool whose tokens are taken: {where}.", None, AllowedPattern=POOL)
        case "client":
            return _text(f"An app client whose tokens are taken: {where}.", None, MinLength=1)
        case "ttl":
            return _number(
                "Seconds for which API Gateway repeats an answer. A simple response is never repeated.",
                min(300, plan.most_ttl),
                MinValue=0,
                MaxValue=plan.most_ttl,
            )
        case "response":
            return _text(
                "simple only for an HTTP API on its own: the other two take nothing but policies.",
                "policy",
                AllowedValues=["policy", "simple"],
            )
        case "table":
            return _text(
                f"The DynamoDB table in which environments share sessions: {where}. Empty makes one."
            )
        case "secret" | "environment keys":
            return _text(f"A secret: {where}.", None, NoEcho=True, MinLength=1)
        case "secretsmanager keys":
            return _text(
                f"ARN of the secret with the sealing keys: {where}.", None, AllowedPattern="^arn:.+$"
            )
        case _:
            return _text(f"The value of {where}.", None, MinLength=1)
