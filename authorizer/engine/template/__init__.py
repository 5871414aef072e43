"""Templates: from an author's text to a program, and from a program and one user's claims to a session policy.

Jinja is imported by `TemplateSet.compile` alone: a Lambda loads what was compiled for it.
"""

from authorizer.engine.template.branches import Branch
from authorizer.engine.template.holes import examine_symbolic
from authorizer.engine.template.loops import lengths_to_compare
from authorizer.engine.template.program import (
    Arm,
    Atom,
    Contains,
    Equals,
    HasItems,
    InScopes,
    IsDefined,
    Place,
    Program,
    Question,
    VariableIs,
)
from authorizer.engine.template.run import Choices, Run, always
from authorizer.engine.template.template import TemplateSet

__all__ = [
    "Arm",
    "Atom",
    "Branch",
    "Choices",
    "Contains",
    "Equals",
    "HasItems",
    "InScopes",
    "IsDefined",
    "Place",
    "Program",
    "Question",
    "Run",
    "TemplateSet",
    "VariableIs",
    "always",
    "examine_symbolic",
    "lengths_to_compare",
]
