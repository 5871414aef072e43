"""Findings as text for people, and as each machine reads them: `--format`."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from importlib.metadata import version
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote
from xml.etree import ElementTree as ET

import click

from authorizer.cli.codes import CODES
from authorizer.cli.findings import Found, of_problems
from authorizer.cli.plain import data, one_line, plain

if TYPE_CHECKING:
    from collections.abc import Iterable

SARIF: Final = "https://json.schemastore.org/sarif-2.1.0.json"
_LINE_ENDS: Final = {"%": "%25", "\r": "%0D", "\n": "%0A"}


def tell(found: Sequence[Found], form: str, command: str, *, heading: str = "findings") -> None:
    """Print findings: text on standard error where they are problems, all else on standard output."""
    if form == "text":
        _print(found, heading, err=heading != "findings")
    else:
        data(FORMATS[form](found, command))


def tell_json(problems: "Iterable[str]") -> None:
    """Print problems as a machine reads them with `--json`: a list of sentences, each with its place."""
    data(json.dumps(list(problems)))


def as_text(found: "Iterable[Found]") -> list[str]:
    """Lines for people: place, words, code; the line with its caret; what to do."""
    lines = []
    for each in found:
        place = f"{each.place}: " if each.file else ""
        lines.append(f"  - {place}{each.text} [{each.code}]")
        lines += [f"      {line}" for line in each.excerpt]
        if each.remedy:
            lines.append(f"    → {each.remedy}")
    # A name with a line feed in it would tell a finding of its own.
    return [one_line(line) for line in lines]


def _print(found: Sequence[Found], heading: str, *, err: bool) -> None:
    one = heading.replace("findings", "finding").replace("problems", "problem")
    if not found:
        return
    click.echo(f"{len(found)} {heading if len(found) != 1 else one}:", err=err)
    for line in as_text(found):
        click.echo(line, err=err)
    click.echo(f"`authorizer why {found[0].code}` says more.", err=err)


def _json(found: Sequence[Found], command: str) -> str:
    rows = [
        {
            "file": each.file,
            "line": each.line or None,
            "column": each.column or None,
            "level": each.level,
            "code": each.code,
            "text": each.text,
            "remedy": each.remedy or CODES[each.code].remedy,
            "key": each.key or None,
        }
        for each in found
    ]
    return json.dumps({"command": command, "findings": rows}, indent=2)


def _github(found: Sequence[Found], _: str) -> str:
    """Workflow commands (GitHub Docs, "Workflow commands for GitHub Actions", "Setting an error message")."""
    lines = []
    for each in found:
        given = {"file": each.file, "line": each.line, "col": each.column, "title": each.code}
        about = ",".join(
            f"{key}={_escaped(str(value), inside=True)}" for key, value in given.items() if value
        )
        text = each.text + (f"\n{each.remedy}" if each.remedy else "")
        lines.append(f"::{each.level} {about}::{_escaped(text)}")
    return "\n".join(lines)


def _escaped(text: str, *, inside: bool = False) -> str:
    marks = {**_LINE_ENDS, **({":": "%3A", ",": "%2C"} if inside else {})}
    # The two ends of lines are told as the runner reads them, and the rest as everywhere.
    return "".join(marks.get(char) or plain(char) for char in text)


def _sarif(found: Sequence[Found], _: str) -> str:
    """SARIF 2.1.0 (OASIS), as code scanning reads it."""
    used = [CODES[name] for name in sorted({each.code for each in found})]
    run: dict[str, Any] = {
        "tool": {
            "driver": {
                "name": "authorizer",
                "version": version("cognito-authorizer"),
                "rules": [
                    {
                        "id": row.name,
                        "shortDescription": {"text": row.meaning},
                        "help": {"text": f"{row.remedy}\nFor example: {row.example}"},
                        "defaultConfiguration": {"level": row.level},
                    }
                    for row in used
                ],
            }
        },
        "columnKind": "unicodeCodePoints",
        "results": [_result(each, [row.name for row in used].index(each.code)) for each in found],
    }
    return json.dumps({"$schema": SARIF, "version": "2.1.0", "runs": [run]}, indent=2)


def _result(each: Found, index: int) -> dict[str, Any]:
    text = each.text + (f"\n{each.remedy}" if each.remedy else "")
    result: dict[str, Any] = {
        "ruleId": each.code,
        "ruleIndex": index,
        "level": each.level,
        "message": {"text": text},
    }
    if each.file:
        place: dict[str, Any] = {
            "artifactLocation": {"uri": quote(PurePath(each.file).as_posix(), safe="/,")}
        }
        if each.line:
            place["region"] = {"startLine": each.line}
        if each.column:
            place["region"] |= {"startColumn": each.column, "endColumn": each.column + each.length}
        result["locations"] = [{"physicalLocation": place}]
    return result


def _junit(found: Sequence[Found], command: str) -> str:
    """JUnit's XML, as CI servers read it: a test case for each finding, or one that passed."""
    suite = ET.Element(
        "testsuite",
        name=f"authorizer {command}",
        tests=str(max(len(found), 1)),
        failures=str(len(found)),
        errors="0",
    )
    for each in found:
        case = ET.SubElement(
            suite, "testcase", classname=each.file or "authorizer", name=f"{each.code} {each.place}".strip()
        )
        if each.file:
            case.set("file", each.file)
        if each.line:
            case.set("line", str(each.line))
        failure = ET.SubElement(case, "failure", message=_plain(each.text), type=each.code)
        failure.text = _plain("\n".join((each.place, each.text, *each.excerpt, each.remedy)).strip())
    if not found:
        ET.SubElement(suite, "testcase", classname="authorizer", name=command)
    root = ET.Element("testsuites")
    root.append(suite)
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True)


def _plain(text: str) -> str:
    """Without what XML 1.0 has no way to write (section 2.2)."""
    return "".join(char if char >= " " or char in "\t\n" else "\N{REPLACEMENT CHARACTER}" for char in text)


FORMATS: Final[Mapping[str, Callable[[Sequence[Found], str], str]]] = {
    "json": _json,
    "github": _github,
    "sarif": _sarif,
    "junit": _junit,
}
"""Name → what writes it. `text` is for people, and each command's own."""

_format_option = click.option(
    "--format",
    "form",
    type=click.Choice(("text", *FORMATS)),
    default="text",
    show_default=True,
    help="How findings are printed: for people, as JSON, as annotations of GitHub, as SARIF 2.1.0, as JUnit's XML.",
)


_watch_option = click.option(
    "--watch", is_flag=True, help="Run it once more after each change of a file, until Ctrl-C."
)


def finds(
    command: str, *, broken: int, watched: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """For a command that finds things: adds `--format`, given to it as `form`. A configuration or a file of cases that
    cannot be used is told in that format, too, or by `tell_json` where the command was given `--json`, and ends the
    command with exit code `broken`. `watched` adds `--watch`."""

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def run(*arguments: Any, form: str, **options: Any) -> Any:
            from authorizer.engine import CaseInvalid
            from authorizer.errors import SettingsError

            if options.get("as_json") and form != "text":
                raise click.UsageError(
                    f"--json prints a form of this command's own, and --format {form} the findings alone: one of them"
                )
            try:
                return function(*arguments, form=form, **options)
            except (SettingsError, CaseInvalid) as error:
                where = "configuration" if isinstance(error, SettingsError) else "cases"
                if options.get("as_json"):
                    tell_json(error.problems)
                else:
                    tell(of_problems(error.problems), form, command, heading=f"problems in the {where}")
                sys.exit(broken)

        if not watched:
            return _format_option(run)

        @wraps(run)
        def once_or_more(*arguments: Any, watch: bool, **options: Any) -> None:
            if not watch:
                run(*arguments, **options)
                return
            from authorizer.cli.watching import repeat

            repeat(lambda: run(*arguments, **options), options["access"])

        return _watch_option(_format_option(once_or_more))

    return decorate
