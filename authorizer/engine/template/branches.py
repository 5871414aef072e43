"""Branches: the ways in which templates can run together, each with the document that it writes.

What the prover, the linter and coverage judge, and what decides whether templates load.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import TypeAlias

from authorizer.engine.document import Document, Statement
from authorizer.engine.language import RenderFailed
from authorizer.engine.template.holes import examine_symbolic
from authorizer.engine.template.parts import cut, mended
from authorizer.engine.template.places import statement_places
from authorizer.engine.template.program import Arm, Atom, Place, Program
from authorizer.engine.template.run import Run, explore, may_agree

MAX_BRANCHES = 1024
"""Most ways that one template, or one part of it, may run. Each is parsed and judged when templates load."""
MAX_WHOLE = 64
"""Most ways that templates may run together to be judged whole; where there are more, parts are judged
(`authorizer.engine.template.parts`)."""

Ways: TypeAlias = tuple["Branch", ...]
"""The ways of one part, or of templates as a whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """One way in which templates, or a part of one, can run together: what the prover and the linter judge."""

    chosen: Mapping[Atom, bool | int]
    """What was assumed about the user."""
    document: Document
    """The joined document, not packed; each value to come is one placeholder character (`TemplateSet.origin`)."""
    places: tuple[Place, ...]
    """Where each of its statements stands."""
    arms: frozenset[Arm] = frozenset()
    """Which way each `{% if %}` went."""


Lengths: TypeAlias = Mapping[str, Sequence[int]]
"""List claim → the numbers of items to try."""
Given: TypeAlias = Mapping[Atom, bool | int]
"""What holds of every user (`authorizer.engine.template.run.always`)."""


def parts_of(
    programs: Sequence[Program], codes: Mapping[str, int], lengths: Lengths, given: Given
) -> list[tuple[Program, ...]]:
    """These programs together, or, where there are more than `MAX_WHOLE` ways to run them so, each part of each."""
    if len(list(islice(explore(programs, codes, lengths, given=given), MAX_WHOLE + 1))) <= MAX_WHOLE:
        return [tuple(programs)]
    return [(part,) for program in programs for part in cut(program)]


def ways_of(
    programs: Sequence[Program], codes: Mapping[str, int], lengths: Lengths, given: Given
) -> list[Ways]:
    """The ways of each part: every text that these programs write together is one way through each. Raises
    `RenderFailed`."""
    parts = [
        tuple(
            branch_of(chosen, list(map(mended, runs)))
            for chosen, runs in explore(part, codes, lengths, given=given)
        )
        for part in parts_of(programs, codes, lengths, given)
    ]
    needed = needed_by([[way.chosen for way in ways] for ways in parts])
    return [
        tuple(replace(way, chosen={**way.chosen, **needed}) for way in ways if may_agree(way.chosen, needed))
        for ways in parts
    ]


def needed_by(parts: Sequence[Sequence[Given]]) -> dict[Atom, bool | int]:
    """What some part needs on every way that it can go, and so is true of every user who has a policy: which claims
    there are. Of each part, what was chosen on each of its ways, of which there is one at least."""
    return {
        atom: True
        for first, *others in parts
        for atom, chosen in first.items()
        if chosen is True and all(other.get(atom) is True for other in others)
    }


def branch_of(chosen: Mapping[Atom, bool | int], runs: Sequence[Run]) -> Branch:
    """The branch of one run of each of the templates. Raises `RenderFailed`."""
    statements: list[Statement] = []
    places: list[Place] = []
    for run in runs:
        statements += statements_of(run.text)
        places += statement_places(run)
    return Branch(
        chosen=chosen,
        document=Document(statements=tuple(statements)),
        places=tuple(places),
        arms=frozenset().union(*(run.arms for run in runs)),
    )


def statements_of(text: str) -> tuple[Statement, ...]:
    """The statements of one template's symbolic text. Raises `RenderFailed` for what would not have loaded."""
    document, problems = examine_symbolic(text)
    if problems:
        raise RenderFailed("; ".join(problem.describe() for problem in problems))
    return document.statements
