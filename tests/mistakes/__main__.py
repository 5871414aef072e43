"""`python -m tests.mistakes`: the score of what is said of typical mistakes. With names, what is printed of those."""

import sys
import tempfile
from pathlib import Path

from tests.cli.test_commands import run
from tests.mistakes.score import FULL, scaled, try_mistake
from tests.mistakes.table import MISTAKES


def main(wanted: list[str]) -> None:
    """Print a line for each mistake that lacks something, and the score."""
    with tempfile.TemporaryDirectory() as folder:
        starter = Path(folder) / "starter"
        run("init", str(starter))
        chosen = [each for each in MISTAKES if not wanted or any(word in each.name for word in wanted)]
        points = 0
        for number, mistake in enumerate(chosen):
            told = try_mistake(mistake, starter, Path(folder) / str(number))
            points += told.points
            column = "" if not told.caret or told.caret in told.printed else f" (not {told.caret})"
            if told.lacks or column or wanted:
                print(f"{told.points} {mistake.name}: lacks {', '.join(told.lacks) or 'nothing'}{column}")
            if wanted:
                print(told.printed)
    print(f"{scaled(points, len(chosen)):.0f} of {FULL}: {points} points of {len(chosen)} mistakes")


if __name__ == "__main__":
    main(sys.argv[1:])
