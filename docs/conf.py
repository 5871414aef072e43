"""The guide as a site: `make docs` builds it with Sphinx, MyST and furo, from these pages as they are.

Everything is on this disk: no font, script or page comes from elsewhere. The search runs in the reader's browser, also
from the file system. Pages are plain Markdown. What Sphinx needs besides, its tables of contents, is made here of the
lists in `index.md`; a page that stands in none of them fails the build.
"""

import re
from typing import Any

project = "Cognito authorizer"
extensions = ["myst_parser"]
root_doc = "index"

myst_heading_anchors = 3
"""Headings are linked to as GitHub names them."""

html_theme = "furo"
html_title = project
html_copy_source = False
html_show_sphinx = False
html_show_copyright = False
templates_path: list[str] = []
pygments_style = "friendly"

LISTING = {"index", "decisions/README", "tutorial/index"}
"""Pages whose lists are the tables of contents."""
LINK = re.compile(r"^(?:[*-]|\|) \[[^\]]+\]\(([^)#:]+)\.md\)", re.MULTILINE)
"""An item of a list, or a row of a table, that begins with a link to a page."""


def contents(page: str) -> str:
    """The tables of contents of a page: one for each of its headings that has a list of pages below."""
    tables = []
    for section in re.split(r"^##? ", page, flags=re.MULTILINE)[1:]:
        title, _, below = section.partition("\n")
        if pages := LINK.findall(below):
            listed = "\n".join(pages)
            tables.append(f"```{{toctree}}\n:hidden:\n:caption: {title.strip()}\n\n{listed}\n```\n")
    return "\n".join(tables)


def with_contents(_: Any, name: str, source: list[str]) -> None:
    """Sphinx asks for a page's text: those that list pages get their tables of contents."""
    if name in LISTING:
        source[0] += f"\n{contents(source[0])}"


def setup(app: Any) -> None:
    """Sphinx's own hook for what a project adds."""
    from pygments.lexers.special import TextLexer  # noqa: PLC0415 - Sphinx's libraries are not there in tests

    app.connect("source-read", with_contents)
    app.add_lexer("mermaid", TextLexer)  # a drawing on GitHub, its text here: no script from elsewhere
