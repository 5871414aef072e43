"""``python -m tests.deployed``: what is said of each planted fault, here and by four other tools; `--record` writes the
table into docs/deployed.md.

The other tools are taken from the environments that `--tools` names, made outside the repository for this alone:
``python -m venv DIR; DIR/bin/pip install cfn-lint parliament cloudsplaining``, and one more for checkov.
"""

import shutil
import sys
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import click

from tests.deployed.faults import FAULTS, SAMPLE, WORLD, Base, Fault, found, slug, told
from tests.deployed.others import TOOLS
from tests.make import ROOT

PAGE: Final = ROOT / "docs" / "deployed.md"
BEGIN, END = "<!-- faults -->", "<!-- /faults -->"
HEAD: Final = ("fault", "here", *TOOLS)


@click.command()
@click.option("--tools", multiple=True, type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--record", is_flag=True)
def main(tools: tuple[Path, ...], record: bool) -> None:
    places = {name: place for name in TOOLS for folder in tools if (place := folder / "bin" / name).exists()}
    theirs = {name: said(name, place) for name, place in places.items()}
    rows = []
    for fault in FAULTS:
        name = slug(fault.name)
        marks = (
            _mark(bool(theirs[tool][name] - theirs[tool][fault.base.name])) if tool in theirs else "?"
            for tool in TOOLS
        )
        rows.append([fault.name, _mark(finds(fault)), *marks])
    table = "\n".join(_lines(rows))
    click.echo(table)
    if record:
        if len(places) < len(TOOLS):
            sys.exit(f"not all tools are there: {', '.join(sorted(TOOLS.keys() - places.keys()))}")
        text = PAGE.read_text(encoding="utf-8")
        head, tail = text.split(BEGIN)[0], text.split(END)[1]
        PAGE.write_text(f"{head}{BEGIN}\n{table}\n{END}{tail}", encoding="utf-8")


def finds(fault: Fault) -> bool:
    """Whether our own check says what it has to say of a fault."""
    with TemporaryDirectory() as folder:
        return any(fault.says in text for text in told(found(fault, Path(folder))))


def said(tool: str, place: Path) -> Mapping[str, AbstractSet[str]]:
    """What a tool says of each deployment, with its fault and without: by the name of the fault, or of the base."""
    with TemporaryDirectory() as folder:
        scratch, templates = Path(folder) / "scratch", {}
        scratch.mkdir()
        everything: tuple[Base | Fault, ...] = (SAMPLE, WORLD, *FAULTS)
        for what in everything:
            base = what if isinstance(what, Base) else what.base
            name = what.name if isinstance(what, Base) else slug(what.name)
            file = Path(folder) / "templates" / name / "template.yaml"
            file.parent.mkdir(parents=True)
            file.write_text(what.template_text(), encoding="utf-8")
            for beside in base.template.parent.glob("alarms.yaml"):
                shutil.copy(beside, file.parent)
            templates[name] = file
        found = TOOLS[tool](place, templates, scratch)
        return {
            name: {text.replace(folder, "").replace(name, "") for text in each}
            for name, each in found.items()
        }


def _mark(yes: bool) -> str:
    return "found" if yes else "-"


def _lines(rows: list[list[str]]) -> Iterator[str]:
    yield f"| {' | '.join(HEAD)} |"
    yield f"|{' --- |' * len(HEAD)}"
    yield from (f"| {' | '.join(row)} |" for row in rows)
    totals: Mapping[int, int] = {at: sum(row[at] == "found" for row in rows) for at in range(1, len(HEAD))}
    yield f"| **{len(rows)} faults** | {' | '.join(f'**{totals[at]}**' for at in totals)} |"


if __name__ == "__main__":
    main()
