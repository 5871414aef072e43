"""The tables of `docs/library.md` that the templates know better. `python -m tests.library.page` writes them anew."""

import json
import re
from collections.abc import Iterator, Mapping

from authorizer.library import KINDS, Kind
from tests.library.adding import LEAKS, TYPES
from tests.make import ROOT

PAGE = ROOT / "docs" / "library.md"
KINDS_TABLE = "kinds"


def table_of_kinds() -> str:
    """Every kind, its verdict, and the types of tenant with which the verdict is another."""
    rows = [
        "| kind | what one tenant gets | verdict | a leak where `tenant` is |",
        "| --- | --- | --- | --- |",
    ]
    for kind in KINDS:
        wrong = ", ".join(f"`{tenant}`" for tenant in TYPES if (kind.name, tenant) in LEAKS)
        rows.append(f"| [{kind.name}](#{kind.name}) | {kind.opens} | {kind.verdict} | {wrong} |")
    return "\n".join(rows)


def table_of(kind: Kind) -> str:
    """Every statement of a kind: its actions, on what, and under which conditions."""
    text = re.sub(r"\{#.*?#\}", "", kind.template, flags=re.DOTALL)
    rows = ["| statement | actions | on | where |", "| --- | --- | --- | --- |"]
    for statement in json.loads(text)["Statement"]:
        actions = ", ".join(f"`{action}`" for action in _several(statement["Action"]))
        resources = ", ".join(
            f"`{resource.split(':', 5)[5]}`" for resource in _several(statement["Resource"])
        )
        where = ", ".join(_conditions(statement.get("Condition", {})))
        rows.append(f"| {statement['Sid']} | {actions} | {resources} | {where} |")
    return "\n".join(rows)


def _several(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def _conditions(conditions: Mapping[str, Mapping[str, str | list[str]]]) -> Iterator[str]:
    for operator, keys in conditions.items():
        for key, values in keys.items():
            yield f"`{operator}` `{key}` " + " or ".join(f"`{value}`" for value in _several(values))


def tables() -> Mapping[str, str]:
    """Marker → what stands behind it."""
    return {KINDS_TABLE: table_of_kinds(), **{kind.name: table_of(kind) for kind in KINDS}}


def main() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for marker, table in tables().items():
        head, rest = text.split(f"<!-- {marker} -->\n")
        text = f"{head}<!-- {marker} -->\n{table}\n<!-- /{marker} -->" + rest.split(f"<!-- /{marker} -->")[1]
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
