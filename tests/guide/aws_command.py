"""AWS's command line as far as the guide uses it: a block of shell, read by AWS's own models, and run at moto's.

Not a shell: assignments of what a command prints, variables, comments, and one command a line.
"""

import base64
import json
import re
import shlex
from collections.abc import Mapping
from typing import Any

import boto3
import botocore.session
from botocore import xform_name
from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape
from botocore.validate import validate_parameters

GLOBAL = {"query", "output"}
"""Options of the command itself."""
FAKED = frozenset({"cognito-idp"})
"""Services at which commands are run; moto cannot do the others', which are held to the model."""
OWN = {("logs", "tail"), ("s3", "mb"), ("s3", "cp"), ("s3", "ls")}
"""Commands that are the command line's own, and no operation of the service."""


def script(block: str, variables: dict[str, str], *, run: bool = True) -> list[str]:
    """Run every line that is AWS's, or without `run` hold it to the model alone; what the lines assign comes into
    `variables`. The other lines."""
    others = []
    for line in block.replace("\\\n", " ").splitlines():
        match = re.fullmatch(r"(\w+)=\$\((aws .+)\)", line.strip())
        command = match[2] if match else line.strip()
        if not command or command.startswith("#"):
            continue
        if not command.startswith("aws "):
            others.append(command)
            continue
        printed = _aws(command, variables, run=run)
        if match:
            variables[match[1]] = printed or match[1]
    return others


def asked(token: str) -> dict[str, Any]:
    """What a token says, unverified."""
    said: dict[str, Any] = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    return said


def _aws(command: str, variables: Mapping[str, str], *, run: bool) -> str:
    text = re.sub(r"\$(\w+)", lambda name: variables.get(name[1], name[1]), command)
    _, service, name, *words = shlex.split(text, comments=True)
    if (service, name) in OWN:
        return ""
    options: dict[str, list[str]] = {}
    for word in words:
        if word.startswith("--"):
            options[word.removeprefix("--")] = values = []
        else:
            values.append(word)
    model = botocore.session.Session().get_service_model(service)
    operation = {xform_name(each, "-"): model.operation_model(each) for each in model.operation_names}[name]
    given = _parameters({key: value for key, value in options.items() if key not in GLOBAL}, operation)
    assert operation.input_shape is not None
    validate_parameters(given, operation.input_shape)
    if not run or service not in FAKED:
        return ""
    answer = getattr(boto3.client(service), xform_name(operation.name))(**given)
    for step in options["query"][0].split(".") if "query" in options else ():
        answer = answer[step]
    return str(answer)


def _parameters(options: Mapping[str, list[str]], operation: OperationModel) -> dict[str, Any]:
    shape = operation.input_shape
    assert isinstance(shape, StructureShape)
    members = {xform_name(name, "-"): name for name in shape.members}
    given = {}
    for key, words in options.items():
        name = key if key in members else key.removeprefix("no-")
        assert name in members, f"{operation.name} has no --{key}"
        value = _value(shape.members[members[name]], words)
        given[members[name]] = value if name == key else not value
    return given


def _value(shape: Shape, words: list[str]) -> Any:
    """Words in the command line's shorthand."""
    if shape.type_name == "boolean":
        assert not words
        return True
    if isinstance(shape, ListShape):
        return [_value(shape.member, [word]) for word in words]
    [word] = words
    if isinstance(shape, MapShape | StructureShape):
        pairs = dict(part.split("=", 1) for part in word.split(","))
        if isinstance(shape, MapShape):
            return pairs
        return {
            key: _value(shape.members[key], [value]) if value != "true" else True
            for key, value in pairs.items()
        }
    return int(word) if shape.type_name in ("integer", "long") else word
