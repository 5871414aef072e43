"""What is said of templates, and what was found: a promise, its verdict, and why."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from authorizer.engine.document import Sharing
from authorizer.engine.prove.witness import Witness

VERSION: Final = 1
"""Of the prover: a verdict is worth what its prover is."""

Verdict: TypeAlias = Literal["PROVEN", "LEAK", "UNKNOWN", "NOT CLAIMED"]

RESTS_ON: Final = (
    "a claim's value has its declared type, or no policy is rendered",
    "a value stands in a policy as itself: two different values are never rendered alike",
    "users cannot choose the isolating claim: its issuer sets it",
    "each role's trust policy lets only the authorizer assume it",
    "no resource policy grants the session's ARN, or everyone: such a grant is not limited by a session policy",
    "each resource is reached under one ARN: access points, aliases and replicas are other resources here",
)
"""What every proof assumes, and cannot see."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """What the author of a template says about it."""

    isolates: tuple[str, ...] = ()
    """The claims whose distinct values must never share a permission: users who differ in any of them have nothing in
    common. Empty: nothing is promised."""
    shared: tuple[Sharing, ...] = ()
    """What its statements share with all, and does not count."""
    own: frozenset[str] = frozenset()
    """Claims beside `isolates` that make what mentions them one user's own: it is shared with nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Two statements that meet, or could not be shown to be apart."""

    isolates: str
    one: str
    """Where the first user's statement stands: `s3-home.json.j2:4`."""
    other: str
    witness: Witness | None
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """The verdict on one template, or on the templates of one role joined."""

    subject: str
    verdict: Verdict
    isolates: tuple[tuple[str, str], ...]
    """Each template that promises isolation, and the claim."""
    findings: tuple[Finding, ...]
    ways: int
    """Branches explored."""
    pairs: int
    """Pairs of statements compared."""
    rests_on: tuple[str, ...]
    shared: tuple[Sharing, ...]
    """What was left out because the author declared it shared. What was declared and left nothing out is not here."""
    values: tuple[tuple[str, str], ...] = ()
    """Variables of the deployment in its templates, each with the value that it is a proof for, and for no other."""

    @property
    def told(self) -> str:
        """The verdict with what it leaves out: `PROVEN, less 2 shared`."""
        return f"{self.verdict}, less {len(self.shared)} shared" if self.shared else self.verdict
