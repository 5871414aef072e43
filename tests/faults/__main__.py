"""`make faults`: each place where a request waits is failed, delayed, cancelled and given garbage, in every state.

Whatever happens there: never an allow that should not be, never another caller's answer, always exactly one record, an
answer within the deadline, and the next good request is answered rightly. ``--short`` takes each fault at each place
once; ``--json FILE`` writes what was found.
"""

# ruff: noqa: E402 - what is imported first makes what is imported next fail
from tests.faults.awaits import STATE, Fault, places, spoiling

spoiling()

import argparse
import asyncio
import json
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import aiohttp
from botocore.exceptions import ClientError, EndpointConnectionError
from rich.console import Console
from rich.progress import track
from rich.table import Table

from authorizer.runtime import MAX_SECONDS
from tests.faults.edges import LONG
from tests.faults.lies import GIVES_UP, LIES
from tests.faults.scene import EPOCH, ERIN, PEOPLE, Answer, Scene, connecting, renewing, token, wrong_with
from tests.faults.states import STATES, State

CANARY: Final = "canary"
"""In every secret and in the text of every exception: nothing of it may reach a record."""
MARGIN: Final = 0.1
"""Seconds that an answer may come after the deadline."""


class Kind(NamedTuple):
    """One way in which waiting goes wrong."""

    name: str
    make: Callable[[str], Fault]


def _raising(error: Callable[[], BaseException]) -> Callable[[str], Fault]:
    return lambda place: Fault(place=place, raises=error())


def _giving(value: object) -> Callable[[str], Fault]:
    return lambda place: Fault(place=place, gives=lambda _: value)


def _slow(place: str) -> Fault:
    if place in GIVES_UP:
        return Fault(place=place, seconds=GIVES_UP[place], raises=TimeoutError())
    return Fault(place=place, seconds=LONG)


NONE: Final = Kind("nothing goes wrong", lambda place: Fault(place=place))
KINDS: Final = (
    Kind("a broken connection", _raising(lambda: ConnectionResetError("reset"))),
    Kind("a time-out", _raising(TimeoutError)),
    Kind("an error of aiohttp's", _raising(lambda: aiohttp.ClientConnectionError("refused"))),
    Kind("an error of botocore's", _raising(lambda: EndpointConnectionError(endpoint_url=CANARY))),
    Kind("a refusal of AWS's", _raising(lambda: ClientError({"Error": {"Code": "X", "Message": CANARY}}, "X"))),
    Kind("an unforeseen error", _raising(lambda: RuntimeError(CANARY))),
    Kind("no memory", _raising(lambda: MemoryError(CANARY))),
    Kind("cancelled", _raising(lambda: asyncio.CancelledError(CANARY))),
    Kind("far too slow", _slow),
    Kind("nothing", _giving(None)),
)  # fmt: skip


def kinds_at(place: str) -> Iterator[Kind]:
    """What can go wrong there: everywhere the same, and each lie that can come from outside."""
    yield from KINDS
    for number, lie in enumerate(LIES.get(place, ()), start=1):
        yield Kind(f"lie {number}", _giving(lie))


class Request(NamedTuple):
    """What is done while something goes wrong."""

    name: str
    good: bool
    act: Callable[[Scene, State], Any]


def _asking(make: Callable[[State], str]) -> Callable[[Scene, State], Any]:
    return lambda scene, state: scene.ask(make(state))


def _good(state: State) -> str:
    return token(ERIN, key="genuine" if state.kid == "k1" else "rotated", kid=state.kid)


REQUESTS: Final = (
    Request("a good request", True, _asking(_good)),
    Request("a forged token", False, _asking(lambda state: token(ERIN, key="forged", kid=state.kid))),
    Request(
        "a token of a key that nobody has", False, _asking(lambda _: token(ERIN, key="forged", kid="k3"))
    ),
    Request("an expired token", False, _asking(lambda _: token(ERIN, exp=EPOCH - 30))),
    Request(
        "credentials of one's own",
        True,
        lambda scene, state: _needs_no_seal(state) and scene.own(_good(state)),
    ),
    Request(
        "credentials for a stranger",
        False,
        lambda scene, state: scene.own(token(ERIN, key="forged", kid=state.kid)),
    ),
    Request(
        "connecting", True, lambda scene, state: _renewable(state) and scene.tell(connecting(_good(state)))
    ),
    Request(
        "fresh credentials for a connection",
        True,
        lambda scene, state: _renewable(state) and scene.tell(renewing(ERIN, scene.clock())),
    ),
    Request("warming", False, lambda scene, _: _tried(scene.authorizer.warm)),
    Request("a restart", False, lambda scene, _: _tried(scene.authorizer.restart)),
)


def _renewable(state: State) -> Literal[True] | None:
    """Whether connections are kept in this state."""
    return True if state.settings.get("gateway") else None


def _needs_no_seal(state: State) -> Literal[True] | None:
    """Whether what is wrong in this state matters to who is told credentials in the clear."""
    return None if state.name.startswith("sealed, the keys") else True


def _tried(act: Callable[[], None]) -> None:
    """Lambda's own phases: what fails there is Lambda's to tell, and the next request's to mend."""
    try:
        act()
    except (Exception, asyncio.CancelledError):
        return


class Case(NamedTuple):
    state: State
    request: Request
    place: str
    kind: Kind


def cases(*, short: bool) -> Iterator[Case]:
    """Every fault at every place that is reached, by every request in every state."""
    done: set[tuple[str, str]] = set()
    for request in REQUESTS:
        for state in STATES:
            yield Case(state, request, state.name, NONE)
            for place in sorted(_reached(state, request)):
                for kind in kinds_at(place):
                    if not short or (place, kind.name) not in done:
                        done.add((place, kind.name))
                        yield Case(state, request, place, kind)


def _reached(state: State, request: Request) -> set[str]:
    """Where the request waits, if nothing else goes wrong."""
    scene = Scene(state.settings)
    state.prepare(scene)
    STATE.reached.clear()
    request.act(scene, state)
    scene.rest(0)
    reached = set(STATE.reached)
    scene.close()
    return reached


def wrong(case: Case) -> Iterator[str]:
    """What is not as it must be."""
    scene = Scene(case.state.settings)
    case.state.prepare(scene)
    del scene.lines[:]
    STATE.fault = case.kind.make(case.place)
    try:
        done = case.request.act(scene, case.state)
        scene.rest(0)
    except BaseException as error:
        yield f"raises {type(error).__name__} {error}"
        done = None
    finally:
        STATE.fault = None
    if done is not None:
        yield from _wrong_answer(scene, case, done)
    if CANARY in "".join([*scene.lines, *scene.unhandled]):
        yield "a record or asyncio's own message tells what it must not"
    scene.mend()
    scene.rest(30.0)
    for person in PEOPLE:
        decision, now, _ = scene.ask(token(person))
        if decision.verdict != "allow":
            yield f"the next good request is {decision.verdict}: {decision.code}"
        elif problem := wrong_with(scene, decision, person, now):
            yield f"the next good request {problem}"
    scene.close()


def _wrong_answer(scene: Scene, case: Case, answer: Answer) -> Iterator[str]:
    decision = answer.decision
    records = [json.loads(line) for line in scene.lines]
    if [record["verdict"] for record in records] != [decision.verdict]:
        yield f"{len(records)} records for one request"
    if decision.verdict == "allow":
        if not case.request.good:
            yield "is allowed"
        elif problem := wrong_with(scene, decision, ERIN, answer.begun):
            yield problem
    elif case.request.good and decision.verdict != "failure":
        yield f"blames the caller: {decision.verdict}, {decision.code}"
    if case.kind is NONE and case.request.good and decision.verdict != case.state.verdict:
        yield f"is {decision.verdict}: {decision.code}"
    takes_time = case.place in LIES or case.place == case.state.name  # nothing else does, of its own
    if answer.seconds > MAX_SECONDS + MARGIN and takes_time:
        yield f"answers after {answer.seconds:.1f} s"


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.faults", description=__doc__)
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 160)
    begun = time.monotonic()
    tried: Counter[str] = Counter()
    found: dict[str, list[str]] = defaultdict(list)
    chosen = list(cases(short=arguments.short))
    for case in track(chosen, "failing", console=console):
        tried[case.place] += 1
        for problem in wrong(case):
            found[case.place].append(f"{case.state.name}; {case.request.name}; {case.kind.name}: {problem}")
    names = [*(state.name for state in STATES), *places()]
    if arguments.json:
        rows = {name: {"tried": tried[name], "wrong": found[name]} for name in names}
        arguments.json.write_text(json.dumps(rows, indent=1))
    table = Table("state, or place", "faults", "wrong")
    for name in names:
        table.add_row(name, str(tried[name]), str(len(found[name])))
    console.print(table)
    for place, problems in found.items():
        for problem in problems:
            console.print(f"{place}: {problem}", markup=False, highlight=False)
    unreached = [place for place in places() if not tried[place]]
    console.print(
        f"{len(chosen)} faults in {time.monotonic() - begun:.0f} s, {len(unreached)} places not reached"
    )
    return 1 if unreached or any(found.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
