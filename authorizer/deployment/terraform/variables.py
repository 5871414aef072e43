"""Variables of the module and of what calls it, made of the rows that CloudFormation's parameters are made of."""

import re
from collections.abc import Mapping
from typing import Any, Final

from authorizer.deployment.cloudformation.parameters import (
    ANSWERS,
    APIS,
    CREDENTIALS,
    RUNTIME,
    WATCH,
    Parameter,
    built_for,
    of_variable,
)
from authorizer.deployment.plan import Plan
from authorizer.deployment.terraform.hcl import Code, attributes, block, quoted

_ID: Final = "object({ id = string })"
ATTACHED: Final[Mapping[str, tuple[str, str]]] = {
    # An object and not a text: whether it is there must be known before anything is made, and its id need not be.
    "rest_api": (
        "object({ id = string, root_resource_id = optional(string) })",
        "A REST API to attach to; null: none. With resource_url it needs the id of its resource `/` too.",
    ),
    "http_api": (_ID, "An HTTP API to attach to; null: none."),
    "websocket_api": (_ID, "A WebSocket API to attach to; null: none."),
}
_BY_OBJECT: Final = {"RestApiId", "HttpApiId", "WebSocketApiId", "RestApiRootResourceId"}
MAX_ROLE_NAME: Final = 64
"""Characters of a role's name (IAM User Guide, "IAM and AWS STS quotas"): a function's may have as many."""
_NAME: Final[Parameter] = {
    "Type": "String",
    "AllowedPattern": f"^[A-Za-z0-9_-]{{1,{MAX_ROLE_NAME - len('-authorizer-role')}}}$",
    "Description": "What the function is called, before `-authorizer`. Policies name it: it cannot change later.",
}
_ZIP: Final[Parameter] = {"Type": "String", "Description": "The zip that `authorizer bundle` has made."}
_HELD: Final[Mapping[str, Parameter]] = {
    "HeldVersion": {
        "Type": "String",
        "Default": "",
        "AllowedPattern": "^[0-9]+$",
        "Description": "The version that serves, in place of the newest: the way back, and where a roll-out begins. "
        "Empty: the newest.",
    },
    "NewVersionPercent": {
        "Type": "Number",
        "Default": 0,
        "MinValue": 0,
        "MaxValue": 99,
        "Description": "With held_version, of a hundred requests so many go to the newest version.",
    },
}
RESERVED: Final = frozenset(
    {"source", "version", "providers", "count", "for_each", "lifecycle", "depends_on", "locals"}
)
"""Names that no variable may have (Terraform language, "Input Variables")."""


def options(python: str, architecture: str, code: str | None = None) -> dict[str, Parameter]:
    """What every deployment may choose, by its variable. `code`: the zip, where it is known."""
    rows = {**APIS, **ANSWERS, **built_for(python, architecture), **RUNTIME, **_HELD, **WATCH}
    chosen = {snake(name): row for name, row in rows.items() if name not in _BY_OBJECT}
    zipped = _ZIP if code is None else {"Default": code, **_ZIP}
    return {"name": _NAME, "zip": zipped, **chosen}


def credentials_options() -> dict[str, Parameter]:
    """What a deployment may choose besides where access.toml hands something out, by its variable."""
    return {snake(name): row for name, row in CREDENTIALS.items()}


def names_of(plan: Plan) -> dict[str, str]:
    """`env:` name → its variable: no two share one, and none has the name of an option."""
    found: dict[str, str] = {}
    taken = RESERVED | set(ATTACHED) | set(options("", ""))
    if plan.handing_out:
        taken |= set(credentials_options())
    for name in (*(one.name for one in plan.variables), *plan.unknown):
        word = "_".join(re.findall(r"[A-Za-z0-9]+", name))
        word = word.lower() if word.isupper() else snake(word)
        word = word if word[:1].isalpha() else f"value_{word}".rstrip("_")
        numbered = (f"{word}{suffix}" for suffix in ("", "_value", *range(2, 1000)))
        found[name] = next(one for one in numbered if one not in taken and one not in found.values())
    return found


def asked_for(plan: Plan) -> dict[str, Parameter]:
    """The variable of each `env:` name whose value is not known otherwise."""
    found: dict[str, Parameter] = {}
    names = names_of(plan)
    for one in plan.variables:
        exists = any(planned.exists for planned in plan.roles if planned.variable == one.name)
        row = of_variable(one, plan, exists=exists)
        if row is not None:
            found[names[one.name]] = row
    for name in plan.unknown:
        row = {
            "Type": "String",
            "MinLength": 1,
            "Description": f"The value of `env:{name}` of {plan.place}.",
        }
        found[names[name]] = row
    return found


def attached(name: str) -> list[str]:
    """The variable that says which API of a kind there is."""
    kind, description = ATTACHED[name]
    body = attributes({"type": Code(kind), "default": None, "description": description})
    return block(f'variable "{name}"', body)


def variable(name: str, row: Parameter, *, checked: bool = True) -> list[str]:
    """One variable. Without `checked` whoever it is handed on to checks it."""
    default = _default(row)
    values: dict[str, Any] = {"type": Code(_type(row))}
    if "Default" in row:
        values["default"] = default
    values["description"] = _described(row, default)
    if row.get("NoEcho"):
        values["sensitive"] = True
    body = attributes(values)
    for condition, expected in _checks(f"var.{name}", row) if checked else ():
        optional = f"var.{name} == null || " if "Default" in row and default is None else ""
        inner = attributes(
            {"condition": Code(optional + condition), "error_message": f"{name}: expected {expected}."}, 2
        )
        body += ["", *block("validation", inner, 1)]
    return block(f'variable "{name}"', body)


def snake(name: str) -> str:
    """`KmsKeyArn` → `kms_key_arn`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _type(row: Parameter) -> str:
    if _is_switch(row):
        return "bool"
    return {"String": "string", "Number": "number", "CommaDelimitedList": "list(string)"}[row["Type"]]


def _is_switch(row: Parameter) -> bool:
    return set(row.get("AllowedValues", ())) == {"yes", "no"}


def _default(row: Parameter) -> Any:
    if _is_switch(row):
        return row["Default"] == "yes"
    if row.get("Default") == "":
        return [] if row["Type"] == "CommaDelimitedList" else None
    return row.get("Default")


_HERE: Final = {
    # What rows say in CloudFormation's words → the same in Terraform's.
    "RestApiRootResourceId": "the root_resource_id of rest_api",
    "ReservedConcurrency": "reserved_concurrency",
    "yes makes": "true makes",
}


def _described(row: Parameter, default: Any) -> str:
    text: str = row["Description"]
    for there, here in _HERE.items():
        text = text.replace(there, here)
    return text.replace("Empty", "null") if default is None else text


def _checks(value: str, row: Parameter) -> list[tuple[str, str]]:
    """Conditions, and what each expects."""
    found = []
    if "AllowedPattern" in row:
        found.append((f"can(regex({quoted(row['AllowedPattern'])}, {value}))", f"{row['AllowedPattern']}"))
    if "AllowedValues" in row and not _is_switch(row):
        allowed = ", ".join(quoted(one) if isinstance(one, str) else str(one) for one in row["AllowedValues"])
        found.append(
            (f"contains([{allowed}], {value})", "one of " + ", ".join(map(str, row["AllowedValues"])))
        )
    if "MinLength" in row:
        found.append((f"length({value}) >= {row['MinLength']}", "a text that is not empty"))
    bounds = [f"{value} >= {row['MinValue']}"] if "MinValue" in row else []
    bounds += [f"{value} <= {row['MaxValue']}"] if "MaxValue" in row else []
    if bounds:
        least, most = row.get("MinValue"), row.get("MaxValue")
        found.append((" && ".join(bounds), f"{least} or more" if most is None else f"{least} to {most}"))
    return found
