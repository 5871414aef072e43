"""The console as its page uses it: with the key that came with the page."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from authorizer.local_gateway.written import Written
from tests.local_gateway.stage import Stage
from tests.make import ACCESS, make_access

PLACE = "/_console"


@dataclass(kw_only=True)
class Page:
    """A page that is open."""

    stage: Stage
    key: str

    def get(self, name: str, /, **said: Any) -> Any:
        return self._told(self.raw("GET", name, params=said))

    def post(self, name: str, /, **said: Any) -> Any:
        return self._told(self.raw("POST", name, json=said))

    def raw(self, method: str, name: str, /, **more: Any) -> httpx.Response:
        headers = {"x-console": self.key, **more.pop("headers", {})}
        return self.stage.client.request(method, f"{PLACE}/api/{name}", headers=headers, **more)

    def sent(self, persona: str, path: str, **more: Any) -> int:
        """The number of a request that this persona makes."""
        return self.asked({"Authorization": self.stage.token(persona)}, path, **more)

    def asked(self, headers: Mapping[str, str | bytes], path: str, *, method: str = "GET") -> int:
        self.stage.client.request(method, path, headers=dict(headers))  # type: ignore[arg-type]
        return self.stage.last.number

    def decision(self, number: int) -> Any:
        return self.get("decision", number=number)

    @staticmethod
    def _told(answer: httpx.Response) -> Any:
        assert answer.status_code == 200, answer.text
        return answer.json()


def written(**changes: Any) -> Written:
    return Written(access=make_access(**changes), source=ACCESS.read_text())


def opened(stage: Stage) -> Page:
    text = stage.client.get(PLACE).text
    found = re.search(r'name="console-key" content="([^"]+)"', text)
    assert found
    return Page(stage=stage, key=found[1])


def stages_of(decision: Any) -> dict[str, str]:
    return {row["stage"]: row["state"] for row in decision["stages"]}


def lines_of(rows: Any) -> list[str]:
    """The text of each line that is pointed at."""
    return [line["text"].strip() for row in rows for line in row["text"] if line["here"]]
