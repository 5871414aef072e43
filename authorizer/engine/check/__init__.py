"""A team's own tests of its templates, what they do not cover, and advice."""

from authorizer.engine.check.asked import action_problems, key_problems, request_problems, resource_problems
from authorizer.engine.check.case_file import CASE_FILE, CASE_FILE_EXAMPLE, Form, parse_case_file, parse_cases
from authorizer.engine.check.cases import EXPECTED, Case, CaseResult, User, run_case
from authorizer.engine.check.coverage import Coverage, measure, named_in
from authorizer.engine.check.keys import OF_RESOURCES
from authorizer.engine.check.layout import formatted, without_layout
from authorizer.engine.check.lint import Finding, lint, lint_coverage, unknown_actions
from authorizer.engine.check.reference import edition, supports
from authorizer.engine.check.routes import (
    Answer,
    Asked,
    Opening,
    RouteCase,
    RouteCoverage,
    RouteResult,
    measure_routes,
    run_route,
)
from authorizer.engine.check.services import FACTS, rests_on_services
from authorizer.engine.check.surroundings import Surroundings

__all__ = [
    "CASE_FILE",
    "CASE_FILE_EXAMPLE",
    "EXPECTED",
    "FACTS",
    "OF_RESOURCES",
    "Answer",
    "Asked",
    "Case",
    "CaseResult",
    "Coverage",
    "Finding",
    "Form",
    "Opening",
    "RouteCase",
    "RouteCoverage",
    "RouteResult",
    "Surroundings",
    "User",
    "action_problems",
    "edition",
    "formatted",
    "key_problems",
    "lint",
    "lint_coverage",
    "measure",
    "measure_routes",
    "named_in",
    "parse_case_file",
    "parse_cases",
    "request_problems",
    "resource_problems",
    "rests_on_services",
    "run_case",
    "run_route",
    "supports",
    "unknown_actions",
    "without_layout",
]
