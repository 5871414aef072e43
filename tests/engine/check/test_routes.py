"""Route cases: what a file may say, what comes of a case, and what the cases cover."""

import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from authorizer.cli.case_files import run_cases
from authorizer.cli.policy import policy
from authorizer.engine.check.case_file import parse_case_file
from authorizer.engine.check.routes import RouteCase, RouteResult, measure_routes, run_route
from authorizer.engine.check.surroundings import Surroundings
from authorizer.engine.language.errors import CaseInvalid
from authorizer.engine.template.template import TemplateSet
from authorizer.gate import entries, lint_route_coverage, surroundings
from authorizer.settings.schema import Access
from tests.make import ROOT, make_access, sample_access

HEAD = """
[users.ann]
claims = { tenant = "acme", orgs = ["a", "b"] }
scopes = ["files", "own"]
[users.bob]
claims = { tenant = "zenith" }
scopes = ["own"]
[users.none]
[users.lacking]
scopes = ["own"]
[users.hostile]
claims = { tenant = "*" }
scopes = ["files", "own"]
"""
SMALL = {
    "files": ["GET /files/*", "$default"],
    "own": ["GET /t/{tenant}/*", "PUT /o/{orgs}"],
    "talk": ["$connect"],
}


def make() -> Access:
    """The bundled configuration with other scopes, which no group brings."""
    sample = sample_access().settings
    return make_access(
        claims={"orgs": {"type": "slug", "list": True, "max_items": 3}},
        groups={name: {"scopes": []} for name in sample.groups},
        scopes={**dict.fromkeys(sample.scopes), **SMALL},
    )


def run(head: str = HEAD, **row: str) -> RouteResult:
    usual = {"name": '"x"', "user": '"ann"', "method": '"GET"', "path": '"/files/1"', "expect": '"allow"'}
    lines = [f"{key} = {value}" for key, value in (usual | row).items() if value]
    access = make()
    text = head + "\n".join(["[[routes]]", *lines])
    (case,) = parse_case_file(text, file="t.toml", around=surroundings(access))
    assert isinstance(case, RouteCase)
    [result] = run_cases(access.templates, [case])
    assert isinstance(result, RouteResult)
    assert result == run_route(case)
    return result


@pytest.mark.parametrize(
    ("row", "status", "said"),
    [
        pytest.param({}, "PASS", "", id="open as expected"),
        pytest.param({"expect": '"deny"'}, "FAIL",
                     "GET /files/1: expected deny, and it is open by GET /files/* of scope files", id="open after all"),
        pytest.param({"path": '"/other"'}, "FAIL",
                     "GET /other: expected allow, and none of the user's scopes opens it: files, own",
                     id="closed after all"),
        pytest.param({"user": '"none"'}, "FAIL",
                     "GET /files/1: expected allow, and none of the user's scopes opens it: there are none",
                     id="closed to who has none"),
        pytest.param({"path": '"/files/../users"', "expect": '"deny"'}, "PASS", "", id="one that walks"),
        pytest.param({"path": '"/t/{tenant}/x"'}, "PASS", "", id="the user's own"),
        pytest.param({"path": '"/t/{bob.tenant}/x"', "expect": '"deny"'}, "PASS", "", id="another user's"),
        pytest.param({"path": '"/t/{tenant}x/x"', "expect": '"deny"'}, "PASS", "", id="one that begins alike"),
        pytest.param({"path": '["/o/a", "/o/b"]', "method": '"PUT"'}, "PASS", "", id="each of a list"),
        pytest.param({"path": '["/o/a", "/o/c"]', "method": '"PUT"'}, "FAIL", "PUT /o/c: expected allow", id="another"),
        pytest.param({"method": '["GET", "PUT"]'}, "FAIL", "PUT /files/1: expected allow", id="several methods"),
        pytest.param({"path": '"$default"', "method": ""}, "PASS", "", id="the catch-all route"),
        pytest.param({"path": '"$connect"', "method": "", "expect": '"deny"'}, "PASS", "", id="a connection"),
        pytest.param({"user": '"lacking"', "path": '"/t/acme/x"', "expect": '"deny"'}, "PASS", "",
                     id="a route of a claim that is not there"),
        pytest.param({"route": '"GET /files/*"'}, "PASS", "", id="by the entry that must open it"),
        pytest.param({"route": '"ANY /*"'}, "FAIL",
                     "GET /files/1: expected `ANY /*` to open it, but GET /files/* of scope files does",
                     id="by another entry"),
        pytest.param({"user": '"hostile"', "expect": '"refused"'}, "PASS", "", id="a claim of another type"),
        pytest.param({"user": '"hostile"', "expect": '"deny"'}, "ERROR",
                     "this user gets no answer: holds one of", id="who is refused is not denied"),
        pytest.param({"expect": '"refused"'}, "FAIL",
                     "GET /files/1: expected this user to be refused, and it is open", id="open, not refused"),
        pytest.param({"path": '"/other"', "expect": '"refused"'}, "FAIL",
                     "GET /other: expected this user to be refused, and it is closed", id="closed, not refused"),
    ],
)  # fmt: skip
def test_a_route_case(row: dict[str, str], status: str, said: str) -> None:
    result = run(**row)
    assert result.status == status, result.reasons
    assert len(result.reasons) == (status != "PASS")
    assert said in "".join(result.reasons)


def test_a_user_whose_issuer_refuses_them() -> None:
    head = HEAD.replace("[users.bob]", '[users.bob]\nissuer = "eu-west-1_EXAMPLE01"')
    assert run(head, user='"bob"', path='"/t/zenith/x"').status == "PASS"
    stranger = HEAD.replace(
        "[users.none]", '[users.stray]\nissuer = "eu-west-1_EXAMPLE01"\ngroups = []\n[users.none]'
    )
    assert run(stranger, user='"stray"', expect='"deny"').status == "PASS"


@pytest.mark.parametrize(
    ("row", "said"),
    [
        pytest.param({"method": ""}, "`method` is '': expected one of DELETE, GET", id="no method"),
        pytest.param({"method": '"get"'}, "`method` is 'get'", id="in small letters"),
        pytest.param({"method": '"ANY"'}, "`method` is 'ANY'", id="any"),
        pytest.param({"path": ""}, "expected a `method` and a `path`", id="no path"),
        pytest.param({"path": '"files"'}, "`path` is 'files': expected one that begins with /", id="no slash"),
        pytest.param({"path": '"$connect"'}, "`method` is 'GET': expected none with '$connect'", id="a method"),
        pytest.param({"path": '"/t/{nobody.tenant}"'}, "`{nobody.tenant}` is no variable", id="nobody's claim"),
        pytest.param({"user": '"carl"'}, "there is no user 'carl': expected one of ann, bob", id="nobody"),
        pytest.param({"name": ""}, "route 1 has no name", id="no name"),
        pytest.param({"expect": '"open"'}, "`expect` is 'open': expected one of allow, deny", id="another word"),
        pytest.param({"route": "1"}, "`route` is 1: expected the entry", id="no entry"),
        pytest.param({"route": '"GET /x"', "expect": '"deny"'}, "`route` is 'GET /x'", id="an entry that denies"),
        pytest.param({"action": '"s3:GetObject"'}, "unknown key `action` in route 1", id="an action"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_row_is_told(row: dict[str, str], said: str) -> None:
    with pytest.raises(CaseInvalid) as caught:
        run(**row)
    assert any(said in problem for problem in caught.value.problems), caught.value.problems
    assert all(re.match(r"t\.toml:\d+: ", problem) for problem in caught.value.problems)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("routes = 1", "`routes` is 1: expected tables, written [[routes]]", id="no rows"),
        pytest.param("routes = [1]", "route 1 is 1: expected a table", id="a row that is none"),
        pytest.param("cases = {}", "`cases` is {}: expected tables, written [[cases]]", id="no cases' rows"),
        pytest.param("", "write at least one [[cases]] or [[routes]]", id="nothing"),
        pytest.param('role = "nobody"\n[[cases]]\nname = "x"', "there is no role 'nobody'", id="no role"),
        pytest.param('[[cases]]\nname = "x"', "expected either `templates` or `role`, found neither", id="neither"),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_file_is_told(text: str, said: str) -> None:
    with pytest.raises(CaseInvalid) as caught:
        parse_case_file(text, file="t.toml", around=surroundings(make()))
    assert any(said in problem for problem in caught.value.problems), caught.value.problems


def test_rows_of_both_kinds_stand_in_one_file_under_different_names() -> None:
    case = (
        '[[cases]]\nname = "{}"\nuser = "ann"\naction = "s3:GetObject"\n'
        'resource = "arn:aws:s3:::x/y"\nexpect = "deny"\n'
    )
    row = '[[routes]]\nname = "x"\nuser = "ann"\nmethod = "GET"\npath = "/files/1"\nexpect = "allow"\n'
    head = 'templates = ["s3-tenant"]\n' + HEAD
    access = make()
    cases = parse_case_file(head + case.format("y") + row, file="t.toml", around=surroundings(access))
    assert [result.status for result in run_cases(access.templates, cases)] == ["PASS", "PASS"]
    with pytest.raises(CaseInvalid, match="two cases are named 'x'"):
        parse_case_file(head + case.format("x") + row, file="t.toml", around=surroundings(access))


def test_without_a_configuration_s_routes_there_are_no_cases_of_them() -> None:
    around = Surroundings(templates=TemplateSet({}, {}, {}), variables={}, roles={}, groups={})
    row = (
        '[users.a]\nscopes = ["own"]\n[[routes]]\nname = "x"\nuser = "a"\nmethod = "GET"\n'
        'path = "/plans/{}"\nexpect = "{}"'
    )
    with pytest.raises(CaseInvalid, match="no route can be asked for here"):
        parse_case_file(row, file="t.toml", around=around)


# ── Coverage ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def covered(*rows: Mapping[str, str]) -> dict[str, tuple[tuple[str, ...], tuple[str, ...], float]]:
    """Scope → entries that never opened, that never kept out, and percent."""
    access = make()
    results = [run(**row) for row in rows]
    return {
        each.scope: (each.never_opened, each.never_kept, each.percent)
        for each in measure_routes([*results, object()], entries(access.settings))
    }


def test_an_entry_is_covered_where_it_opens_and_where_it_keeps_out() -> None:
    nothing = covered()
    assert nothing["files"] == (("GET /files/*", "$default"),) * 2 + (0.0,)
    assert list(nothing) == ["files", "own", "talk"]
    assert covered({})["files"] == (("$default",), ("GET /files/*", "$default"), 25.0)
    closed = covered({"user": '"none"', "expect": '"deny"'})
    assert closed["files"] == (("GET /files/*", "$default"), ("$default",), 25.0)
    both = covered(
        {}, {"user": '"none"', "expect": '"deny"'}, {"path": '"$default"', "method": ""},
        {"path": '"$default"', "method": "", "user": '"bob"', "expect": '"deny"'},
    )["files"]  # fmt: skip
    assert both == ((), (), 100.0)


def test_a_claim_keeps_out_whom_it_alone_keeps_out() -> None:
    entry, other = "GET /t/{tenant}/*", "PUT /o/{orgs}"
    scopeless = {"user": '"none"', "path": '"/t/acme/x"', "expect": '"deny"'}
    assert covered(scopeless)["own"] == ((entry, other), (entry, other), 0.0)
    another = {"path": '"/t/zenith/x"', "expect": '"deny"'}
    assert covered(another)["own"] == ((entry, other), (other,), 25.0)
    lacking = {"path": '"/t/zenith/x"', "expect": '"deny"', "user": '"lacking"'}
    assert covered(lacking)["own"] == ((entry, other), (other,), 25.0)
    none = {"path": '"/t/*/x"', "expect": '"deny"'}
    assert covered(none)["own"] == ((entry, other), (entry, other), 0.0)
    own = {"path": '"/t/acme/x"'}
    listed = {"path": '"/o/c"', "method": '"PUT"', "expect": '"deny"'}
    assert covered(own, another, listed)["own"] == ((other,), (), 75.0)


def test_a_failing_case_covers_nothing_that_it_does_not_open() -> None:
    assert covered({"path": '"/other"'})["files"][2] == 0.0


def test_what_is_missing_is_told_by_scope_entry_and_side() -> None:
    [files, *_] = measure_routes([run()], entries(make().settings))
    assert files.missed == (
        "scope files: $default opens nothing in any case",
        "scope files: GET /files/* keeps nobody out in any case",
        "scope files: $default keeps nobody out in any case",
    )
    assert measure_routes([], {"x": []})[0].percent == 100.0


def test_what_is_missing_is_a_finding_at_its_scope() -> None:
    access = make()
    source = '[scopes]\nfiles = ["GET /files/*"]\nown = []\n'
    coverage = measure_routes([run()], entries(access.settings))
    found = list(lint_route_coverage(coverage, access.settings, source, threshold=100))
    assert [(each.code, each.place, each.key) for each in found] == [
        *[("uncovered", "policies/access.toml:2", "scopes.files")] * 3,
        ("no-cases", "policies/access.toml:3", "scopes.own"),
        ("no-cases", "policies/access.toml:1", "scopes.talk"),
    ]
    assert all(each.remedy.startswith("add [[routes]]") for each in found)
    assert next(lint_route_coverage(coverage, access.settings, source, threshold=25)).key == "scopes.own"
    assert list(lint_route_coverage(coverage, access.settings, source, threshold=0)) == []
    [*_, last] = lint_route_coverage(coverage, access.settings, "", threshold=100)
    assert last.place == "policies/access.toml"


def test_who_has_no_such_claim_has_its_fallback() -> None:
    sample = sample_access().settings
    access = make_access(
        claims={"plan": {"type": "enum", "values": ["pro"], "fallback": "free"}},
        groups={name: {"scopes": []} for name in sample.groups},
        scopes={**dict.fromkeys(sample.scopes), "own": ["GET /plans/{plan}"]},
    )
    row = (
        '[users.a]\nscopes = ["own"]\n[[routes]]\nname = "x"\nuser = "a"\nmethod = "GET"\n'
        'path = "/plans/{}"\nexpect = "{}"'
    )
    for plan, expect in (("free", "allow"), ("pro", "deny")):
        cases = parse_case_file(row.format(plan, expect), file="t.toml", around=surroundings(access))
        assert [result.status for result in run_cases(access.templates, cases)] == ["PASS"]


# ── Commands ─────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the bundled configuration, to change."""
    for folder in ("policies", "events"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    return tmp_path


def command(project: Path, name: str, *arguments: str) -> Result:
    return CliRunner().invoke(
        policy, [name, "--access", str(project / "policies" / "access.toml"), *arguments]
    )


def test_the_bundled_cases_cover_every_scope() -> None:
    done = command(ROOT, "test")
    assert done.exit_code == 0
    for scope in sample_access().settings.scopes:
        assert scope in done.stdout
    shown = json.loads(command(ROOT, "test", "--json").stdout)
    assert {row["percent"] for row in shown["scopes"]} == {100.0}


def test_a_scope_without_cases_is_too_little(project: Path) -> None:
    (project / "policies/cases/routes.toml").unlink()
    done = command(project, "test")
    assert done.exit_code == 1
    assert "scope files:read: GET /files/* keeps nobody out in any case" in done.stdout
    assert command(project, "test", "--coverage", "0").exit_code == 0
    found = json.loads(command(project, "check", "--json").stdout)
    assert {each["code"] for each in found} == {"no-cases"}
    assert len(found) == len(sample_access().settings.scopes)


def test_a_case_that_fails_says_by_which_entry(project: Path) -> None:
    file = project / "policies/access.toml"
    file.write_text(file.read_text().replace('"GET /tenants/{tenant}/reports/*"', '"GET /tenants/*"'))
    done = command(project, "test")
    assert done.exit_code == 1
    assert "open by GET /tenants/* of scope reports:read" in done.stdout


def test_a_leak_of_routes_is_saved_as_a_case(project: Path) -> None:
    file = project / "policies/access.toml"
    own = '"GET /tenants/{tenant}/reports/*"'
    file.write_text(file.read_text().replace(own, f'{own}, "GET /tenants/*"'))
    saved = project / "leaks"
    done = command(project, "prove", "--save", str(saved))
    assert done.exit_code == 1
    assert "LEAK routes by tenant: two users who differ in `tenant` open one path" in done.stdout
    assert "may execute-api:Invoke on GET /tenants/a/reports/a" in done.stdout
    [leak] = saved.iterdir()
    assert leak.name == "leak-routes-by-tenant-1.toml"
    assert command(project, "test", str(leak)).exit_code == 1
    file.write_text(
        file.read_text().replace(
            "[gateway]", '[routes]\nshared = { tenant = ["reports:read"] }\n\n[gateway]', 1
        )
    )
    assert "PROVEN, less 1 shared" in command(project, "prove").stdout


ANN = ("--group", "auditors", "--claim", "tenant=acme")


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        pytest.param((*ANN, "--route", "GET /tenants/acme/reports/1"), 0,
                     ["open\n", "GET /tenants/{tenant}/reports/*, of scope reports:read",
                      "  GET /tenants/acme/reports/*"], id="open"),
        pytest.param((*ANN, "--route", "GET /tenants/zenith/reports/1"), 1,
                     ["closed\n", "GET /tenants/{tenant}/reports/* opens it to others: with another claim"],
                     id="closed"),
        pytest.param((*ANN, "--route", "GET /files"), 1, ["GET /files opens it to others: with scope files:read"],
                     id="without the scope"),
        pytest.param(("--route", "$connect"), 1, ["$connect opens it", "Nothing is open to this user."], id="nobody"),
        pytest.param(("--group", "auditors", "--claim", "tenant=*", "--route", "GET /data"), 2,
                     ["no policy for this user: --claim tenant: holds one of"], id="refused"),
        pytest.param(("--route", "GET"), 2, ["`method` is ''"], id="no path"),
        pytest.param((*ANN, "--route", "GET /x", "--action", "s3:GetObject"), 2, ["say either --route"], id="both"),
        pytest.param((*ANN, "--action", "s3:GetObject"), 2, ["say --action and --resource, or --route"], id="half"),
        pytest.param((), 2, ["say --action and --resource, or --route"], id="neither"),
    ],
)  # fmt: skip
def test_explain_says_whether_a_route_is_open(arguments: tuple[str, ...], code: int, said: list[str]) -> None:
    done = command(ROOT, "explain", *arguments)
    assert done.exit_code == code, done.output
    for text in said:
        assert text in done.output


def test_explain_says_so_to_machines() -> None:
    done = command(ROOT, "explain", *ANN, "--route", "GET /tenants/acme/reports/1", "--json")
    shown = json.loads(done.stdout)
    assert shown["open"] is True
    assert shown["by"] == [["reports:read", "GET /tenants/{tenant}/reports/*"]]
    assert shown["to_others"] == []
    assert shown["routes"] == ["GET /data", "GET /data/*", "$connect", "GET /tenants/acme/reports/*"]
    assert command(ROOT, "explain", "--route", "GET /data", "--json").exit_code == 1
