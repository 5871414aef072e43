"""A template as YAML that people read: short forms of the intrinsic functions, texts in lines, one order; and
as JSON."""

import json
from typing import Any

import yaml
from typing_extensions import override

WIDTH = 120


class _Dumper(yaml.SafeDumper):
    @override
    def ignore_aliases(self, data: Any) -> bool:
        return True

    @override
    def choose_scalar_style(self) -> Any:
        """A tagged text needs no quotes where a plain one needs none."""
        style = super().choose_scalar_style()
        event, analysis = self.event, self.analysis
        assert isinstance(event, yaml.ScalarEvent)  # noqa: S101 - the only event that is asked about
        assert analysis is not None  # noqa: S101 - made just above
        plain = analysis.allow_block_plain and not event.style and not self.flow_level
        return "" if style == "'" and plain and str(event.tag).startswith("!") else style

    @override
    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


def _mapping(dumper: _Dumper, data: dict[str, Any]) -> yaml.Node:
    if len(data) == 1:
        [(key, value)] = data.items()
        short = {"Ref": "!Ref", "Condition": "!Condition"}.get(key) or (
            f"!{key.removeprefix('Fn::')}" if key.startswith("Fn::") else None
        )
        if short is not None and isinstance(value, str):
            return dumper.represent_scalar(short, value, style="|" if "\n" in value else None)
        if short is not None and isinstance(value, list):
            flat = all(not isinstance(item, dict | list) for item in value)
            return dumper.represent_sequence(short, value, flow_style=flat)
    return dumper.represent_mapping("tag:yaml.org,2002:map", data.items(), flow_style=False)


def _text(dumper: _Dumper, data: str) -> yaml.Node:
    return dumper.represent_scalar(
        "tag:yaml.org,2002:str", data, style=">" if len(data) > WIDTH and " " in data else None
    )


_Dumper.add_representer(dict, _mapping)
_Dumper.add_representer(str, _text)


def to_yaml(template: dict[str, Any], heading: str) -> str:
    """The template below a comment of `heading`'s lines."""
    comment = "".join(f"# {line}".rstrip() + "\n" for line in heading.splitlines())
    parts = [
        yaml.dump({key: value}, Dumper=_Dumper, sort_keys=False, width=WIDTH, allow_unicode=True)
        for key, value in template.items()
    ]
    return comment + "\n" + "\n".join(parts)


def to_json(template: dict[str, Any], heading: str, bundle: str) -> str:
    """The template as JSON, with `heading` in its metadata, and the zip as its folder sees it."""
    metadata = {"Metadata": {"Generated": heading.splitlines(), "Bundle": bundle}}
    return json.dumps({**metadata, **_listed(template)}, indent=2, ensure_ascii=False) + "\n"


def _listed(value: Any) -> Any:
    """JSON has one form of `Fn::GetAtt`, a list (CloudFormation User Guide, "Fn::GetAtt")."""
    match value:
        case {"Fn::GetAtt": str(path)}:
            return {"Fn::GetAtt": path.split(".", 1)}
        case dict():
            return {key: _listed(item) for key, item in value.items()}
        case list():
            return [_listed(item) for item in value]
        case _:
            return value
