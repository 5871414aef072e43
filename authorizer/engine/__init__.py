"""The policy engine: typed claims in, one user's session policy out.

A library of its own, which imports nothing of this project but `syntax`. Here is what rendering needs;
`engine.evaluate` decides one request, `engine.prove` all of them at once, `engine.check` tests and lints. None of these
three loads in a Lambda.
"""

from authorizer.engine.document import (
    MAX_CHARACTERS,
    Condition,
    Document,
    Sharing,
    Statement,
    dump,
    parse_identity,
    parse_session,
    sharing_problems,
)
from authorizer.engine.language import (
    PARTITIONS,
    CaseInvalid,
    ClaimType,
    ClaimTypeInvalid,
    ClaimValue,
    DocumentInvalid,
    DocumentRefused,
    EngineError,
    NothingAllowed,
    PolicyTooLarge,
    RenderFailed,
    TemplateInvalid,
    ValueMissing,
    ValueRefused,
    declare,
    partition_of,
)
from authorizer.engine.template import Branch, InScopes, IsDefined, Place, Program, TemplateSet

__all__ = [
    "MAX_CHARACTERS",
    "PARTITIONS",
    "Branch",
    "CaseInvalid",
    "ClaimType",
    "ClaimTypeInvalid",
    "ClaimValue",
    "Condition",
    "Document",
    "DocumentInvalid",
    "DocumentRefused",
    "EngineError",
    "InScopes",
    "IsDefined",
    "NothingAllowed",
    "Place",
    "PolicyTooLarge",
    "Program",
    "RenderFailed",
    "Sharing",
    "Statement",
    "TemplateInvalid",
    "TemplateSet",
    "ValueMissing",
    "ValueRefused",
    "declare",
    "dump",
    "parse_identity",
    "parse_session",
    "partition_of",
    "sharing_problems",
]
