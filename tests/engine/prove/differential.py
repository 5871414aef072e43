"""The prover against judges that share nothing with it.

* **Every text**: patterns over three letters and claim types of few words, so that all texts up to a length can be
  tried with Python's own regular expressions.
* **Every request**: statements with conditions, rendered for every user, and every request of a small world evaluated.
* **Every request of two**: the same for `diff`, on a policy and a changed one.
* **Every list**: for `diff` too, on templates of loops within loops, in texts and under tests, with one to six items.
* **cvc5**: an SMT solver's theory of strings, for claim types of real size.

A PROVEN that a judge contradicts is a bug in the prover; so is a LEAK without a confirmed witness. UNKNOWN is honest,
but useless: of texts and of cvc5's questions, fewer than one in ten may be.

`python -m tests.engine.prove.differential` runs them all in full (some minutes), the tests a small part.
"""

import argparse
import importlib
import json
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any

from authorizer.engine.document.document import parse_identity
from authorizer.engine.document.statement import Document
from authorizer.engine.evaluate.evaluate import AccessRequest, evaluate
from authorizer.engine.evaluate.patterns import MANY, ONE, Wild
from authorizer.engine.language.claims import ClaimType, ClaimValue
from authorizer.engine.language.declaring import declare
from authorizer.engine.language.errors import EngineError, PolicyTooLarge, TemplateInvalid
from authorizer.engine.language.languages import Language, Segment
from authorizer.engine.prove.automaton import Hole, SymbolicPattern, find_overlap
from authorizer.engine.prove.diff import diff_role
from authorizer.engine.prove.proof import Promise
from authorizer.engine.prove.prove import prove
from authorizer.engine.prove.separation import Hit, Meeting
from authorizer.engine.prove.sides import Side
from authorizer.engine.prove.symbolic import fill
from authorizer.engine.prove.tags import Tags
from authorizer.engine.prove.witness import assignments
from authorizer.engine.template.template import TemplateSet
from tests.engine.proving import PlainTemplates, objects, statement, template
from tests.engine.smt.solver import RESOURCES


@dataclass
class Tally:
    """Verdicts counted, and every contradiction in words."""

    verdicts: Counter[str] = field(default_factory=Counter)
    contradictions: list[str] = field(default_factory=list)
    undecided: int = 0
    """Questions on which the judge itself gave up."""

    @property
    def total(self) -> int:
        return self.verdicts.total()

    @property
    def unknown(self) -> float:
        return self.verdicts["UNKNOWN"] / max(1, self.total)

    def describe(self) -> str:
        counts = ", ".join(f"{count} {verdict}" for verdict, count in sorted(self.verdicts.items()))
        return (
            f"{self.total} questions: {counts}; UNKNOWN {self.unknown:.1%}; judge undecided {self.undecided}; "
            f"{len(self.contradictions)} contradictions"
        )


def letters(chars: str, least: int, most: int) -> Segment:
    return Segment(frozenset(chars), least, most)


# ── Every text ──────────────────────────────────────────────────────────────────────────────────────────────

ALPHABET = "ab/"
LANGUAGES = (
    Language(((letters("ab", 2, 2),),)),
    Language(((letters("ab", 1, 2),),)),
    Language(((letters("ab/", 1, 2),),)),
    Language(((letters("a", 1, 1), letters("ab", 0, 2)),)),
    Language(((letters("a", 1, 1),), (letters("b", 1, 2),))),
    Language(((letters("a", 1, 1), letters("/", 1, 1), letters("b", 1, 1)), (letters("b", 1, 1),))),
)


def words(language: Language) -> list[str]:
    """Every text of a small language."""
    found = set()
    for sequence in language.alternatives:
        options = [
            [
                "".join(chars)
                for count in range(part.min, part.max + 1)
                for chars in product(sorted(part.chars), repeat=count)
            ]
            for part in sequence
        ]
        found |= {"".join(parts) for parts in product(*options)}
    return sorted(found)


def random_pattern(rng: random.Random, holes: Sequence[Hole]) -> SymbolicPattern:
    """Up to six parts: literals, wildcards and claims, in any order and repeated."""
    parts: list[str | Wild | Hole] = []
    for _ in range(rng.randint(1, 6)):
        kinds: list[str | Wild | Hole] = [
            rng.choice(["a", "b", "/", "/", "a/"]),
            MANY,
            ONE,
            holes[0],
            holes[-1],
        ]
        part = rng.choices(kinds, [35, 15, 8, 32, 10])[0]
        if part is MANY and parts[-1:] == [MANY]:
            continue
        if isinstance(part, str) and parts and isinstance(parts[-1], str):
            parts[-1] += part
        else:
            parts.append(part)
    return tuple(parts)


def judge_patterns(
    left: SymbolicPattern, right: SymbolicPattern, values: Sequence[str]
) -> tuple[str, tuple[SymbolicPattern, SymbolicPattern, str] | None]:
    """The verdict on two patterns, as `prove` reaches it on two statements; a leak with what to confirm."""
    overlap = find_overlap(left, right)
    if overlap is None:
        return "PROVEN", None
    meeting = Meeting(resources=(Hit(left=left, right=right, overlap=overlap),), keys={})
    for one, other in assignments(meeting, isolates="x", ones=values, others=values):
        if one["x"] == other["x"] or not {one["x"], other["x"]} <= set(values):
            continue
        sides = fill(left, {"z": "a", **one}), fill(right, {"z": "a", **other})
        met = find_overlap(*sides)
        if met is not None:
            return "LEAK", (*sides, met.text)
    return "UNKNOWN", None


def as_regex(pattern: SymbolicPattern) -> str:
    """The standard library's idea of a pattern."""
    kinds: dict[object, str] = {MANY: ".*", ONE: "."}
    return "".join(re.escape(part) if isinstance(part, str) else kinds[part] for part in pattern)


def against_every_text(count: int, *, seed: int = 1, longest: int = 6) -> Tally:
    rng, tally = random.Random(seed), Tally()
    texts = ["".join(chars) for length in range(longest + 1) for chars in product(ALPHABET, repeat=length)]
    page = "\n".join(texts)

    def matched(pattern: SymbolicPattern, x: str, free: Sequence[str]) -> set[str]:
        alternatives = "|".join(as_regex(fill(pattern, {"x": x, "z": z})) for z in free)
        return set(re.findall(rf"(?m)^(?:{alternatives})$", page))

    for _ in range(count):
        languages = rng.choice(LANGUAGES), rng.choice(LANGUAGES)
        values, free = words(languages[0]), words(languages[1])
        holes = [
            Hole(claim="x", language=languages[0], isolating=True),
            Hole(claim="z", language=languages[1], isolating=False),
        ]
        left = random_pattern(rng, holes)
        right = left if rng.random() < 0.5 else random_pattern(rng, holes)
        verdict, leak = judge_patterns(left, right, values)
        tally.verdicts[verdict] += 1
        if leak is not None:
            if not all(re.fullmatch(as_regex(side), leak[2], re.DOTALL) for side in leak[:2]):
                tally.contradictions.append(f"a witness that is none: {leak}")
        elif verdict == "PROVEN":
            mine = {x: matched(left, x, free) for x in values}
            theirs = {y: matched(right, y, free) for y in values}
            for x, y in product(values, values):
                if x != y and mine[x] & theirs[y]:
                    tally.contradictions.append(f"PROVEN, but {x!r} and {y!r} meet: {left} and {right}")
    return tally


# ── Every request ───────────────────────────────────────────────────────────────────────────────────────────

USERS = ("a", "b", "ab", "A")
WORLD: dict[str, tuple[tuple[str, ...], ...]] = {
    "dynamodb:LeadingKeys": ((), ("a",), ("b",), ("A",), ("ab",), ("a", "b"), ("a", "ab")),
    "s3:prefix": ((), ("",), ("a",), ("a/",), ("a/b",), ("ab",), ("b",), ("A/",)),
    "aws:ResourceTag/t": ((), ("a",), ("b",), ("A",), ("ab",)),
    "aws:UserAgent": ((), ("a",), ("b",)),
}
TAG = "aws:PrincipalTag/x"
VALUES = ("{{x}}", "{{x}}", "{{x}}/", "{{x}}*", "{{x}}/*", "a", "*", "?", "${aws:UserAgent}", f"${{{TAG}}}")
OPERATORS = (
    "StringEquals",
    "StringLike",
    "StringEqualsIgnoreCase",
    "StringNotEquals",
    "StringNotLike",
    "ArnLike",
)
FORMS: tuple[Callable[[str], str], ...] = (
    lambda name: name,
    lambda name: f"{name}IfExists",
    lambda name: f"ForAllValues:{name}",
    lambda name: f"ForAnyValue:{name}",
    lambda name: f"ForAllValues:{name}IfExists",
)


def random_statement(rng: random.Random) -> dict[str, Any]:
    conditions: dict[str, dict[str, Any]] = {}
    for _ in range(rng.randint(1, 3)):
        key = rng.choice([*WORLD, *list(WORLD)[:3]])
        if rng.random() < 0.35:
            conditions.setdefault("Null", {})[key] = rng.choice(["false", "false", "true", ["true", "false"]])
            continue
        operator = rng.choice(FORMS)(rng.choice(OPERATORS))
        conditions.setdefault(operator, {})[key] = rng.sample(VALUES, rng.randint(1, 2))
    if rng.random() < 0.15:
        conditions.setdefault(rng.choice(FORMS)(rng.choice(OPERATORS)), {})[TAG] = rng.sample(VALUES, 1)
    path = rng.choice(["*", "*", "{{x}}/*", "{{x}}*", "f", f"${{{TAG}}}/*"])
    action = rng.choice(["s3:GetObject", "s3:PutObject", "s3:*"])
    return statement(Action=action, Resource=f"arn:aws:s3:::bucket/{path}", Condition=conditions)


def random_deny(rng: random.Random) -> dict[str, Any]:
    """A Deny that may leave one user's own: all but some actions or resources, or whatever fails a condition."""
    denied = random_statement(rng) | {"Effect": "Deny"}
    if rng.random() < 0.5:
        denied["NotAction" if rng.random() < 0.3 else "Action"] = denied.pop("Action")
    if rng.random() < 0.5:
        paths = [rng.choice(["{{x}}/*", "{{x}}*", "*", "a*", "{{x}}/f"]) for _ in range(rng.randint(1, 2))]
        del denied["Resource"]
        denied["NotResource"] = [f"arn:aws:s3:::bucket/{path}" for path in paths]
    elif rng.random() < 0.7:
        denied["Resource"] = "*"
    if rng.random() < 0.5:
        del denied["Condition"]
    elif rng.random() < 0.7:
        denied["Condition"] = _one_condition(rng)
    return denied


def _one_condition(rng: random.Random) -> dict[str, Any]:
    key = rng.choice(list(WORLD)[:3])
    if rng.random() < 0.2:
        return {"Null": {key: rng.choice(["true", "false"])}}
    return {rng.choice(FORMS)(rng.choice(OPERATORS)): {key: rng.sample(VALUES, rng.randint(1, 2))}}


def world() -> Iterator[AccessRequest]:
    for resource, values in product(("a/f", "ab/f", "f"), product(*WORLD.values())):
        context = {key: value for key, value in zip(WORLD, values, strict=True) if value}
        yield AccessRequest(
            action="s3:GetObject", resource=f"arn:aws:s3:::bucket/{resource}", context=context
        )


def touches(request: AccessRequest) -> tuple[str, str, tuple[str, ...]]:
    """What two requests must have in common to touch the same, apart from the listing's prefix: who calls and how is
    left out, and tags are the resource's own."""
    context = {key: value for key, value in request.context.items() if key != "s3:prefix"}
    return request.action, request.resource, tuple(f"{key}={value}" for key, value in sorted(context.items()))


def against_every_request(count: int, *, seed: int = 1, sample: int = 1500) -> Tally:
    rng, tally = random.Random(seed), Tally()
    claims = {"x": declare({"type": "enum", "values": list(USERS)})}
    requests = rng.sample(list(world()), sample)
    for _ in range(count):
        allowing = [random_statement(rng) for _ in range(rng.randint(1, 2))]
        if rng.random() < 0.3:
            del allowing[0]["Condition"]
        denies = [random_deny(rng) for _ in range(rng.choice((0, 0, 1, 1, 2, 3)))]
        source = template(*allowing, *denies)
        templates = PlainTemplates(source, claims)
        # Where no role sets the tag, everybody has the same.
        tags: Tags = {TAG: "x"} if rng.random() < 0.5 else {}
        proof = prove(
            templates,
            subject="it",
            names=["it"],
            claims=claims,
            promises={"it": Promise(isolates=("x",))},
            tags={"it": tags},
        )
        tally.verdicts[proof.verdict] += 1
        documents = {x: parse_identity(templates.render(["it"], {"x": x}, scopes=frozenset())) for x in USERS}

        def allowed(
            x: str, request: AccessRequest, documents: dict[str, Any] = documents, tags: Tags = tags
        ) -> bool:
            whole = replace(request, context={**request.context, TAG: x if tags else "a"})
            return evaluate(identity=None, session=documents[x], boundary=None, request=whole).allowed

        for finding in proof.findings:
            if finding.witness is not None:
                for party in (finding.witness.one, finding.witness.other):
                    own, x = documents[str(party.claims["x"])], party.claims["x"]
                    tagged = not tags or party.request.context.get(TAG, x) == x
                    if not tagged or not allows(own, party.request):
                        tally.contradictions.append(f"a witness that is none: {party} of {source}")
        if proof.verdict != "PROVEN":
            continue
        prefixes: dict[Any, dict[str, set[str]]] = {}
        for request in requests:
            for x in USERS:
                if allowed(x, request):
                    listed = prefixes.setdefault(touches(request), {}).setdefault(x, set())
                    listed.add("".join(request.context.get("s3:prefix", ("none",))))
        for touched, by_user in prefixes.items():
            for x, y in product(by_user, by_user):
                if x != y and _meet(by_user[x], by_user[y]):
                    tally.contradictions.append(f"PROVEN, but {x!r} and {y!r} touch {touched}: {source}")
    return tally


def _meet(ones: set[str], others: set[str]) -> bool:
    """Whether a listing of the one shows names that a listing of the other shows."""
    return any(one.startswith(other) for one, other in product(ones, others))


# ── Every request, of two policies ──────────────────────────────────────────────────────────────────────────


def random_change(rng: random.Random, statements: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The same statements, but for one thing."""
    changed: list[dict[str, Any]] = json.loads(json.dumps(statements))
    victim = rng.choice(changed)
    what = rng.randrange(6)
    if what == 0:
        victim["Action"] = rng.choice(["s3:GetObject", "s3:PutObject", "s3:*", "s3:Get*"])
    elif what == 1:
        victim["Resource"] = f"arn:aws:s3:::bucket/{rng.choice(['*', '{{x}}/*', '{{x}}*', 'f', 'a*', '?/f'])}"
    elif what == 2:
        victim["Condition"] = random_statement(rng)["Condition"]
    elif what == 3:
        operator = rng.choice(list(victim["Condition"]))
        values = victim["Condition"].pop(operator)
        victim["Condition"][
            rng.choice(FORMS)(rng.choice(OPERATORS[:-1])) if operator != "Null" else operator
        ] = values
    elif what == 4:
        changed.append(random_statement(rng) | {"Effect": rng.choice(["Allow", "Deny"])})
    else:
        changed.remove(victim)
    return changed


def compile_one(statements: list[dict[str, Any]]) -> TemplateSet | None:
    claims = {"x": declare({"type": "enum", "values": list(USERS)})}
    try:
        return TemplateSet.compile({"it": template(*statements)}, claims=claims, variables={})
    except TemplateInvalid:
        return None


def session(templates: TemplateSet, claims: Mapping[str, ClaimValue]) -> Document | None:
    try:
        return parse_identity(templates.render(["it"], claims, scopes=frozenset()))
    except EngineError:
        return None


def allows(document: Document | None, request: AccessRequest) -> bool:
    return (
        document is not None
        and evaluate(identity=None, session=document, boundary=None, request=request).allowed
    )


def against_every_request_of_two(count: int, *, seed: int = 1, sample: int = 400) -> Tally:
    """Diff: what is said to be no wider, on every request, for every user."""
    rng, tally = random.Random(seed), Tally()
    requests = rng.sample(list(world()), sample)
    while tally.total < count:
        first = [
            random_statement(rng) | {"Effect": "Allow" if number == 0 else rng.choice(["Allow", "Deny"])}
            for number in range(rng.randint(1, 3))
        ]
        second = random_change(rng, first)
        denies = [random_deny(rng) for _ in range(rng.choice((0, 0, 1, 1, 2)))]
        first, second = [*first, *denies], [*second, *denies]
        if rng.random() < 0.3:
            second.append(random_deny(rng))
        if rng.random() < 0.5:
            first, second = second, first
        old, new = compile_one(first), compile_one(second)
        if old is None or new is None:
            continue
        result = diff_role(
            "it", old=Side(templates=old, names=("it",)), new=Side(templates=new, names=("it",))
        )
        tally.verdicts[result.verdict] += 1

        if result.witness is not None:
            claims, request = result.witness.claims, result.witness.request
            if not allows(session(new, claims), request) or allows(session(old, claims), request):
                tally.contradictions.append(f"a witness that is none: {result.witness}: {first} and {second}")
        elif result.verdict == "NO WIDER":
            for claims in ({}, *({"x": x} for x in USERS)):
                before, after = session(old, claims), session(new, claims)
                for request in requests:
                    if allows(after, request) and not allows(before, request):
                        said = f"NO WIDER, but a user with {claims} may do {request}: {first} and {second}"
                        tally.contradictions.append(said)
                        break
    return tally


# ── Every list, of two templates ────────────────────────────────────────────────────────────────────────────

ITEMS = "ABCDEF"
TESTS = (
    *("loop.first", "not loop.first", "loop.last", "not loop.last", "not loop.first and not loop.last"),
    *('"A" in teams', '"w" in scopes'),
)


class Sketch:
    """A random template whose every decision hangs on its own place, so that another can differ in one place alone."""

    def __init__(self, seed: str, *, inside: bool, changed: str | None = None) -> None:
        """`inside`: whether loops stand inside texts too."""
        self._seed, self._inside, self._changed = seed, inside, changed
        self.places: list[str] = []

    def changed(self, place: str) -> "Sketch":
        """The same, but for what is at this place."""
        return Sketch(self._seed, inside=self._inside, changed=place)

    def choose(self, place: str, *options: tuple[str, int]) -> str:
        self.places.append(place)
        again = self._changed is not None and place.startswith(self._changed)
        rng = random.Random(f"{self._seed} {place} {again}")
        return rng.choices([name for name, _ in options], [weight for _, weight in options])[0]

    def source(self) -> str:
        last = '{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/common"}'
        return f'{{"Version":"2012-10-17","Statement":[{self._several("s", 0, self._statement)}{last}]}}'

    def _several(self, place: str, depth: int, one: Callable[[str, int], str]) -> str:
        """One or two of a kind, each maybe in a loop or under a test."""
        count = self.choose(f"{place}#", ("1", 3), ("2", 1))
        return "".join(self._maybe(f"{place}{number}", depth, one) for number in range(int(count)))

    def _maybe(self, place: str, depth: int, one: Callable[[str, int], str]) -> str:
        loops = 4 if depth < 2 and (self._inside or one != self._piece) else 0
        within = self.choose(f"{place}?", ("plain", 5), ("loop", loops), ("test", 2))
        if within == "loop":
            body = self._maybe(f"{place}l", depth + 1, one)
            return f"{{% for t{depth} in teams %}}{body}{{% endfor %}}"
        if within == "test":
            tests = TESTS if depth else TESTS[-2:]
            test = self.choose(f"{place}t", *((test, 1) for test in tests))
            return f"{{% if {test} %}}{self._maybe(f'{place}i', depth, one)}{{% endif %}}"
        return one(place, depth)

    def _statement(self, place: str, depth: int) -> str:
        effect = self.choose(f"{place}e", ("Allow", 4), ("Deny", 1))
        resources = self._several(f"{place}r", depth, self._resource)
        conditions = ""
        operator = self.choose(
            f"{place}o", ("", 4), *((name, 1) for name in ("StringEquals", "StringLike", "StringNotEquals"))
        )
        if operator:
            values = self._several(f"{place}v", depth, self._value)
            conditions = f',"Condition":{{"{operator}":{{"s3:prefix":[{values}"p"]}}}}'
        return (
            f'{{"Effect":"{effect}","Action":"s3:GetObject","Resource":[{resources}"arn:aws:s3:::b/common"]'
            f"{conditions}}},"
        )

    def _resource(self, place: str, depth: int) -> str:
        return f'"arn:aws:s3:::b/{self._several(f"{place}p", depth, self._piece)}",'

    def _value(self, place: str, depth: int) -> str:
        return f'"{self._several(f"{place}p", depth, self._piece)}",'

    def _piece(self, place: str, depth: int) -> str:
        hole = (
            f"{{{{ t{self.choose(f'{place}n', *((str(each), 1) for each in range(depth)))} }}}}"
            if depth
            else "x"
        )
        return self.choose(f"{place}k", (hole, 4), ("x", 3), ("*", 1))


def as_for_short_lists(templates: TemplateSet, longest: int) -> str:
    """A template that allows what `templates` allow with lists of up to `longest` items, and maybe more: each resource
    and value that they write then, as a pattern of its own. What longer lists bring is what a diff must not miss."""
    statements: dict[str, None] = {}
    for count in range(1, longest + 1):
        text = templates.render(["it"], {"teams": tuple(ITEMS[:count])}, scopes=frozenset("w"))
        for each in parse_identity(text).statements:
            resources = "".join(f'{_with_loops(f""""{resource}",""", count)}' for resource in each.resources)
            conditions = ",".join(
                f'"{one.operator}":{{"s3:prefix":['
                + "".join(_with_loops(f'"{value}",', count) for value in one.values if value != "p")
                + '"p"]}'
                for one in each.conditions
            )
            statements[
                f'{{"Effect":"{each.effect}","Action":"s3:GetObject","Resource":[{resources}"arn:aws:s3:::b/common"]'
                + (f',"Condition":{{{conditions}}}' if conditions else "")
                + "}"
            ] = None
    return f'{{"Version":"2012-10-17","Statement":[{",".join(statements)}]}}'


def _with_loops(text: str, count: int) -> str:
    """The text with each item of a list of `count` named by its place: first, last, or neither."""
    for at, item in enumerate(ITEMS[:count]):
        if item in text:
            first, last = ("" if at == 0 else "not "), ("" if at == count - 1 else "not ")
            test = f"{first}loop.first and {last}loop.last"
            body = text.replace(item, f"{{{{ {item.lower()} }}}}")
            text = f"{{% for {item.lower()} in teams %}}{{% if {test} %}}{body}{{% endif %}}{{% endfor %}}"
    return text


def users_of_lists(rng: random.Random, most: int) -> Iterator[tuple[dict[str, ClaimValue], frozenset[str]]]:
    """For each length: all items different, all alike, and two of them mixed; with the scope and without."""
    for length in range(1, most + 1):
        for letters in (ITEMS[:length], "B" * length, "".join(rng.choices("AB", k=length))):
            for scopes in ((), ("w",)):
                yield {"teams": tuple(letters)}, frozenset(scopes)


def requests_near(*documents: Document) -> Iterator[AccessRequest]:
    """A request for each resource and each value of a condition, whatever a star stands for."""
    statements = [statement for document in documents for statement in document.statements]
    resources = {
        text.replace("*", star) for each in statements for text in each.resources for star in ("", "z")
    }
    prefixes = {
        text.replace("*", star)
        for statement in statements
        for condition in statement.conditions
        for text in condition.values
        for star in ("", "z")
    }
    for resource, prefix in product(sorted(resources), [None, "other", *sorted(prefixes)]):
        context = {} if prefix is None else {"s3:prefix": (prefix,)}
        yield AccessRequest(action="s3:GetObject", resource=resource, context=context)


def against_every_list(count: int, *, seed: int = 1) -> Tally:
    """Diff on templates with loops: what is said to be no wider, for lists of every length."""
    rng, tally = random.Random(seed), Tally()
    while tally.total < count:
        sketch = Sketch(f"{seed} {rng.random()}", inside=rng.random() < 0.3)
        source, most = sketch.source(), rng.choice((1, 2, 3, 4, 5, 5, 6, 6, 6))
        claims = {"teams": declare({"type": "enum", "values": list(ITEMS), "list": True, "max_items": most})}
        try:
            new = TemplateSet.compile({"it": source}, claims=claims, variables={})
            before = (
                as_for_short_lists(new, min(most, rng.randint(2, 4)))
                if rng.random() < 0.5
                else sketch.changed(rng.choice(sketch.places)).source()
            )
            old = TemplateSet.compile({"it": before}, claims=claims, variables={})
        except (TemplateInvalid, PolicyTooLarge):
            continue
        result = diff_role(
            "it", old=Side(templates=old, names=("it",)), new=Side(templates=new, names=("it",))
        )
        tally.verdicts[result.verdict] += 1
        if result.verdict == "NO WIDER":
            tally.contradictions += _wider_after_all(
                old, new, users_of_lists(rng, most), f"{before} and {source}"
            )
    return tally


def _wider_after_all(
    old: TemplateSet,
    new: TemplateSet,
    users: Iterator[tuple[dict[str, ClaimValue], frozenset[str]]],
    said: str,
) -> list[str]:
    for claims, scopes in users:
        try:
            before, after = (
                parse_identity(each.render(["it"], claims, scopes=scopes)) for each in (old, new)
            )
        except PolicyTooLarge:
            continue
        for request in requests_near(before, after):
            if allows(after, request) and not allows(before, request):
                return [f"NO WIDER, but a user with {claims}, {scopes} may do {request}: {said}"]
    return []


# ── cvc5 ────────────────────────────────────────────────────────────────────────────────────────────────────

KINDS: dict[str, ClaimType] = {
    "uuid": declare({"type": "uuid"}),
    "slug": declare({"type": "slug", "max_length": 32}),
    "digits": declare({"type": "digits", "max_length": 12}),
    "opaque": declare({"type": "opaque", "exclude": ":.", "max_length": 64}),
    "email": declare({"type": "email", "max_length": 40}),
    "enum": declare({"type": "enum", "values": ["acme", "acme-eu", "umbrella"]}),
}


def random_path(rng: random.Random) -> str:
    """A resource's path as people write them, right and wrong."""
    parts = [rng.choice(["", "home/", "t-", "*/", "?", "*", "{{z}}/", "a/{{z}}-"])]
    parts.append("{{x}}")
    parts.append(
        rng.choice(
            ["", "/", "/*", "*", "-*", "?", "/?*", "_q", "/{{z}}", "/{{z}}/*", "/{{x}}/*", "-{{z}}", "*/a"]
        )
    )
    return "".join(parts)


def against_cvc5(count: int, *, seed: int = 1, milliseconds: int = 3000) -> Tally:
    rng, tally = random.Random(seed), Tally()
    asked: set[tuple[str, str, str, str]] = set()
    while len(asked) < count:
        kinds = rng.choice([*KINDS]), rng.choice(["slug", "enum", "digits"])
        path = random_path(rng)
        other = path if rng.random() < 0.6 else random_path(rng)
        question = (path, other, *kinds)
        if question in asked:
            continue
        asked.add(question)
        claims = {"x": KINDS[kinds[0]], "z": KINDS[kinds[1]]}
        templates = PlainTemplates(
            template(*(objects(each) for each in dict.fromkeys((path, other)))), claims
        )
        proof = prove(
            templates, subject="it", names=["it"], claims=claims, promises={"it": Promise(isolates=("x",))}
        )
        tally.verdicts[proof.verdict] += 1
        pairs = [(path, path), (path, other), (other, other)]
        answers = {solve(one, another, claims, milliseconds) for one, another in dict.fromkeys(pairs)}
        if None in answers and True not in answers:
            tally.undecided += 1
        elif (True in answers and proof.verdict == "PROVEN") or (
            True not in answers and proof.verdict == "LEAK"
        ):
            tally.contradictions.append(f"{proof.verdict}, but cvc5 says {answers}: {question}")
    return tally


def solve(left: str, right: str, claims: dict[str, ClaimType], milliseconds: int) -> bool | None:
    """cvc5's answer: can one text match both paths while x differs? None if it gives up."""
    smt: Any = importlib.import_module("cvc5.pythonic")
    solver = smt.Solver()
    solver.setOption("strings-exp", "true")
    solver.setOption("tlimit-per", str(milliseconds))
    solver.setOption("rlimit-per", str(RESOURCES))
    both = []
    for side, path in (("l", left), ("r", right)):
        term = smt.StringVal("")
        for number, piece in enumerate(re.split(r"(\{\{\w\}\}|[*?])", path)):
            if piece.startswith("{{"):
                value = smt.String(f"{side}_{piece[2]}")
                solver.add(smt.InRe(value, _language(claims[piece[2]].language, smt)))
                solver.add(smt.Length(value) <= claims[piece[2]].max_length)
            elif piece in ("*", "?"):
                value = smt.String(f"{side}_{number}")
                if piece == "?":
                    solver.add(smt.Length(value) == 1)
            else:
                value = smt.StringVal(piece)
            term = smt.Concat(term, value)
        both.append(term)
    solver.add(both[0] == both[1], smt.String("l_x") != smt.String("r_x"))
    for side in "lr":
        solver.add(smt.InRe(smt.String(f"{side}_x"), _language(claims["x"].language, smt)))
    try:
        answer = str(solver.check())
    except MemoryError:  # once in a while, on a machine with twenty gigabytes to spare
        return None
    return {"sat": True, "unsat": False}.get(answer)


def _language(language: Language, smt: Any) -> Any:
    """A long segment has no end here, as in the prover; its length is bounded beside it."""

    def repeated(part: Segment) -> list[Any]:
        chars = _characters(part.chars, smt)
        if part.max - part.min > 8:
            return [*([chars] * part.min), smt.Star(chars)]
        return [smt.Loop(chars, part.min, part.max) if (part.min, part.max) != (1, 1) else chars]

    def chain(sequence: Sequence[Segment]) -> Any:
        parts = [each for part in sequence for each in repeated(part)]
        return parts[0] if len(parts) == 1 else smt.Concat(*parts)

    return _union([chain(sequence) for sequence in language.alternatives], smt)


def _characters(chars: frozenset[str], smt: Any) -> Any:
    codes = sorted(ord(char) for char in chars)
    runs: list[list[int]] = []
    for code in codes:
        if runs and runs[-1][1] == code - 1:
            runs[-1][1] = code
        else:
            runs.append([code, code])
    return _union(
        [smt.Range(chr(low), chr(high)) if low != high else smt.Re(chr(low)) for low, high in runs], smt
    )


def _union(options: Sequence[Any], smt: Any) -> Any:
    return options[0] if len(options) == 1 else smt.Union(*options)


# ── All of it ───────────────────────────────────────────────────────────────────────────────────────────────

JUDGES: dict[str, tuple[Callable[..., Tally], int]] = {
    "every text": (against_every_text, 5000),
    "every request": (against_every_request, 1000),
    "every request of two": (against_every_request_of_two, 1000),
    "every list": (against_every_list, 2000),
    "cvc5": (against_cvc5, 240),
}


def main() -> int:
    parser = argparse.ArgumentParser(description="The prover against judges that share nothing with it.")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=list(JUDGES))
    parser.add_argument("--count", type=int)
    options = parser.parse_args()
    bad = False
    for name, (judge, count) in JUDGES.items():
        if options.only in (None, name):
            started = time.monotonic()
            tally = judge(options.count or count, seed=options.seed)
            print(f"{name}: {tally.describe()} ({time.monotonic() - started:.0f} s)", flush=True)
            print("".join(f"  {line}\n" for line in tally.contradictions[:20]), end="")
            bad = (
                bad or bool(tally.contradictions) or (name in {"every text", "cvc5"} and tally.unknown >= 0.1)
            )
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
