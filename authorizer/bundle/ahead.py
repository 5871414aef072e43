"""What the request path compiles while it is imported, besides modules: what `dataclass` writes for each class, and
patterns. A bundle brings both compiled, for `startup.compiled_ahead`.

They are found by importing it, with the libraries of this environment. So this Python has to be of the runtime's
version, and nothing here of its processor: a bundle for arm64 is made on any machine.
"""

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from authorizer.bundle.wheels import Runtime

IMPORTED: Final = ("authorizer.runtime", "authorizer.settings.load", "authorizer.own")
"""What the entries of a bundle (`reach.ENTRIES`) import while they have the table."""


def asked(folder: Path, runtime: Runtime) -> str:
    """What is compiled while `IMPORTED` is imported with the libraries that `folder` has, as a literal for `compiler`.

    "" where the runtime's Python is not the one that runs this, or a library is missing here: a bundle works without.
    """
    if runtime.python != sys.version_info[:2]:
        return ""
    libraries = {path.name.partition(".")[0] for path in folder.iterdir()}
    ran = subprocess.run(  # noqa: S603 - this Python, and names of our own modules
        [sys.executable, "-P", "-m", "authorizer.bundle.recorder", ",".join(sorted(libraries)), *IMPORTED],
        env={**os.environ, "PYTHONHASHSEED": "0"},  # an order may be in a text
        capture_output=True,
        text=True,
        check=False,
    )
    return "" if ran.returncode else ran.stdout
