"""Reading `deploy/*.yaml`: the templates as data, and their intrinsic functions where a test needs their value."""

import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

import yaml

DEPLOY = Path(__file__).parents[2] / "deploy"


class _Loader(yaml.SafeLoader):
    """`!Ref x` as `{"Ref": "x"}`, `!GetAtt a.b` as `{"Fn::GetAtt": "a.b"}`, as CloudFormation's long forms."""


def _intrinsic(loader: yaml.SafeLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    key = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    match node:
        case yaml.ScalarNode():
            return {key: loader.construct_scalar(node)}
        case yaml.SequenceNode():
            return {key: loader.construct_sequence(node, deep=True)}
        case _:
            raise AssertionError(f"!{suffix} of {node}")


_Loader.add_multi_constructor("!", _intrinsic)


def template(name: str) -> dict[str, Any]:
    """The template in `deploy/`, with intrinsic functions in their long forms."""
    loaded: dict[str, Any] = yaml.load((DEPLOY / name).read_text(), Loader=_Loader)
    return loaded


def resources(tree: Mapping[str, Any], kind: str) -> dict[str, dict[str, Any]]:
    """The properties of every resource of a type, by logical name."""
    return {
        name: resource["Properties"]
        for name, resource in tree["Resources"].items()
        if resource["Type"] == kind
    }


def resolve(value: Any, known: Mapping[str, str]) -> Any:
    """`value` with `Ref`, `Fn::GetAtt` and `Fn::Sub` replaced by what `known` says: `Bucket`, `Bucket.Arn`."""
    match value:
        case {"Ref": str(name)} | {"Fn::GetAtt": str(name)}:
            return known[name]
        case {"Fn::Sub": str(text)}:
            return re.sub(
                r"\$\{(!?)([^}]+)\}", lambda match: f"${{{match[2]}}}" if match[1] else known[match[2]], text
            )
        case dict():
            return {key: resolve(item, known) for key, item in value.items()}
        case list():
            return [resolve(item, known) for item in value]
        case _:
            return value


def chosen(value: Any, holding: Collection[str]) -> Any:
    """`value` as it is deployed where the conditions in `holding` hold and no others: of each `Fn::If` one branch, and
    nothing of what comes to `AWS::NoValue`."""
    match value:
        case {"Fn::If": [condition, yes, no]}:
            return chosen(yes if condition in holding else no, holding)
        case dict():
            return {
                key: found
                for key, item in value.items()
                if (found := chosen(item, holding)) != {"Ref": "AWS::NoValue"}
            }
        case list():
            return [chosen(item, holding) for item in value]
        case _:
            return value
