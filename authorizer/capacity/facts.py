"""What the model takes from elsewhere: quotas, prices and how long things take, each with its source and date.

Prices are those of us-east-1, without free tiers, discounts and taxes. What no page tells is an assumption, and says
so: an answer of the model is as good as these are for the deployment in question.
"""

from typing import Final, NamedTuple


class Fact(NamedTuple):
    """One figure, in the unit that `of` names, and where it is from."""

    value: float
    of: str
    source: str


FACTS: Final[dict[str, Fact]] = {
    "sts_quota": Fact(
        600, "STS calls a second, of one account and Region", "IAM User Guide, IAM and STS quotas, 2026-04"
    ),
    "table_reads": Fact(
        12_000, "reads a second of a new on-demand table", "DynamoDB Developer Guide, on-demand mode, 2026-04"
    ),
    "table_writes": Fact(
        4_000, "writes a second of a new on-demand table", "DynamoDB Developer Guide, on-demand mode, 2026-04"
    ),
    "lambda_requests": Fact(0.20, "$ for a million invocations", "AWS Lambda pricing, 2026-04"),
    "lambda_time": Fact(0.0000133334, "$ for a GB-second on arm64", "AWS Lambda pricing, 2026-04"),
    "lambda_memory": Fact(0.5, "GB of memory of the function", "deploy/template.yaml"),
    "reads": Fact(0.125, "$ for a million read request units", "DynamoDB on-demand pricing since 2024-11"),
    "writes": Fact(0.625, "$ for a million write request units", "DynamoDB on-demand pricing since 2024-11"),
    "sts_median": Fact(0.03, "seconds of an AssumeRole, median", "assumed: tens of milliseconds"),
    "sts_spread": Fact(0.5, "sigma of its logarithm", "assumed: p99 is 3.2 times the median"),
    "table_median": Fact(0.005, "seconds of a DynamoDB call, median", "assumed: single-digit milliseconds"),
    "table_spread": Fact(0.5, "sigma of its logarithm", "assumed: p99 is 3.2 times the median"),
    "own": Fact(
        0.005, "seconds of the rest of a decision", "assumed: a third of a core, invocation included"
    ),
    "start": Fact(0.8, "seconds that an environment takes to start", "assumed: a third of a core"),
    "life": Fact(
        7200,
        "seconds that an environment lives, mean",
        'assumed: "every few hours" in the Lambda Developer Guide',
    ),
}
"""Every figure that the model does not measure itself."""

QUOTA: Final = FACTS["sts_quota"].value


def fact(name: str) -> float:
    """The value of one of them."""
    return FACTS[name].value
