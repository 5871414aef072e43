"""What `authorizer deploy cdk` generates, as a construct.

Synthesised is the generated template, resource by resource, with the branches that the parameters choose: nothing of
CDK's adds a policy, a default or a resource. Logical ids stay, so that a stack of CloudFormation's or SAM's can be
taken over: the role that others trust is never made anew.
"""

import hashlib
import json
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsii
from aws_cdk import Stack, Token
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_apigatewayv2 as apigatewayv2
from aws_cdk import aws_s3_assets as assets
from aws_cdk.cloudformation_include import CfnInclude
from constructs import Construct


@jsii.implements(apigateway.IAuthorizer)
class RestAuthorizer:
    """What `add_method(…, authorizer=…)` of a REST API takes."""

    def __init__(self, authorizer_id: str) -> None:
        self._id = authorizer_id

    @property
    def authorizer_id(self) -> str:
        return self._id

    @property
    def authorization_type(self) -> apigateway.AuthorizationType:
        return apigateway.AuthorizationType.CUSTOM


class CognitoAuthorizer(Construct):
    """The authorizer, attached to the APIs whose ids the parameters name.

    `template` is the generated `authorizer.template.json`, `zip_file` what `authorizer bundle` has made. `parameters`
    are those of the template; ids and ARNs may be those of constructs. Raises `ValueError` for what CloudFormation
    would refuse, and for a secret that would stand in the synthesised template: leave it out, and it is asked for at
    deployment.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        template: str,
        zip_file: str,
        parameters: Mapping[str, Any],
    ) -> None:
        super().__init__(scope, construct_id)
        tree = json.loads(Path(template).read_text(encoding="utf-8"))
        zipped = assets.Asset(self, "Zip", path=zip_file)
        own = {"CodeBucket": zipped.s3_bucket_name, "CodeKey": zipped.s3_object_key}
        values, asked_for = chosen_values(tree["Parameters"], {**parameters, **own})
        reduced = reduce(tree, values, asked_for)
        told = Stack.of(self).resolve({name: one for name, one in values.items() if name not in own})
        reduced = with_version(reduced, [reduced["Resources"], told, zipped.asset_hash])
        with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as file:
            json.dump(reduced, file)
            file.flush()
            self.template = CfnInclude(self, "Template", template_file=file.name, parameters=values)
        self.rest_authorizer = self._authorizer("RestAuthorizer", RestAuthorizer)
        """For `add_method`; None where no REST API is given."""
        self.http_authorizer = self._authorizer(
            "HttpAuthorizer",
            lambda one: apigatewayv2.HttpAuthorizer.from_http_authorizer_attributes(
                self, "Http", authorizer_id=one, authorizer_type="CUSTOM"
            ),
        )
        """For `add_routes`; None where no HTTP API is given."""
        self.web_socket_authorizer = self._authorizer(
            "WebSocketAuthorizer",
            lambda one: apigatewayv2.WebSocketAuthorizer.from_web_socket_authorizer_attributes(
                self, "WebSocket", authorizer_id=one, authorizer_type="CUSTOM"
            ),
        )
        """For `connect_route_options`; None where no WebSocket API is given."""

    def _authorizer(self, name: str, made: Any) -> Any:
        found = self.node.try_find_child("Template").node.try_find_child(name)
        return None if found is None else made(found.ref)


def chosen_values(rows: Mapping[str, Any], given: Mapping[str, Any]) -> tuple[dict[str, Any], set[str]]:
    """Each parameter's value, and the names of the secrets that are asked for at deployment."""
    problems = [
        f"{name}: no such parameter; there are {', '.join(rows)}" for name in given if name not in rows
    ]
    values: dict[str, Any] = {}
    asked_for: set[str] = set()
    for name, row in rows.items():
        if name not in given and row.get("NoEcho"):
            asked_for.add(name)
            continue
        value = given.get(name, row.get("Default"))
        if row["Type"] == "CommaDelimitedList" and isinstance(value, str):
            value = value.split(",") if value else []
        problem = problem_of(row, value)
        if problem:
            problems.append(f"{name}: {problem}")
        values[name] = value
    if problems:
        raise ValueError("; ".join(problems))
    return values, asked_for


def problem_of(row: Mapping[str, Any], value: Any) -> str | None:  # noqa: PLR0911 - one a rule
    """What of a parameter's value CloudFormation would refuse."""
    if value is None:
        return f"expected a value: {row['Description']}"
    if Token.is_unresolved(value):
        return None
    if row.get("NoEcho"):
        return "would stand in the template; leave it out, and say it to `cdk deploy --parameters`"
    shown = ",".join(value) if isinstance(value, list) else str(value)
    if shown not in map(str, row.get("AllowedValues", [shown])):
        return f"expected one of {', '.join(map(str, row['AllowedValues']))}, found {shown}"
    if not re.fullmatch(row.get("AllowedPattern", ".*"), shown, re.DOTALL):
        return f"expected {row['AllowedPattern']}, found {shown}"
    if len(shown) < row.get("MinLength", 0):
        return "expected a text that is not empty"
    if row["Type"] == "Number":
        least, most = row.get("MinValue", float("-inf")), row.get("MaxValue", float("inf"))
        if not re.fullmatch(r"\d+", shown) or not least <= int(shown) <= most:
            return f"expected a whole number from {least} to {most}, found {shown}"
    return None


def reduce(tree: Mapping[str, Any], values: Mapping[str, Any], asked_for: set[str]) -> dict[str, Any]:
    """The template with the branches that the values choose, and without what is not made.

    A condition must be decided here: what CloudFormation decides must not name resources, and an API's id does.
    """

    def literal(value: Any) -> Any:
        match value:
            case {"Ref": str(name)} if name in values:
                return values[name]
            case {"Fn::Join": [str(between), inner]}:
                return between.join(literal(inner))
            case _:
                return value

    def holds(condition: Any) -> bool:
        match condition:
            case {"Condition": str(name)}:
                return holds(tree["Conditions"][name])
            case {"Fn::Not": [inner]}:
                return not holds(inner)
            case {"Fn::And": parts}:
                return all(map(holds, parts))
            case {"Fn::Or": parts}:
                return any(map(holds, parts))
            case {"Fn::Equals": [one, other]}:
                value, expected = literal(one), literal(other)
                if Token.is_unresolved(value) and expected != "":
                    raise ValueError(f"{one}: must be known when the app is synthesised")
                return not Token.is_unresolved(value) and str(value) == str(expected)
            case _:
                raise ValueError(f"no such condition is generated: {condition}")

    def plain(value: Any) -> Any:
        match value:
            case {"Fn::If": [str(name), yes, no]}:
                return plain(yes if holds({"Condition": name}) else no)
            case dict():
                return {
                    key: plain(item) for key, item in value.items() if plain(item) != {"Ref": "AWS::NoValue"}
                }
            case list():
                return [plain(item) for item in value]
            case _:
                return value

    def made(section: str) -> dict[str, Any]:
        return {
            name: plain({key: item for key, item in one.items() if key != "Condition"})
            for name, one in tree[section].items()
            if "Condition" not in one or holds({"Condition": one["Condition"]})
        }

    rules = {}
    for name, rule in tree.get("Rules", {}).items():
        if "AWS::AccountId" in json.dumps(rule):
            rules[name] = rule  # of the account, which CloudFormation knows
        elif holds(rule["RuleCondition"]):
            failed = [one["AssertDescription"] for one in rule["Assertions"] if not holds(one["Assert"])]
            if failed:
                raise ValueError("; ".join(failed))
    parameters = {name: row for name, row in tree["Parameters"].items() if name in {*values, *asked_for}}
    return {
        **{key: tree[key] for key in ("AWSTemplateFormatVersion", "Description")},
        "Parameters": parameters,
        **({"Rules": rules} if rules else {}),
        "Resources": made("Resources"),
        "Outputs": made("Outputs"),
    }


def with_version(tree: dict[str, Any], contents: Any) -> dict[str, Any]:
    """The template with its version named by all that it is: another function is another version."""
    digest = hashlib.sha256(json.dumps(contents, sort_keys=True).encode()).hexdigest()[:16]

    def renamed(value: Any) -> Any:
        match value:
            case {"Fn::GetAtt": ["Version", attribute]}:
                return {"Fn::GetAtt": [f"Version{digest}", attribute]}
            case dict():
                return {key: renamed(item) for key, item in value.items()}
            case list():
                return [renamed(item) for item in value]
            case _:
                return value

    made = {
        f"Version{digest}" if name == "Version" else name: renamed(one)
        for name, one in tree["Resources"].items()
    }
    return {**tree, "Resources": made}
