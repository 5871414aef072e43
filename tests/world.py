"""The whole authorizer on loopback: bundled configuration, local issuer, recording STS."""

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from authorizer.engine import TemplateSet
from authorizer.local.world import Local, local
from authorizer.model import Decision
from authorizer.record import Record
from authorizer.runtime import Authorizer
from authorizer.settings.schema import Access, Settings
from tests.make import ACCESS, ROOT
from tests.servers.sts import RecordingSts

AWS = {
    "AWS_REGION": "eu-west-1",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_SESSION_TOKEN": "testing",
    "AWS_EC2_METADATA_DISABLED": "true",
}


@dataclass(kw_only=True)
class World:
    """Ask it about events; it keeps what was logged and what reached STS."""

    local: Local
    sts: RecordingSts
    authorizer: Authorizer
    lines: list[str] = field(default_factory=list)

    def decide(self, event: object) -> tuple[Decision, Record]:
        return self.authorizer.decide(self.local.sign_in(event))

    def sample(self, name: str) -> tuple[Decision, Record]:
        return self.decide(sample_event(name))

    @property
    def last(self) -> dict[str, Any]:
        record: dict[str, Any] = json.loads(self.lines[-1])
        return record


def sample_event(name: str) -> dict[str, Any]:
    event: dict[str, Any] = json.loads((ROOT / "events" / f"{name}.json").read_text())
    return event


@contextmanager
def running(
    keys: Path,
    *,
    change: Callable[[Settings], Settings] = lambda settings: settings,
    templates: TemplateSet | None = None,
    access: Path = ACCESS,
) -> Iterator[World]:
    """A running world. `keys` is a folder for the issuer's keys; `change` may alter the settings, and
    `templates` are others than the bundled ones."""
    sts = RecordingSts()
    before = dict(os.environ)
    os.environ.update({**AWS, "AWS_ENDPOINT_URL_STS": sts.endpoint})
    try:
        with local(access, {}, keys=keys) as bundled:
            settings, compiled = bundled.access
            here = replace(bundled, access=Access(change(settings), templates or compiled))
            lines: list[str] = []
            authorizer = Authorizer(here.access, emit=lines.append)
            try:
                yield World(local=here, sts=sts, authorizer=authorizer, lines=lines)
            finally:
                authorizer.close()
    finally:
        os.environ.clear()
        os.environ.update(before)
        sts.close()
