"""CloudFormation's functions, conditions and parameters: from a template's values to what is deployed.

Source: CloudFormation User Guide, "Intrinsic function reference", "Pseudo parameters reference". What cannot be told
from the template becomes a stand-in (`Names`), so that nobody takes it for known.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from authorizer.deployed.errors import DeploymentInvalid
from authorizer.deployed.kinds import KINDS, Kind
from authorizer.deployed.names import Names, is_known
from authorizer.deployed.tree import MAX_VALUES, Located, place_of

NO_VALUE: Final = object()
_HOLE = re.compile(r"\$\{(!?)([^${}]+)\}")
_ALIAS: Final = re.compile(r"(\w+?)(?:Alias|Version)\w+")
"""SAM Developer Guide, "Generated CloudFormation resources"."""
STACK: Final = "AWS::CloudFormation::Stack"
_RESOLVE: Final = "{{resolve:"
_DYNAMIC: Final = re.compile(r"\{\{resolve:.*?(?:\}\}|$)", re.DOTALL)
"""CloudFormation puts a parameter's or a secret's value there (CloudFormation User Guide, "Dynamic references")."""
_NO_KIND: Final = Kind(arn_attributes=())
"""A type without a row: all of its names may be any."""


class Resolver:
    """One template with its parameters. `pseudo` are the pseudo parameters that are known."""

    def __init__(
        self,
        tree: Mapping[str, Any],
        *,
        parameters: Mapping[str, Any],
        pseudo: Mapping[str, str],
        names: Names,
        prefix: str,
        output_of: Callable[[str, str], Any] = lambda *_: None,
    ) -> None:
        self._names = names
        self._output_of = output_of
        """(a nested stack, an output of it) → what it comes to; None where that cannot be told."""
        self._untold: dict[str, str] = {}
        self._prefix = prefix
        self._pseudo = pseudo
        self._parameters = parameters
        self.declared = _section(tree, "Parameters")
        self._conditions = _section(tree, "Conditions")
        self._mappings = _section(tree, "Mappings")
        self.resources = _section(tree, "Resources")
        self._outputs = _section(tree, "Outputs")
        self._asked: list[str] = []
        self._count = 0
        self._functions: Mapping[str, Callable[[Any], Any]] = {
            "Ref": self._ref,
            "Fn::GetAtt": self._get_att,
            "Fn::Sub": self._sub,
            "Fn::Join": self._join,
            "Fn::If": self._if,
            "Fn::Select": self._select,
            "Fn::Split": self._split,
            "Fn::FindInMap": self._find_in_map,
            "Fn::ToJsonString": lambda value: json.dumps(self.value(value)),
        }

    def value(self, value: Any) -> Any:
        """What a value comes to; `NO_VALUE` where it is left out."""
        found = self._value(value)
        if isinstance(found, str) and _RESOLVE in found:
            return _DYNAMIC.sub(lambda reference: self._open(self._names.show(reference[0])), found)
        return found

    def output(self, name: str) -> Any:
        """What an output comes to; None where that cannot be told."""
        said = self._outputs.get(name)
        if not isinstance(said, dict) or ("Condition" in said and not self.holds(str(said["Condition"]))):
            return None
        return self.value(said.get("Value"))

    def _open(self, label: str) -> str:
        """The stand-in for one text that may be any, the same wherever the template names it."""
        if label not in self._untold:
            self._untold[label] = self._names.open(label)
        return self._untold[label]

    def _value(self, value: Any) -> Any:
        self._count += 1
        if self._count > MAX_VALUES:
            raise DeploymentInvalid(f"{place_of(value, 'the template')}: has more than {MAX_VALUES:,} values")
        if isinstance(value, list):
            return [item for item in map(self.value, value) if item is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, inner),) = value.items()
            if name in self._functions:
                return self._functions[name](inner)
            if name.startswith("Fn::"):
                return self._names.open(f"{name} at {place_of(value, '?')}")
        members = {key: made for key, inner in value.items() if (made := self.value(inner)) is not NO_VALUE}
        return Located(members, place_of(value, "?"))

    def holds(self, name: str) -> bool | None:
        """Whether a condition holds; None where that is not known."""
        if name in self._asked or name not in self._conditions:
            return None
        self._asked.append(name)
        try:
            return self._judge(self._conditions[name])
        finally:
            self._asked.pop()

    def name_of(self, logical: str) -> str:
        """A resource's physical name, or the stand-in for it. What AWS called it may be given as a parameter: no
        parameter has the name of a resource."""
        if logical in self._parameters and logical not in self.declared:
            return str(self._parameters[logical])
        kind, properties = self._resource(logical)
        said = self.value(properties.get(kind.named_by)) if kind.named_by in properties else None
        return said if isinstance(said, str) else self._names.made(self._prefix + logical)

    def arn_of(self, logical: str) -> str:
        """A resource's ARN."""
        kind, properties = self._resource(logical)
        path = self.value(properties.get("Path", "/"))
        return self._form(kind.arn, name=self.name_of(logical), path=path if isinstance(path, str) else "/*/")

    def known(self, form: str, **holes: str) -> str:
        """A form of `kinds` with the pseudo parameters in it."""
        return self._form(form, **holes)

    def _form(self, form: str, **holes: str) -> str:
        pseudo = {
            "partition": self._pseudo["AWS::Partition"],
            "region": self._pseudo["AWS::Region"],
            "account": self._pseudo["AWS::AccountId"],
            "suffix": self._pseudo["AWS::URLSuffix"],
        }
        return form.format(**pseudo, **holes)

    def _resource(self, logical: str) -> tuple[Kind, Mapping[str, Any]]:
        resource = self.resources.get(logical)
        if not isinstance(resource, dict):
            return _NO_KIND, {}
        properties = resource.get("Properties")
        kind = KINDS.get(str(resource.get("Type")), _NO_KIND)
        return kind, properties if isinstance(properties, dict) else {}

    # ── functions ────────────────────────────────────────────────────────────────────────────────────────────────

    def _ref(self, name: Any) -> Any:
        if not isinstance(name, str):
            return self._names.open("Ref")
        if name == "AWS::NoValue":
            return NO_VALUE
        if name in self._pseudo:
            return self._pseudo[name]
        if name in self.declared:
            return self._parameter(name)
        return self._reference(name) if name in self.resources else self._elsewhere(name)

    def _reference(self, logical: str) -> str:
        """What `Ref` gives of a resource of the template."""
        kind, properties = self._resource(logical)
        type_of = self._type(logical)
        if type_of == "AWS::Cognito::UserPool":
            # What AWS called it begins with the region, and may be given whole.
            beginning = f"{self._pseudo['AWS::Region']}_"
            return beginning + self.name_of(logical).removeprefix(beginning)
        if type_of in ("AWS::Lambda::Alias", "AWS::Lambda::Version"):
            function = self.value(properties.get("FunctionName"))
            name = function if isinstance(function, str) else self._names.open(logical)
            is_arn = name.startswith("arn:")
            return f"{name if is_arn else self._form(KINDS['AWS::Lambda::Function'].arn, name=name)}:*"
        if kind is _NO_KIND and logical not in self._parameters:
            # Somebody's own code may answer with any name, and some of AWS's types with that of what they are about.
            return self._open(logical)
        arn = self.arn_of(logical) if kind.arn else ""
        return self._form(kind.ref, name=self.name_of(logical), arn=arn)

    def _elsewhere(self, name: str) -> str:
        """What `Ref` gives of what is not in the template: SAM makes an alias and a version of each function."""
        made = _ALIAS.fullmatch(name)
        if made and self._type(made[1]) == "AWS::Serverless::Function":
            return f"{self.arn_of(made[1])}:*"
        logical, _, attribute = name.partition(".")
        return self._attribute(logical, attribute)

    def _type(self, logical: str) -> str:
        resource = self.resources.get(logical)
        return str(resource.get("Type")) if isinstance(resource, dict) else ""

    def _parameter(self, name: str) -> Any:
        row = self.declared[name]
        kind = str(row.get("Type", "String")) if isinstance(row, dict) else "String"
        value = self._parameters.get(name)
        if value is None and isinstance(row, dict) and not kind.startswith("AWS::SSM::"):
            # Of an SSM parameter the default is its name, and its value stands in the account.
            value = row.get("Default")
        if isinstance(value, bool):
            value = str(value).lower()
        if not isinstance(value, str):
            return value if isinstance(value, list) else self._open(name)
        listed = kind == "CommaDelimitedList" or kind.startswith("List<")
        return [part.strip() for part in value.split(",")] if listed else value

    def _get_att(self, value: Any) -> Any:
        match value:
            case str(text):
                logical, _, attribute = text.partition(".")
                return self._attribute(logical, attribute)
            case [str(logical), str(attribute)]:
                return self._attribute(logical, attribute)
        return self._names.open("Fn::GetAtt")

    def _attribute(self, logical: str, attribute: str) -> str:
        kind, _ = self._resource(logical)
        if logical in self.resources and kind is not _NO_KIND:
            if attribute in kind.arn_attributes:
                return self.arn_of(logical)
            if attribute in kind.name_attributes:
                return str(self._ref(logical)) if kind.ref == "{name}" else self.name_of(logical)
            if attribute in ("Alias", "Version"):  # SAM User Guide, "Generated CloudFormation resources"
                return f"{self.arn_of(logical)}:*"
        if attribute == "Arn" and logical.endswith("Role") and logical.removesuffix("Role") in self.resources:
            # The role that SAM makes for a function without one.
            return self._form(KINDS["AWS::IAM::Role"].arn, name=self.name_of(logical), path="/")
        if kind is not _NO_KIND:
            return self._names.made(f"{self._prefix}{logical}.{attribute}")
        return self._answered(logical, attribute)

    def _answered(self, logical: str, attribute: str) -> str:
        """What only a nested stack knows, or nobody here."""
        answered = None
        if self._type(logical) == STACK and attribute.startswith("Outputs."):
            answered = self._output_of(logical, attribute.removeprefix("Outputs."))
        return answered if isinstance(answered, str) else self._open(f"{logical}.{attribute}".rstrip("."))

    def _sub(self, value: Any) -> Any:
        text, more = (value[0], value[1]) if isinstance(value, list) and len(value) == 2 else (value, {})
        if not isinstance(text, str) or not isinstance(more, dict):
            return self._names.open("Fn::Sub")

        def fill(hole: re.Match[str]) -> str:
            if hole[1]:
                return f"${{{hole[2]}}}"
            name = hole[2].strip()
            found = (
                self.value(more[name])
                if name in more
                else self._get_att(name)
                if "." in name and name not in self.declared
                else self._ref(name)
            )
            return found if isinstance(found, str) else self._names.open(name)

        return _HOLE.sub(fill, text)

    def _join(self, value: Any) -> Any:
        found = self.value(value)
        match found:
            case [str(between), list(parts)] if all(isinstance(part, str) for part in parts):
                return between.join(parts)
        return self._names.open("Fn::Join")

    def _if(self, value: Any) -> Any:
        match value:
            case [str(name), yes, no]:
                holds = self.holds(name)
                if holds is not None:
                    return self.value(yes if holds else no)
        return self._names.open(f"Fn::If at {place_of(value, 'a condition that is not known')}")

    def _select(self, value: Any) -> Any:
        match self.value(value):
            case [str(index), list(items)] if index.isdigit() and int(index) < len(items):
                return items[int(index)]
        return self._names.open("Fn::Select")

    def _split(self, value: Any) -> Any:
        match self.value(value):
            case [str(between), str(text)] if between and is_known(text):
                return text.split(between)
        return self._names.open("Fn::Split")

    def _find_in_map(self, value: Any) -> Any:
        match self.value(value):
            case [str(name), str(top), str(second)]:
                found: Any = self._mappings.get(name, {})
                for key in (top, second):
                    found = found.get(key) if isinstance(found, dict) else None
                if found is not None:
                    return found
        return self._names.open("Fn::FindInMap")

    # ── conditions ───────────────────────────────────────────────────────────────────────────────────────────────

    def _judge(self, value: Any) -> bool | None:
        match value:
            case {"Condition": str(name)} if len(value) == 1:
                return self.holds(name)
            case {"Fn::Equals": [one, other]} if len(value) == 1:
                return _equal(self.value(one), self.value(other))
            case {"Fn::Not": [inner]} if len(value) == 1:
                judged = self._judge(inner)
                return None if judged is None else not judged
            case {"Fn::And": list(inner)} if len(value) == 1:
                return _decided(map(self._judge, inner), by=False)
            case {"Fn::Or": list(inner)} if len(value) == 1:
                return _decided(map(self._judge, inner), by=True)
        return None


def _decided(judged: Iterable[bool | None], *, by: bool) -> bool | None:
    """`by` where one of them is that, None where one may be, else the other."""
    found = set(judged)
    return by if by in found else None if None in found else not by


def _equal(one: Any, other: Any) -> bool | None:
    texts = [str(value).lower() if isinstance(value, bool) else value for value in (one, other)]
    if not all(isinstance(text, str) for text in texts):
        return None
    if texts[0] != texts[1] and not all(map(is_known, texts)):
        return None
    return bool(texts[0] == texts[1])


def _section(tree: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = tree.get(name)
    return found if isinstance(found, dict) else {}
