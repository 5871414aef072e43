"""Every .py → .pyc, made by the Python that will read it.

`unchecked-hash` (PEP 552): Python takes the .pyc without looking at its source again. A zip has one date for all files,
so a .pyc that is checked by date would be compiled anew at every cold start, and Lambda's file system cannot keep it.

Libraries go without their sources, which a Lambda never reads: the names, versions and hashes of
`requirements/lambda.txt` say what they are. Ours stay, for whoever opens the function in the console.
"""

import subprocess
from pathlib import Path

from authorizer.errors import SettingsError

TASK_ROOT = "/var/task"
"""Where Lambda unpacks the zip: what tracebacks show."""
_COMPILE = """
import pathlib, py_compile, sys
root, kept = pathlib.Path(sys.argv[1]), sys.argv[3]
for file in sorted(root.rglob("*.py")):
    ours = file.relative_to(root).parts[0] == kept
    py_compile.compile(
        str(file),
        cfile=None if ours else str(file.with_suffix(".pyc")),
        dfile=sys.argv[2] + "/" + file.relative_to(root).as_posix(),
        doraise=True,
        invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
    )
    if not ours:
        file.unlink()
"""


def compile_all(folder: Path, python: str, *, ours: str) -> None:
    """Compile every .py in `folder` with the interpreter `python`, and keep the sources of the package `ours` alone.

    Raises `SettingsError` where one does not compile.
    """
    ran = subprocess.run(  # noqa: S603 - the interpreter that the user chose
        [python, "-s", "-S", "-B", "-c", _COMPILE, str(folder), TASK_ROOT, ours],
        env={"PYTHONHASHSEED": "0"},  # the order of a set constant is in the bytes
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode:
        raise SettingsError([f"{python} cannot compile the bundle: {ran.stderr.strip().splitlines()[-1]}"])
