"""What lies inside another resource, under an ARN of its own: who reaches it reaches what that resource holds.

A request on an index is authorized on the index's ARN, and reads the items of its table. So a text that names an index
counts as its table, too, wherever the statements of two users are compared.
"""

from collections.abc import Iterator
from functools import lru_cache

from authorizer.engine.document import INSIDE
from authorizer.engine.evaluate import MANY, Wild
from authorizer.engine.prove.automaton import Hole, SymbolicPattern, find_overlap


@lru_cache(maxsize=4096)
def wholes(pattern: SymbolicPattern) -> tuple[SymbolicPattern, ...]:
    """What the texts of the pattern may lie inside of, at least."""
    services = {row.service for row in INSIDE}
    fields = pattern[0].split(":") if pattern and isinstance(pattern[0], str) else []
    if len(fields) > 3 and fields[2] not in services:
        return ()  # the service is written out
    return tuple(
        dict.fromkeys(
            head
            for head, tail in _cuts(pattern)
            if any(
                find_overlap(tail, (row.tail, MANY)) is not None
                and find_overlap(head, ("arn:", MANY, f":{row.service}:", MANY, f":{row.whole}", MANY))
                is not None
                for row in INSIDE
            )
        )
    )


def _cuts(pattern: SymbolicPattern) -> Iterator[tuple[SymbolicPattern, SymbolicPattern]]:
    """Each way to cut it before a `/`: what comes before, and the rest."""
    for at, part in enumerate(pattern):
        before, behind = pattern[:at], pattern[at + 1 :]
        if isinstance(part, str):
            for number, char in enumerate(part):
                if char == "/":
                    yield (*before, *filter(None, (part[:number],))), (part[number:], *behind)
        elif part is Wild.ONE:
            yield before, (part, *behind)
        elif part is MANY or _holds_a_slash(part):
            yield (*before, MANY), (MANY, *behind)


def _holds_a_slash(hole: Hole) -> bool:
    return any("/" in segment.chars for sequence in hole.language.alternatives for segment in sequence)
