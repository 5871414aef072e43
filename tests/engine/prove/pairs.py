"""Pairs of policies that others wrote, compared: how many stay UNKNOWN, and whether any is decided wrongly.

The corpus is that of Quacky (github.com/vlab-cs-ucsb/quacky): AWS policies from forums and documentation, each with its
mutants, and pairs that are to be compared. None of it is here: `python -m tests.engine.prove.pairs FOLDER` reads a
checkout of it (some seconds).

Each pair is compared both ways, as `authorizer policy diff` does: is the one no wider than the other? Left out are
policies that are no templates, such as with `"Action": "*"`, and those with NotPrincipal, since a session policy has no
principal. A verdict is wrong if the evaluator finds a request that refutes a NO WIDER, or if what Quacky's
authors found with their own solvers, and recorded, says otherwise.
"""

import argparse
import json
import random
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any

from authorizer.engine.document.statement import Document, Statement
from authorizer.engine.evaluate.evaluate import AccessRequest
from authorizer.engine.language.errors import EngineError
from authorizer.engine.prove.diff import diff_role
from authorizer.engine.prove.sides import Side
from authorizer.engine.template.template import TemplateSet
from tests.engine.prove.differential import allows

MOST_UNKNOWN = 0.063
"""Half of what it was, in parts of all pairs."""
REQUESTS = 200
"""Tried at random on each pair of which the one is said to be no wider."""
_ROW = re.compile(r"\|[^|]*?samples/(\S+?\.json)[^|]*\|[^|]*?samples/(\S+?\.json)[^|]*\|(.*)")
_ANSWER = re.compile(r"(?<=\|)(SAT|UNSAT)(?=\|)", re.IGNORECASE)


@dataclass
class Compared:
    """What became of the pairs."""

    verdicts: Counter[str] = field(default_factory=Counter)
    left_out: int = 0
    recorded: int = 0
    """Verdicts that were held to a recorded answer."""
    wrong: list[str] = field(default_factory=list)

    @property
    def unknown(self) -> float:
        return self.verdicts["UNKNOWN"] / max(1, self.verdicts.total())

    def describe(self) -> str:
        counts = ", ".join(f"{count} {verdict}" for verdict, count in sorted(self.verdicts.items()))
        return (
            f"{self.verdicts.total()} pairs: {counts}; UNKNOWN {self.unknown:.1%}; {self.recorded} held to a recorded "
            f"answer; {len(self.wrong)} wrong; {self.left_out} left out"
        )


def compare(corpus: Path) -> Compared:
    """Every pair of the corpus, both ways."""
    found, answers = Compared(), recorded(corpus)
    for pair in pairs(corpus / "samples"):
        for old, new in (pair, pair[::-1]):
            sides = [side(path) for path in (old, new)]
            if sides[0] is None or sides[1] is None:
                found.left_out += 1
                continue
            verdict = diff_role("it", old=sides[0], new=sides[1]).verdict
            found.verdicts[verdict] += 1
            named = tuple(path.relative_to(corpus / "samples").as_posix() for path in (new, old))
            if (answer := answers.get((named[0], named[1]))) is not None and verdict != "UNKNOWN":
                found.recorded += 1
                if answer != verdict:
                    found.wrong.append(f"{verdict}, and recorded is {answer}: {named[0]} beside {named[1]}")
            if verdict == "NO WIDER" and (request := _only_new(sides[0], sides[1])):
                found.wrong.append(f"NO WIDER, but {named[0]} allows {request}, and {named[1]} does not")
    return found


def pairs(samples: Path) -> Iterator[tuple[Path, Path]]:
    """Each policy with each of its mutants, and those of each folder that are to be compared."""
    for mutant in sorted((samples / "mutations").rglob("*.json")):
        original = samples / mutant.relative_to(samples / "mutations").parent.with_suffix(".json")
        if original.exists():
            yield original, mutant
    for folder in sorted({path.parent for path in samples.rglob("exp_multiple/*/*.json")}):
        yield from combinations(sorted(folder.glob("*.json")), 2)


@cache
def side(path: Path) -> Side | None:
    """A policy as a template without claims; None if it is none."""
    written: dict[str, Any] = json.loads(path.read_text())
    statements = written["Statement"] if isinstance(written["Statement"], list) else [written["Statement"]]
    if any("NotPrincipal" in statement for statement in statements):
        return None
    plain = [{name: value for name, value in each.items() if name != "Principal"} for each in statements]
    source = json.dumps({"Version": "2012-10-17", "Statement": plain})
    try:
        return Side(templates=TemplateSet.compile({"it": source}, claims={}, variables={}), names=("it",))
    except EngineError:
        return None


def recorded(corpus: Path) -> dict[tuple[str, str], str]:
    """What the corpus's authors found: new and old → the verdict that this is; nothing where they say both.

    Their tables ask for a request that the first allows and the second does not, and the other way round.
    """
    found: dict[tuple[str, str], set[str]] = {}
    for table in sorted((corpus / "results").rglob("*.md")):
        for one, other, rest in _ROW.findall(table.read_text()):
            answers = [answer.upper() for answer in _ANSWER.findall(f"|{rest}|")]
            if len(answers) == 2:  # one for each direction
                found.setdefault((one, other), set()).add(answers[0])
                found.setdefault((other, one), set()).add(answers[1])
    verdicts = {"SAT": "WIDER", "UNSAT": "NO WIDER"}
    return {pair: verdicts[min(said)] for pair, said in found.items() if len(said) == 1}


def _only_new(old: Side, new: Side) -> str:
    """A request of some hundreds at random that the new policy allows and the old one does not; "" if there is none."""
    before, after = (_document(each) for each in (old, new))
    requests = _requests([*before.statements, *after.statements], random.Random(1))
    return next((str(each) for each in requests if allows(after, each) and not allows(before, each)), "")


def _document(policy: Side) -> Document:
    (branch,) = policy.templates.branches(["it"])
    return branch.document


def _requests(statements: Sequence[Statement], rng: random.Random) -> Iterator[AccessRequest]:
    """Near what is written: a star for nothing or something, a value for each key, or none."""

    def near(texts: Iterable[str]) -> list[str]:
        plain = [re.sub(r"\$\{[^}]*\}", "u", text) for text in texts]
        return sorted(
            {text.replace("*", star).replace("?", "q") for text in plain for star in ("", "z", "x/y")}
        )

    actions = near(text for each in statements for text in (*each.actions, *each.not_actions))
    resources = near(text for each in statements for text in (*each.resources, *each.not_resources))
    values: dict[str, list[str]] = {}
    for condition in (condition for each in statements for condition in each.conditions):
        values.setdefault(condition.key.lower(), []).extend(near(condition.values))
    for _ in range(REQUESTS):
        context = {
            key: rng.choice([*texts, "other", "true", "false", "11", "10.0.0.1"])
            for key, texts in values.items()
            if rng.random() < 0.8
        }
        yield AccessRequest(
            action=rng.choice(actions),
            resource=rng.choice(resources),
            context={"aws:username": "u", **context},
        )


def main() -> int:
    parser = argparse.ArgumentParser(description="Pairs of policies that others wrote, compared.")
    parser.add_argument("corpus", type=Path, help="a checkout of github.com/vlab-cs-ucsb/quacky")
    options = parser.parse_args()
    found = compare(options.corpus)
    print(found.describe())
    print("".join(f"  {line}\n" for line in found.wrong[:20]), end="")
    return 1 if found.wrong or found.unknown > MOST_UNKNOWN or not found.verdicts else 0


if __name__ == "__main__":
    sys.exit(main())
