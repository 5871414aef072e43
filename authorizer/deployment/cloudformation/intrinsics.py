"""CloudFormation's intrinsic functions in their long forms, and a plan's texts written with them."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from authorizer.deployment.standins import Part, Reference

Value = Any
NO_VALUE: Value = {"Ref": "AWS::NoValue"}


def ref(name: str) -> Value:
    """`!Ref name`."""
    return {"Ref": name}


def get(name: str, attribute: str) -> Value:
    """`!GetAtt name.attribute`."""
    return {"Fn::GetAtt": f"{name}.{attribute}"}


def sub(text: str, **values: Value) -> Value:
    """`!Sub text`. Where `${` is meant as it stands, it is written `${!`."""
    return {"Fn::Sub": [text, values] if values else text}


def when(condition: str, yes: Value, no: Value = NO_VALUE) -> Value:
    """`!If [condition, yes, no]`."""
    return {"Fn::If": [condition, yes, no]}


def given(parameter: str) -> Value:
    """A condition: the parameter is not empty."""
    return {"Fn::Not": [{"Fn::Equals": [ref(parameter), ""]}]}


def equals(parameter: str, value: object) -> Value:
    """A condition: the parameter is this value."""
    return {"Fn::Equals": [ref(parameter), value]}


def writer(references: Mapping[Reference, Value]) -> Callable[[tuple[Part, ...]], Value]:
    """How a text of literal parts and references is written: as what it stands for where it is one alone, else as
    `Fn::Sub`."""

    def written(parts: tuple[Part, ...]) -> Value:
        if len(parts) == 1 and isinstance(parts[0], Reference):
            return references[parts[0]]
        text, values = "", dict[str, Value]()
        for part in parts:
            if isinstance(part, str):
                text += part.replace("${", "${!")
                continue
            inline = _inline(references[part])
            if inline is None:
                name = f"Part{len(values) + 1}"
                values[name], inline = references[part], f"${{{name}}}"
            text += inline
        return sub(text, **values)

    return written


def _inline(value: Value) -> str | None:
    """What stands for the value inside `Fn::Sub`; None where it needs a variable of its own."""
    match value:
        case {"Ref": str(name)} | {"Fn::GetAtt": str(name)}:
            return f"${{{name}}}"
        case {"Fn::Sub": str(text)}:
            return text
        case _:
            return None


def logical(name: str) -> str:
    """`USER_POOL_ID` → `UserPoolId`: ASCII letters and digits alone (CloudFormation User Guide, "Resources", logical
    ID)."""
    words = re.findall(r"[A-Za-z0-9]+", name)
    return "".join(word[0].upper() + (word[1:].lower() if word.isupper() else word[1:]) for word in words)
