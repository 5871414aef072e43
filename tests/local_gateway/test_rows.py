"""Every row of what API Gateway does, asked of the running server."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.local_gateway.rows import ABSENT, ROWS, Row, Step
from tests.local_gateway.stage import Stage


@pytest.fixture
def turned(stages: Callable[[str], Stage], request: pytest.FixtureRequest) -> Iterator[Stage]:
    """The stage of a row, put back afterwards."""
    row: Row = request.getfixturevalue("row")
    stage = stages(row.kind)
    configured, quotas = stage.serving.configured, stage.serving.gateway.quotas
    stage.told.says, stage.backend.answers = row.told, row.returns
    yield stage
    stage.serving.configured, stage.serving.gateway.quotas = configured, quotas


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.kind}: {row.says}")
def test_it_does_what_api_gateway_does(row: Row, turned: Stage) -> None:
    if row.first is not None:
        row.first(turned)
    for at, step in enumerate(row.steps):
        if at == 1 and row.then is not None:
            row.then(turned)
        _ask(turned, step)


def test_there_are_enough_of_them_and_each_is_said_once() -> None:
    assert len({(row.kind, row.says) for row in ROWS}) == len(ROWS) > 60


def _ask(stage: Stage, step: Step) -> None:
    before = len(stage.told.asked)
    headers = [*step.headers]
    if step.who is not None:
        headers.append(("Authorization", stage.token(step.who)))
    answer = stage.client.request(step.method, step.path, headers=headers, content=step.content or None)
    assert answer.status_code == step.status, (answer.text, stage.last.why)
    if step.body is not None:
        assert answer.json() == step.body
    for name, value in step.has.items():
        assert answer.headers.get(name) == value or (value == "*" and answer.headers.get(name)), name
    assert stage.last.status == step.status
    if step.asked is not None:
        assert len(stage.told.asked) - before == step.asked
    for path, value in step.event.items():
        assert _member(stage.told.asked[-1], path) == value, path
    for path, value in step.got.items():
        assert _member(stage.backend.events[-1], path) == value, path
    assert json.dumps(stage.last.shown())


def _member(event: Any, path: str) -> Any:
    for part in path.split("."):
        if not isinstance(event, dict) or part not in event:
            return ABSENT
        event = event[part]
    return event
