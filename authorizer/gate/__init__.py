"""What is asked of a whole configuration before it is deployed: is it sound, is it proven, is it wider than before?

The engine judges templates; here is what `access.toml` adds to the question. Pure, and never in a Lambda. The command
prints what these say, and a program that imports them is told the same.
"""

from authorizer.gate.asking import issuer_of, signed
from authorizer.gate.assumptions import OWN, PRINTED, rule_on
from authorizer.gate.callers import Caller
from authorizer.gate.comparison import Comparison, Shift, compare
from authorizer.gate.delegation import prove_delegation
from authorizer.gate.issuers import payload, prove_issuers, sayable
from authorizer.gate.lint import lint_settings
from authorizer.gate.looking import Example, Kind
from authorizer.gate.managed import managed
from authorizer.gate.plain import plain_comparison, plain_proof
from authorizer.gate.proof import ALL_ROLES, prove_settings, subjects
from authorizer.gate.reach import Reach, reach_of_callers, reach_of_group, reach_of_issuer, reach_of_role
from authorizer.gate.reached import Reached
from authorizer.gate.route_cases import RouteTable, entries
from authorizer.gate.route_lint import lint_route_coverage
from authorizer.gate.route_proof import ROUTES_BY, prove_routes
from authorizer.gate.route_saved import as_route_cases
from authorizer.gate.rulings import Note, Ruling, World, authorizers_of
from authorizer.gate.smt import export_settings
from authorizer.gate.splitting import Split, split
from authorizer.gate.suppression import Sifted, has_ended, suppress
from authorizer.gate.surrounding import surroundings
from authorizer.gate.who_can import WhoCan, route_of, route_problems, who_can, who_reaches
from authorizer.gate.wording import conditions, exceptions, words

__all__ = [
    "ALL_ROLES",
    "OWN",
    "PRINTED",
    "ROUTES_BY",
    "Caller",
    "Comparison",
    "Example",
    "Kind",
    "Note",
    "Reach",
    "Reached",
    "RouteTable",
    "Ruling",
    "Shift",
    "Sifted",
    "Split",
    "WhoCan",
    "World",
    "as_route_cases",
    "authorizers_of",
    "compare",
    "conditions",
    "entries",
    "exceptions",
    "export_settings",
    "has_ended",
    "issuer_of",
    "lint_route_coverage",
    "lint_settings",
    "managed",
    "payload",
    "plain_comparison",
    "plain_proof",
    "prove_delegation",
    "prove_issuers",
    "prove_routes",
    "prove_settings",
    "reach_of_callers",
    "reach_of_group",
    "reach_of_issuer",
    "reach_of_role",
    "route_of",
    "route_problems",
    "rule_on",
    "sayable",
    "signed",
    "split",
    "subjects",
    "suppress",
    "surroundings",
    "who_can",
    "who_reaches",
    "words",
]
