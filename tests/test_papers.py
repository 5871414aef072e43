"""The papers tell the truth: what they name exists, what they list is whole, and what they quote is said."""

import hashlib
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import click
import pytest

from authorizer.cli import cli
from authorizer.deployed.account import MEMBERS
from authorizer.engine.check.lint import CODES
from authorizer.engine.check.services import FACTS
from authorizer.engine.prove.proof import RESTS_ON
from authorizer.engine.prove.separation import KEYS
from authorizer.metrics import COUNTERS, DECISION
from tests.guide.tables import between
from tests.make import ROOT
from tests.test_runtime import refusals

DECISIONS = ROOT / "docs" / "decisions"
RECORDS = sorted(DECISIONS.glob("[0-9]*.md"))
PAPERS = sorted(
    (
        *(ROOT / name for name in ("README.md", "SECURITY.md", "CHANGELOG.md", "CONTRIBUTING.md")),
        *(ROOT / "docs").rglob("*.md"),
    )
)
SETTINGS = (ROOT / "docs" / "settings.md").read_text()
RECORD = (ROOT / "docs" / "record.md").read_text()
MAKEFILE = (ROOT / "Makefile").read_text()
TARGETS = frozenset(re.findall(r"^([a-z][a-z0-9-]*):", MAKEFILE, re.MULTILINE))

EXAMPLES = {
    *("api.example.com", "app.example.com", "API.execute-api.REGION.amazonaws.com"),
    *("cognito-idp.eu-west-1.amazonaws.com", "127.0.0.1:8976", "127.0.0.1:18976", "127.0.0.1:28976"),
}
HOSTS = {"keepachangelog.com", "semver.org", "docs.aws.amazon.com", "127.0.0.1:8400", *EXAMPLES}
"""Whose pages the papers link to, and those that are an example."""
OTHER_WORDS = {
    *(
        "authorizer_access",
        "enforcing_aws",
        "pytest_fixtures",
        "vended_event",
    ),  # fixtures, and where they are
    # Claims of a token, members of a record and an answer, Python's own: neither refusals nor settings.
    *("token_use", "client_id", "auth_time", "managed_policies", "user_writable"),
    # Files.
    "own_handler",
    # A setting of AWS's own configuration file.
    "credential_process",
    *("local_aws", "local_gateway"),  # rooms
    "auth_alpha",  # a module of Powertools
    *("add_role", "credentials_from_headers"),  # of the local AWS, and of the kit
    # Of Terraform and CDK, and of what is generated for them.
    *(
        "held_version",
        "new_version_percent",
        "credentials_route",
        "root_resource_id",
        "aws_cloudformation_stack",
    ),
    *("add_routes", "http_authorizer", "web_socket_authorizer"),
    "org_4f8k2m9x1c7q",  # an example of an id
    "access_claims",  # of a persona
    *("signed_out", "no_token", "not_credentials"),  # of deploy/browser/credentials.mjs
    "redirect_uri",  # a parameter of OAuth
}
OTHER_PATHS = {
    "policies/keys/",
    "policies/keys/pool.json",
    "policies/templates/documents.json.j2",
    "tests/test_backend.py",
}
"""What a reader makes, and is not here."""
OTHER_TABLES = {"[environment]", "[machine]", "[editor]", "[users]", "[[cases]]", "[[routes]]", "[cli]"}
"""Of personas, cases and the package's extras."""
APACHE_2 = "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30"
"""SHA-256 of the licence's text as the Apache Software Foundation publishes it."""


def name_of(paper: Path) -> str:
    return str(paper.relative_to(ROOT))


def unmarked(paper: Path) -> str:
    """A paper without what markers enclose, which tests of their own hold."""
    return re.sub(r"<!-- ([\w .:-]+) -->\n.*?<!-- /\1 -->", "", paper.read_text(), flags=re.DOTALL)


def in_tutorial(paper: Path) -> bool:
    """Whether a paper's files and tables are those that it makes: tests/guide/test_tutorial.py makes them."""
    return paper.parent.name == "tutorial"


def prose(paper: Path) -> str:
    """A paper without what stands in backticks, in a block or enclosed by markers."""
    return re.sub(r"`[^`]*`", "", re.sub(r"^```.*?^```", "", unmarked(paper), flags=re.MULTILINE | re.DOTALL))


@cache
def codes(paper: Path) -> tuple[str, ...]:
    """What stands in backticks, and each line of a block of code."""
    text = unmarked(paper)
    blocks = re.findall(r"^```[a-z]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    inline = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))
    return (*inline, *(line for block in blocks for line in block.splitlines()))


def words(paper: Path, pattern: str) -> set[str]:
    """What stands in backticks and is a word of this form as a whole."""
    return {code for code in codes(paper) if re.fullmatch(pattern, code)}


@cache
def said_in(*folders: str) -> str:
    """All that these files and folders of Python say, this file apart."""
    files = [
        file
        for folder in folders
        for file in ([ROOT / folder] if folder.endswith(".py") else sorted((ROOT / folder).rglob("*.py")))
    ]
    return "\n".join(file.read_text() for file in files if file != Path(__file__))


def anchors(paper: Path) -> set[str]:
    """The headings, as GitHub names them in links."""
    headings = re.findall(r"^#+ (.+)$", paper.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


every_paper = pytest.mark.parametrize("paper", PAPERS, ids=name_of)


@every_paper
def test_every_link_leads_somewhere(paper: Path) -> None:
    for target in re.findall(r"\]\(([^)\s]+)\)", paper.read_text()):
        if re.match(r"https?://", target):
            continue
        path, _, anchor = target.partition("#")
        file = (paper.parent / path).resolve() if path else paper
        assert file.exists(), target
        if anchor:
            assert anchor in anchors(file), target


@every_paper
def test_every_path_exists(paper: Path) -> None:
    folders = "authorizer|benchmarks|deploy|docs|events|policies|requirements|tests"
    for code in codes(paper):
        for path in re.findall(rf"(?:^|\s)((?:{folders})/[\w./-]*)", code):
            assert path in OTHER_PATHS or in_tutorial(paper) or (ROOT / path).exists(), path
        for module in re.findall(r"python -m ((?:tests|benchmarks)[\w.]*)", code):
            file = ROOT / module.replace(".", "/")
            assert file.with_suffix(".py").exists() or (file / "__main__.py").exists(), module


@every_paper
def test_every_make_target_exists(paper: Path) -> None:
    for code in codes(paper):
        named = re.match(r"make ([\w-]+)", code)
        assert named is None or named[1] in TARGETS, code


def options_of(command: click.Command) -> set[str]:
    return {option for parameter in command.params for option in parameter.opts}


@every_paper
def test_every_command_and_its_options_exist(paper: Path) -> None:
    context = click.Context(cli)
    for code in codes(paper):
        if not re.match(r"authorizer [a-z]", code):
            continue
        command: click.Command = cli
        for step in code.split()[1:]:
            if isinstance(command, click.Group):
                found = command.get_command(context, step)
                assert found is not None, code
                command = found
            elif step == "--":
                break  # what follows is another command
            elif step.startswith("--"):
                assert step in options_of(command), code


@every_paper
def test_every_option_that_stands_alone_is_some_command_s(paper: Path) -> None:
    known = set(re.findall(r'"(--[a-z-]+)"', said_in("authorizer/cli", "tests")))
    known |= set(re.findall(r"--[a-z-]+", MAKEFILE))
    assert words(paper, r"--[a-z-]+") <= known | {"--config-env"}  # SAM's


def settings() -> set[str]:
    """Every setting of the table, which is held to the code."""
    return set(re.findall(r"^\| `([^`]+)`", between(SETTINGS, "settings"), re.MULTILINE))


SECTIONS = {re.split(r"[.\[]", setting)[0] for setting in settings()}


@every_paper
def test_every_setting_exists(paper: Path) -> None:
    for code in words(paper, r"[a-z_]+(\[\])?(\.[A-Za-z_]+)+"):
        if re.split(r"[.\[]", code)[0] in SECTIONS and not code.endswith((".toml", ".md", ".json")):
            named = re.sub(r"^variables\.\w+$", "variables.NAME", code)
            assert named in settings(), code
    for table in words(paper, r"\[+[a-z_]+\]+") - OTHER_TABLES:
        assert in_tutorial(paper) or table.strip("[]") in SECTIONS, table


@every_paper
def test_every_refusal_and_every_other_word_of_the_code_exists(paper: Path) -> None:
    """A word with an underscore is a refusal's code, the last part of a setting, a metric, or said here to be
    something else."""
    known = {refusal.code for refusal in refusals() if "code" in vars(refusal)}
    known |= {setting.rpartition(".")[2] for setting in settings()} | SECTIONS | {*COUNTERS, *DECISION}
    known |= {*MEMBERS} | set(re.findall(r"^\| `(\w+)`", between(RECORD, "members"), re.MULTILINE))
    assert words(paper, r"[a-z]+(_[a-z0-9]+)+") <= known | OTHER_WORDS


@every_paper
def test_every_constant_and_environment_variable_is_one_of_the_code(paper: Path) -> None:
    said = said_in("authorizer", "tests") + MAKEFILE
    for word in words(paper, r"[A-Z][A-Z0-9]*(_[A-Z0-9]+)+"):
        assert re.search(rf"\b{word}\b", said), word


def rows(paper: Path) -> Iterator[list[str]]:
    for line in paper.read_text().splitlines():
        if line.startswith("| "):
            yield [cell.strip() for cell in line.strip("|").split(" | ")]


def test_every_table_that_contributing_names_stands_at_the_top_of_a_file_there() -> None:
    found = 0
    for kind, change, *noticing in rows(ROOT / "CONTRIBUTING.md"):
        for table in re.findall(r"`([A-Z_]{4,})`", change):
            places = re.findall(r"`((?:authorizer|tests)/[\w./]+)`", change if "/" in change else noticing[0])
            said = said_in(*places)
            assert re.search(rf"^{table}\b.*=", said, re.MULTILINE), f"{kind}: {table}"
            found += 1
    assert found


@every_paper
def test_every_finding_in_brackets_is_one_of_the_linter(paper: Path) -> None:
    """`authorizer policy check` names such a template (`no-promise`)."""
    for sentence in re.split(r"\.\s", paper.read_text()):
        if "authorizer policy check" in sentence:
            assert set(re.findall(r"\(`([a-z-]+)`\)", sentence)) <= CODES.keys(), sentence


def test_contributing_tells_every_target_of_make() -> None:
    told = set(re.findall(r"^\| `make ([\w-]+)`", (ROOT / "CONTRIBUTING.md").read_text(), re.MULTILINE))
    assert told == TARGETS


def assumptions() -> Iterator[str]:
    yield from RESTS_ON
    yield from (key.rests_on for key in KEYS)
    yield from (fact.says for fact in FACTS)


def test_what_a_proof_rests_on_is_what_is_printed() -> None:
    told = between_headings(ROOT / "docs" / "soundness.md", "What it rests on").partition("Not printed")[0]
    assert re.findall(r"^\* (.+)$", told, re.MULTILINE) == list(assumptions())


def between_headings(paper: Path, heading: str) -> str:
    return paper.read_text().split(f"## {heading}\n")[1].partition("\n## ")[0]


@pytest.mark.parametrize(
    ("paper", "constant", "told"),
    [
        ("docs/soundness.md", "MAX_BRANCHES", "more than {} ways"),
        ("docs/security-model.md", "MAX_VERIFIED", "at most {} tokens"),
        ("docs/security-model.md", "MAX_REMEMBERED", "at most {} connections"),
        ("docs/decisions/0012-pinned-algorithms.md", "MIN_MODULUS, MAX_MODULUS", "RSA of {} to {} bits"),
        ("docs/decisions/0021-one-deadline.md", "MAX_SECONDS", "{} seconds, or a quarter"),
        ("docs/decisions/0009-credentials-outlive-the-cache.md", "RENEWED_AFTER", "four fifths"),
    ],
)
def test_a_number_that_a_paper_tells_is_the_code_s(paper: str, constant: str, told: str) -> None:
    found = re.search(rf"^{constant} = ([\d_., ]+)$", said_in("authorizer"), re.MULTILINE)
    assert found is not None
    numbers = [f"{float(number):,g}" for number in found[1].replace("_", "").split(", ")]
    assert told.format(*numbers) in " ".join((ROOT / paper).read_text().split())
    if "{}" not in told:
        assert {"four fifths": "0.8"}[told] == numbers[0]


def test_every_decision_is_in_the_index_under_its_title() -> None:
    rows = re.findall(
        r"^\| \[(\d{4})\]\(([^)]+)\) \| (.+) \|$", (DECISIONS / "README.md").read_text(), re.MULTILINE
    )
    titles = [re.match(r"# (\d{4})\. (.+)\n", record.read_text()) for record in RECORDS]
    assert rows == [
        (title[1], record.name, title[2])
        for title, record in zip(titles, RECORDS, strict=True)
        if title is not None
    ]
    assert [int(number) for number, _, _ in rows] == list(range(1, len(RECORDS) + 1))


@pytest.mark.parametrize("record", RECORDS, ids=name_of)
def test_a_decision_is_short_and_has_its_three_parts(record: Path) -> None:
    text = record.read_text()
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]
    assert len(text.splitlines()) < 40
    assert record.name.startswith(f"{text[2:6]}-")


def test_the_licence_is_apache_s_whole_and_the_one_that_the_package_names() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["license"] == "Apache-2.0"
    assert hashlib.sha256((ROOT / "LICENSE").read_bytes()).hexdigest() == APACHE_2


def test_the_changelog_begins_with_the_version_of_the_package() -> None:
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    changes = (ROOT / "CHANGELOG.md").read_text()
    assert re.findall(r"^## \[(.+?)\]", changes, re.MULTILINE)[0] == version
    kinds = re.findall(r"^### (.+)$", changes, re.MULTILINE)
    assert set(kinds) <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert re.search(rf"^\| {re.escape(version)}\b", (ROOT / "SECURITY.md").read_text(), re.MULTILINE)


@every_paper
def test_a_paper_names_no_machine_no_address_of_a_person_and_no_stranger_s_page(paper: Path) -> None:
    text = paper.read_text()
    assert not re.search(r"(?<![\w.}])/(?:home|root|tmp|usr|var|work|mnt|opt|Users)/", text)
    assert not re.search(r"[\w.+-]+@(?!(?:example\.com|b\.org)\b)[\w-]+\.[a-z]{2,}", text, re.IGNORECASE)
    assert set(re.findall(r"https?://([^/\s)`\"]+)", text)) <= HOSTS


@every_paper
def test_a_paper_never_says_decode(paper: Path) -> None:
    """It hides whether anything was checked. Where others call something so, it stands in backticks."""
    assert not re.search(r"\bdecod", prose(paper), re.IGNORECASE)


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.name)
def test_no_paper_installs_the_package_from_an_index(paper: Path) -> None:
    """It is on none: what is under its name there is somebody else's."""
    assert not re.search(r"pip install\s+['\"]?cognito-authorizer\b", paper.read_text(encoding="utf-8"))
