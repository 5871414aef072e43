"""Every .py → .pyc, made by the Python that will read it.

`unchecked-hash` (PEP 552): Python takes the .pyc without looking at its source again. A zip has one date for all files,
so a .pyc that is checked by date would be compiled anew at every cold start, and Lambda's file system cannot keep it.

Libraries go without their sources and docstrings, which a Lambda never reads: the names, versions and hashes of
`requirements/lambda.txt` say what they are. Ours stay, for whoever opens the function in the console. No code says in
which columns of its line it stands, only in which line: that is a sixteenth of all byte code.
"""

import subprocess
from pathlib import Path

from authorizer.bundle import compiler
from authorizer.errors import SettingsError

TASK_ROOT = "/var/task"
"""Where Lambda unpacks the zip: what tracebacks show."""
FLAGS = ("-s", "-S", "-B", "-X", "no_debug_ranges")


def compile_all(folder: Path, python: str, *, ours: str, asked: str = "") -> None:
    """Compile every .py in `folder` with the interpreter `python`, and keep the sources of the package `ours` alone;
    and what `ahead.asked` found, into that package.

    Raises `SettingsError` where one does not compile.
    """
    ran = subprocess.run(  # noqa: S603 - the interpreter that the user chose
        [python, *FLAGS, str(compiler.__file__), str(folder), TASK_ROOT, ours],
        input=asked,
        env={"PYTHONHASHSEED": "0"},  # the order of a set constant is in the bytes
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode:
        raise SettingsError([f"{python} cannot compile the bundle: {ran.stderr.strip().splitlines()[-1]}"])
