"""What to do with a generated deployment, step by step, with the names of this one in the commands."""

import shlex
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from authorizer.deployment.cloudformation.assembly import Form, Release
from authorizer.deployment.plan import Plan
from authorizer.deployment.terraform.variables import snake

STACK = "authorizer"
"""What the steps call the stack: the reader's own name for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """What has been generated, as far as the steps are about it."""

    plan: Plan
    release: Release
    required: Sequence[str]
    """What has no default, by its name there."""
    language: str = ""
    """Of the app around CDK's construct."""
    folder: str = "."
    """Where it is written to, as the place sees it where `authorizer deploy` was run."""
    access: str = ""
    """The access.toml, where it was named."""

    def path(self, name: str) -> str:
        """A file of the folder, as one word to the shell."""
        return shlex.quote(name if self.folder == "." else f"{self.folder}/{name}")

    def command(self, name: str) -> str:
        """A command of ours, of the same access.toml."""
        return f"authorizer {name}" + (f" --access {shlex.quote(self.access)}" if self.access else "")

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds of API that it can be attached to."""
        return ("Http",) if self.plan.doors.response == "simple" else ("Rest", "Http", "WebSocket")

    def name(self, parameter: str) -> str:
        """What a parameter is called there."""
        return snake(parameter) if self.release.form == "terraform" else parameter


def heading(made: Made, command: str) -> str:
    """The lines above what was generated: where it is from, and how it is deployed."""
    return "\n".join(
        [
            f"Made by `{command}` of {made.plan.place}: change that and make it again.",
            "",
            *_deploy(replace(made, folder="."), "FILE"),
            "",
            "With --output the command writes STEPS.md too: what to do before and after.",
        ]
    )


def steps(made: Made, bundle: str) -> str:
    """The steps, as Markdown."""
    return "\n".join(_lines(made, bundle)) + "\n"


def _deploy(made: Made, file: str) -> list[str]:
    named = any(not one.exists and one.variable is None for one in made.plan.roles)
    capabilities = f"CAPABILITY_{'NAMED_' if named else ''}IAM"
    api = f"{made.kinds[0]}ApiId"
    match made.release.form:
        case "sam":
            return [
                f"sam deploy --guided --template-file {file} --capabilities {capabilities} CAPABILITY_AUTO_EXPAND"
            ]
        case "cloudformation":
            overrides = " ".join(f"{name}=…" for name in (*made.required, api))
            return [
                f"aws cloudformation deploy --stack-name {STACK} --template-file {file} "
                f"--capabilities {capabilities} \\",
                f"    --parameter-overrides {overrides}",
            ]
        case "terraform":
            values = " ".join(f"-var {name}=…" for name in made.required)
            attached = (
                'http_api={id="…"}' if api == "HttpApiId" else 'rest_api={id="…", root_resource_id="…"}'
            )
            terraform = _terraform(made)
            return [f"{terraform} init", f"{terraform} apply {values} \\", f"    -var '{attached}'"]
        case "cdk":
            values = " ".join(f"-c {name}=…" for name in (*made.required, api))
            return [
                _inside(made, INSTALL[made.language]),
                _inside(made, "npx cdk bootstrap"),
                _inside(made, f"npx cdk deploy {values}"),
            ]


INSTALL: Final = {"python": "pip install -r requirements.txt", "typescript": "npm install"}


def _terraform(made: Made) -> str:
    return "terraform" if made.folder == "." else f"terraform -chdir={shlex.quote(made.folder)}"


def _inside(made: Made, command: str) -> str:
    """For tools that look for their files where they stand."""
    return command if made.folder == "." else f"(cd {shlex.quote(made.folder)} && {command})"


def _take_off(made: Made) -> str:
    commands: dict[Form, str] = {
        # It does not look where `sam deploy --guided` has kept the name.
        "sam": "sam delete --stack-name STACK",
        "cloudformation": f"aws cloudformation delete-stack --stack-name {STACK}",
        "terraform": f"{_terraform(made)} destroy",
        "cdk": _inside(made, "npx cdk destroy"),
    }
    return commands[made.release.form]


def _lines(made: Made, bundle: str) -> Iterator[str]:
    plan, release = made.plan, made.release
    yield f"# Deploying {plan.place}"
    yield ""
    yield from _prose(
        "Made with what stands beside it. Run every command in one place, the project's root: the folder that "
        "`authorizer deploy` was run in. In capitals: what is yours to fill in."
    )
    yield from _section("1. The function's zip")
    yield from _prose(
        "access.toml has to load here. Export what its `env:` names mean, or add `--sample` for the values of "
        "events/personas.toml: none of them is in the zip. "
        f"The names: {', '.join((*(one.name for one in plan.variables), *plan.unknown, 'AWS_REGION'))}."
    )
    yield from _code(
        f"{made.command('bundle')} --python {release.python} --arch {release.architecture} "
        f"--output {shlex.quote(bundle)}",
        *(
            [f"aws s3 cp {shlex.quote(bundle)} s3://BUCKET/{release.code}"]
            if release.form == "cloudformation"
            else []
        ),
    )
    yield from _section("2. Deploy")
    yield from _code(*_deploy(made, made.path("template.yaml")))
    if release.form == "cdk":
        yield from _prose(
            "`npx cdk bootstrap` is needed once for an account and Region. In an app of your own, take the construct: "
            "its `rest_authorizer` goes into `add_method`, its `http_authorizer` into `add_routes`, in TypeScript "
            "`restAuthorizer` and `httpAuthorizer`. What the app beside it says stays as you change it; template and "
            "construct are made again."
        )
    if release.form == "terraform":
        yield from _prose(
            "In a configuration of your own it is a module: hand it `rest_api = { id = …, root_resource_id = … }` of "
            "your API's resource. Keep the state as you keep a secret: it holds the function's environment."
        )
    yield from _trust(made)
    yield from _section("4. Throttle the stages, if they are not")
    yield from _of_each(made.kinds, THROTTLE)
    yield from _section("5. Select the authorizer, and deploy the API")
    yield from _prose(
        "The ids are among the outputs. Until the stage is deployed its old routes stay as open as "
        "they were; a REST API's new answers, too, begin then."
    )
    yield from _of_each(made.kinds, SELECT)
    yield from _section("6. Pages of another origin (CORS)")
    yield from _prose(
        "A browser's preflight has no token: let `OPTIONS` through without the authorizer. "
        f"`{made.name('AllowOrigin')}` lets pages read a REST API's refusals; an HTTP API adds its headers to every "
        "answer."
    )
    yield from _of_each(made.kinds, CORS)
    yield from _section("7. A user to try it with")
    yield from _user(plan)
    yield from _section("8. A new version, and back")
    yield from _versions(made)
    yield from _section("9. Take it off")
    yield from _prose("Step 5 with `NONE` in place of `CUSTOM` and no id, deploy the API, then:")
    yield from _code(_take_off(made))
    yield from _prose("The log stays: it says who was let in.")
    if any(planned.exists for planned in plan.roles):
        yield from _prose("Take the statements of step 3 out of the roles' trust.")
    if plan.handing_out:
        yield from _credentials(release.form, [kind for kind in made.kinds if kind in CREDENTIALS])


def _trust(made: Made) -> Iterator[str]:
    existing = [planned for planned in made.plan.roles if planned.exists]
    yield from _section("3. Let the roles trust it")
    if not existing:
        yield from _prose("Nothing to do: the roles are made with the function, and trust it alone.")
        return
    yield from _prose(
        "These roles exist. What they trust already stays; our statements come to it, or take the place "
        "of their elder selves. `EXECUTION_ROLE` and `FUNCTION` are outputs of step 2; set what `env:` "
        "names mean, as the function has them. `MY_ROLE` is the role's name in IAM."
    )
    for planned in existing:
        whose = (
            "--execution-role CREDENTIALS_ROLE --function CREDENTIALS_FUNCTION"
            if planned.handed_out
            else "--execution-role EXECUTION_ROLE --function FUNCTION"
        )
        yield from _code(
            "aws iam get-role --role-name MY_ROLE --query Role.AssumeRolePolicyDocument >trust.json",
            f"{made.command('trust')} {whose} --patch {shlex.quote(planned.role.name)} <trust.json >new.json",
            "aws iam update-assume-role-policy --role-name MY_ROLE --policy-document file://new.json",
        )


def _user(plan: Plan) -> Iterator[str]:
    yield from _prose(
        "A token says nothing of a tenant or a group that nobody gave the user: both are needed before "
        "the first request."
    )
    attributes = " ".join(shlex.quote(f"Name={name},Value=…") for name in plan.attributes)
    group = shlex.quote(plan.groups[0]) if plan.groups else "…"
    yield from _code(
        "aws cognito-idp admin-create-user --user-pool-id POOL --username erin --message-action SUPPRESS"
        + (f" --user-attributes {attributes}" if attributes else ""),
        "aws cognito-idp admin-set-user-password --user-pool-id POOL --username erin --password … --permanent",
        f"aws cognito-idp admin-add-user-to-group --user-pool-id POOL --username erin --group-name {group}",
        "TOKEN=$(aws cognito-idp admin-initiate-auth --auth-flow ADMIN_USER_PASSWORD_AUTH --user-pool-id POOL \\",
        "    --client-id APP_CLIENT --auth-parameters USERNAME=erin,PASSWORD=… \\",
        "    --query AuthenticationResult.IdToken --output text)",
        _curl(plan),
        "aws logs tail LOGS --follow",
    )
    yield from _prose(
        "The log has one line of JSON a request; `LOGS` is an output of step 2. "
        "The app client needs `ALLOW_ADMIN_USER_PASSWORD_AUTH` for this, and the groups of access.toml "
        f"must be groups of the pool: {', '.join(plan.groups) or 'none'}. 401: the record's `code` says "
        "what about the token."
    )


def _curl(plan: Plan) -> str:
    """A request that has all that answers are kept by, as far as a client sends it: the gateway itself knows `$context`
    and stage variables. Names are access.toml's, and nothing of them but `$TOKEN` is the shell's to read."""
    sent = [source for source in plan.doors.keyed if not source.startswith("$")]
    headers = [source for source in sent if not source.startswith("query:")]
    query = [source.removeprefix("query:") for source in sent if source.startswith("query:")]
    words = ["curl", "-i"]
    for name in headers:
        if f"header:{name}" in plan.doors.token:
            words += ["-H", _then_token(f"{name}: Bearer ")]
        else:
            words += ["-H", shlex.quote(f"{name}: {'default' if name == plan.role_header else '…'}")]
    url, joint = "", "https://API/PATH?"
    for name in query:
        is_token = f"query:{name}" in plan.doors.token
        url += _then_token(f"{joint}{name}=") if is_token else shlex.quote(f"{joint}{name}=…")
        joint = "&"
    return " ".join([*words, url or "https://API/PATH"])


def _then_token(text: str) -> str:
    return f'{shlex.quote(text)}"$TOKEN"'


def _versions(made: Made) -> Iterator[str]:
    release = made.release
    if release.form == "terraform":
        yield from _prose(
            "Authorizers ask the alias `live`. Bundle and apply again, and it moves to the new version at once. To "
            "begin with a tenth of the requests, hold the version that serves; without the two it is the new one for "
            "all. Back is the second, without the share. `version` is an output: note it before you apply."
        )
        yield from _code(
            f"{_terraform(made)} apply … -var held_version=OLDER -var new_version_percent=10",
            f"{_terraform(made)} apply … -var held_version=OLDER",
        )
        return
    yield from _prose(
        "Authorizers ask the alias `live`. Bundle, generate and deploy again, and it moves to the new version"
    )
    if release.roll_out is None:
        yield from _prose(
            "at once; `--roll-out Canary10Percent5Minutes` shifts a tenth of the requests first, and the "
            "alarms Failures and Crashes take it back. By hand:"
        )
    else:
        yield from _prose(f"by {release.roll_out}; the alarms Failures and Crashes take it back. By hand:")
    yield from _code(
        "aws lambda list-versions-by-function --function-name FUNCTION --query 'Versions[].[Version,LastModified]'",
        "aws lambda update-alias --function-name FUNCTION --name live --function-version OLDER",
    )
    if release.form == "cloudformation":
        yield from _prose(
            "A parameter that is changed without a new zip changes no published version: generate with "
            "another `--release`."
        )


def _credentials(form: Form, kinds: list[str]) -> Iterator[str]:
    turned_on = (
        "Apply with `-var credentials_route=true`, and for a REST API with `root_resource_id` in `rest_api`: "
        if form == "terraform"
        else "Deploy the stack with `CredentialsRoute=yes`, and for a REST API with `RestApiRootResourceId`: "
    )
    yield from _section("10. `GET /credentials`, if callers shall have credentials of their own")
    yield from _prose(
        f"{turned_on}the route comes with its function, its authorizer and its alarms, and the function answers "
        "preflights for callers.origins. An HTTP API that has a CORS configuration answers them itself, "
        "by that: list the same origins there. A scope has to open `GET /credentials`. Then deploy the "
        "API, and let the stage neither flood nor keep it:"
    )
    yield from _code(*(line for kind in kinds for line in CREDENTIALS[kind]))


def _section(title: str) -> Iterator[str]:
    yield from ("", f"## {title}", "")


def _prose(text: str) -> Iterator[str]:
    yield from textwrap.wrap(text, 100, break_long_words=False, break_on_hyphens=False)


def _of_each(kinds: Sequence[str], told: Mapping[str, tuple[str, tuple[str, ...]]]) -> Iterator[str]:
    """For each kind of API what there is to know, and its commands. Never as a comment among them: zsh takes that for
    arguments, and runs what stands between backticks."""
    for kind in kinds:
        if kind in told:
            prose, commands = told[kind]
            yield ""
            yield from _prose(prose)
            if commands:
                yield from _code(*commands)


def _code(*lines: str) -> Iterator[str]:
    yield from ("", "```sh", *lines, "```", "")


THROTTLE: Final = {
    "Rest": (
        "REST. With `dataTrace` its log would print the credentials:",
        (
            "aws apigateway update-stage --rest-api-id API --stage-name STAGE --patch-operations \\",
            "    'op=replace,path=/*/*/throttling/rateLimit,value=100' "
            "'op=replace,path=/*/*/throttling/burstLimit,value=200' \\",
            "    'op=replace,path=/*/*/logging/dataTrace,value=false'",
        ),
    ),
    "Http": (
        "HTTP:",
        (
            "aws apigatewayv2 update-stage --api-id HTTP_API --stage-name STAGE \\",
            "    --default-route-settings ThrottlingRateLimit=100,ThrottlingBurstLimit=200",
        ),
    ),
    "WebSocket": (
        "WebSocket:",
        (
            "aws apigatewayv2 update-stage --api-id WEBSOCKET_API --stage-name STAGE \\",
            "    --default-route-settings ThrottlingRateLimit=100,ThrottlingBurstLimit=200,DataTraceEnabled=false",
        ),
    ),
}
"""Kind of API → what there is to know, and the commands."""
CREDENTIALS = {
    "Rest": (
        "aws apigateway create-deployment --rest-api-id API --stage-name STAGE",
        "aws apigateway update-stage --rest-api-id API --stage-name STAGE --patch-operations \\",
        "    'op=replace,path=/~1credentials/GET/throttling/rateLimit,value=10' "
        "'op=replace,path=/~1credentials/GET/throttling/burstLimit,value=20' \\",
        "    'op=replace,path=/~1credentials/GET/caching/enabled,value=false' "
        "'op=replace,path=/~1credentials/GET/logging/dataTrace,value=false'",
    ),
    "Http": (
        "aws apigatewayv2 update-stage --api-id HTTP_API --stage-name STAGE --route-settings \\",
        '    \'{"GET /credentials":{"ThrottlingRateLimit":10,"ThrottlingBurstLimit":20}}\'',
    ),
}
SELECT: Final = {
    "Rest": (
        "REST, for each method but OPTIONS:",
        (
            "aws apigateway update-method --rest-api-id API --resource-id RESOURCE --http-method GET "
            "--patch-operations \\",
            "    op=replace,path=/authorizationType,value=CUSTOM "
            "op=replace,path=/authorizerId,value=REST_AUTHORIZER_ID",
            "aws apigateway create-deployment --rest-api-id API --stage-name STAGE",
        ),
    ),
    "Http": (
        "HTTP, for each route; a stage that deploys by itself needs no deployment:",
        (
            "aws apigatewayv2 update-route --api-id HTTP_API --route-id ROUTE --authorization-type CUSTOM \\",
            "    --authorizer-id HTTP_AUTHORIZER_ID",
            "aws apigatewayv2 create-deployment --api-id HTTP_API --stage-name STAGE",
        ),
    ),
    "WebSocket": (
        "WebSocket, for `$connect` alone; a stage that deploys by itself needs no deployment:",
        (
            "aws apigatewayv2 update-route --api-id WEBSOCKET_API --route-id CONNECT_ROUTE "
            "--authorization-type CUSTOM \\",
            "    --authorizer-id WEBSOCKET_AUTHORIZER_ID",
            "aws apigatewayv2 create-deployment --api-id WEBSOCKET_API --stage-name STAGE",
        ),
    ),
}
CORS: Final = {
    "Rest": (
        "REST: a method OPTIONS of each resource, with `authorizationType` NONE and a MOCK integration.",
        (),
    ),
    "Http": (
        "HTTP: the API answers the preflight itself, unless a route such as `ANY /{proxy+}` with the authorizer takes "
        "it.",
        (
            "aws apigatewayv2 update-api --api-id HTTP_API --cors-configuration \\",
            "    AllowOrigins=https://app.example.com,AllowMethods='*',AllowHeaders='authorization,x-role'",
            "aws apigatewayv2 create-route --api-id HTTP_API --route-key 'OPTIONS /{proxy+}' --authorization-type NONE",
        ),
    ),
}
