"""What a template refuses before anything is made."""

from collections.abc import Mapping
from typing import Any

from authorizer.deployment.cloudformation import credentials
from authorizer.deployment.cloudformation.intrinsics import equals, ref
from authorizer.deployment.plan import Plan
from authorizer.deployment.trust import account_of


def rules(plan: Plan, names: Mapping[str, str], *, simple: bool | None) -> dict[str, Any]:
    """What is refused before anything is made."""
    found: dict[str, Any] = {
        "SnapStartNeedsPython312": {
            "RuleCondition": equals("SnapStart", "PublishedVersions"),
            "Assertions": [
                {
                    "Assert": {"Fn::Not": [equals("PythonVersion", "python3.11")]},
                    "AssertDescription": "SnapStart needs Python 3.12 or newer: bundle for another one.",
                }
            ],
        }
    }
    response = next((names[one.name] for one in plan.variables if one.kind == "response"), None)
    if simple is None and response is not None:
        found["SimpleIsForHttpApisAlone"] = {
            "RuleCondition": equals(response, "simple"),
            "Assertions": [
                {
                    "Assert": equals(parameter, ""),
                    "AssertDescription": f"A {kind} API takes no simple response. Deploy a second stack for it.",
                }
                for parameter, kind in (("RestApiId", "REST"), ("WebSocketApiId", "WebSocket"))
            ],
        }
    if plan.handing_out:
        found |= credentials.rules(rest=simple is not True)
    accounts = sorted(
        {account_of(one.role.arn) for one in plan.roles if not one.exists and one.variable is None}
    )
    if accounts:
        found["RolesAreOfThisAccount"] = {
            "Assertions": [
                {
                    "Assert": {"Fn::Equals": [ref("AWS::AccountId"), account]},
                    "AssertDescription": f"{plan.place} has roles of account {account}: only there can they be made.",
                }
                for account in accounts
            ]
        }
    return found
