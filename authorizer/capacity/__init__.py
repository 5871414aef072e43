"""What to expect of a deployment under load: a model of everything around an environment, which drives the vendor as it
is.

Real: the request, the cache, lifetimes and renewals, single flight, the cool-down, retries with their pauses, the seal
and the shared level (`authorizer.vending`, `sealing`, `waiting`), on a virtual clock. Modelled, and written in
`facts`: users and their sessions, API Gateway's cache, environments that come and go, STS and DynamoDB behind the wire,
and how long the rest of a decision takes.
"""

from authorizer.capacity.advice import TIGHT, Finding, findings
from authorizer.capacity.facts import FACTS, QUOTA, Fact
from authorizer.capacity.load import Load, environments_for, longest_ttl, suited
from authorizer.capacity.measured import Measured, Tenant
from authorizer.capacity.pictures import bars
from authorizer.capacity.world import simulated, spread

__all__ = [
    "FACTS",
    "QUOTA",
    "TIGHT",
    "Fact",
    "Finding",
    "Load",
    "Measured",
    "Tenant",
    "bars",
    "environments_for",
    "findings",
    "longest_ttl",
    "simulated",
    "spread",
    "suited",
]
