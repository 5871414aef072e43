"""The policy engine by itself: render + parse + pack, one evaluation, proving the bundled set.

    python -m benchmarks.engine

Each figure is the best of several rounds, in microseconds. "First rendering" is what a cold shape costs: symbolic
text, strict parse, pack; "rendering" what every further user of that shape costs. The next table renders policies of
1 to 24 statements: a cost that grew faster than the statements would show there. Then templates with 10 to 40
independent tests, of which 40 make 10^12 texts: what the gate's commands cost, in seconds and as a ratio.
"""

import time
import timeit
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.table import Table

from authorizer.engine.document.document import dump, parse_session
from authorizer.engine.document.pack import pack
from authorizer.engine.evaluate.evaluate import AccessRequest, evaluate
from authorizer.engine.language.declaring import declare
from authorizer.engine.prove.diff import diff_role
from authorizer.engine.prove.proof import Promise
from authorizer.engine.prove.prove import prove
from authorizer.engine.prove.sides import Side
from authorizer.engine.template.template import TemplateSet

FOLDER = Path(__file__).parents[1] / "policies" / "templates"
SOURCES = {path.name.removesuffix(".json.j2"): path.read_text() for path in FOLDER.glob("*.json.j2")}
CLAIMS = {
    "sub": declare({"type": "uuid"}),
    "tenant": declare({"type": "slug", "max_length": 32}),
    "client": declare({"type": "slug", "max_length": 64}),
}
VARIABLES = {
    "partition": "aws",
    "region": "eu-west-1",
    "account": "123456789012",
    "bucket": "data",
    "table": "data",
}
PROMISES = {
    "s3-home": "sub",
    "s3-tenant": "tenant",
    "dynamodb-tenant": "tenant",
    "tenant-data": "tenant",
    "s3-client": "client",
}
USER = {"sub": "11111111-1111-4111-8111-111111111111", "tenant": "acme", "client": "1h57kf5cpq17m0eml12"}
SCOPES = frozenset({"data:write"})
LARGEST = "tenant-data"


def microseconds(call: Callable[[], object], *, number: int, rounds: int = 7) -> float:
    """The best of `rounds`, for one call."""
    return min(timeit.repeat(call, number=number, repeat=rounds)) / number * 1e6


def compiled() -> TemplateSet:
    return TemplateSet.compile(SOURCES, claims=CLAIMS, variables=VARIABLES)


def first_rendering() -> float:
    """A set that has rendered nothing yet, its programs ready."""
    templates = compiled()

    def call() -> None:
        templates._prepared.clear()
        templates.render([LARGEST], USER, scopes=SCOPES)

    return microseconds(call, number=50)


def proving(templates: TemplateSet) -> float:
    promises = {name: Promise(isolates=(claim,)) for name, claim in PROMISES.items()}

    def call() -> None:
        for name in PROMISES:
            proof = prove(templates, subject=name, names=[name], claims=CLAIMS, promises=promises)
            if proof.verdict != "PROVEN":
                raise RuntimeError(f"{name}: {proof.verdict}")

    return microseconds(call, number=1)


def of_statements(count: int) -> tuple[float, float]:
    """First and further rendering of a policy of `count` statements that do not merge."""
    statements = ",".join(
        f'{{"Effect":"Allow","Action":"s3:A{n}","Resource":"arn:aws:s3:::b/{n}/{{{{ tenant }}}}/*"}}'
        for n in range(count)
    )
    templates = TemplateSet.compile(
        {"t": f'{{"Version":"2012-10-17","Statement":[{statements}]}}'}, claims=CLAIMS, variables={}
    )

    def first() -> None:
        templates._prepared.clear()
        templates.render(["t"], {"tenant": "a"}, scopes=SCOPES)

    return (
        microseconds(first, number=5),
        microseconds(lambda: templates.render(["t"], {"tenant": "a"}, scopes=SCOPES), number=500),
    )


def judging(count: int) -> float:
    """Seconds of the processor for what `check`, `render --role`, `prove` and `diff` ask of a template with `count`
    statements, each behind a test of its own."""
    first = '{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/first/{{ tenant }}/*"}'
    tested = (
        f'{{% if "s{n}" in scopes %}},{first.replace("first", str(n))}{{% endif %}}' for n in range(count)
    )
    source = f'{{"Version":"2012-10-17","Statement":[{first}{"".join(tested)}]}}'
    promises = {"t": Promise(isolates=("tenant",))}
    start = time.process_time()
    templates = TemplateSet.compile({"t": source}, claims=CLAIMS, variables={})
    templates.worst_case_length(["t"])
    proof = prove(templates, subject="t", names=["t"], claims=CLAIMS, promises=promises)
    side = Side(templates=templates, names=("t",))
    if (proof.verdict, diff_role("t", old=side, new=side).verdict) != ("PROVEN", "NO WIDER"):
        raise RuntimeError(f"{count} tests: {proof.verdict}")
    return time.process_time() - start


def main() -> None:
    console = Console()
    templates = compiled()
    text = templates.render([LARGEST], USER, scopes=SCOPES)
    document = parse_session(text)
    request = AccessRequest(
        action="dynamodb:PutItem",
        resource="arn:aws:dynamodb:eu-west-1:123456789012:table/data",
        context={"dynamodb:LeadingKeys": ["acme"]},
    )
    dumped = templates.dump(SOURCES)
    rows = [
        (
            f"rendering {LARGEST}",
            microseconds(lambda: templates.render([LARGEST], USER, scopes=SCOPES), number=2000),
            60,
        ),
        (f"first rendering of {LARGEST}", first_rendering(), None),
        ("strict parse of its text", microseconds(lambda: parse_session(text), number=200), None),
        ("pack and dump of it", microseconds(lambda: dump(pack(document)), number=200), None),
        (
            "one evaluation",
            microseconds(
                lambda: evaluate(identity=None, session=document, boundary=None, request=request), number=2000
            ),
            50,
        ),
        ("proving the bundled set", proving(templates), 100_000),
        ("compiling the bundled set, Jinja imported", microseconds(compiled, number=5), None),
        (
            "loading it compiled",
            microseconds(
                lambda: TemplateSet.load(dumped, SOURCES, claims=CLAIMS, variables=VARIABLES), number=5
            ),
            None,
        ),
    ]
    table = Table("", "µs", "Aim")
    for name, value, aim in rows:
        table.add_row(name, f"{value:,.1f}", f"{aim:,}" if aim else "-")
    console.print(table)
    table = Table("Statements", "First rendering, µs", "Rendering, µs", "µs a statement")
    for count in (1, 2, 4, 8, 16, 24):
        first, further = of_statements(count)
        table.add_row(str(count), f"{first:,.0f}", f"{further:.1f}", f"{further / count:.2f}")
    console.print(table)
    table = Table("Independent tests", "Ways", "Check, prove, diff: s", "To 10 tests")
    ten = judging(10)
    for count in (10, 15, 20, 40):
        seconds = judging(count)
        table.add_row(str(count), f"{2**count:,}", f"{seconds:.2f}", f"{seconds / ten:.1f}")
    console.print(table)


if __name__ == "__main__":
    main()
