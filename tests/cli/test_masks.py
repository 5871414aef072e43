"""What `authorizer invoke` prints of credentials: nothing, unless it is asked to, in whatever form they come."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from click.testing import CliRunner

from authorizer.cli import invoke as command
from authorizer.model import Decision
from tests.make import ROOT

EVENT = str(ROOT / "events" / "rest-token-allow.json")
PLAIN = {"accessKeyId": "ASIACANARY", "secretAccessKey": "canary-secret", "sessionToken": "canary-session"}
SEALED = {"credentials": "canary.sealed.credentials"}


def printed(monkeypatch: pytest.MonkeyPatch, response: dict[str, object], *options: str) -> Any:
    """What the command prints of an authorizer's response."""

    class Answering:
        settings = None

        def decide(self, _: object) -> tuple[Decision, None]:
            return Decision(verdict="allow", code="allowed", response=response), None

    @contextmanager
    def authorizer(*_: object, **__: object) -> Iterator[tuple[Answering, None, None]]:
        yield Answering(), None, None

    monkeypatch.setattr(command, "_authorizer", authorizer)
    done = CliRunner().invoke(command.invoke, [EVENT, *options])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@pytest.mark.parametrize("secrets", [PLAIN, SEALED], ids=["plain credentials", "sealed credentials"])
def test_credentials_are_masked_unless_they_are_asked_for(
    secrets: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    response: dict[str, object] = {"principalId": "erin", "context": {**secrets, "sub": "erin"}}
    shown = printed(monkeypatch, response)
    assert shown["principalId"] == shown["context"]["sub"] == "erin"
    assert shown["context"].keys() == {*secrets, "sub"}
    for name in secrets.keys() - {"accessKeyId"}:
        assert shown["context"][name] == "****"
    assert printed(monkeypatch, response, "--show-secrets") == response


def test_credentials_are_masked_at_the_top_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "canary-" not in json.dumps(printed(monkeypatch, {**PLAIN}))
    assert "canary" not in json.dumps(printed(monkeypatch, {**SEALED}))
