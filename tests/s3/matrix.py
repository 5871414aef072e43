"""Every caller × every operation × every place: what the server does, what the evaluator says it does, and what the
templates promise.

    python -m tests.s3.matrix            the whole of it: more than 20,000 checks, with a progress bar
"""

import argparse
import asyncio
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import aiohttp
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from authorizer.engine.evaluate.evaluate import evaluate
from authorizer.model import instant
from tests.s3.operations import OPERATIONS, Attempt, Operation, attempt_outcome
from tests.s3.population import RELATIONS, SUBJECTS, Caller, Relation, Subject, Target, callers, targets
from tests.s3.stage import Granted, Stage, built, staged
from tests.servers.rgw import RadosGateway, missing

READING = frozenset({"get", "head", "presigned get", "list"})
WRITING = frozenset(
    {
        *("put", "presigned put", "multipart upload", "list parts", "abort upload"),
        *("copy from", "copy to", "delete", "delete batch"),
    }
)
PROMISED: Mapping[str, frozenset[str]] = {
    "s3-home": READING | WRITING,
    "s3-tenant": READING | WRITING,
    "tenant-data": READING,
    "tenant-data, writing": READING | WRITING,
    "s3-client": (READING | WRITING) - {"list", "delete", "delete batch"},
}
"""What each template lets callers do in their own place, as its first comment says. Anywhere else: nothing."""
AT_ONCE = 12
"""Callers at work at the same time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One cell of the matrix for one caller."""

    caller: Caller
    subject: Subject
    operation: Operation
    target: Target

    @property
    def promised(self) -> bool:
        return self.target.relation == "own" and self.operation.name in PROMISED[self.subject.policy]

    def describe(self) -> str:
        caller = f"{self.caller.name} of {self.caller.tenant} ({self.caller.sub})"
        place = f"{self.target.prefix!r} ({self.target.relation})"
        return f"{self.subject.policy}: {caller}: {self.operation.name} at {place}"


@dataclass(slots=True)
class Tally:
    """What came of the checks."""

    counts: Counter[tuple[str, Relation, str]] = field(default_factory=Counter)
    """By operation, relation and outcome: `allowed`, `refused`, `unexpected`."""
    explained: Counter[str] = field(default_factory=Counter)
    """Where the server differs from IAM, and says so: by operation."""
    unexpected: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def total(self) -> int:
        return self.counts.total()

    def add(self, check: Check, granted: Granted, outcome: str) -> None:
        """Judge one outcome by the evaluator and by the promise."""
        own = check.caller.prefix(check.subject)
        now = instant(time.time())
        predicted = all(
            evaluate(
                identity=granted.role_policy,
                session=granted.session_policy,
                boundary=None,
                request=replace(request, context={**request.context, "aws:CurrentTime": now}),
            ).allowed
            for request in check.operation.asks(own, check.target)
        )
        expected = "allowed" if check.promised else "refused"
        said = "allowed" if predicted else "refused"
        cell = check.operation.name, check.target.relation
        if said == expected == outcome:
            self.counts[*cell, outcome] += 1
        elif said == expected and outcome == "refused" and check.operation.deviation:
            self.counts[*cell, outcome] += 1
            self.explained[check.operation.name] += 1
        else:
            self.counts[*cell, "unexpected"] += 1
            self.unexpected.append(
                f"{check.describe()}: the template promises {expected}, the evaluator says {said}, the server {outcome}"
            )


def checks(caller: Caller, subject: Subject) -> Iterator[Check]:
    for target in targets(caller, subject):
        for operation in OPERATIONS:
            if operation.name == "list everything" and target.relation != "outside":
                continue  # it names no place
            yield Check(caller=caller, subject=subject, operation=operation, target=target)


def population(every: int = 1) -> list[tuple[Caller, Subject]]:
    """Each policy with each `every`th of its callers."""
    return [(caller, subject) for subject in SUBJECTS for caller in callers(subject)[::every]]


async def run(
    stage: Stage,
    work: Sequence[tuple[Granted, Sequence[Check]]],
    *,
    advance: Callable[[int], None] = lambda _: None,
) -> Tally:
    """Carry out each caller's checks with what the caller was granted."""
    tally = Tally()
    began = time.monotonic()
    places = asyncio.Semaphore(AT_ONCE)
    async with aiohttp.ClientSession() as http, stage.owner_client() as owner:

        async def carry_out(granted: Granted, mine: Sequence[Check]) -> None:
            async with places, stage.client(granted.event) as s3:
                for check in mine:
                    attempt = Attempt(
                        s3=s3,
                        http=http,
                        owner=owner,
                        own=check.caller.prefix(check.subject),
                        prefix=check.target.prefix,
                        uploads=stage.site.uploads,
                    )
                    tally.add(check, granted, await attempt_outcome(check.operation, attempt))
                    advance(1)

        await asyncio.gather(*(carry_out(granted, mine) for granted, mine in work))
    tally.seconds = time.monotonic() - began
    return tally


def table(tally: Tally) -> Table:
    """Operation × relation: allowed / refused / unexpected."""
    made = Table(title=f"{tally.total:,} checks in {tally.seconds:.0f} s: allowed / refused / unexpected")
    made.add_column("operation", no_wrap=True)
    for relation in RELATIONS:
        made.add_column(relation, justify="right", no_wrap=True)
    for operation in OPERATIONS:
        cells = []
        for relation in RELATIONS:
            allowed, refused, unexpected = (
                tally.counts[operation.name, relation, outcome]
                for outcome in ("allowed", "refused", "unexpected")
            )
            text = f"{allowed} / {refused} / {unexpected}" if allowed + refused + unexpected else ""
            cells.append(f"[bold red]{text}[/]" if unexpected else text)
        made.add_row(operation.name, *cells)
    return made


def report(tally: Tally, console: Console) -> None:
    """The table, the server's known differences, and every surprise."""
    console.print(table(tally))
    for operation in OPERATIONS:
        if count := tally.explained[operation.name]:
            console.print(f"{operation.name}: {count} refused that AWS would allow: {operation.deviation}")
    for line in tally.unexpected[:50]:
        console.print(line, style="red", highlight=False)
    console.print(f"{len(tally.unexpected)} unexpected")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.s3.matrix", description=__doc__)
    parser.add_argument("--every", type=int, default=1, metavar="N", help="take each Nth caller alone")
    every = parser.parse_args(arguments).every
    console = Console() if sys.stdout.isatty() else Console(width=100)
    if reason := missing():
        console.print(reason)
        return 2
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with (
        RadosGateway() as gateway,
        built(gateway) as site,
        staged(site) as stage,
        Progress(*columns, console=console) as progress,
    ):
        people = population(every)
        asking = progress.add_task("credentials from the authorizer", total=len(people))
        work = []
        for caller, subject in people:
            work.append((stage.grant(caller, subject), tuple(checks(caller, subject))))
            progress.advance(asking)
        checking = progress.add_task("checks at the server", total=sum(len(mine) for _, mine in work))
        tally = asyncio.run(run(stage, work, advance=lambda n: progress.advance(checking, n)))
    report(tally, console)
    return 1 if tally.unexpected else 0


if __name__ == "__main__":
    sys.exit(main())
