"""What templates are held to when they load: declarations in order, JSON whatever a variable says, and a document that
a session policy can be in every branch."""

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain, combinations, islice
from typing import Final, TypeAlias

from authorizer.engine.language import FORBIDDEN, MAX_CLAIMS, PRINTABLE, ClaimType, Placeholders
from authorizer.engine.template.binding import bind
from authorizer.engine.template.branches import MAX_BRANCHES, needed_by, parts_of
from authorizer.engine.template.holes import examine_symbolic, mistyped
from authorizer.engine.template.loops import lengths_for_forms
from authorizer.engine.template.parts import mended
from authorizer.engine.template.places import place_at, statement_places
from authorizer.engine.template.program import Atom, Place, Program, claims_of, variables_of
from authorizer.engine.template.run import Run, always, explore, may_agree
from authorizer.syntax.json_text import JsonInvalid, parse_json

_ESCAPED = re.compile(r"\\U(000f[0-9a-f]{4})")
_TOO_MANY: Final = (
    f"more than {MAX_BRANCHES} ways to run: use fewer independent tests within one statement, and shorter lists where "
    "a loop stands inside a text; tests around whole statements do not multiply, where the first statement stands "
    "under no test, and each test has the comma of its statement within it"
)
_HOLES: Final = "holes stand inside strings only"
_INSTEAD: Final = (
    ("a comma before a closing bracket", "leave it out"),
    ("expecting ',' delimiter", f"a comma is missing in front of this, or a bracket; {_HOLES}"),
)
"""What JSON's reader says → what to do."""
_TRUSTED = PRINTABLE | FORBIDDEN


def misdeclared(claims: Mapping[str, ClaimType], variables: Mapping[str, str]) -> list[str]:
    """What is wrong with the declarations, whatever the templates say."""
    if len(claims) > MAX_CLAIMS:
        return [f"{len(claims)} claims are declared: at most {MAX_CLAIMS} can be"]
    empty = [f"variable `{name}` is empty: expected text" for name, value in variables.items() if not value]
    strange = [
        f"variable `{name}` holds {char!a}, which STS does not take: expected printable characters up to U+00FF"
        for name, value in variables.items()
        for char in sorted(set(value) - _TRUSTED)
    ]
    return [*empty, *strange]


def changed(
    programs: Mapping[str, Program], claims: Mapping[str, ClaimType], variables: Mapping[str, str]
) -> list[str]:
    """What compiled programs mention and is no longer declared, or no longer a list or a single value."""
    return [
        f"{name}.json.j2:1: `{used}` is no longer declared as it was when this was compiled: compile again"
        for name, program in programs.items()
        for used in sorted(_undeclared(program, claims, variables))
    ]


def _undeclared(
    program: Program, claims: Mapping[str, ClaimType], variables: Mapping[str, str]
) -> Iterator[str]:
    yield from sorted(set(variables_of(program)) - variables.keys())
    for name, is_list in claims_of(program):
        if name not in claims or is_list not in {None, claims[name].is_list}:
            yield name


def misshapen(
    programs: Mapping[str, Program],
    variables: Mapping[str, str],
    claims: Mapping[str, ClaimType],
    placeholders: Placeholders,
) -> list[str]:
    """Every problem of every branch of these programs, each with its place, and once.

    Tests on the deployment's `variables` go both ways: what one deployment never renders is another's policy.
    """
    problems: list[str] = []
    for name, program in programs.items():
        problems += list(_not_json(name, program, claims, placeholders)) or _problems(
            name, bind(program, variables, settle=False), claims, placeholders
        )
    return list(dict.fromkeys(problems))


def _not_json(
    name: str, program: Program, claims: Mapping[str, ClaimType], placeholders: Placeholders
) -> Iterator[str]:
    """What is no JSON, with every variable as `x`: a variable outside a string could be a whole statement, and whether
    a template is in order must not depend on a variable's value."""
    stand_in = bind(program, dict.fromkeys(variables_of(program), "x"), settle=False)
    for _, run in chain.from_iterable(_runs(stand_in, claims, placeholders)):
        try:
            parse_json(run.text)
        except JsonInvalid as invalid:
            place = place_at(run, invalid.position or 0, Place(name, 1))
            instead = next((each for said, each in _INSTEAD if said in invalid.cause), _HOLES)
            yield f"{place.describe()}: {invalid.cause} ({instead})"


def _problems(
    name: str, program: Program, claims: Mapping[str, ClaimType], placeholders: Placeholders
) -> Iterator[str]:
    parts = _runs(program, claims, placeholders)
    named: dict[str | None, list[_Named]] = {}
    says_something = False
    if any(len(ways) > MAX_BRANCHES for ways in parts):
        yield f"{name}.json.j2:1: {_TOO_MANY}"
        return
    for part, ways in enumerate(parts):
        for chosen, run in ways:
            document, problems = examine_symbolic(run.text)
            problems = problems or list(
                mistyped(document, lambda char: claims[placeholders.origin(char)[0]].name)
            )
            places = statement_places(run) if problems or len(parts) > 1 else []
            for problem in problems:
                place = Place(name, 1)
                if problem.statement is not None and problem.statement < len(places):
                    place = places[problem.statement]
                yield f"{place.describe()}: {_readable(problem.text, placeholders)}"
            for statement, place in zip(document.statements, places, strict=False):
                named.setdefault(statement.sid, []).append((part, chosen, place))
            says_something = says_something or bool(document.statements) or bool(problems)
    if not says_something:
        _, run = parts[0][0]  # there is one: on the way on which every test holds no claim is missing
        place = place_at(run, run.text.find('"Statement"'), Place(name, 1))
        yield f"{place.describe()}: `Statement` is an empty list, whoever it is for: expected at least one statement"
    for sid in sorted(filter(None, named)):
        yield from _same_sid(sid, named[sid])


_Named: TypeAlias = tuple[int, Mapping[Atom, bool | int], Place]
"""A statement with a Sid: the number of its part, what was chosen there, and where it stands."""


def _same_sid(sid: str, statements: Sequence[_Named]) -> Iterator[str]:
    """What no part shows by itself: two statements of one document by the same name."""
    for (part, chosen, _), (other, others, place) in combinations(statements, 2):
        if part != other and may_agree(chosen, others):
            yield f"{place.describe()}: Sid {sid!r} is not unique"


def _runs(
    program: Program, claims: Mapping[str, ClaimType], placeholders: Placeholders
) -> list[list[tuple[Mapping[Atom, bool | int], Run]]]:
    """What the program writes, whole or by part: for each, every way that some user goes, with what was chosen. Where a
    part has more than `MAX_BRANCHES` ways, one more than that of them, and of every part whichever ways there are."""
    lengths, given = lengths_for_forms(claims, [program]), always(claims)
    found = []
    for part in parts_of([program], placeholders.codes, lengths, given):
        ways = islice(explore(part, placeholders.codes, lengths, given=given), MAX_BRANCHES + 1)
        found.append([(chosen, mended(run)) for chosen, (run,) in ways])
    if any(len(ways) > MAX_BRANCHES for ways in found):  # what the rest of a part's ways need is not known
        return found
    needed = needed_by([[chosen for chosen, _ in ways] for ways in found])
    return [[(chosen, run) for chosen, run in ways if may_agree(chosen, needed)] for ways in found]


def _readable(text: str, placeholders: Placeholders) -> str:
    """A problem's text with the claims' names for their placeholders, which messages show escaped."""
    return _ESCAPED.sub(lambda found: f"{{{{ {placeholders.origin(chr(int(found[1], 16)))[0]} }}}}", text)
