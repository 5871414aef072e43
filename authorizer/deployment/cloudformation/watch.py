"""Alarms and the dashboard, from the table in `authorizer.deployment.alarms`."""

import json
from collections.abc import Mapping
from typing import Any

from authorizer.deployment.alarms import (
    ALARMS,
    CREDENTIALS_ALARMS,
    LAMBDA,
    NO_KEYS,
    REFUSALS,
    SHOWN,
    TOO_MANY,
    Alarm,
    Watched,
)
from authorizer.deployment.cloudformation.intrinsics import Value, given, ref, sub, when

Resource = dict[str, Any]


def alarms(function: Value, topic: str, rows: tuple[Alarm, ...] = ALARMS) -> dict[str, Resource]:
    """Every alarm about `function`. `topic` is the parameter that says who hears of it."""
    return {alarm.name: _alarm(alarm, function, topic) for alarm in rows}


def standalone() -> Resource:
    """The alarms as a template of their own, for the function that a parameter names."""
    thresholds = {
        REFUSALS: "More refusals than this raise an alarm.",
        NO_KEYS: "More requests than this for which an issuer's keys could not be had raise an alarm.",
    }
    return _standalone("What watches over one authorizer function.", ALARMS, thresholds)


def standalone_of_credentials() -> Resource:
    """The same for the function behind `GET /credentials`."""
    thresholds = {TOO_MANY: "More answers 429 than this raise an alarm."}
    return _standalone("What watches over GET /credentials.", CREDENTIALS_ALARMS, thresholds)


def _standalone(description: str, rows: tuple[Alarm, ...], thresholds: Mapping[str, str]) -> Resource:
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": description,
        "Parameters": {
            "FunctionName": {"Type": "String", "Description": "The function, without version or alias."},
            "TopicArn": {
                "Type": "String",
                "Default": "",
                "Description": "An SNS topic that alarms notify. Empty leaves them to the console.",
            },
            **{name: {"Type": "Number", "Description": said} for name, said in thresholds.items()},
        },
        "Conditions": {"Notifies": given("TopicArn")},
        "Resources": alarms(ref("FunctionName"), "TopicArn", rows),
    }


def _alarm(alarm: Alarm, function: Value, topic: str) -> Resource:
    properties: Resource = {"AlarmDescription": alarm.description}
    if alarm.expression:
        properties["Metrics"] = [
            {"Id": "sum", "Expression": alarm.expression, "Label": alarm.label},
            *(
                {
                    "Id": name,
                    "ReturnData": False,
                    "MetricStat": {
                        "Stat": "Sum",
                        "Period": alarm.period,
                        "Metric": _metric(watched, function),
                    },
                }
                for name, watched in alarm.metrics.items()
            ),
        ]
    else:
        [watched] = alarm.metrics.values()
        properties |= {**_metric(watched, function), "Statistic": "Sum", "Period": alarm.period}
    properties["EvaluationPeriods"] = alarm.periods
    if alarm.of_them is not None:
        properties["DatapointsToAlarm"] = alarm.of_them
    threshold = ref(alarm.threshold) if isinstance(alarm.threshold, str) else alarm.threshold
    properties |= {
        "Threshold": threshold,
        "ComparisonOperator": "GreaterThanThreshold",
        "TreatMissingData": "notBreaching",
        "AlarmActions": when("Notifies", [ref(topic)]),
    }
    return {"Type": "AWS::CloudWatch::Alarm", "Properties": properties}


def _metric(watched: Watched, function: Value) -> Resource:
    dimensions = {
        "FunctionName" if watched.namespace == LAMBDA else "function": function,
        **watched.dimensions,
    }
    return {
        "Namespace": watched.namespace,
        "MetricName": watched.name,
        "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
    }


def dashboard() -> dict[str, Resource]:
    """One page: what was decided, how long it took, what went wrong."""
    widgets = []
    for at, (title, metrics, statistic) in enumerate(SHOWN):
        rows = [
            [
                watched.namespace,
                watched.name,
                *("FunctionName" if watched.namespace == LAMBDA else "function", "${AuthorizerFunction}"),
                *(part for pair in watched.dimensions.items() for part in pair),
            ]
            for watched in metrics
        ]
        shown = {
            "title": title,
            "region": "${AWS::Region}",
            "view": "timeSeries",
            "stat": statistic,
            "period": 300,
            "metrics": rows,
        }
        widgets.append(
            {
                "type": "metric",
                "x": at % 2 * 12,
                "y": at // 2 * 6,
                "width": 12,
                "height": 6,
                "properties": shown,
            }
        )
    body = json.dumps({"widgets": widgets}, indent=1)
    return {
        "Dashboard": {
            "Type": "AWS::CloudWatch::Dashboard",
            "Properties": {"DashboardName": sub("${AWS::StackName}-authorizer"), "DashboardBody": sub(body)},
        }
    }
