"""`authorizer bundle`: the Lambda zip."""

import json
import platform
from functools import partial
from pathlib import Path

import click
from rich.table import Column

from authorizer.bundle.build import Bundle, build
from authorizer.bundle.pins import Pin, read_pins, replaced, shipped
from authorizer.bundle.pythons import HERE, interpreter
from authorizer.bundle.wheels import ARCHITECTURE, ARCHITECTURES, PYTHON, Runtime, copy_installed, download
from authorizer.cli.console import folding_table, literal_console
from authorizer.cli.options import (
    access_option,
    json_option,
    load_deployment,
    python_option,
    sample_names,
    sample_option,
)
from authorizer.cli.plain import data
from authorizer.errors import SettingsError

MEGABYTE = 1_000_000


@click.command()
@access_option
@sample_option
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("dist/authorizer.zip"),
    show_default=True,
    help="The zip to make.",
)
@python_option(default=PYTHON, show_default=True, help="Version of the Lambda runtime, such as 3.13.")
@click.option(
    "--arch",
    type=click.Choice(list(ARCHITECTURES)),
    default=ARCHITECTURE,
    show_default=True,
    help="Architecture of the Lambda function.",
)
@click.option("--layer", is_flag=True, help="Put the libraries into a second zip, for a Lambda layer.")
@click.option("--installed", is_flag=True, help="Take the libraries that are installed here: no downloads.")
@click.option(
    "--requirements",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Further pinned libraries, with hashes, or other versions of the package's own; repeat for each file.",
)
@json_option("Print what was made as JSON.")
def bundle(  # noqa: PLR0917 - click passes options by name
    access: Path,
    sample: bool,
    output: Path,
    python: str,
    arch: str,
    layer: bool,
    installed: bool,
    requirements: tuple[Path, ...],
    as_json: bool,
) -> None:
    """Make the zip that Lambda runs: handler `authorizer.handler.lambda_handler`.

    It holds what a request needs of the libraries, byte-compiled, the configuration and its compiled templates, and
    neither tests nor this command. The same input gives the same bytes. `env:` names are still read when the function
    starts, and none of their values is in the zip: here the configuration has to load with them.

    The libraries are those that this package was tested with: it brings their versions and hashes. Wheels are fetched
    for the runtime by its platform; its Python compiles the byte code if it is installed here. What modules compile
    while they are imported is compiled too where that Python is the one that runs this command.
    """
    runtime = _runtime(python, arch)
    if installed:
        _check_platform(runtime)
    loaded = load_deployment(access, sample=sample)
    ours = read_pins([shipped()])
    pins = read_pins([shipped(), *requirements])
    _tell(pins, ours, runtime)
    install = partial(copy_installed if installed else download, pins, runtime)
    with literal_console(stderr=True).status("making the bundle"):
        made = build(loaded, access, install=install, runtime=runtime, output=output, layer=layer)
    if made.byte_code and not made.ahead:
        click.echo(
            f"byte code of modules alone: what they compile while they are imported is found out by importing them, "
            f"and this is python{HERE}; the function works, and starts a quarter slower: run this command with "
            f"python{python} and the libraries that it bundles",
            err=True,
        )
    if as_json:
        data(json.dumps(_as_json(made) | {"sample_values": sample_names(access)}))
    else:
        _show(made)


def _runtime(python: str, architecture: str) -> Runtime:
    major, _, minor = python.partition(".")
    found = interpreter(python)
    return Runtime(
        python=(int(major), int(minor)),
        architecture=architecture,
        interpreter=None if found is None else str(found),
    )


def _tell(pins: tuple[Pin, ...], ours: tuple[Pin, ...], runtime: Runtime) -> None:
    for change in replaced(pins, ours):
        click.echo(f"{change}: this package was not tested with it", err=True)
    if runtime.interpreter is None:
        python = "python" + ".".join(map(str, runtime.python))
        click.echo(
            f"no byte code: {python} is not installed here, and no other one can compile for it; the function "
            f"works, and "
            f"compiles its sources at every cold start: install {python} here to start several times as quickly",
            err=True,
        )


def _check_platform(runtime: Runtime) -> None:
    here = platform.system(), platform.machine(), HERE
    wanted = "Linux", ARCHITECTURES[runtime.architecture], ".".join(map(str, runtime.python))
    if here != wanted:
        raise SettingsError(
            [f"--installed: the libraries here are for {' '.join(here)}, and Lambda needs {' '.join(wanted)}"]
        )


def _show(made: Bundle) -> None:
    console = literal_console()
    numbers = (Column(name, justify="right") for name in ("files", "installed", "in the bundle"))
    table = folding_table("part", *numbers, title="what the bundle holds", title_justify="left")
    for part in made.parts:
        if part.files:
            table.add_row(part.name, str(part.files), _megabytes(part.installed), _megabytes(part.kept))
    console.print(table)
    size_column = Column("size", justify="right")
    gone = folding_table("why", size_column, title="what was left out", title_justify="left")
    for reason, size in sorted(made.dropped.items(), key=lambda row: -row[1]):
        gone.add_row(reason, _megabytes(size))
    console.print(gone)
    for file, size in made.zips.items():
        console.print(f"{file}: {_megabytes(size)} zipped", highlight=False, soft_wrap=True)
    console.print(f"{_megabytes(made.unzipped)} unzipped; Lambda takes 250 MB", highlight=False)


def _megabytes(size: int) -> str:
    return f"{size / MEGABYTE:.2f} MB"


def _as_json(made: Bundle) -> dict[str, object]:
    return {
        "zips": {str(file): size for file, size in made.zips.items()},
        "unzipped": made.unzipped,
        "parts": {part.name: {"files": part.files, "bytes": part.kept} for part in made.parts if part.files},
        "left_out": made.dropped,
        "byte_code": made.byte_code,
        "compiled_ahead": made.ahead,
    }
