"""Which statements are compared at all: never too few, and in a crowd of them not all."""

import json
import random
import sys
from collections.abc import Mapping

import pytest

from authorizer.engine.language.declaring import declare
from authorizer.engine.prove.allows import Allow, allows_of
from authorizer.engine.prove.crowd import Crowd
from authorizer.engine.prove.proof import Promise
from authorizer.engine.prove.prove import prove
from authorizer.engine.prove.separation import Apart, compare
from authorizer.engine.template.template import TemplateSet

CLAIMS = {
    "tenant": declare({"type": "slug", "max_length": 8}),
    "sub": declare({"type": "uuid"}),
    "plan": declare({"type": "enum", "values": ["free", "paid"]}),
}
RESOURCES = (
    "arn:aws:s3:::*/{{ tenant }}/*",
    "arn:aws:s3:::file*",
    "arn:aws:s3:::{{ tenant }}-files/*",
    "arn:aws:s3:::files/*",
    "arn:aws:s3:::files/{{ tenant }}/*",
    "arn:aws:s3:::files/{{ sub }}/*",
    "arn:aws:s3:::files/a",
    "arn:aws:s3:::files/a/{{ tenant }}/*",
    "arn:aws:s3:::files/ab/{{ tenant }}/*",
    "arn:aws:s3:::files/a?/{{ tenant }}/*",
    "arn:aws:s3:::other/{{ tenant }}/*",
    "arn:aws:sqs:eu-west-1:123456789012:{{ tenant }}-orders",
    "arn:aws:sqs:*:*:{{ tenant }}-orders",
)
TESTS = (
    "",
    "{% if tenant is defined %}",
    '{% if tenant == "acme" %}',
    '{% if tenant == "ac" %}',
    '{% if tenant != "acme" %}',
    '{% if plan == "paid" %}',
)


def crowd_of(seed: int) -> tuple[Crowd, list[tuple[str, int, Allow]]]:
    """Some templates with some statements each, each statement behind some test."""
    chosen = random.Random(seed)
    sources = {}
    for name in ("one", "two", "three"):
        written = []
        for _ in range(chosen.randint(1, 3)):
            resources = chosen.sample(RESOURCES, chosen.randint(1, 3))
            service = "sqs" if all("sqs" in text for text in resources) else "s3"
            text = json.dumps({"Effect": "Allow", "Action": f"{service}:*", "Resource": resources})
            test = chosen.choice(TESTS)
            written.append(f"{test}{text},{'{% endif %}' if test else ''}")
        always = '{"Effect": "Allow", "Action": "s3:ListAllMyBuckets", "Resource": "*"}'
        sources[name] = f'{{"Version": "2012-10-17", "Statement": [{"".join(written)}{always}]}}'
    templates = TemplateSet.compile(sources, claims=CLAIMS, variables={})
    allows = {
        name: allows_of(
            templates, name, tuple(templates.branches([name])), claim="tenant", claims=CLAIMS, tags={}
        )
        for name in sources
    }
    everyone = [(name, at, allow) for name, each in allows.items() for at, allow in enumerate(each)]
    return Crowd(allows), everyone


@pytest.mark.parametrize("seed", range(12))
def test_whoever_may_meet_is_near(seed: int) -> None:
    crowd, everyone = crowd_of(seed)
    for _, _, one in everyone:
        near = [(name, at) for name, at, _ in crowd.near(one)]
        assert near == sorted(near, key=[(name, at) for name, at, _ in everyone].index)
        for name, at, other in everyone:
            told = compare(one.beside(other, one.statement), other.beside(one, other.statement))
            assert (name, at) in near or told in (Apart(by="service"), Apart(by="resource"))


@pytest.mark.parametrize("seed", range(12))
def test_those_that_differ_are_counted_as_one_by_one(seed: int) -> None:
    crowd, everyone = crowd_of(seed)
    assert crowd.size == len(everyone)
    for name, at, one in everyone:
        assert crowd.of(name)[at] is one
        assert crowd.differing(one) == sum(one.differs(other) for _, _, other in everyone)


def own_folders(count: int) -> Mapping[str, str]:
    text = '{{"Version":"2012-10-17","Statement":[{{"Effect":"Allow","Action":"s3:*","Resource":"{0}"}}]}}'
    return {
        f"own-{number:03d}": text.format(f"arn:aws:s3:::own-{number:03d}/{{{{ tenant }}}}/*")
        for number in range(count)
    }


def test_templates_that_begin_apart_are_compared_each_with_itself_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sources = own_folders(60)
    templates = TemplateSet.compile(sources, claims=CLAIMS, variables={})
    compared = []

    def counted(*statements: object, **given: object) -> object:
        compared.append(statements)
        return compare(*statements, **given)  # type: ignore[arg-type]

    monkeypatch.setattr(sys.modules[prove.__module__], "compare", counted)
    proof = prove(
        templates,
        subject="all",
        names=list(sources),
        policies=[[name] for name in sources],
        claims=CLAIMS,
        promises={name: Promise(isolates=("tenant",)) for name in sources},
    )
    assert (proof.verdict, proof.pairs, len(compared)) == ("PROVEN", 60 * 60, 60)
