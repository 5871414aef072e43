"""What STS would refuse to everybody does not load, and what loads answers somebody."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authorizer.engine.language.claims import ClaimValue
from authorizer.engine.prove.witness import samples
from authorizer.errors import PolicyTooLarge, SettingsError
from authorizer.model import Identity, SessionPolicy
from authorizer.render import render
from authorizer.settings.limits import LIMITS, breaches
from authorizer.settings.schema import Access
from authorizer.vending.request import assume_role_request
from tests.make import (
    ACCESS,
    SUB,
    make_access,
    make_identity,
    make_settings,
    sample_settings,
    sample_templates,
)

OWN = "arn:aws:iam::123456789012:policy/own"
LONG = f"arn:aws:iam::123456789012:policy/{'p' * 120}"
TAGS = {"tenant": "tenant", **{f"k{number}": "sub" for number in range(50)}}
"""51 of them, the bundled one among them."""


def policy(*resources: str, **condition: object) -> str:
    """A template of one Allow."""
    listed = ",".join(f'"arn:aws:s3:::bucket/{resource}"' for resource in resources)
    limited = f',"Condition":{str(condition).replace(chr(39), chr(34))}' if condition else ""
    statement = f'{{"Effect":"Allow","Action":"s3:GetObject","Resource":[{listed}]{limited}}}'
    return f'{{"Version":"2012-10-17","Statement":[{statement}]}}'


LARGE = policy(*(f"{{{{ sub }}}}/{'a' * 60}{number}/*" for number in range(25)))


DENY = policy("x").replace("Allow", "Deny")


def large_if(test: str) -> str:
    return f"{{% if {test} %}}{LARGE}{{% else %}}{policy('{{ sub }}')}{{% endif %}}"


def loaded(*, template: str | None = None, **changes: Any) -> Access:
    templates = sample_templates() if template is None else {**sample_templates(), "it": template}
    return make_access(templates=templates, **changes)


def problems(**changes: Any) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        loaded(**changes)
    return caught.value.problems


def editor(**changes: Any) -> dict[str, Any]:
    return {"roles": {"editor": changes}}


NO_ROLE = "arn: expected the ARN of an IAM role"
NO_ID = "external_id: expected 2 to 1,224 of A-Z"
NO_KEY = "session_tags: has a key that STS does not take"
NEVER = [
    pytest.param(
        editor(managed_policies=["arn:aws:iam::999999999999:policy/x"]),
        "managed_policies: must be managed policies of the role's own account and partition",
        id="managed policies of another account",
    ),
    pytest.param(
        editor(managed_policies=["arn:aws-cn:iam::aws:policy/x"]),
        "managed_policies: must be managed policies of the role's own account and partition",
        id="managed policies of another partition",
    ),
    pytest.param(
        editor(managed_policies=[f"{OWN}{number}" for number in range(11)]),
        "managed_policies: has 11 entries: STS takes 10",
        id="eleven managed policies",
    ),
    pytest.param(
        editor(managed_policies=[f"{LONG}{number}" for number in range(9)]),
        "managed_policies: the shortest session policy has 1101 characters, and 2487 with the ARNs",
        id="managed policies and session policy over 2,048 characters together",
    ),
    pytest.param(
        editor(session_tags={**TAGS, "sub": None}), "session_tags: has 51 entries: STS takes 50", id="51 tags"
    ),
    pytest.param(
        editor(session_tags={"Tenant": "sub", "sub": None}),
        "session_tags: has keys that differ in case only: ['tenant', 'Tenant']",
        id="tag keys that differ in case only",
    ),
    pytest.param(
        editor(session_tags={"AWS:tenant": "tenant"}),
        "session_tags: has a key that STS does not take: 'AWS:tenant'",
        id="a tag AWS:…",
    ),
    # The same class, found by comparing what loads with what a request takes.
    pytest.param(
        {**editor(policies=["it"]), "template": LARGE},
        "roles.editor.policies: the shortest session policy has 3182 characters: STS takes 2048",
        id="templates that are always too long by themselves",
    ),
    pytest.param(
        {
            **editor(policies=["it"]),
            "template": f'{{% if "x" in scopes %}}{DENY}{{% else %}}{LARGE}{{% endif %}}',
        },
        "roles.editor.policies: the shortest session policy has 3182 characters: STS takes 2048",
        id="templates that are too long wherever they allow anything",
    ),
    pytest.param(
        {
            **editor(policies=["it"]),
            "template": f'{{% if "x" in scopes %}}{LARGE}{{% else %}}{LARGE.replace("aaa", "aaaa")}{{% endif %}}',
        },
        "roles.editor.policies: the shortest session policy has 3182 characters: STS takes 2048",
        id="templates that are too long in each way",
    ),
    pytest.param(
        {
            **editor(policies=["it"]),
            "template": policy(*(f"{{{{ sub }}}}/{'a' * 67}{n}" for n in range(15))),
            "session": {"end_with_token": True},
        },
        "roles.editor.policies: the shortest session policy has 2",
        id="templates that are too long once they end with the token",
    ),
    pytest.param(
        {
            **editor(policies=["it"]),
            "session": {"end_with_token": True},
            "template": policy("{{ sub }}/*", DateLessThan={"AWS:CurrentTime": "2099-01-01T00:00:00Z"}),
        },
        "session.end_with_token: the templates of role 'editor' limit `aws:CurrentTime` themselves",
        id="templates that limit the time themselves, to end with the token",
    ),
    pytest.param(
        {
            **editor(policies=["s3-home", "it"]),
            "session": {"end_with_token": True},
            "template": policy("{{ sub }}/*", DateLessThan={"aws:currenttime": "2099-01-01T00:00:00Z"}),
        },
        "session.end_with_token: the templates of role 'editor' limit `aws:CurrentTime` themselves",
        id="one template of two that limits the time itself, to end with the token",
    ),
    pytest.param(
        editor(session_tags={"team": "teams"}),
        "session_tags: tag 'team': the claim 'teams' is a list",
        id="a tag of a list",
    ),
    pytest.param(
        editor(session_tags={"site": "site"}),
        "session_tags: tag 'site': no value of the claim 'site' is a tag's",
        id="a tag of a claim that no tag can be",
    ),
    pytest.param(
        editor(session_tags={"site": "number"}),
        "session_tags: tag 'site': no value of the claim 'number' is a tag's: at most 256",
        id="a tag of a claim that is always too long for one",
    ),
    pytest.param(
        editor(session_name="{teams}"),
        "session_name: the claim 'teams' is a list",
        id="a session name of a list",
    ),
    pytest.param(
        editor(source_identity="{sub}-{teams}"),
        "source_identity: the claim 'teams' is a list",
        id="a source identity of a list",
    ),
    pytest.param(
        editor(session_name="{sub}{{tenant}}"),
        "session_name: expected a text such as \"{sub}\", found '{sub}{{tenant}}'",
        id="braces within a session name",
    ),
    pytest.param(editor(arn=f"arn:aws:iam::123456789012:role/{'r' * 65}"), NO_ROLE, id="a long role"),
    pytest.param(
        editor(arn=f"arn:aws:iam::123456789012:role/{'path/' * 103}r"),
        NO_ROLE,
        id="a long path",
    ),
    pytest.param(editor(arn="arn:aws:iam::123456789012:role/röle"), NO_ROLE, id="a role with an umlaut"),
    pytest.param(editor(arn="arn:aws:iam::١٢٣٤٥٦٧٨٩٠١٢:role/r"), NO_ROLE, id="digits of another script"),
    pytest.param(
        editor(managed_policies=[f"{OWN}ü"]),
        "managed_policies: expected the ARN of a managed policy",
        id="a managed policy with an umlaut",
    ),
    pytest.param(editor(external_id="sécret"), NO_ID, id="an external id with an accent"),
    pytest.param(editor(external_id="x" * 1225), NO_ID, id="a long external id"),
    pytest.param(editor(session_tags={"k" * 129: "tenant"}), NO_KEY, id="a long tag key"),
    pytest.param(editor(session_tags={"a*": "tenant"}), NO_KEY, id="a wildcard in a tag key"),
    pytest.param(editor(session_tags={"": "tenant"}), NO_KEY, id="a tag without a key"),
    pytest.param(
        editor(transitive_tags=["team"]),
        "transitive_tags: names tags that are not among",
        id="a transitive tag alone",
    ),
    pytest.param(
        {"gateway": {"usage_key_claim": "teams"}},
        "gateway.usage_key_claim: the claim 'teams' is a list",
        id="a usage key of a list",
    ),
]
CLAIMS = {
    "teams": {"type": "slug", "list": True, "max_items": 3},
    "site": {"type": "enum", "values": ["a,b", "c;d"]},
    "number": {"type": "enum", "values": ["1" * 257, "2" * 300]},
}


@pytest.mark.parametrize(("changes", "problem"), NEVER)
def test_what_could_answer_nobody_does_not_load(changes: dict[str, Any], problem: str) -> None:
    [found] = problems(claims=CLAIMS, **changes)
    assert problem in found
    place, line, key, *_ = found.split(":", 3)
    assert place == "policies/access.toml"
    section = ACCESS.read_text().splitlines()[int(line) - 1]
    assert section.split("]")[0].strip("[ ") in key or key.split(".")[-1].strip() in section


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param(
            editor(managed_policies=[OWN, "arn:aws:iam::aws:policy/ReadOnlyAccess"]), id="its own and AWS's"
        ),
        pytest.param(
            editor(managed_policies=[f"{OWN}{number}" for number in range(10)]), id="ten managed policies"
        ),
        pytest.param(editor(session_tags={**dict(list(TAGS.items())[:50]), "sub": None}), id="fifty tags"),
        pytest.param(
            editor(session_tags={"k" * 128: "tenant", "東 京_.:/=+-@": "sub"}), id="keys of any script"
        ),
        pytest.param(
            editor(arn=f"arn:aws:iam::123456789012:role/{'path/' * 102}{'r' * 64}"), id="a long path and name"
        ),
        pytest.param(editor(external_id="x" * 1224), id="the longest external id"),
        pytest.param(
            {"session": {"end_with_token": True}}, id="the bundled templates, to end with the token"
        ),
        pytest.param(
            {
                **editor(policies=["it"]),
                "session": {"end_with_token": True},
                "template": policy(
                    "{{ sub }}/*",
                    DateLessThan={"aws:TokenIssueTime": "2099-01-01T00:00:00Z"},
                    DateGreaterThan={"aws:CurrentTime": "2020-01-01T00:00:00Z"},
                ),
            },
            id="templates that limit another time",
        ),
        pytest.param(
            {
                **editor(policies=["it"]),
                "session": {"end_with_token": True},
                "template": policy(
                    "{{ sub }}/*", DateGreaterThan={"aws:CurrentTime": "2020-01-01T00:00:00Z"}
                ),
            },
            id="templates that say since when",
        ),
        pytest.param(
            {
                **editor(policies=["s3-home", "it"]),
                "session": {"end_with_token": True},
                "template": policy(
                    "{{ sub }}/*", DateLessThan={"aws:CurrentTime": "2099-01-01T00:00:00Z"}
                ).replace("Allow", "Deny"),
            },
            id="templates that deny until a time",
        ),
        pytest.param(
            {
                **editor(policies=["it"]),
                "template": policy("{{ sub }}/*", DateLessThan={"aws:CurrentTime": "2099-01-01T00:00:00Z"}),
            },
            id="templates that limit the time themselves, and sessions that do not",
        ),
        pytest.param(
            {
                **editor(policies=["it"]),
                "template": policy(*(f"{{{{ sub }}}}/{'a' * 58}{n}" for n in range(15))).replace(
                    "]}", f"]}},{json.dumps(json.loads(DENY)['Statement'][0])}", 1
                ),
                "session": {"end_with_token": True},
            },
            id="a Deny, which needs no end",
        ),
        pytest.param(
            {**editor(policies=["it"]), "template": large_if('"x" in scopes')},
            id="templates that are too long for some",
        ),
        pytest.param(
            {**editor(policies=["it"]), "template": large_if('"x" not in scopes')},
            id="templates that are too long for the others",
        ),
    ],
)
def test_what_can_answer_somebody_loads(changes: dict[str, Any]) -> None:
    assert loaded(**changes).settings.roles


def test_what_has_too_many_ways_to_be_looked_at_loads(monkeypatch: pytest.MonkeyPatch) -> None:
    """The linter tells that it can be too long."""
    ways = "".join(f'{{% if "{scope}" in scopes %}}{scope}{{% endif %}}' for scope in "abc")
    large = LARGE.replace("{{ sub }}/", f"{{{{ sub }}}}/{ways}")
    monkeypatch.setattr("authorizer.engine.template.lengths.MAX_BRANCHES", 8)
    assert "shortest session policy" in problems(**editor(policies=["it"]), template=large)[0]
    more = large.replace('"c" in', '"d" in')
    both = {**sample_templates(), "it": large, "more": more}
    assert make_settings(templates=both, **editor(policies=["it", "more"])).roles


def managed(total: int) -> list[str]:
    """Seven ARNs of so many characters together."""
    sizes = [*[total // 7] * 6, total - total // 7 * 6]
    return [f"{OWN}{number}".ljust(size, "p") for number, size in enumerate(sizes)]


def test_loading_and_the_request_draw_the_line_at_the_same_character() -> None:
    who = make_identity(claims={"sub": SUB, "tenant": "a"})
    room = LIMITS["Policy"].most - len(rendered(who, loaded()).text)
    access = loaded(**editor(managed_policies=managed(room)))
    settings = access.settings
    identity = replace(who, role=settings.roles["editor"])
    assume_role_request(identity, rendered(identity, access))
    [found] = problems(**editor(managed_policies=managed(room + 1)))
    assert "2049 with the ARNs of its managed policies: STS takes 2048" in found
    beyond = replace(settings.roles["editor"], managed_policies=tuple(managed(room + 1)))
    with pytest.raises(PolicyTooLarge, match="2049 characters"):
        assume_role_request(replace(identity, role=beyond), rendered(identity, access))


def test_a_name_that_is_missing_is_one_problem() -> None:
    """What follows from it says nothing new."""
    with pytest.raises(SettingsError) as caught:
        make_settings(environment={"EDITOR_ROLE_ARN": ""})
    assert [text.partition(": ")[2] for text in caught.value.problems] == [
        "roles.editor.arn: the environment variable EDITOR_ROLE_ARN is not set"
    ]


# ── The same table judges both ───────────────────────────────────────────────────────────────────────────────────────


def rendered(identity: Identity, access: Access) -> SessionPolicy:
    return render(identity, access.templates, access.settings)


def assert_some_user_is_answered(access: Access, name: str) -> None:
    """One of a few users of this role is given a session; else the first one's refusal is raised."""
    refusals: list[Exception] = []
    settings = access.settings
    role = settings.roles[name]
    scopes = frozenset(settings.scopes)
    for at in range(6):
        claims: dict[str, ClaimValue] = {}
        for claim in role.uses:
            kind = settings.claims[claim].type
            texts = samples(kind.language)
            claims[claim] = (texts[0],) if kind.is_list else texts[at % len(texts)]
        for having in (scopes, frozenset[str]()):
            identity = replace(make_identity(), role=role, claims=claims, scopes=having)
            try:
                text = rendered(identity, access)
                assume_role_request(identity, text, end_with_token=settings.session.end_with_token)
            except Exception as refusal:
                refusals.append(refusal)
            else:
                return
    raise refusals[0]


def mostly(usual: list[Any], *odd: Any) -> st.SearchStrategy[Any]:
    """Two of three times what loads, so that most examples get as far as the request."""
    return st.sampled_from([*(usual * (2 * len(odd) // len(usual) + 1)), *odd])


KEYS = mostly(
    ["a", "b", "a b", "k" * 128, "東京", "a\u2028b"],
    "A",
    "TENANT",
    "aws:x",
    "Aws:x",
    "a*",
    "",
    "k" * 129,
    "ß",
    "ss",
)
NAMED = mostly(["sub", "tenant", "note", "mail"], "teams", "site", "nobody")
TEXTS = mostly(
    ["{sub}", "{tenant}-{sub}", "{note}", "{mail}", "{sub}" * 20, "é{sub}"],
    *("{teams}", "{sub}{{x}}", "{{sub}}", "{sub", "x", "", "{nobody}"),
)
ACCOUNTS = mostly(["123456789012"], "999999999999", "12345678901", "aws", "", "١٢٣٤٥٦٧٨٩٠١٢")
ENDS = mostly(
    ["r", "a/b", "r" * 64, "p/" * 255 + "r"],
    "/",
    "a//b",
    "é",
    "r" * 65,
    "r" * 129,
    "p/" * 256 + "r",
    "a b",
    "*",
)
PARTITIONS = mostly(["aws"], "aws-cn", "AWS", "")
ROLE_ARNS = st.builds("arn:{}:{}::{}:role/{}".format, PARTITIONS, mostly(["iam"], "sts"), ACCOUNTS, ENDS)
POLICY_ARNS = st.builds("arn:{}:iam::{}:policy/{}".format, PARTITIONS, ACCOUNTS | st.just("aws"), ENDS)
ROLES = st.fixed_dictionaries(
    {},
    optional={
        "arn": ROLE_ARNS,
        "policies": st.sampled_from([["it"], ["s3-home"], ["s3-home", "it"]]),
        "session_name": TEXTS,
        "source_identity": TEXTS,
        "session_tags": st.dictionaries(KEYS, NAMED, max_size=2)
        | mostly([dict(list(TAGS.items())[:50])], TAGS),
        "transitive_tags": mostly([["tenant"]], ["Tenant"], ["a"], []),
        "external_id": mostly(["ab", "x" * 1224], "a", "a b", "é" * 3, "x" * 1225),
        "managed_policies": st.lists(POLICY_ARNS, max_size=1)
        | mostly(
            [[f"{OWN}{n}" for n in range(10)], [f"{LONG}{n}" for n in range(5)]],
            *([f"{OWN}{n}" for n in range(11)], [f"{LONG}{n}" for n in range(7)]),
        ),
        "duration": mostly(["15m", "1h"], "14m59s", "1h1s"),
    },
)
TEMPLATES = mostly(
    [
        policy("{{ sub }}/*"),
        policy(*(f"{{{{ note }}}}/{'a' * 60}{number}/*" for number in range(15))),
        large_if('"data:read" in scopes'),
    ],
    LARGE,
    policy("{{ tenant }}/*", DateLessThan={"aws:CurrentTime": "2099-01-01T00:00:00Z"}),
    policy(*(f"{{{{ sub }}}}/{'a' * 67}{n}" for n in range(15))),
)
MORE = {
    **CLAIMS,
    "note": {"type": "opaque", "max_length": 300},
    "mail": {"type": "email"},
}


@pytest.mark.slow
@given(ROLES, TEMPLATES, st.booleans())
def test_whatever_loads_can_answer_somebody(role: dict[str, Any], template: str, end: bool) -> None:
    try:
        settings = loaded(
            template=template,
            claims=MORE,
            roles={"editor": role},
            session={"end_with_token": end},
            gateway={"result_ttl": "0s"},
        )
    except SettingsError:
        return
    assert_some_user_is_answered(settings, "editor")


# ── What some users are refused is a finding ─────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("duration", "taken"), [(899, False), (900, True), (3600, True), (3601, False)])
def test_a_session_lasts_what_sts_takes_of_a_chained_role(duration: int, taken: bool) -> None:
    role = replace(sample_settings().roles["editor"], duration=duration)
    assert ([breach.setting for breach in breaches(role)] == []) is taken
