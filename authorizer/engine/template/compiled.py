"""Compiled templates as text, so that a Lambda starts without importing Jinja (23–41 ms of a cold start).

The text names the SHA-256 of the sources it was made from: a compiled form that has fallen behind its sources
is refused, since it would grant what somebody has already taken away.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass

from authorizer.engine.language import TemplateInvalid
from authorizer.engine.template import program
from authorizer.engine.template.program import Program

FORMAT = 2
"""Raised whenever a node of `authorizer.engine.template.program` changes."""
_NODES: Mapping[str, Callable[..., object]] = {
    node.__name__: node
    for node in (
        *(program.Text, program.Variable, program.Hole, program.If, program.For, program.Place),
        *(program.InScopes, program.IsDefined, program.Equals, program.VariableIs, program.Contains),
        program.LoopIs,
        *(program.Not, program.Both),
    )
}


def dump_programs(programs: Mapping[str, Program], sources: Mapping[str, str]) -> str:
    """Programs as one line of JSON."""
    tree = {name: _to_json(nodes) for name, nodes in programs.items()}
    return json.dumps(
        {"format": FORMAT, "sources": _digest(sources), "programs": tree}, separators=(",", ":")
    )


def load_programs(text: str, sources: Mapping[str, str]) -> dict[str, Program]:
    """The programs that `dump_programs` wrote.

    Raises `TemplateInvalid` if `text` is of another format or was made from other sources. It is as trusted
    as the sources themselves: both lie in the same bundle.
    """
    try:
        tree = json.loads(text)
        known = tree["format"] == FORMAT and tree["sources"] == _digest(sources)
        if known:
            return {name: _to_program(nodes) for name, nodes in tree["programs"].items()}
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise TemplateInvalid(["the compiled templates cannot be read: compile again"]) from error
    raise TemplateInvalid(
        ["the compiled templates were made from other sources, or by another version: compile again"]
    )


def _digest(sources: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(sources, sort_keys=True).encode()).hexdigest()


def _to_json(value: object) -> object:
    if isinstance(value, tuple):
        return [_to_json(item) for item in value]
    if is_dataclass(value):
        return {type(value).__name__: [_to_json(getattr(value, each.name)) for each in fields(value)]}
    return value


def _to_program(tree: object) -> Program:
    program = _from_json(tree)
    if not isinstance(program, tuple):
        raise TypeError("a program is a list of nodes")
    return program


def _from_json(tree: object) -> object:
    if isinstance(tree, list):
        return tuple([_from_json(item) for item in tree])
    if isinstance(tree, dict):
        ((name, values),) = tree.items()
        return _NODES[name](*[_from_json(value) for value in values])
    return tree
