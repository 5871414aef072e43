"""`authorizer policy split`: what it prints, writes, and with which exit code."""

import json
from pathlib import Path

import pytest

from tests.cli.test_commands import run
from tests.cli.test_policy import change, project  # noqa: F401 - a fixture
from tests.make import sample_environment


def test_a_split_is_printed_with_all_that_is_to_be_done(tmp_path: Path) -> None:
    done = run("policy", "split", "editor", "--out", str(tmp_path / "made"))
    assert done.returncode == 0
    assert "PROVEN: role and session policy together allow exactly what the templates do" in done.stdout
    assert 'policies     = ["editor-session"]' in done.stdout
    assert 'session_tags = { "tenant" = "tenant", "sub" = "sub" }' in done.stdout
    assert '"aws:RequestTag/sub": "?*"' in done.stdout
    assert "${aws:PrincipalTag/sub}" in done.stdout
    written = json.loads((tmp_path / "made/editor-role-policy.json").read_text())
    assert written["Version"] == "2012-10-17"
    assert "{{ bucket }}" in (tmp_path / "made/editor-session.json.j2").read_text()


def test_a_split_as_json() -> None:
    found = json.loads(run("policy", "split", "viewer", "--json").stdout)
    assert (found["proven"], found["problems"], found["added_tags"]) == (True, [], [])
    assert found["session_tags"] == {"tenant": "tenant"}
    assert found["longest_after"] < found["longest_before"]
    assert found["trust_conditions"]["sts:TagSession"]["ForAllValues:StringEquals"] == {
        "aws:TagKeys": ["tenant"]
    }


def test_without_sample_values_nothing_is_said_of_them() -> None:
    assert "sample values of" in run("policy", "split", "viewer").stderr
    done = run("policy", "split", "viewer", variables=sample_environment())
    assert (done.returncode, done.stderr) == (0, "")


def test_new_tags_and_transitive_ones_are_told(project: Path) -> None:  # noqa: F811
    file = project / "policies/access.toml"
    change(
        file,
        'session_tags = { tenant = "tenant", sub = "sub" }',
        'session_tags = { tenant = "tenant" }\ntransitive_tags = ["tenant"]',
    )
    done = run("policy", "split", "editor", cwd=project)
    assert "# new: sub" in done.stdout
    assert '"sts:TransitiveTagKeys": [' in done.stdout


def test_what_cannot_be_split_ends_with_1(project: Path) -> None:  # noqa: F811
    folders = ", ".join(
        f'"arn:{{{{ partition }}}}:s3:::{{{{ bucket }}}}/folder-with-number-{n}/{{{{ client }}}}/*"'
        for n in range(60)
    )
    change(
        project / "policies/templates/s3-client.json.j2",
        '"Resource": "arn:{{ partition }}:s3:::{{ bucket }}/clients/{{ client }}/*"',
        f'"Resource": [{folders}]',
    )
    change(
        project / "policies/access.toml",
        'client = { claim = "client_id", type = "slug", max_length = 64 }',
        'client = { claim = "client_id", type = "opaque", max_length = 64 }',
    )
    change(project / "policies/access.toml", 'session_tags = { client = "client" }', "")
    assert run("policy", "check", cwd=project).returncode == 2
    done = run("policy", "split", "importer", cwd=project)
    assert done.returncode == 1
    assert "Stays in the session policy: Allow s3:GetObject" in done.stdout
    assert "NOT SPLIT: the longest remainder has " in done.stdout
    assert "PROVEN" not in done.stdout


def test_a_role_that_is_not_there_and_too_many_ways_end_with_2(monkeypatch: pytest.MonkeyPatch) -> None:
    done = run("policy", "split", "nobody")
    assert (done.returncode, "'nobody' is not among viewer, editor" in done.stderr) == (2, True)
    monkeypatch.setattr("authorizer.engine.prove.askers.MAX_WAYS", 1)
    ways = run("policy", "split", "viewer")
    assert (ways.returncode, "cannot be told: there are more than" in ways.stderr) == (2, True)
