"""Templates for tests of the prover: written in a line each, or read from AWS's samples."""

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from authorizer.engine.document.document import examine, parse_identity
from authorizer.engine.document.sharing import Sharing
from authorizer.engine.document.statement import Document
from authorizer.engine.evaluate import evaluate
from authorizer.engine.language.claims import ClaimType, ClaimValue
from authorizer.engine.language.declaring import declare
from authorizer.engine.language.errors import ValueMissing
from authorizer.engine.language.escape import literal
from authorizer.engine.language.placeholders import Placeholders
from authorizer.engine.prove.proof import Promise, Proof
from authorizer.engine.prove.prove import prove
from authorizer.engine.prove.witness import Party
from authorizer.engine.template.branches import Branch
from authorizer.engine.template.program import Place
from authorizer.engine.template.template import TemplateSet

CLAIMS: Mapping[str, ClaimType] = {
    "sub": declare({"type": "uuid"}),
    "tenant": declare({"type": "slug", "max_length": 32}),
    "text": declare({"type": "opaque", "max_length": 64}),
    "path": declare({"type": "arn"}),
    "teams": declare({"type": "slug", "list": True, "max_items": 5}),
    "plan": declare({"type": "enum", "values": ["free", "pro"]}),
}


def statement(**members: Any) -> dict[str, Any]:
    """An Allow of `s3:GetObject` on nothing in particular, but for what the test says."""
    return {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::bucket/common"} | members


def objects(path: str, **members: Any) -> dict[str, Any]:
    return statement(Resource=f"arn:aws:s3:::bucket/{path}", **members)


def template(*parts: dict[str, Any] | str) -> str:
    """The source of a template: statements, with a comma between neighbours, and text as it stands."""
    source = ""
    for before, part in zip(("", *parts), parts, strict=False):
        comma = "," if isinstance(before, dict) and isinstance(part, dict) else ""
        source += comma + (json.dumps(part) if isinstance(part, dict) else part)
    return f'{{"Version": "2012-10-17", "Statement": [{source}]}}'


def compile_templates(**sources: str) -> TemplateSet:
    return TemplateSet.compile(
        {name.replace("__", "-"): source for name, source in sources.items()}, claims=CLAIMS, variables={}
    )


def prove_one(source: str, *, isolates: str | None = "tenant", shared: Sequence[Sharing] = ()) -> Proof:
    return prove(
        compile_templates(it=source),
        subject="it",
        names=["it"],
        claims=CLAIMS,
        promises={"it": Promise(isolates=(isolates,) if isolates else (), shared=tuple(shared))},
    )


def assert_confirmed(proof: Proof, render: Callable[[Party], str]) -> None:
    """Every finding has a witness, and the evaluator allows both requests on policies rendered here and now."""
    assert proof.verdict == "LEAK"
    assert proof.findings
    for finding in proof.findings:
        assert finding.witness is not None
        one, other = finding.witness.one, finding.witness.other
        assert one.claims.get(finding.isolates) != other.claims.get(finding.isolates)
        assert one.request.resource == other.request.resource
        for party in (one, other):
            outcome = evaluate(
                identity=None, session=parse_identity(render(party)), boundary=None, request=party.request
            )
            assert outcome.allowed


@dataclass(frozen=True)
class PlainTemplates:
    """Documents that our own strict reader would refuse, with `{{claim}}` in them and nothing else: the
    samples of others. The grammar is IAM's."""

    text: str
    claims: Mapping[str, ClaimType]

    def branches(self, names: Sequence[str]) -> Iterable[Branch]:
        codes = Placeholders(self.claims).codes
        document = self._document({claim: chr(code) for claim, code in codes.items()})
        yield Branch(
            chosen={},
            document=document,
            places=tuple(Place(names[0], number + 1) for number, _ in enumerate(document.statements)),
        )

    def origin(self, placeholder: str) -> tuple[str, int]:
        return Placeholders(self.claims).origin(placeholder)

    def render(
        self, names: Sequence[str], values: Mapping[str, ClaimValue], *, scopes: frozenset[str]
    ) -> str:
        def value(hole: re.Match[str]) -> str:
            if hole[1] not in values:
                raise ValueMissing(hole[1])
            return literal(str(self.claims[hole[1]].check(values[hole[1]])))

        return re.sub(r"\{\{\s*(\w+)\s*\}\}", value, self.text)

    def _document(self, codes: Mapping[str, str]) -> Document:
        text = re.sub(r"\{\{\s*(\w+)\s*\}\}", lambda hole: codes[hole[1]], self.text)
        document, problems = examine(text, holes=frozenset(codes.values()))
        assert not problems, problems
        return document


def prove_plain(text: str, claims: Mapping[str, ClaimType]) -> tuple[Proof, Callable[[Party], str]]:
    """What is proven about a document with `{{tenant}}` in it, and how it is rendered for a party."""
    templates = PlainTemplates(text, claims)
    proof = prove(
        templates, subject="it", names=["it"], claims=claims, promises={"it": Promise(isolates=("tenant",))}
    )
    return proof, lambda party: templates.render(["it"], party.claims, scopes=party.scopes)
