"""The questions of a proof about routes, each as a file: may two users open one path?"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from authorizer.engine.language import ClaimType, Placeholders
from authorizer.engine.smt.export import Exported, comments, file_name
from authorizer.engine.smt.script import Script

_HOLE: Final = r"\{(\w+)\}"


@dataclass(frozen=True, slots=True, kw_only=True)
class PathQuestion:
    """Two entries that open paths, each to users with the claims that it names."""

    claim: str
    """In which the two users differ."""
    subject: str
    """The proof that it is a part of."""
    paths: tuple[str, str]
    """As access.toml has them: `/orgs/{org}/files/*`."""
    places: tuple[str, str]
    """In words: `scope files:read: GET /files/*`."""
    methods_in_common: bool


def export_paths(questions: Sequence[PathQuestion], *, claims: Mapping[str, ClaimType]) -> list[Exported]:
    """A file for each."""
    width = max(4, len(str(len(questions))))
    return [
        _exported(f"path-{number:0{width}d}", question, claims)
        for number, question in enumerate(questions, start=1)
    ]


def _exported(number: str, question: PathQuestion, claims: Mapping[str, ClaimType]) -> Exported:
    script = _script(question, claims)
    lines = [
        f"May two users whose `{question.claim}` differs open the same path, each by one of these entries?",
        *(f"{who}: {place}" for who, place in zip(("one", "other"), question.places, strict=True)),
        "unsat: no, whatever their claims. sat: yes, and the model shows whom and what.",
        f"A part of: {question.subject}.",
        *(f"Left out: {each}." for each in script.left_out),
    ]
    return Exported(
        name=file_name("-".join((number, question.claim, *question.places))),
        text=comments(lines) + script.text(),
        kind="partial" if script.left_out else "exact",
        subjects=(question.subject,),
    )


def _script(question: PathQuestion, claims: Mapping[str, ClaimType]) -> Script:
    placeholders = Placeholders(claims)
    script = Script(claims=claims, origin=placeholders.origin)
    script.differ(question.claim)
    path = script.constant("path")
    for user, written in zip(("one", "other"), question.paths, strict=True):
        for claim in dict.fromkeys(re.findall(_HOLE, written)):
            script.say(script.has(user, claim))
        pattern = re.sub(_HOLE, lambda hole: chr(placeholders.codes[hole[1]]), written)
        script.say(script.matches(path, user, pattern))
    if not question.methods_in_common:
        script.say("false")
    return script
