"""Policy documents: from text to statements and back, by IAM's grammar, and as short as they can be written."""

from authorizer.engine.document.dates import seconds_of
from authorizer.engine.document.document import dump, examine, parse_identity, parse_session
from authorizer.engine.document.inside import INSIDE, Inside
from authorizer.engine.document.operators import TAKES_VARIABLES, Operator, parse_operator
from authorizer.engine.document.pack import MAX_CHARACTERS, covers_action, pack
from authorizer.engine.document.rules import WITHOUT_RESOURCE_LEVEL
from authorizer.engine.document.sharing import Sharing, sharing_problems
from authorizer.engine.document.statement import Condition, Document, Problem, Statement

__all__ = [
    "INSIDE",
    "MAX_CHARACTERS",
    "TAKES_VARIABLES",
    "WITHOUT_RESOURCE_LEVEL",
    "Condition",
    "Document",
    "Inside",
    "Operator",
    "Problem",
    "Sharing",
    "Statement",
    "covers_action",
    "dump",
    "examine",
    "pack",
    "parse_identity",
    "parse_operator",
    "parse_session",
    "seconds_of",
    "sharing_problems",
]
