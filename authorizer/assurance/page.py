"""The report as one page for people: no script, nothing from elsewhere, for the screen and for paper."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, StrictUndefined

from authorizer.assurance.report import written
from authorizer.assurance.scope import digest

PAGE: Final = Path(__file__).with_name("page.html.j2")


def as_page(found: Mapping[str, Any]) -> bytes:
    """The page of a report, in UTF-8. Whatever a name or a reason holds stands in it as text."""
    environment = Environment(
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["said"] = _said
    page = environment.from_string(PAGE.read_text(encoding="utf-8"))
    return page.render(**found, digest=digest(written(found))).encode()


def _said(table: Mapping[str, Any]) -> str:
    """A small table in one line: `tenant "acme", sub "1"`."""
    rows = (f"{name} {json.dumps(value, ensure_ascii=False)}" for name, value in table.items())
    return ", ".join(rows) or "nothing"
