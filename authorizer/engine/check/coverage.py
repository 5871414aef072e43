"""Coverage: which statements and which branches of the templates the cases exercise.

A statement is covered when it decides some case: being rendered proves nothing about it. A branch is covered when
some case's user goes that way. Only what can be reached counts, found by running every branch.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from authorizer.engine.check.cases import CaseResult
from authorizer.engine.template import Arm, Place, TemplateSet


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Coverage of one template, its includes included."""

    template: str
    statements: int
    statements_missed: tuple[str, ...]
    """`s3-home.json.j2:12: statement OwnListing decides no case`"""
    branches: int
    branches_missed: tuple[str, ...]
    """`tenant-data.json.j2:41: "data:write" in scopes is false: no case`"""

    @property
    def percent(self) -> float:
        """Statements and branches together, 0 to 100."""
        total = self.statements + self.branches
        missed = len(self.statements_missed) + len(self.branches_missed)
        return 100 * (total - missed) / total if total else 100.0


def named_in(results: Iterable[object]) -> frozenset[str]:
    """The templates that these results' cases are about, whatever came of them."""
    return frozenset(
        name for result in results if isinstance(result, CaseResult) for name in result.case.templates
    )


def measure(results: Iterable[object], templates: TemplateSet) -> tuple[Coverage, ...]:
    """The coverage of every template in the order of the templates' names; of `results`, those of cases about
    templates."""
    decided: dict[str, set[Place]] = {name: set() for name in templates.names}
    taken: dict[str, set[Arm]] = {name: set() for name in templates.names}
    for result in results:
        if not isinstance(result, CaseResult) or result.branch is None:
            continue
        places = {result.branch.places[index] for index in result.decided}
        for name in result.case.templates:
            decided[name] |= places
            taken[name] |= result.branch.arms
    coverage = []
    for name in templates.names:
        statements: dict[Place, str] = {}
        arms: set[Arm] = set()
        for branch in templates.branches([name]):
            arms |= branch.arms
            for place, statement in zip(branch.places, branch.document.statements, strict=True):
                statements[place] = statement.sid or "without a Sid"
        coverage.append(
            Coverage(
                template=name,
                statements=len(statements),
                statements_missed=tuple(
                    f"{place.describe()}: statement {sid} decides no case"
                    for place, sid in statements.items()
                    if place not in decided[name]
                ),
                branches=len(arms),
                branches_missed=tuple(sorted(f"{arm.describe()}: in no case" for arm in arms - taken[name])),
            )
        )
    return tuple(coverage)
