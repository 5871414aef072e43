"""Condition keys that say what a request touches, and what a condition on one of them holds it to."""

import re
from collections.abc import Mapping
from typing import Final

from authorizer.engine.document import Condition, Operator, Statement

TOUCHED: Final[Mapping[str, bool]] = {
    # Key in lower case, as a regular expression → whether a request touches all that begins with its value.
    r"s3:prefix": True,
    r"s3:existingobjecttag/.+": False,
    r"[a-z0-9-]+:resourcetag/.+": False,
    r"(aws|s3):resourceaccount": False,
    r"kms:encryptioncontext:.+": False,
    r"dynamodb:(leadingkeys|(first|second|third|fourth)partitionkeyvalues)": False,
}
"""Condition keys that say what a request touches, and not who makes it (`docs/soundness.md` has their sources)."""
SEVERAL: Final = re.compile(r"dynamodb:.+")
"""Of these, the keys that a request may have several values for."""


def begins_at(key: str) -> bool | None:
    """Whether a request touches all that begins with a key's value; None for a key that says nothing of that."""
    return next((begins for form, begins in TOUCHED.items() if re.fullmatch(form, key.lower())), None)


def binds(statement: Statement, condition: Condition, operator: Operator) -> bool:
    """Whether whatever passes the condition has the key, and no value but such as the condition lists."""
    if operator.kind not in ("string", "arn") or operator.negated or operator.if_exists:
        return False
    if operator.qualifier == "ForAllValues":
        return any(
            other.key.lower() == condition.key.lower()
            and other.operator == "Null"
            and set(map(str.lower, other.values)) == {"false"}
            for other in statement.conditions
        )
    return not SEVERAL.fullmatch(condition.key.lower())
