"""What the page asks for, as JSON: a row for each name. Who may ask at all is for `pages` to say."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from authorizer.errors import SettingsError
from authorizer.local_gateway.console.aws_calls import aws_calls
from authorizer.local_gateway.console.background import in_background
from authorizer.local_gateway.console.cached import cached, without
from authorizer.local_gateway.console.candidates import candidates
from authorizer.local_gateway.console.isolation import Isolation
from authorizer.local_gateway.console.keeping import FileIsThere, case_text, keep
from authorizer.local_gateway.console.masking import event_of, hidden, secrets_of
from authorizer.local_gateway.console.rehearsal import asked_by, rehearse
from authorizer.local_gateway.console.route_table import route_table
from authorizer.local_gateway.console.said import Refused, Said, flag, mapping, number, request_of, text
from authorizer.local_gateway.console.session_policy import session_policy
from authorizer.local_gateway.console.sharing import command
from authorizer.local_gateway.console.shown import Shown, numbered, shown
from authorizer.local_gateway.console.stages import stages
from authorizer.local_gateway.console.summary import WINDOW, row, window
from authorizer.local_gateway.console.token_panel import token
from authorizer.local_gateway.console.trying import tried
from authorizer.local_gateway.console.what_if import believing, difference, edited, texts, verdict
from authorizer.local_gateway.decisions import Stream
from authorizer.local_gateway.serving import Serving
from authorizer.local_gateway.written import Written
from authorizer.record import Record


class Answers:
    """One for a server. Each method takes what the page said; it raises `Refused`, or ValueError for what cannot be."""

    def __init__(self, serving: Serving) -> None:
        self._serving = serving
        self._isolation = Isolation()

    @property
    def _stream(self) -> Stream:
        return self._serving.gateway.stream

    async def requests(self, said: Said) -> dict[str, Any]:
        """The newest rows above `after`, or below `before`."""
        before = number(said, "before")
        local = self._serving.configured.local
        rows = window(self._stream.decisions, local, after=number(said, "after") or 0, before=before)
        return {
            "count": self._stream.count,
            "window": WINDOW,
            "rows": hidden(rows),
            "personas": [] if local is None else [*local.personas.people],
        }

    async def decision(self, said: Said) -> dict[str, Any]:
        """All panels of one decision that need nothing more to be asked."""
        of = self._shown(said)
        event, response = event_of(of)
        origin = of.origin
        told = {
            **row(of.served, of.local),
            "arn": of.served.arn,
            "request_id": of.served.request_id,
            "why": list(of.served.why),
            "gateway": dict(of.served.milliseconds),
            "origin": None if origin is None else origin.number,
            "asked": origin is not None and origin.event is not None,
            "event": event,
            "response": response,
            "stages": stages(of),
            "token": token(of, self._serving.gateway.now()),
            "role": candidates(of),
            "routes": route_table(of),
            "policy": session_policy(of),
            "calls": aws_calls(of),
            "share": command(of),
        }
        found: dict[str, Any] = hidden(told, secrets_of(of))
        return found

    async def reveal(self, said: Said) -> dict[str, Any]:
        """The secrets of one decision."""
        of = self._shown(said)
        if of.origin is None:
            raise Refused(404, "the decision whose answer this was is not kept any more")
        return {"event": of.origin.event, "response": of.origin.response}

    async def attempt(self, said: Said) -> dict[str, Any]:
        """One action on one resource, as the decision's caller or as a persona."""
        of = self._shown(said)
        asked = request_of(said)
        if asked is None:
            raise Refused(400, "expected an action and a resource")
        persona = text(said, "persona")
        written, record = of.written, of.record
        if persona:
            written, record = await self._as(of, persona)
        found = tried(written, record, asked)
        return {**hidden(found, secrets_of(of)), "persona": persona}

    async def _as(self, of: Shown, persona: str) -> tuple[Written, Record]:
        local = of.local
        if local is None or persona not in local.personas.people:
            raise Refused(404, f"there is no persona {persona!r}")
        event, now = asked_by(of, persona, local), self._serving.gateway.now()
        access = believing(of.written.access, self._serving.configured.written.access)
        _, record = await in_background(lambda: rehearse(access, event, now))
        return of.written, record

    async def cache(self, _: Said) -> dict[str, Any]:
        gateway = self._serving.gateway
        found: dict[str, Any] = hidden(
            cached(gateway.cache, self._stream.decisions, self._serving.configured.local)
        )
        return found

    async def flush(self, said: Said) -> dict[str, Any]:
        self._serving.gateway.cache.flush()
        return await self.cache(said)

    async def uncached(self, said: Said) -> dict[str, Any]:
        """What the authorizer would answer now."""
        of = self._shown(said)
        found = await without(of, self._serving.gateway.asked)
        if found is None:
            raise Refused(404, "the event of this decision is not kept: the authorizer cannot be asked again")
        told: dict[str, Any] = hidden(found, secrets_of(of))
        return told

    async def texts(self, _: Said) -> dict[str, Any]:
        """What can be edited: the settings and the templates that are served now."""
        return {"texts": texts(self._serving.configured.written)}

    async def whatif(self, said: Said) -> dict[str, Any]:
        """Changed texts → the problems of them, or the verdict and the difference."""
        of, new = self._shown(said), self._edited(said)
        if isinstance(new, list):
            return {"problems": new}
        asked = request_of(said)
        now = self._serving.configured.written
        result, diff = await in_background(lambda: (verdict(of, new, asked), difference(now, new)))
        found: dict[str, Any] = hidden({"problems": [], "verdict": result, "diff": diff}, secrets_of(of))
        return found

    async def keep(self, said: Said) -> dict[str, Any]:
        """A file in the cases' folder, of what the changed texts decide; of an unchanged configuration without any."""
        of, new = self._shown(said), self._edited(said)
        if isinstance(new, list):
            raise Refused(400, "\n".join(new))
        asked, record = request_of(said), of.record
        if mapping(said, "texts") and of.origin is not None and of.origin.event is not None:
            event = of.origin.event
            _, record = await in_background(lambda: rehearse(new.access, event, of.record.now))
        content = case_text(text(said, "title"), new, record, asked)
        folder = self._serving.options.access.parent / "cases"
        now = self._serving.configured.written
        try:
            kept = keep(folder, text(said, "name"), content, now, replace=flag(said, "replace"))
        except FileIsThere as there:
            raise Refused(409, f"{there} is there already: say that it may be replaced") from None
        except OSError as error:
            raise Refused(500, f"the file cannot be written: {error.strerror}") from None
        return {"file": kept.file, "text": kept.text, "now": list(kept.now)}

    async def isolation(self, _: Said) -> dict[str, Any]:
        return {"proofs": await self._isolation.of(self._serving.configured.written)}

    def _shown(self, said: Said) -> Shown:
        wanted, decisions = number(said, "number"), self._stream.decisions
        served = None if wanted is None else numbered(wanted, decisions)
        if served is None:
            raise Refused(404, "there is no such decision, or it is not kept any more")
        return shown(served, decisions, self._serving.configured)

    def _edited(self, said: Said) -> Written | list[str]:
        configured = self._serving.configured
        changed = mapping(said, "texts")
        if not changed:
            return configured.written
        try:
            return edited(
                configured.written, changed, configured.environment, local=configured.local is not None
            )
        except SettingsError as error:
            return list(error.problems)


ASKED: Final[Mapping[tuple[str, str], Callable[[Answers, Said], Awaitable[dict[str, Any]]]]] = {
    ("GET", "requests"): Answers.requests,
    ("GET", "decision"): Answers.decision,
    ("POST", "reveal"): Answers.reveal,
    ("POST", "try"): Answers.attempt,
    ("GET", "cache"): Answers.cache,
    ("POST", "flush"): Answers.flush,
    ("POST", "uncached"): Answers.uncached,
    ("GET", "texts"): Answers.texts,
    ("POST", "whatif"): Answers.whatif,
    ("POST", "keep"): Answers.keep,
    ("GET", "isolation"): Answers.isolation,
}
"""By method and name. What changes something, costs something or tells a secret is a POST."""
