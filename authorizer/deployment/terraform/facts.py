"""What the module is told as data: the tables that CloudFormation's templates are made of."""

from typing import Any, Final

from authorizer.deployment.alarms import ALARMS, CREDENTIALS_ALARMS, LAMBDA, SHOWN, Alarm, Watched
from authorizer.deployment.cloudformation import credentials
from authorizer.deployment.cloudformation.doors import ANSWERS, METADATA
from authorizer.deployment.cloudformation.function import (
    DESCRIPTION,
    HANDLER,
    IN_A_VPC,
    LAMBDA_ASSUMES,
    MEMORY,
    TIMEOUT,
    TRACES,
)
from authorizer.deployment.plan import TOKEN
from authorizer.deployment.terraform.hcl import Code, attributes, block
from authorizer.deployment.terraform.variables import (
    ATTACHED,
    attached,
    credentials_options,
    options,
    snake,
    variable,
)

MADE: Final = (
    "# Made by `python -m tests.deploy.generated`: the tables that CloudFormation's templates are made of."
)


def files(python: str, architecture: str) -> dict[str, str]:
    """The files of the module that are made, by name. `python` and `architecture` are the variables' defaults."""
    rows = options(python, architecture)
    variables = [variable(name, row) for name, row in rows.items()] + [attached(name) for name in ATTACHED]
    handing_out = [variable(name, row) for name, row in credentials_options().items()]
    return {
        "options.tf": _file(*variables),
        "facts.tf": _file(block("locals", attributes(_facts()))),
        "credentials_facts.tf": _file(*handing_out, block("locals", attributes(_credentials()))),
    }


def _file(*parts: list[str]) -> str:
    return "\n\n".join(["\n".join(lines) for lines in ([MADE], *parts)]) + "\n"


def _facts() -> dict[str, Any]:
    return {
        "function_name": Code('"${var.name}-authorizer"'),
        "description": DESCRIPTION,
        "handler": HANDLER,
        "timeout": TIMEOUT,
        "memory": MEMORY,
        "lambda_assumes": LAMBDA_ASSUMES,
        "in_a_vpc": list(IN_A_VPC),
        "traces": list(TRACES),
        "token": TOKEN,
        "metadata_path": METADATA,
        "answers": {kind: {"status": str(status), "body": body} for _, kind, status, body in ANSWERS},
        "alarms": {snake(alarm.name): _alarm(alarm) for alarm in ALARMS},
        "graphs": [
            {"title": title, "stat": stat, "metrics": [_shown(one) for one in metrics]}
            for title, metrics, stat in SHOWN
        ],
    }


def _credentials() -> dict[str, Any]:
    """Of the function behind `GET /credentials`, in the files that are there where something is handed out."""
    own = Code("local.credentials_name")
    return {
        "credentials_name": Code('"${var.name}-credentials"'),
        "credentials_description": credentials.DESCRIPTION,
        "credentials_handler": credentials.HANDLER,
        "credentials_path": credentials.PATH,
        "credentials_token": credentials.TOKEN,
        "credentials_alarms": {
            snake(alarm.name.removeprefix("Credentials")): _alarm(alarm, own) for alarm in CREDENTIALS_ALARMS
        },
    }


_AUTHORIZER: Final = Code("local.function_name")


def _alarm(alarm: Alarm, function: Code = _AUTHORIZER) -> dict[str, Any]:
    threshold = Code(f"var.{snake(alarm.threshold)}") if isinstance(alarm.threshold, str) else alarm.threshold
    return {
        "description": alarm.description,
        "expression": alarm.expression or None,
        "label": alarm.label or None,
        "metrics": {name or "sum": _metric(one, function) for name, one in alarm.metrics.items()},
        "period": alarm.period,
        "periods": alarm.periods,
        "of_them": alarm.of_them,
        "threshold": threshold,
    }


def _metric(watched: Watched, function: Code = _AUTHORIZER) -> dict[str, Any]:
    own = "FunctionName" if watched.namespace == LAMBDA else "function"
    return {
        "namespace": watched.namespace,
        "name": watched.name,
        "dimensions": {own: function, **watched.dimensions},
    }


def _shown(watched: Watched) -> list[Any]:
    metric = _metric(watched)
    pairs = [part for pair in metric["dimensions"].items() for part in pair]
    return [metric["namespace"], metric["name"], *pairs]
