"""The table of docs/serve.md: `python -m tests.local_gateway.page` writes it anew."""

from typing import Final

from tests.local_gateway.rows import GUIDE, ROWS
from tests.local_gateway.test_websocket import ROWS as WEBSOCKET_ROWS
from tests.make import ROOT

PAGE: Final = ROOT / "docs" / "serve.md"
BEGIN: Final = "<!-- made by python -m tests.local_gateway.page -->"
END: Final = "<!-- until here -->"


def table() -> str:
    """A row for each behaviour, with AWS's page."""
    rows = [(row.kind, row.says, row.page) for row in ROWS]
    rows += [("websocket", row.says, row.page) for row in WEBSOCKET_ROWS]
    lines = ["| kind | what it does | AWS's page |", "| --- | --- | --- |"]
    lines += [
        f"| `{kind}` | {says} | [{page.removesuffix('.html')}]({GUIDE}{page}) |" for kind, says, page in rows
    ]
    return "\n".join(lines)


def written() -> str:
    """The page with the table in it."""
    before, _, rest = PAGE.read_text().partition(BEGIN)
    after = rest.partition(END)[2]
    return f"{before}{BEGIN}\n\n{table()}\n\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(written())
