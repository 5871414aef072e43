"""Branches: the ways in which templates can run together, each with the document that it writes.

What the prover, the linter and coverage judge, and what decides whether templates load.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from authorizer.engine.document import Document, Statement
from authorizer.engine.language import RenderFailed
from authorizer.engine.template.holes import examine_symbolic
from authorizer.engine.template.places import statement_places
from authorizer.engine.template.program import Arm, Atom, Place
from authorizer.engine.template.run import Run

MAX_BRANCHES = 1024
"""Most ways that one template may run. Each is parsed and judged when templates load."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """One way in which templates can run together: what the prover and the linter judge."""

    chosen: Mapping[Atom, bool | int]
    """What was assumed about the user."""
    document: Document
    """The joined document, not packed; each value to come is one placeholder character (`TemplateSet.origin`)."""
    places: tuple[Place, ...]
    """Where each of its statements stands."""
    arms: frozenset[Arm] = frozenset()
    """Which way each `{% if %}` went."""


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
