"""The isolation matrix of `tests.s3.matrix`, all of it, at the local AWS.

python -m tests.local_aws.matrix [--every N]     32,340 checks; or of each Nth caller alone
                                 [--handed-out]  with what callers hold themselves, not with what backends do
"""

import argparse
import asyncio
import sys
from collections.abc import Sequence

from rich.console import Console

from tests.local_aws.stage import local_site
from tests.s3.handed_out import handing_out
from tests.s3.matrix import Tally, checks, population, report, run
from tests.s3.stage import Stage, staged


def whole(stage: Stage, every: int = 1, most: int | None = None) -> Tally:
    """Each check of each `every`th caller, or of the first of those."""
    people = population(every)[:most]
    work = [(stage.grant(caller, subject), tuple(checks(caller, subject))) for caller, subject in people]
    return asyncio.run(run(stage, work))


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.local_aws.matrix", description=__doc__)
    parser.add_argument("--every", type=int, default=1, metavar="N", help="take each Nth caller alone")
    parser.add_argument("--handed-out", action="store_true", help="with what callers hold themselves")
    asked = parser.parse_args(arguments)
    begin = handing_out if asked.handed_out else staged
    with local_site() as (_, site), begin(site) as stage:
        tally = whole(stage, asked.every)
    report(tally, Console() if sys.stdout.isatty() else Console(width=100))
    return 1 if tally.unexpected or tally.explained else 0


if __name__ == "__main__":
    sys.exit(main())
