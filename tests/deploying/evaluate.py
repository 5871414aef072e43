"""CloudFormation's intrinsic functions, worked out: what a template says once everything that it names is known."""

import re
from collections.abc import Mapping
from typing import Any


def evaluated(value: Any, known: Mapping[str, Any]) -> Any:
    """`value` with every function replaced by what it comes to. `known` has what `Ref` and `Fn::GetAtt` name:
    `Bucket`, `Bucket.Arn`. What is not known stays."""
    match value:
        case {"Ref": str(name)}:
            return known.get(name, value)
        case {"Fn::GetAtt": str(name)}:
            return known.get(name, value)
        case {"Fn::GetAtt": [str(name), str(attribute)]}:
            return known.get(f"{name}.{attribute}", value)
        case {"Fn::Sub": [str(text), values]}:
            return _filled(text, {**known, **{name: evaluated(one, known) for name, one in values.items()}})
        case {"Fn::Sub": str(text)}:
            return _filled(text, known)
        case {"Fn::Select": [int(at), {"Fn::Split": [between, inner]}]}:
            return evaluated(inner, known).split(between)[at]
        case {"Fn::Select": [str(at), {"Fn::Split": [between, inner]}]}:
            return evaluated(inner, known).split(between)[int(at)]
        case {"Fn::Join": [str(between), list(parts)]}:
            return between.join(evaluated(part, known) for part in parts)
        case dict():
            return {key: evaluated(item, known) for key, item in value.items()}
        case list():
            return [evaluated(item, known) for item in value]
        case _:
            return value


def _filled(text: str, known: Mapping[str, Any]) -> str:
    def one(found: re.Match[str]) -> str:
        return f"${{{found[2]}}}" if found[1] else str(known.get(found[2], found[0]))

    return re.sub(r"\$\{(!?)([^}]+)\}", one, text)
