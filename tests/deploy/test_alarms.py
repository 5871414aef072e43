"""What watches over the deployment watches what the authorizer says, for its own function alone."""

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from authorizer.errors import KeysUnavailable
from authorizer.metrics import COUNTERS, NAMESPACE
from tests.deploy.sam import resources, template

ALARMS = resources(template("alarms.yaml"), "AWS::CloudWatch::Alarm")
FUNCTION = {"Ref": "FunctionName"}
DIMENSIONS = {("function",), ("function", "verdict"), ("function", "verdict", "code")}
"""Of the decision record's metrics."""
COUNTED = {"refresh_failures", "shared_failures", "key_failures", "key_fetch_failures"}
"""Counters that tell of trouble before a caller feels it."""
FAILED = {"function": FUNCTION, "verdict": "failure"}
NO_KEYS = {**FAILED, "code": KeysUnavailable.code}


class Metric(NamedTuple):
    namespace: str
    name: str
    dimensions: dict[str, Any]
    seconds: int


def metrics(alarm: dict[str, Any]) -> Iterator[tuple[str, Metric]]:
    """The metrics that an alarm looks at, by their names in its expression."""
    parts = {"": alarm} if "Namespace" in alarm else {}
    for part in alarm.get("Metrics", ()):
        if "MetricStat" in part:
            parts[part["Id"]] = {**part["MetricStat"], **part["MetricStat"]["Metric"]}
            assert part["MetricStat"]["Stat"] == "Sum"
    for name, part in parts.items():
        dimensions = {dimension["Name"]: dimension["Value"] for dimension in part["Dimensions"]}
        yield name, Metric(part["Namespace"], part["MetricName"], dimensions, part["Period"])


def found(alarm: str) -> dict[str, Metric]:
    return dict(metrics(ALARMS[alarm]))


EVERY = [(alarm, metric) for alarm, properties in ALARMS.items() for _, metric in metrics(properties)]


@pytest.mark.parametrize(("alarm", "metric"), EVERY)
def test_an_alarm_watches_one_function(alarm: str, metric: Metric) -> None:
    if metric.namespace == "AWS/Lambda":
        assert metric.dimensions == {"FunctionName": FUNCTION}
        return
    assert metric.namespace == NAMESPACE
    assert metric.dimensions["function"] == FUNCTION
    assert tuple(metric.dimensions) in DIMENSIONS
    if metric.name == "decisions":
        assert metric.dimensions["verdict"] in ("deny", "unauthorized", "failure")
    else:
        assert metric.name in COUNTED & COUNTERS.keys()
        assert set(metric.dimensions) == {"function"}


@pytest.mark.parametrize("name", list(ALARMS))
def test_an_alarm_is_heard_and_silence_is_fine(name: str) -> None:
    alarm = ALARMS[name]
    assert alarm["TreatMissingData"] == "notBreaching"
    assert alarm["AlarmActions"] == {"Fn::If": ["Notifies", [{"Ref": "TopicArn"}], {"Ref": "AWS::NoValue"}]}
    assert alarm["ComparisonOperator"] == "GreaterThanThreshold"
    shown = [part for part in alarm.get("Metrics", ()) if part.get("ReturnData", True)]
    assert len(shown) == (1 if "Metrics" in alarm else 0)  # CloudWatch takes exactly one


@pytest.mark.parametrize("name", [name for name, alarm in ALARMS.items() if "Metrics" in alarm])
def test_an_expression_fills_every_metric_that_it_names_and_names_all_of_them(name: str) -> None:
    [expression] = [part["Expression"] for part in ALARMS[name]["Metrics"] if "Expression" in part]
    named = re.findall(r"FILL\((\w+), 0\)", expression)
    assert set(named) == set(found(name))
    assert re.sub(r"FILL\(\w+, 0\)", "", expression).strip(" +-") == ""
    assert len({metric.seconds for metric in found(name).values()}) == 1


def test_strangers_who_ask_for_keys_do_not_raise_the_failure_alarm() -> None:
    [expression] = [part["Expression"] for part in ALARMS["Failures"]["Metrics"] if "Expression" in part]
    assert expression == "FILL(failures, 0) - FILL(keys, 0)"
    assert found("Failures") == {
        "failures": Metric(NAMESPACE, "decisions", FAILED, 60),
        "keys": Metric(NAMESPACE, "decisions", NO_KEYS, 60),
    }
    assert ALARMS["Failures"]["Threshold"] == 0


def test_keys_that_cannot_be_had_have_an_alarm_of_their_own_that_takes_more() -> None:
    assert found("KeysUnavailable") == {"": Metric(NAMESPACE, "decisions", NO_KEYS, 300)}
    assert ALARMS["KeysUnavailable"]["Threshold"] == {"Ref": "KeysUnavailablePerFiveMinutes"}
    for tree in (template("template.yaml"), template("attach.yaml")):
        assert tree["Parameters"]["KeysUnavailablePerFiveMinutes"]["Default"] >= 10


def test_a_crash_is_an_error_that_no_record_explains() -> None:
    [expression] = [part["Expression"] for part in ALARMS["Crashes"]["Metrics"] if "Expression" in part]
    assert expression == "FILL(errors, 0) - FILL(unauthorized, 0) - FILL(failures, 0)"
    assert {
        name: (metric.name, metric.dimensions.get("verdict")) for name, metric in found("Crashes").items()
    } == {
        "errors": ("Errors", None),
        "unauthorized": ("decisions", "unauthorized"),
        "failures": ("decisions", "failure"),
    }


def test_what_the_vendor_counts_and_an_operator_should_hear_of_has_an_alarm() -> None:
    watched = {metric.name for _, metric in EVERY if metric.namespace == NAMESPACE} - {"decisions"}
    assert watched == COUNTED


def test_what_is_generated_has_every_alarm_about_its_own_function() -> None:
    tree = template("attach.yaml")
    about = json.loads(json.dumps(ALARMS).replace('"FunctionName"}', '"AuthorizerFunction"}'))
    about = json.loads(json.dumps(about).replace('"TopicArn"', '"AlarmTopicArn"'))
    assert resources(tree, "AWS::CloudWatch::Alarm") == about
    [board] = resources(tree, "AWS::CloudWatch::Dashboard").values()
    widgets = json.loads(board["DashboardBody"]["Fn::Sub"])["widgets"]
    shown = {tuple(metric[:2]) for widget in widgets for metric in widget["properties"]["metrics"]}
    names = {name for namespace, name in shown if namespace == NAMESPACE}
    assert names <= {"decisions", "duration", *COUNTERS}
    assert names > COUNTED
    assert "${AuthorizerFunction}" in str(widgets)


def test_every_authorizer_function_has_its_alarms() -> None:
    tree = template("template.yaml")
    functions = {
        function
        for function, properties in resources(tree, "AWS::Serverless::Function").items()
        if properties["Handler"] == "authorizer.handler.lambda_handler"
    }
    nested = resources(tree, "AWS::CloudFormation::Stack").values()
    stacks = [stack for stack in nested if stack["TemplateURL"] != "credentials-alarms.yaml"]
    assert {stack["Parameters"]["FunctionName"]["Ref"] for stack in stacks} == functions
    wanted = set(template("alarms.yaml")["Parameters"])
    for stack in stacks:
        assert stack["TemplateURL"] == "alarms.yaml"
        assert set(stack["Parameters"]) == wanted
        given = {key: value["Ref"] for key, value in stack["Parameters"].items() if key != "FunctionName"}
        assert set(given.values()) <= set(tree["Parameters"])
