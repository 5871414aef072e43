"""The engine is a library that another project could import: its doors, and one team's whole use of it through them."""

import importlib
import json
import subprocess
import sys

import pytest

import authorizer.engine as engine
from authorizer.engine import check, evaluate, prove

PUBLIC = {
    "engine": {
        "Atom", "Branch", "CaseInvalid", "ClaimType", "ClaimTypeInvalid", "ClaimValue", "Condition", "Document",
        "DocumentInvalid", "DocumentRefused", "EngineError", "Equals", "HasItems", "InScopes", "IsDefined",
        "Language", "MAX_CHARACTERS", "NothingAllowed", "PARTITIONS", "Place", "Placeholders", "PolicyTooLarge",
        "Program", "RenderFailed", "Segment", "Sharing", "Statement", "TemplateInvalid", "TemplateSet",
        "ValueMissing", "ValueRefused", "VariableIs", "covers_action", "declare", "dump", "parse_identity",
        "parse_session", "partition_of", "sharing_problems",
    },
    "engine.evaluate": {
        "AccessRequest", "Concrete", "MANY", "ONE", "Outcome", "Parts", "Variable", "Wild", "action_matches",
        "describe", "evaluate", "explain", "judge", "known_operator", "matches", "parse_action",
        "parse_pattern", "parse_resource", "show",
    },
    "engine.prove": {
        "Apart", "Asked", "Asker", "BY_ACTOR", "Change", "Excess", "Filling", "Finding", "Found", "Guess",
        "Hole", "KEYS", "Literals", "Overlap", "Part", "Party", "Promise", "Proof", "RESTS_ON", "RoleDiff",
        "RolePolicy", "Side", "SymbolicPattern", "SymbolicStatement", "Tags", "Undecided", "VERSION",
        "Verdict", "Witness", "as_cases", "compare", "covers", "diff_role", "differences", "fill_in", "fillings",
        "find_excess", "find_overlap", "find_uncovered", "guesses", "in_template", "in_words", "is_within",
        "may_request", "owned", "placeholders_of", "prove", "read_statement", "requests_for", "role_policy",
        "samples", "shown", "simplify", "ways_of", "who_has_a_session", "who_may",
    },
    "engine.check": {
        "Answer", "Asked", "CASE_FILE", "CASE_FILE_EXAMPLE", "Case", "CaseResult", "Coverage", "EXPECTED", "FACTS",
        "Finding", "Form", "OF_RESOURCES", "Opening",
        "RouteCase", "RouteCoverage", "RouteResult", "Surroundings", "User", "action_problems",
        "edition", "formatted", "key_problems", "lint", "lint_coverage",
        "measure", "measure_routes", "named_in", "parse_case_file", "parse_cases", "request_problems",
        "resource_problems",
        "rests_on_services", "run_case", "run_route", "supports", "unknown_actions", "without_layout",
    },
}  # fmt: skip
"""Door → its names: whoever takes one away breaks somebody's import."""

CLAIMS = {"tenant": engine.declare({"type": "slug", "max_length": 32})}


def policy(resource: str) -> str:
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def templates(resource: str) -> engine.TemplateSet:
    return engine.TemplateSet.compile({"data": policy(resource)}, claims=CLAIMS, variables={})


@pytest.mark.parametrize("door", PUBLIC)
def test_a_door_has_these_names_and_each_is_explained(door: str) -> None:
    module = importlib.import_module(f"authorizer.{door}")
    assert set(module.__all__) == PUBLIC[door]
    assert module.__doc__
    things = [getattr(module, name) for name in module.__all__]
    assert [thing for thing in things if isinstance(thing, type) and not thing.__doc__] == []


def test_a_user_s_policy_is_rendered_and_asked() -> None:
    text = templates("arn:aws:s3:::data/{{ tenant }}/*").render(
        ["data"], {"tenant": "acme"}, scopes=frozenset()
    )
    session = engine.parse_session(text)

    def allowed(key: str) -> bool:
        request = evaluate.AccessRequest(action="s3:GetObject", resource=f"arn:aws:s3:::data/{key}")
        return evaluate.evaluate(identity=None, session=session, boundary=None, request=request).allowed

    assert (allowed("acme/1"), allowed("globex/1")) == (True, False)


@pytest.mark.parametrize(
    ("resource", "verdict"),
    [
        pytest.param("arn:aws:s3:::data/{{ tenant }}/*", "PROVEN", id="a prefix that ends"),
        pytest.param("arn:aws:s3:::data/{{ tenant }}*", "LEAK", id="a prefix that goes on"),
    ],
)
def test_a_promise_is_proven_or_refuted(resource: str, verdict: str) -> None:
    promises = {"data": prove.Promise(isolates=("tenant",))}
    proof = prove.prove(templates(resource), subject="data", names=["data"], claims=CLAIMS, promises=promises)
    assert proof.verdict == verdict


def test_a_team_s_case_runs() -> None:
    around = check.Surroundings(
        templates=templates("arn:aws:s3:::data/{{ tenant }}/*"), variables={}, roles={}, groups={}
    )
    text = """
        templates = ["data"]
        users.ann.claims.tenant = "acme"
        [[cases]]
        name = "ann reads her own"
        user = "ann"
        action = "s3:GetObject"
        resource = "arn:aws:s3:::data/{tenant}/1"
        expect = "allow"
    """
    [case] = check.parse_cases(text, file="cases.toml", around=around)
    assert check.run_case(case, around.templates).status == "PASS"


def test_rendering_loads_nothing_of_the_laptop_s_rooms() -> None:
    script = "import authorizer.engine, sys; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    assert "authorizer.engine.template.template" in loaded
    rooms = ("authorizer.engine.evaluate", "authorizer.engine.prove", "authorizer.engine.check", "jinja2")
    assert [name for name in loaded if name.startswith(rooms)] == []
