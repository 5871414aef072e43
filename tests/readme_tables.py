"""Tables of the README that the code knows better. `python -m tests.readme_tables` writes them anew."""

from collections.abc import Mapping

from authorizer.errors import Forbidden, Refusal, ServiceFailure, Unauthorized
from tests.make import ROOT
from tests.test_runtime import refusals

FILE = ROOT / "README.md"
FAMILIES: Mapping[type[Refusal], str] = {Unauthorized: "401", Forbidden: "403", ServiceFailure: "500"}


def between(text: str, marker: str) -> str:
    """What stands between a pair of markers."""
    return text.split(f"<!-- {marker} -->\n")[1].split(f"<!-- /{marker} -->", maxsplit=1)[0].strip()


def refusal_table() -> str:
    """Every refusal with its status and the first paragraph of its docstring."""
    rows = ["| code | status | meaning |", "| --- | --- | --- |"]
    for family, status in FAMILIES.items():
        for refusal in refusals(family):
            if "code" in vars(refusal):
                meaning = " ".join((refusal.__doc__ or "").split("\n\n")[0].split())
                rows.append(f"| `{refusal.code}` | {status} | {meaning} |")
    return "\n".join(rows)


if __name__ == "__main__":
    text = FILE.read_text()
    FILE.write_text(text.replace(between(text, "refusals"), refusal_table()))
