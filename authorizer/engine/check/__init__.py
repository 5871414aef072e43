"""A team's own tests of its templates, what they do not cover, and advice."""

from authorizer.engine.check.case_file import Surroundings, parse_cases
from authorizer.engine.check.cases import Case, CaseResult, User, run_case
from authorizer.engine.check.coverage import Coverage, measure
from authorizer.engine.check.keys import OF_RESOURCES
from authorizer.engine.check.lint import Finding, lint, lint_coverage
from authorizer.engine.check.reference import edition, supports
from authorizer.engine.check.services import rests_on_services

__all__ = [
    "OF_RESOURCES",
    "Case",
    "CaseResult",
    "Coverage",
    "Finding",
    "Surroundings",
    "User",
    "edition",
    "lint",
    "lint_coverage",
    "measure",
    "parse_cases",
    "rests_on_services",
    "run_case",
    "supports",
]
