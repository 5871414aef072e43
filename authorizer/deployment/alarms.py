"""What watches over one authorizer function: a table, whatever it is deployed with.

The metrics of namespace CognitoAuthorizer come out of the decision record. Each has the function as a dimension, so
that two deployments in one account do not answer for each other. Where nothing happened there is no data point: that
is what FILL is for.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

NAMESPACE: Final = "CognitoAuthorizer"
"""Of the decision record's metrics: `authorizer.metrics.NAMESPACE`, to which a test holds it."""
LAMBDA: Final = "AWS/Lambda"
REFUSALS: Final = "RefusalsPerFiveMinutes"
NO_KEYS: Final = "KeysUnavailablePerFiveMinutes"
TOO_MANY: Final = "TooManySessionsPerFiveMinutes"


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """One metric of the function, summed up."""

    name: str
    dimensions: Mapping[str, str] = field(default_factory=dict)
    """Besides the function."""
    namespace: str = NAMESPACE


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """One row: it is raised while the sum is above the threshold."""

    name: str
    description: str
    metrics: Mapping[str, Watched]
    """One under "", or several that `expression` names."""
    expression: str = ""
    label: str = ""
    period: int = 300
    """Seconds of one sum."""
    periods: int = 1
    """How many of them are looked at."""
    of_them: int | None = None
    """How many must be above it; None: all."""
    threshold: int | str = 0
    """A number, or the parameter that has it."""


def _decisions(verdict: str, **more: str) -> Watched:
    return Watched(name="decisions", dimensions={"verdict": verdict, **more})


def _counted(name: str, metric: str, description: str) -> Alarm:
    return Alarm(name=name, description=description, metrics={"": Watched(name=metric)}, periods=3, of_them=2)


ALARMS: Final = (
    Alarm(
        name="Failures",
        description='The authorizer could not decide. The records with verdict "failure" say why.',
        # Less those for want of keys: whoever names a trusted issuer can cause them.
        expression="FILL(failures, 0) - FILL(keys, 0)",
        label="failures",
        metrics={"failures": _decisions("failure"), "keys": _decisions("failure", code="keys_unavailable")},
        period=60,
        periods=3,
        of_them=2,
    ),
    Alarm(
        name="KeysUnavailable",
        description="For many requests an issuer's keys could not be had. A few may be a stranger's who names a "
        "trusted issuer; many are an outage.",
        metrics={"": _decisions("failure", code="keys_unavailable")},
        threshold=NO_KEYS,
    ),
    Alarm(
        name="Refusals",
        description="Many callers are refused. A new release may have lost a scope, or somebody is trying doors.",
        expression="FILL(denied, 0) + FILL(unauthorized, 0)",
        label="refusals",
        metrics={"denied": _decisions("deny"), "unauthorized": _decisions("unauthorized")},
        threshold=REFUSALS,
    ),
    Alarm(
        name="Crashes",
        description="The authorizer raises more than its 401s and failures explain: it does not start, or runs out of "
        "time or memory.",
        expression="FILL(errors, 0) - FILL(unauthorized, 0) - FILL(failures, 0)",
        label="crashes",
        metrics={
            "errors": Watched(name="Errors", namespace=LAMBDA),
            "unauthorized": _decisions("unauthorized"),
            "failures": _decisions("failure"),
        },
    ),
    Alarm(
        name="Throttles",
        description="Lambda turned requests away, and API Gateway answered 500 to them: the function's reserved "
        "concurrency, or the account's, is used up.",
        metrics={"": Watched(name="Throttles", namespace=LAMBDA)},
    ),
    _counted(
        "RefreshFailures",
        "refresh_failures",
        "Sessions could not be renewed ahead of their end. Callers do not feel it yet: they will when the "
        "remembered ones "
        "are over.",
    ),
    _counted(
        "SharedCacheFailures",
        "shared_failures",
        "The shared cache could not be read, written or believed. Every environment asks STS for itself "
        "meanwhile; items "
        "that are not believed may be forged.",
    ),
    _counted(
        "SealingKeyFailures",
        "key_failures",
        "Sealing keys could not be read when they were due. The remembered ones serve on for a while, and then every "
        "answer with credentials fails.",
    ),
    _counted(
        "KeyFetchFailures",
        "key_fetch_failures",
        "An issuer's keys could not be fetched. Those that are held serve on, for `keys.grace` at most. Fetches are "
        "counted, and not the requests that wait for them: a stranger's tokens cannot raise this.",
    ),
)

CREDENTIALS_ALARMS: Final = (
    # Of the function behind `GET /credentials`, which answers whatever it decides and never raises.
    Alarm(
        name="CredentialsTooManySessions",
        description="Callers are answered 429: as many of a user's own sessions are alive as callers.sessions allows. "
        "A page asks in a loop, or somebody makes what they can of a stolen token: the records' `sub` says whose.",
        metrics={"": _decisions("deny", code="too_many_sessions")},
        threshold=TOO_MANY,
    ),
    Alarm(
        name="CredentialsFailures",
        description='GET /credentials could not decide. The records with verdict "failure" say why.',
        expression="FILL(failures, 0) - FILL(keys, 0)",
        label="failures",
        metrics={"failures": _decisions("failure"), "keys": _decisions("failure", code="keys_unavailable")},
        period=60,
        periods=3,
        of_them=2,
    ),
    Alarm(
        name="CredentialsCrashes",
        description="The function behind GET /credentials does not start, or runs out of time or memory.",
        metrics={"": Watched(name="Errors", namespace=LAMBDA)},
    ),
    Alarm(
        name="CredentialsThrottles",
        description="Lambda turned calls of GET /credentials away: its reserved concurrency, or the account's, is "
        "used up.",
        metrics={"": Watched(name="Throttles", namespace=LAMBDA)},
    ),
)

VERDICTS: Final = ("allow", "deny", "unauthorized", "failure")
SHOWN: Final[tuple[tuple[str, tuple[Watched, ...], str], ...]] = (
    # Title of a graph on the dashboard, its metrics, how each is summed up.
    ("Decisions", tuple(_decisions(verdict) for verdict in VERDICTS), "Sum"),
    (
        "Duration, 99 of 100",
        tuple(Watched(name="duration", dimensions={"verdict": v}) for v in VERDICTS),
        "p99",
    ),
    (
        "Sessions",
        tuple(Watched(name=name) for name in ("hits", "shared_hits", "calls", "retries", "evicted")),
        "Sum",
    ),
    (
        "Trouble",
        tuple(
            Watched(name=name)
            for name in ("refresh_failures", "shared_failures", "key_failures", "key_fetch_failures")
        ),
        "Sum",
    ),
    (
        "Lambda",
        tuple(Watched(name=name, namespace=LAMBDA) for name in ("Invocations", "Errors", "Throttles")),
        "Sum",
    ),
)
