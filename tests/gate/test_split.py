"""One session policy as two: proven to allow the same, and held to it by random users and requests."""

import json
import os
import random
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from authorizer.engine import Document, EngineError, Statement, TemplateSet
from authorizer.engine.evaluate import AccessRequest, evaluate
from authorizer.engine.prove import Undecided, differences
from authorizer.gate import Split, split
from authorizer.settings.load import read
from authorizer.settings.schema import Access
from tests.gate.small import ROLE
from tests.make import sample_access

COUNT = int(os.environ.get("SPLIT_REQUESTS", "2000"))
"""Random requests at least, in all; `make prove-differential` makes 100,000, and prints what became of them."""
SEEDS = 14
CLAIMS: Mapping[str, Any] = {
    "sub": {"type": "uuid"},
    "t": {"type": "slug", "max_length": 3},
    "u": {"type": "slug", "max_length": 3},
    "p": {"type": "enum", "values": ["x", "y"]},
    "l": {"type": "slug", "max_length": 3, "list": True, "max_items": 3},
    "o": {"type": "opaque", "max_length": 4},
    "long": {"type": "opaque", "max_length": 300, "exclude": "!#%&'(),;<>[]^`|~"},
}
GATES = (
    "",
    "",
    '"w" in scopes',
    'not ("w" in scopes)',
    'p == "x"',
    "u is defined",
    '"w" in scopes or p == "y"',
)
RESOURCES = (
    '"arn:aws:s3:::{{ bucket }}/{{ t }}/*"',
    '"arn:aws:s3:::{{ bucket }}/{{ p }}/{{ t }}"',
    '"arn:aws:s3:::{{ bucket }}/all/*"',
    '"arn:aws:s3:::{{ bucket }}/{{ o }}/*"',
    '[{% for i in l %}"arn:aws:s3:::{{ bucket }}/{{ i }}/*"{% if not loop.last %},{% endif %}{% endfor %}]',
    '["arn:aws:s3:::{{ bucket }}/{{ t }}-{{ u }}/*","arn:aws:s3:::{{ bucket }}/{{ t }}/{{ p }}?"]',
)
CONDITIONS = (
    "",
    "",
    '"StringLike": { "s3:prefix": "{{ t }}*" }',
    '"StringEquals": { "s3:prefix": "{{ p }}" }, "Bool": { "aws:SecureTransport": "true" }',
    '"StringNotEquals": { "s3:prefix": "{{ t }}" }',
)


def statement(effect: str, gate: str, action: str, resource: str, condition: str = "") -> str:
    text = f'{{"Effect": "{effect}", "Action": "{action}", "Resource": {resource}'
    text += f', "Condition": {{ {condition} }}}}' if condition else "}"
    return f"{{% if {gate} %}}{text}{{% endif %}}" if gate else text


def configuration(*statements: str, tags: Mapping[str, str] | None = None, long: bool = True) -> Access:
    names = [f"s{number}" for number in range(len(statements))]
    return read(
        {
            "issuers": [{"user_pool": "eu-west-1_Own", "client_ids": ["c"], "token_use": ["id"]}],
            "claims": CLAIMS,
            "variables": {"bucket": "b"},
            "roles": {"r": {"arn": ROLE.format("r"), "policies": names, "session_tags": tags or {}}},
            "groups": {"g": {"role": "r", "scopes": ["w"]}},
            "scopes": {"w": ["GET /w"]},
            "gateway": {"result_ttl": "0s", "identity_sources": ["authorization"]},
        },
        source="",
        place="access.toml",
        templates={
            name: f'{{"Version": "2012-10-17", "Statement": [{text}]}}'
            for name, text in zip(names, statements, strict=True)
        },
        environment={},
        too_long=long,
    )


def halves(access: Access) -> tuple[Split, TemplateSet]:
    found = split(access, access.settings.roles["r"])
    sources = {**access.settings.template_sources, "rest": found.remainder}
    both = TemplateSet.compile(sources, claims=access.templates.claims, variables=access.settings.variables)
    return found, both


def drawn(choose: random.Random) -> Access:
    texts = [
        statement(
            "Allow", *map(choose.choice, (GATES, ("s3:GetObject", "s3:PutObject"), RESOURCES, CONDITIONS))
        )
        for _ in range(choose.randint(1, 4))
    ]
    if choose.random() < 0.4:
        texts.append(
            statement("Deny", *map(choose.choice, (GATES, ("s3:GetObject", "s3:*"), RESOURCES, CONDITIONS)))
        )
    return configuration(*texts)


def judged(role: Document | None, session: Document, request: AccessRequest) -> bool:
    own = None if role is None else [role]
    return evaluate(identity=own, session=session, boundary=None, request=request).allowed


def agree(access: Access, found: Split, both: TemplateSet, choose: random.Random, count: int) -> int:
    """How many requests are allowed, of these many; before and after alike."""
    names, allowed = access.settings.roles["r"].policies, 0
    for _ in range(count):
        values: dict[str, Any] = {
            name: choose.choice(texts)
            for name, texts in (
                ("t", ("a", "b", "ab")),
                ("u", ("a", "b")),
                ("p", ("x", "y")),
                ("l", (("a",), ("a", "b"), ("m", "b", "a"))),
                ("o", ("a", "b b", "+")),
                ("long", ("a", "b")),
            )
            if choose.random() < 0.9
        }
        scopes = frozenset(choose.choice((("w",), ())))
        tags = {f"aws:PrincipalTag/{key}": values.get(claim) for key, claim in found.tags.items()}
        context: dict[str, Any] = {
            "s3:prefix": choose.choice((None, "a", "ab", "x")),
            "aws:SecureTransport": choose.choice((None, "true", "false")),
            **tags,
        }
        request = AccessRequest(
            action=choose.choice(("s3:GetObject", "s3:PutObject", "s3:DeleteObject")),
            resource="arn:aws:s3:::b/"
            + choose.choice(("a/1", "b/1", "x/a", "all/1", "a-b/1", "a/x1", "m/", "b b/1", "other")),
            context={key: value for key, value in context.items() if value is not None},
        )

        def session(templates: TemplateSet, policies: tuple[str, ...]) -> Document | None:
            if None in tags.values():  # noqa: B023 - called before the next one
                return None
            try:
                made = templates.trace(policies, values, scopes=scopes).document  # noqa: B023 - the same
            except EngineError:
                return None
            return made if any(each.effect == "Allow" for each in made.statements) else None

        whole, rest = session(access.templates, names), session(both, ("rest",))
        before = (
            whole is not None
            and evaluate(identity=None, session=whole, boundary=None, request=request).allowed
        )
        after = (
            rest is not None
            and evaluate(identity=[found.policy], session=rest, boundary=None, request=request).allowed
        )
        assert before == after
        allowed += before
    return allowed


@pytest.mark.slow
def test_whatever_is_proven_is_so_for_random_users_and_requests() -> None:
    proven = []
    for seed in range(SEEDS):
        choose = random.Random(seed)
        access = drawn(choose)
        try:
            found, both = halves(access)
        except Undecided:
            continue
        if not found.problems:
            proven.append((access, found, both, choose))
    assert len(proven) > SEEDS / 2
    each = -(-COUNT // len(proven))
    allowed = sum(agree(*row, each) for row in proven)
    print(
        f"{each * len(proven)} random requests of {len(proven)} splits: {allowed} allowed by both halves as before"
    )
    assert allowed > COUNT / 100


@pytest.mark.parametrize("role", ["viewer", "editor", "admin", "importer"])
def test_the_bundled_roles_can_be_split(role: str) -> None:
    access = sample_access()
    found = split(access, access.settings.roles[role])
    assert (found.problems, found.added, found.stays) == ((), (), ())
    assert found.after < found.before
    assert "{{ bucket }}" in found.remainder
    assert "${aws:PrincipalTag/" in json.dumps(
        [list(each.resources) for each in found.policy.statements]
    ) or ("${aws:PrincipalTag/" in str(found.policy))


FOLDERS = [
    statement(
        "Allow",
        "",
        "s3:GetObject",
        f'"arn:aws:s3:::{{{{ bucket }}}}/the-folder-number-{n:03d}/{{{{ t }}}}/*"',
    )
    for n in range(60)
]


def test_a_policy_that_fits_nobody_loads_for_this_and_fits() -> None:
    with pytest.raises(Exception, match="authorizer policy split r"):
        configuration(*FOLDERS, long=False)
    access = configuration(*FOLDERS)
    found, both = halves(access)
    assert found.before > 2048 >= found.after
    assert found.problems == ()
    assert (dict(found.tags), found.added) == ({"t": "t"}, ("t",))
    text = both.render(["rest"], {"t": "a"}, scopes=frozenset())
    assert len(text) <= found.after


@pytest.mark.parametrize(
    ("resource", "gate", "why"),
    [
        (RESOURCES[4], "", "`l` is a list, and a tag has one value"),
        (RESOURCES[3], "", "`o` may hold"),
        (
            '"arn:aws:s3:::{{ bucket }}/{{ long }}/*"',
            "",
            "`long` may have 300 characters, and a tag's value 256",
        ),
        (
            '"arn:aws:s3:::{{ bucket }}/{{ u }}/*"',
            "u is defined",
            "`u` may be absent, and a tag is always passed",
        ),
    ],
)
def test_what_no_tag_can_say_stays(resource: str, gate: str, why: str) -> None:
    access = configuration(
        statement("Allow", "", "s3:PutObject", RESOURCES[0]),
        statement("Allow", gate, "s3:GetObject", resource),
    )
    found, both = halves(access)
    assert found.problems == ()
    (stays,) = found.stays
    assert stays.startswith("Allow s3:GetObject: ")
    assert why in stays
    assert set(found.tags) == {"t"}
    agree(access, found, both, random.Random(1), 300)


def test_a_scope_stays_in_the_session_and_gives_nobody_else_more() -> None:
    access = configuration(
        statement("Allow", "", "s3:GetObject", RESOURCES[0]),
        statement("Allow", '"w" in scopes', "s3:GetObject", '"arn:aws:s3:::{{ bucket }}/all/*"'),
    )
    found, both = halves(access)
    assert found.problems == ()
    assert '"w" in scopes' in found.remainder
    assert agree(access, found, both, random.Random(2), 600) > 0


@pytest.mark.slow
def test_what_does_not_fit_is_told_with_how_much_and_why() -> None:
    many = [
        statement(
            "Allow",
            "",
            "s3:GetObject",
            f'"arn:aws:s3:::{{{{ bucket }}}}/a-folder-of-some-longer-name-{"x" * 40}-{n:03d}/{{{{ o }}}}/*"',
        )
        for n in range(24)
    ]
    found, _ = halves(configuration(*many))
    (problem,) = found.problems
    assert (
        problem
        == f"the longest remainder has {found.after} characters, {found.after - 2048} more than STS takes"
    )
    assert "`o` may hold" in found.stays[0]
    more = [
        statement(
            "Allow", "", "s3:GetObject", f'"arn:aws:s3:::{{{{ bucket }}}}/{"x" * 900}{n:03d}/{{{{ t }}}}/*"'
        )
        for n in range(12)
    ]
    found, _ = halves(configuration(*more))
    assert found.problems[-1].endswith("more than a role's inline policies may")


def shown(role: Document, rest: str) -> list[str]:
    """What keeps these two from being the one statement that reads a tenant's objects, with scope `w` alone."""
    whole = statement("Allow", '"w" in scopes', "s3:GetObject", '"arn:aws:s3:::b/{{ t }}/*"')
    sources = {
        "whole": f'{{"Version": "2012-10-17", "Statement": [{whole}]}}',
        "rest": f'{{"Version": "2012-10-17", "Statement": [{rest}]}}',
    }
    access = configuration(whole)
    templates = TemplateSet.compile(sources, claims=access.templates.claims, variables={})
    return list(differences(templates, ["whole"], ["rest"], role=role, tags={"T": "t"}))


WIDER, LESS, REST = (
    "both together may allow",
    "the role's policy may not allow",
    "the remainder may not allow",
)
OWN = Statement(
    effect="Allow", actions=("s3:GetObject",), resources=("arn:aws:s3:::b/${aws:PrincipalTag/T}/*",)
)
TENANT = statement("Allow", '"w" in scopes', "s3:Get*", '"arn:aws:s3:::b/{{ t }}/*"')
COARSE = statement("Allow", '"w" in scopes', "s3:*", '"arn:aws:s3:::*"')


@pytest.mark.parametrize(
    ("role", "rest", "said"),
    [
        (OWN, COARSE, ""),
        (replace(OWN, resources=("arn:aws:s3:::b/${aws:principaltag/t}/*",)), COARSE, ""),
        (replace(OWN, resources=("arn:aws:s3:::b/*",)), COARSE, WIDER),
        (
            replace(OWN, resources=("arn:aws:s3:::b/${aws:PrincipalTag/U}/*",)),
            COARSE,
            "the role's policy may not allow",
        ),
        (replace(OWN, actions=("s3:PutObject",)), COARSE, LESS),
        (OWN, statement("Allow", "", "s3:*", '"arn:aws:s3:::*"'), WIDER),
        (
            OWN,
            statement("Allow", '"w" in scopes', "s3:Put*", '"arn:aws:s3:::*"'),
            "the remainder may not allow",
        ),
        (
            OWN,
            statement("Allow", '"w" in scopes', "s3:*", '"arn:aws:s3:::b/x*"'),
            "the remainder may not allow",
        ),
        (
            replace(OWN, resources=("arn:aws:s3:::b/*/*",)),
            statement("Allow", '"w" in scopes', "s3:Get*", '"arn:aws:s3:::b/{{ t }}/*"'),
            "",
        ),
        (
            replace(OWN, resources=("arn:aws:s3:::b/*x/*",)),
            statement("Allow", '"w" in scopes', "s3:Get*", '"arn:aws:s3:::b/{{ t }}*/*"'),
            "both together may allow",
        ),
    ],
)
def test_what_is_no_split_is_not_proven(role: Statement, rest: str, said: str) -> None:
    found = shown(Document(statements=(role,)), rest)
    assert bool(found) is bool(said)
    assert not said or any(said in line for line in found)


def test_a_deny_of_the_role_or_the_session_takes_away() -> None:
    deny = Statement(effect="Deny", actions=("s3:GetObject",), resources=("arn:aws:s3:::b/x/*",))
    assert any("role's policy" in line for line in shown(Document(statements=(OWN, deny)), COARSE))
    denying = statement("Deny", "", "s3:GetObject", '"arn:aws:s3:::b/x/*"')
    rest = COARSE.replace("%}{", f"%}}{denying},{{", 1)
    assert any("remainder" in line for line in shown(Document(statements=(OWN,)), rest))


def test_a_test_of_what_is_in_a_list_stays_a_test() -> None:
    access = configuration(statement("Allow", '"a" in l', "s3:GetObject", RESOURCES[2]))
    found, both = halves(access)
    assert found.problems == ()
    assert '{% if "a" in l %}' in found.remainder
    assert agree(access, found, both, random.Random(3), 300) > 0


def test_too_many_ways_are_not_proven(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("authorizer.engine.prove.splitting.MAX_WAYS", 1)
    assert shown(Document(statements=(OWN,)), COARSE) == ["there are more than 1 ways through the templates"]
