"""The guide as a site: every page is found from its index, and nothing is asked of another machine."""

import importlib.util
import re
from types import ModuleType

import pytest

from tests.guide.tables import DOCS
from tests.make import ROOT

INDEX = (DOCS / "index.md").read_text()
PAGES = sorted(str(page.relative_to(DOCS)) for page in DOCS.rglob("*.md") if page.parent.name != "decisions")


@pytest.fixture(scope="module")
def conf() -> ModuleType:
    spec = importlib.util.spec_from_file_location("conf", DOCS / "conf.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("page", [*PAGES, "decisions/README.md"])
def test_every_page_is_found_from_the_index(page: str) -> None:
    """Once, or from the index of its own folder."""
    folder, _, name = page.rpartition("/")
    listing = INDEX
    if folder and name not in {"index.md", "README.md"}:
        listing, page = (DOCS / folder / "index.md").read_text(), name
    assert (
        page == "index.md"
        or len(re.findall(rf"^\* \[[^\]]+\]\({re.escape(page)}\)", listing, re.MULTILINE)) == 1
    )


def test_the_index_is_the_table_of_contents(conf: ModuleType) -> None:
    listed = re.findall(r"^([\w/-]+)$", conf.contents(INDEX), re.MULTILINE)
    assert {f"{page}.md" for page in listed} == {
        *re.findall(r"^\* \[[^\]]+\]\(([^)]+)\)", INDEX, re.MULTILINE)
    }
    captions = re.findall(r"^:caption: (.+)$", conf.contents(INDEX), re.MULTILINE)
    assert captions == re.findall(r"^## (.+)$", INDEX, re.MULTILINE)


def test_every_decision_is_in_the_table_of_contents(conf: ModuleType) -> None:
    text = (DOCS / "decisions" / "README.md").read_text()
    assert conf.contents(text).count("\n0") == len(list((DOCS / "decisions").glob("0*.md")))


def test_a_page_without_lists_has_no_table_of_contents(conf: ModuleType) -> None:
    source = ["# A page\n\n* [another](settings.md)\n"]
    conf.with_contents(None, "settings", source)
    assert source == ["# A page\n\n* [another](settings.md)\n"]
    conf.with_contents(None, "index", source)
    assert "toctree" in source[0]


def test_a_build_is_strict_and_a_part_of_check() -> None:
    makefile = (ROOT / "Makefile").read_text()
    [build] = re.findall(r"sphinx-build .+", makefile)
    assert {"--fail-on-warning", "--nitpicky", "--fresh-env"} <= set(build.split())
    assert re.search(r"^check: .*\bcheck-docs\b", makefile, re.MULTILINE)


def test_no_page_takes_anything_from_elsewhere() -> None:
    """No picture, script or style that another machine serves."""
    for page in DOCS.rglob("*.md"):
        assert not re.search(r"!\[[^\]]*\]\(https?:|<(?:script|img|link|iframe)\b", page.read_text()), page


def test_no_page_links_out_of_the_guide() -> None:
    """A site has nothing but `docs/`: what lies elsewhere is named by its path."""
    for page in DOCS.rglob("*.md"):
        for target in re.findall(r"\]\(([^)#\s]+)", page.read_text()):
            assert re.match(r"https?:", target) or (page.parent / target).resolve().is_relative_to(DOCS), (
                target
            )


def test_every_block_of_code_is_closed_and_says_its_language() -> None:
    """Drawings and text apart: a fence without a language is a picture, or the end of a block."""
    for page in [ROOT / "README.md", *DOCS.rglob("*.md")]:
        fences = re.findall(r"^ *```(\S*)$", page.read_text(), re.MULTILINE)
        assert len(fences) % 2 == 0, page
        assert not any(fences[1::2]), page
