"""Evidence to report on: the bundled configuration with its cases, and what a test changes of either."""

from collections.abc import Mapping
from datetime import date
from functools import cache
from typing import Any

from authorizer.assurance import Evidence
from authorizer.cli.case_files import case_files, read_cases, run_cases
from authorizer.settings.schema import Access
from tests.make import ACCESS, make_access, sample_access

TODAY = date(2027, 1, 15)
DAY = "2027-01-15"
FILES = (
    {"kind": "access", "name": "access.toml", "sha256": "aa", "bytes": 1},
    {"kind": "template", "name": "templates/s3-home.json.j2", "sha256": "bb", "bytes": 2},
)
SCOPE: Mapping[str, Any] = {
    "files": [*FILES],
    "environment": [{"name": "DATA_BUCKET", "sha256": "cc", "sample": False}],
    "parameters": [],
}


def evidence(**changes: Any) -> Evidence:
    """Of the bundled configuration, unless `access` is another."""
    access: Access = changes.get("access", sample_access())
    fields: dict[str, Any] = {
        "access": access,
        "source": ACCESS.read_text(),
        "results": (),
        "scope": SCOPE,
        "versions": {"authorizer": "1"},
        "date": TODAY,
        "name": lambda name: name,
    }
    return Evidence(**{**fields, **changes})


@cache
def whole() -> Evidence:
    """With all cases, as the command has it."""
    access = make_access()
    results = run_cases(access.templates, read_cases(access, case_files(ACCESS)))
    return evidence(access=access, results=results)
