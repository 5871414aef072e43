"""Templates: from an author's text to a program, and from a program and one user's claims to a session policy.

Jinja is imported by `TemplateSet.compile` alone: a Lambda loads what was compiled for it.
"""

from authorizer.engine.template.branches import Branch, Ways, branch_of
from authorizer.engine.template.holes import examine_symbolic
from authorizer.engine.template.loops import lengths_to_compare
from authorizer.engine.template.parts import cut, mended
from authorizer.engine.template.program import (
    Arm,
    Atom,
    Contains,
    Equals,
    For,
    HasItems,
    If,
    InScopes,
    IsDefined,
    Node,
    Place,
    Program,
    Question,
    VariableIs,
)
from authorizer.engine.template.run import Choices, Run, always, explore, may_agree
from authorizer.engine.template.template import TemplateSet

__all__ = [
    "Arm",
    "Atom",
    "Branch",
    "Choices",
    "Contains",
    "Equals",
    "For",
    "HasItems",
    "If",
    "InScopes",
    "IsDefined",
    "Node",
    "Place",
    "Program",
    "Question",
    "Run",
    "TemplateSet",
    "VariableIs",
    "Ways",
    "always",
    "branch_of",
    "cut",
    "examine_symbolic",
    "explore",
    "lengths_to_compare",
    "may_agree",
    "mended",
]
