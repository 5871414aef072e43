"""`make soak`: a million decisions of one handler, each judged by a model that was written from the documentation.

``--hours 6`` takes so many hours' worth of requests, at ten a second, on a clock that runs through them in minutes, and
says for each twentieth what the process keeps and whether a record came late.

Good, bad and hostile requests in all five shapes, of several thousand users and their roles, while keys are rotated and
withdrawn, issuers and STS fail, and days pass. Nothing may be decided wrongly, lost from the log, or kept for ever.
"""

import argparse
import gc
import json
import random
import re
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console
from rich.progress import track
from rich.table import Table

from authorizer.runtime import LATE_SECONDS, MAX_SECONDS, UNAUTHORIZED, VerdictError
from tests.soak.memory import descriptors, forget, resident, sizes
from tests.soak.model import Asked, Key, Model, Outcome, Seen, is_open, status_of
from tests.soak.outside import granted_to
from tests.soak.scene import PACE, RESTORED, Scene

MEBIBYTE = 1024 * 1024
STEPS = 20


@dataclass(slots=True)
class Report:
    """What came of it."""

    outcomes: Counter[Outcome] = field(default_factory=Counter)
    happenings: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    """Where the model does not agree."""
    seconds: float = 0.0
    """In the handler alone."""
    resident: list[int] = field(default_factory=list)
    """Bytes, at the end of each twentieth."""
    descriptors: list[int] = field(default_factory=list)
    """Open files and sockets then."""
    longest: list[float] = field(default_factory=list)
    """Seconds of the handler's clock that the longest decision of each twentieth took, its record written."""
    sizes: dict[str, int] = field(default_factory=dict)
    """The largest that each memory of the handler ever was."""
    calls: int = 0
    fetches: int = 0
    days: float = 0.0


def soaked(count: int, *, seed: int, people: int, console: Console, haste: float = 1.0) -> Report:
    """`count` decisions."""
    random.seed(seed)  # retries wait for a moment of chance
    forget()  # what other work in this process left there: a new environment has nothing
    scene, model, report = Scene(seed, people, haste), Model(), Report()
    scene.handler.warm()
    longest = 0.0
    for number in track(range(count), "deciding", console=console):
        if happened := scene.pass_time():
            report.happenings[happened] += 1
            if happened == RESTORED:
                model.forget()
        event, asked = scene.traffic.next()
        begun = scene.loop.time()
        for problem in _judged(scene, model, report, event, asked):
            report.wrong.append(f"{number}: {problem}: {asked}")
        longest = max(longest, scene.loop.time() - begun)
        if number % max(1, count // STEPS) == max(1, count // STEPS) - 1:
            report.resident.append(resident())
            report.descriptors.append(descriptors())
            report.longest.append(longest)
            longest = 0.0
            for name, size in sizes(scene.handler).items():
                report.sizes[name] = max(size, report.sizes.get(name, 0))
    report.calls, report.fetches = scene.sts.count, sum(issuer.fetches for issuer in scene.issuers.all)
    report.days = scene.loop.time() / 86_400
    scene.handler.close()
    return report


def _judged(scene: Scene, model: Model, report: Report, event: dict[str, Any], asked: Asked) -> Any:
    issuer = scene.issuers.all[asked.pool]
    fetches = issuer.fetches
    served = issuer.served
    scene.sts.calls, scene.sts.granted = [], []
    scene.lines.clear()
    now = scene.clock()
    begun = time.perf_counter()
    try:
        response: Any = scene.handler(event)
        error = None
    except VerdictError as raised:
        response, error = None, str(raised)
    report.seconds += time.perf_counter() - begun
    if len(scene.lines) != 1:
        yield f"{len(scene.lines)} records"
        return
    record = json.loads(scene.lines[0])
    code = record["code"]
    status = _status(response, error, asked)
    report.outcomes[Outcome(status, code)] += 1

    seen = Seen(
        now=now,
        pools=[each.seen for each in scene.issuers.all],
        fetched=issuer.fetches > fetches,
        sts=scene.sts.wrong,
        calls=scene.sts.calls,
        granted=scene.sts.granted,
    )
    model.observe(seen)
    issuer.seen.settled = issuer.served == served
    codes, key = model.expected(asked, seen)
    if code not in codes:
        yield f"is {code}, and can only be {' or '.join(sorted(codes))}"
        return
    if code in ("allowed", "route_closed"):
        # A closed route is denied by an answer that opens the caller's others.
        assert key is not None
        yield from _wrong_allow(model, asked, seen, key, response, record)
        if status != (200 if is_open(asked) else 403):
            yield f"is {status}, and the route is {'open' if is_open(asked) else 'closed'}"
        return
    if status != status_of(code):
        yield f"is {status} with {code}"


def _wrong_allow(
    model: Model, asked: Asked, seen: Seen, key: Key, response: Any, record: dict[str, Any]
) -> Any:
    context = response["context"]
    said = (response["principalId"], context["sub"], record["sub"], record["role"])
    if said != (asked.sub, asked.sub, asked.sub, key.role):
        yield f"is an answer for {said}, and not for {asked.sub} as {key.role}"
        return
    form = granted_to(context["sessionToken"])
    expiration = _seconds(context["expiration"])
    if problem := model.wrong_credentials(key, asked.shape, seen, form, expiration):
        yield f"carries credentials that {problem}"
        return
    model.note_allowed(key)


def _seconds(text: str) -> float:
    return time.mktime(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ")) - time.timezone


def _status(response: Any, error: str | None, asked: Asked) -> int:
    """What API Gateway tells the caller, by its own evaluation of the answer."""
    if response is None:
        return 401 if error == UNAUTHORIZED else 500
    statements = response["policyDocument"]["Statement"]
    actions = {statement["Action"] for statement in statements}
    if response["policyDocument"]["Version"] != "2012-10-17" or actions != {"execute-api:Invoke"}:
        return 500
    route = asked.path if asked.shape == "WebSocket" else f"{asked.method}{asked.path}"
    effects = {
        statement["Effect"]
        for statement in statements
        for pattern in statement["Resource"]
        if _fits(pattern.split("/", 2)[2], route)
    }
    return 200 if effects == {"Allow"} else 403


def _fits(pattern: str, route: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), route) is not None


def show(report: Report, console: Console) -> None:
    table = Table("status", "code", "decisions", title="what was decided")
    for outcome, number in sorted(report.outcomes.items()):
        table.add_row(str(outcome.status), outcome.code, f"{number:,}")
    console.print(table)
    table = Table("what happened", "times", title=f"in {report.days:,.1f} days")
    for name, number in report.happenings.most_common():
        table.add_row(name, f"{number:,}")
    console.print(table)
    table = Table("memory", "most entries", title="what the handler kept")
    for name, size in sorted(report.sizes.items()):
        table.add_row(name, f"{size:,}")
    console.print(table)
    count = report.outcomes.total()
    table = Table(
        "part",
        "MiB resident",
        "descriptors",
        "longest decision",
        title="what the process kept, harness and all",
    )
    rows = zip(report.resident, report.descriptors, report.longest, strict=True)
    for number, (size, files, longest) in enumerate(rows, start=1):
        table.add_row(f"{number}/{STEPS}", f"{size / MEBIBYTE:.1f}", str(files), f"{longest:.2f} s")
    console.print(table)
    console.print(f"{count:,} decisions, {count / report.seconds:,.0f} a second in the handler alone")
    console.print(f"{report.calls:,} calls of STS, {report.fetches:,} fetches of keys")
    for problem in report.wrong[:20]:
        console.print(problem, markup=False, highlight=False)
    console.print(f"{len(report.wrong)} wrong")


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.soak", description=__doc__)
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--hours", type=float, help="so many hours' worth of requests, in place of --count")
    parser.add_argument("--people", type=int, default=3_000)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 160)
    gc.collect()
    count = arguments.count if arguments.hours is None else int(arguments.hours * 3600 / PACE)
    report = soaked(count, seed=arguments.seed, people=arguments.people, console=console)
    show(report, console)
    problems = unsteady(report)
    for problem in problems:
        console.print(f"[red]{problem}[/]")
    return 1 if report.wrong or problems else 0


def unsteady(report: Report) -> list[str]:
    """What did not stay as it was in the second half, and whether a record came late."""
    found = []
    half = len(report.resident) // 2
    if report.resident and report.resident[-1] > 1.05 * report.resident[half]:
        found.append("memory grew by more than a twentieth in the second half")
    if report.descriptors and report.descriptors[-1] > report.descriptors[half]:
        found.append("more descriptors are open at the end than in the middle")
    if report.longest and max(report.longest) > MAX_SECONDS + LATE_SECONDS:
        found.append(f"a record came late: after {max(report.longest):.2f} s, of {MAX_SECONDS:.0f}")
    return found


if __name__ == "__main__":
    sys.exit(main())
