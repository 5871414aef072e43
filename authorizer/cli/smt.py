"""The questions of a proof as files, for `authorizer policy prove --smt`."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from authorizer.settings.schema import Access


def write_questions(access: "Access", names: Sequence[str], proofs: Sequence[str], folder: Path) -> None:
    """One file each, and a line on standard error that counts them. Nothing of an older export is left beside them;
    other files in the folder end the command."""
    from authorizer.gate import export_settings

    folder.mkdir(parents=True, exist_ok=True)
    there = sorted(folder.iterdir())
    if strange := [file.name for file in there if file.suffix != ".smt2"]:
        raise click.BadParameter(f"--smt {folder}: {strange[0]} is no question; name an empty folder")
    for file in there:
        file.unlink()
    questions = export_settings(access, names, proofs=proofs)
    for question in questions:
        (folder / question.name).write_text(question.text, encoding="utf-8")
    kinds = Counter(question.kind for question in questions)
    said = ", ".join(f"{kinds[kind]} {kind}" for kind in ("exact", "partial", "not expressed"))
    click.echo(f"wrote {len(questions)} questions to {folder}: {said}", err=True)
