"""What CloudWatch makes metrics of in the decision records: their table, and the header that declares them.

The record is in CloudWatch's embedded metric format: a line of a function's log, in which `_aws` says which members are
metrics, by which other members they are told apart, and nothing else need be called (CloudWatch User Guide,
"Specification: Embedded metric format"). At most 100 metrics and 30 dimensions stand in one directive, and a log event
has at most 1 MB (CloudWatch Logs quotas).
"""

from collections.abc import Mapping
from dataclasses import dataclass

NAMESPACE = "CognitoAuthorizer"
"""Namespace of the metrics in CloudWatch."""
LOCAL = "local"
"""The function, where there is none: on a laptop."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One row of the table."""

    unit: str
    """As CloudWatch names units (API reference, MetricDatum)."""
    meaning: str


DECISION: Mapping[str, Metric] = {
    "decisions": Metric("Count", "requests decided: one a record"),
    "duration": Metric("Milliseconds", "event to answer, this function's part"),
}
"""In every record, by function and verdict, and by function, verdict and code."""

COUNTERS: Mapping[str, Metric] = {
    "hits": Metric(
        "Count", "sessions answered from memory: told with the next record that has another of these"
    ),
    "misses": Metric("Count", "sessions not in memory, or too old to hand out"),
    "joined": Metric("Count", "sessions waited for that another request was fetching"),
    "calls": Metric("Count", "AssumeRole calls sent, retries included"),
    "retries": Metric("Count", "AssumeRole calls sent again"),
    "refreshed": Metric("Count", "sessions fetched ahead of need"),
    "refresh_failures": Metric("Count", "sessions that were not to be had ahead of need"),
    "denials_remembered": Metric(
        "Count", "requests refused from memory, for seconds after STS denied the role"
    ),
    "shared_hits": Metric("Count", "sessions found in the shared cache"),
    "shared_misses": Metric("Count", "sessions not found there"),
    "shared_failures": Metric("Count", "times that the shared cache could not be read, written or believed"),
    "evicted": Metric("Count", "sessions forgotten to keep within `session.cache_entries`"),
    "key_failures": Metric("Count", "times that sealing keys could not be read when they were due"),
    "key_fetches": Metric("Count", "fetches of an issuer's key set"),
    "key_fetch_failures": Metric("Count", "of these, the ones that brought no usable key set"),
}
"""What happened since the last record, by function. Only what is not zero is in a record."""


def declared(counted: tuple[str, ...] = ()) -> dict[str, object]:
    """The member of `_aws` that declares the metrics of a decision, and these counters."""
    groups = [_group([["function", "verdict"], ["function", "verdict", "code"]], DECISION)]
    if counted:
        groups.append(_group([["function"]], {name: COUNTERS[name] for name in counted}))
    return {"CloudWatchMetrics": groups}


def _group(dimensions: list[list[str]], metrics: Mapping[str, Metric]) -> dict[str, object]:
    rows = [{"Name": name, "Unit": metric.unit} for name, metric in metrics.items()]
    return {"Namespace": NAMESPACE, "Dimensions": dimensions, "Metrics": rows}
