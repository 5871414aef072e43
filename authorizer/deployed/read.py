"""Files → one `Deployment`: each by the reader of its format. Opens the files, and those that their stacks nest."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from authorizer.deployed.account import is_account, read_account
from authorizer.deployed.cloudformation import read_template
from authorizer.deployed.deployment import Deployment
from authorizer.deployed.errors import DeploymentInvalid
from authorizer.deployed.gather import Gathered
from authorizer.deployed.names import UNKNOWN_ACCOUNT
from authorizer.deployed.terraform import is_plan, read_plan
from authorizer.syntax.json_text import JsonInvalid, parse_json

MAX_BYTES = 64 * 1024 * 1024
"""Of one file: an account of ten thousand roles says some 30 MB."""


def read_deployment(files: Sequence[Path], *, parameters: Mapping[str, str], region: str) -> Deployment:
    """What the files say together. `parameters` are those of templates, `AWS::AccountId` and `AWS::StackName` among
    them; `region` is where stacks are deployed unless they say so.

    Raises `DeploymentInvalid`: a file that cannot be read, or is of none of the three formats; a parameter that no
    template has.
    """
    gathered = Gathered()
    for file in files:
        with _shaped(str(file)):
            _read(file, gathered, parameters, region)
    _check_known(parameters, gathered.parameters | {"AWS::AccountId", "AWS::Region"})
    with _shaped(", ".join(map(str, files))):
        return gathered.deployment()


def _read(file: Path, gathered: Gathered, parameters: Mapping[str, str], region: str) -> None:
    text = _text(file)
    found = _json(text)
    if is_account(found):
        read_account(found, str(file), gathered)
    elif is_plan(found):
        read_plan(found, str(file), parameters.get("AWS::AccountId", UNKNOWN_ACCOUNT), region, gathered)
    else:
        read_template(
            text, str(file), parameters=parameters, region=region, open_file=_beside, gathered=gathered
        )


@contextmanager
def _shaped(where: str) -> Iterator[None]:
    """What a file holds where its format has something else: a number for a name, a text for a list. No tool writes
    that, and nobody may take the end of the program for findings."""
    try:
        yield
    except DeploymentInvalid:
        raise
    except (AttributeError, LookupError, RecursionError, TypeError, ValueError) as error:
        kind = type(error).__name__
        raise DeploymentInvalid(f"{where}: is not as its format has it: {kind}: {error}") from error


def _check_known(parameters: Iterable[str], known: Collection[str]) -> None:
    for name in parameters:
        if name not in known:
            close = get_close_matches(name, known, n=1)
            meant = f"did you mean {close[0]!r}? " if close else ""
            raise DeploymentInvalid(
                f"no template has a parameter {name!r}: {meant}expected one of {', '.join(sorted(known))}"
            )


def _json(text: str) -> Any:
    """What JSON text says; None for anything else, such as a template in YAML."""
    try:
        return parse_json(text) if text.lstrip().startswith("{") else None
    except JsonInvalid:
        return None


def _text(file: Path) -> str:
    try:
        if file.stat().st_size > MAX_BYTES:
            raise DeploymentInvalid(f"{file}: has more than {MAX_BYTES:,} bytes")
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DeploymentInvalid(f"{file}: cannot be read: {error}") from error


def _beside(file: str, name: str) -> tuple[str, str] | None:
    """The template of a nested stack, and its text; None where there is no such file."""
    there = Path(file).parent / name
    return (str(there), _text(there)) if there.is_file() else None
