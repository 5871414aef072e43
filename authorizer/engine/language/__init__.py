"""Claims and texts: the types that declared claims have, what may stand in a policy's text and how it is written
there, and the errors of the whole engine.
"""

from authorizer.engine.language.claims import ClaimType, ClaimValue
from authorizer.engine.language.declaring import COMMON, MAX_ITEMS, MAX_LENGTH, MIN_ALPHABET, declare
from authorizer.engine.language.errors import (
    CaseInvalid,
    ClaimTypeInvalid,
    DocumentInvalid,
    DocumentRefused,
    EngineError,
    NothingAllowed,
    PolicyTooLarge,
    RenderFailed,
    TemplateInvalid,
    ValueMissing,
    ValueRefused,
)
from authorizer.engine.language.escape import as_pattern, literal, quoted
from authorizer.engine.language.kinds import ADDRESS_BITS, ALPHABETS, MAX_NUMBER, TYPES, Kind
from authorizer.engine.language.languages import FORBIDDEN, PRINTABLE, Language, Segment, plain
from authorizer.engine.language.lists import WRITTEN
from authorizer.engine.language.partitions import PARTITIONS, partition_of
from authorizer.engine.language.placeholders import FIRST, MAX_CLAIMS, PATTERN, Placeholders, is_placeholder

__all__ = [
    "ADDRESS_BITS",
    "ALPHABETS",
    "COMMON",
    "FIRST",
    "FORBIDDEN",
    "MAX_CLAIMS",
    "MAX_ITEMS",
    "MAX_LENGTH",
    "MAX_NUMBER",
    "MIN_ALPHABET",
    "PARTITIONS",
    "PATTERN",
    "PRINTABLE",
    "TYPES",
    "WRITTEN",
    "CaseInvalid",
    "ClaimType",
    "ClaimTypeInvalid",
    "ClaimValue",
    "DocumentInvalid",
    "DocumentRefused",
    "EngineError",
    "Kind",
    "Language",
    "NothingAllowed",
    "Placeholders",
    "PolicyTooLarge",
    "RenderFailed",
    "Segment",
    "TemplateInvalid",
    "ValueMissing",
    "ValueRefused",
    "as_pattern",
    "declare",
    "is_placeholder",
    "literal",
    "partition_of",
    "plain",
    "quoted",
]
