"""YAML or JSON text → plain values that know their line. Pure.

CloudFormation reads a scalar as the text that was written, so nothing here becomes a date or a number; `true`, `false`
and `null` are what they say. A tag is the long form of its function: `!Ref x` is `{"Ref": "x"}` (CloudFormation User
Guide, "Intrinsic function reference").
"""

from typing import Any

import yaml

from authorizer.deployed.errors import DeploymentInvalid

MAX_VALUES = 500_000
"""Values of one document, aliases written out: a template has at most a million characters (CloudFormation quotas)."""
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_TRUE = ("true", "yes", "on")
_SHORT = {"Ref": "Ref", "Condition": "Condition"}


class Located(dict[str, Any]):
    """An object, and the place where it begins."""

    __slots__ = ("place",)

    def __init__(self, members: dict[str, Any], place: str) -> None:
        super().__init__(members)
        self.place = place


def place_of(value: object, otherwise: str) -> str:
    """Where a value stands; of what does not know it, where it was found."""
    return value.place if isinstance(value, Located) else otherwise


def read_tree(text: str, file: str) -> Any:
    """The value of the whole text; objects are `Located`, by `file` and line. Raises `DeploymentInvalid`."""
    if text.lstrip().startswith("{"):
        text = text.replace("\t", " ")  # JSON may have them between its tokens, and YAML not
    try:
        node = yaml.compose(text, Loader=_LOADER)
        if node is None:
            raise DeploymentInvalid(f"{file}: is empty, expected a template")
        return _Builder(file).value(node)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f":{mark.line + 1}" if mark is not None else ""
        raise DeploymentInvalid(f"{file}{line}: is neither YAML nor JSON") from error
    except RecursionError as error:
        raise DeploymentInvalid(f"{file}: is nested too deeply") from error


class _Builder:
    def __init__(self, file: str) -> None:
        self._file = file
        self._count = 0

    def value(self, node: yaml.Node) -> Any:
        self._count += 1
        if self._count > MAX_VALUES:
            raise DeploymentInvalid(f"{self._file}: has more than {MAX_VALUES:,} values, aliases written out")
        inner = self._inner(node)
        if node.tag.startswith("!") and node.tag != "!":
            name = node.tag[1:]
            return Located({_SHORT.get(name, f"Fn::{name}"): inner}, self._place(node))
        return inner

    def _inner(self, node: yaml.Node) -> Any:
        if isinstance(node, yaml.ScalarNode):
            if node.tag == "tag:yaml.org,2002:null":
                return None
            return node.value.lower() in _TRUE if node.tag == "tag:yaml.org,2002:bool" else str(node.value)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(child) for child in node.value]
        members: dict[str, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode) or key.tag == "tag:yaml.org,2002:merge":
                raise DeploymentInvalid(
                    f"{self._place(key)}: a key that is no text: CloudFormation takes none"
                )
            if key.value in members:
                raise DeploymentInvalid(
                    f"{self._place(key)}: the key {key.value!r} stands twice in one object"
                )
            members[str(key.value)] = self.value(value)
        return Located(members, self._place(node))

    def _place(self, node: yaml.Node) -> str:
        return f"{self._file}:{node.start_mark.line + 1}"
