"""Each assumption of a proof, what checks it against a deployment, and what else would close it: one table.

`docs/soundness.md` lists the assumptions that a proof prints. A row here has a check, or the reason why no file can
say. Below them are what a deployment needs beside the proof.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from authorizer.engine.check import FACTS
from authorizer.engine.prove import KEYS, RESTS_ON, VERSION
from authorizer.gate import claiming, fronting, gateways, granting, handing, standing, terms, trusting
from authorizer.gate.route_proof import RESTS_ON as ROUTES_REST_ON
from authorizer.gate.rulings import Note, Notes, Ruling, World, left_open

Check = Callable[[World], Notes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assumption:
    """One row: an assumption as it is printed."""

    says: str
    check: Check | None = None
    because: str = ""
    """Where there is no check: who says it, since no file does."""


def _printed(says: str, check: Check) -> Assumption:
    return Assumption(says=says, check=check)


_BY_KEY: Final[dict[str, Check]] = {
    "`s3:ExistingObjectTag/…`": standing.object_tags,
    "`aws:ResourceTag/…`": standing.resource_tags,
    "`dynamodb:LeadingKeys`": standing.leading_keys,
    "`kms:EncryptionContext:…`": standing.encryption_context,
}
_BY_FACT: Final[dict[str, Check]] = {
    "`es:ESHttp…`": standing.explicit_index,
    "an access point shows": granting.doors,
}
_AWS: Final = "AWS: {}"
BEFORE_ALL: Final = ROUTES_REST_ON[-1]
"""The authorizer stands before every route."""


def _check_of(says: str, checks: dict[str, Check]) -> Check | None:
    return next((check for beginning, check in checks.items() if says.startswith(beginning)), None)


PRINTED: Final = (
    *(
        _printed(says, check)
        for says, check in zip(
            RESTS_ON,
            (
                standing.code,
                standing.code,
                claiming.isolating,
                trusting.trust,
                granting.granting,
                granting.doors,
            ),
            strict=True,
        )
    ),
    *(
        Assumption(
            says=key.rests_on,
            check=_check_of(key.rests_on, _BY_KEY),
            because=_AWS.format("Service Authorization Reference, and the API of the service"),
        )
        for key in KEYS
    ),
    *(
        Assumption(says=fact.says, check=_check_of(fact.says, _BY_FACT), because=_AWS.format(fact.source))
        for fact in FACTS
    ),
    *(
        Assumption(says=says, check=check, because="the backend's own code: how it compares paths")
        for says, check in zip(
            ROUTES_REST_ON, (standing.code, claiming.isolating, None, fronting.fronting), strict=True
        )
        if says not in RESTS_ON
    ),
    Assumption(
        says=f"version {VERSION} of the prover",
        because="docs/soundness.md: how the prover is attacked, `make prove-differential`",
    ),
)
"""What proofs print."""

OWN: Final = (
    Assumption(says="the proof is about the values that the deployed function has", check=standing.values),
    Assumption(
        says="users cannot choose the claims that rules look at, or that sessions are tagged with",
        check=claiming.deciding,
    ),
    Assumption(says="each role takes the terms of access.toml, and no others", check=terms.terms),
    Assumption(says="each role lets its sessions last as long as access.toml asks", check=terms.lasting),
    Assumption(
        says="a session without its policy could do no more than the role's templates allow anybody",
        check=standing.roles_alone,
    ),
    Assumption(says="no resource policy gives another account what templates open", check=granting.outside),
    Assumption(
        says="the gateway repeats an answer for no longer than access.toml says, and to nobody else",
        check=gateways.repeating,
    ),
    Assumption(says="the gateway takes answers in the form that they are given in", check=gateways.form),
    Assumption(
        says="the gateway hands the authorizer every token, from where access.toml says",
        check=gateways.tokens,
    ),
    Assumption(
        says="the credentials reach the backend whole, and stand in no log, address or clear text",
        check=handing.handing,
    ),
)
"""What is asked of a deployment beside."""

BEFORE: Final = Assumption(says=BEFORE_ALL, check=fronting.fronting)
"""Asked of every deployment, whether a proof prints it or not."""
_ROWS: Final = {row.says: row for row in PRINTED}


def rule_on(world: World, rests_on: Iterable[str]) -> list[Callable[[], Ruling]]:
    """One step for each assumption of `rests_on`, which proofs printed, and for each of the deployment's own: called,
    it gives the ruling. Steps, so that whoever waits can be told how far it is."""
    lines = dict.fromkeys(rests_on)
    own = OWN if BEFORE.says in lines else (BEFORE, *OWN)
    steps = [_step(says, _ROWS.get(says), world, printed=True) for says in lines]
    return steps + [_step(row.says, row, world, printed=False) for row in own]


def _step(says: str, row: Assumption | None, world: World, *, printed: bool) -> Callable[[], Ruling]:
    def ruling() -> Ruling:
        return Ruling(assumption=says, printed=printed, notes=_notes(row, world))

    return ruling


def _notes(row: Assumption | None, world: World) -> tuple[Note, ...]:
    if row is not None and row.check is not None:
        return tuple(row.check(world))
    because = "access.toml: it follows from what is configured" if row is None else row.because
    return (left_open("no file shows it", "", closes=f"no file; {because}", closable=False),)
