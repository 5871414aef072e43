"""Do the users of two issuers ever meet? Proven, or shown by two tokens."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from authorizer.engine import parse_session
from authorizer.engine.evaluate import AccessRequest, evaluate
from authorizer.engine.prove import Party, Proof
from authorizer.errors import IssuerNotEntitled
from authorizer.gate import issuers, payload, prove_issuers, prove_settings
from authorizer.identity.resolve import resolve
from authorizer.settings.load import read
from authorizer.settings.schema import Access
from tests.guide.tables import between
from tests.make import ROOT, SUB, make_access, make_claims, make_settings

ROLE = "arn:aws:iam::123456789012:role/r"
HOME = "home/{{ sub }}/*"
"""Apart by the user alone."""
IN_TENANT = "{{ tenant }}/{{ sub }}/*"
"""Apart by the tenant, and in it by the user."""


def template(path: str) -> str:
    statement = {
        "Sid": "Data",
        "Effect": "Allow",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::b/{path}",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def pool(name: str, **says: Any) -> dict[str, Any]:
    return {"user_pool": f"eu-west-1_{name}", "client_ids": [name], "token_use": ["id"], **says}


def may(**changes: Any) -> dict[str, Any]:
    return {"roles": "any", "groups": "any", "scopes": "any", "claims": {"tenant": "any"}, **changes}


def configuration(
    *signing: Mapping[str, Any],
    path: str = HOME,
    isolates: str | list[str] = "sub",
    tenant: Mapping[str, Any] = {"type": "slug"},
    roles: Mapping[str, Any] | None = None,
    shared: tuple[Mapping[str, Any], ...] = (),
    source: str | None = None,
) -> Access:
    tables: dict[str, Any] = {
        "issuers": list(signing),
        "claims": {
            "sub": {"type": "uuid"},
            "tenant": {"claim": "custom:tenant", **tenant},
            "teams": {"type": "slug", "list": True, "max_items": 2},
        },
        "policies": {"data": {"isolates": isolates, "shared": list(shared)}, "other": {"isolates": "sub"}},
        "roles": roles or {"user": {"arn": ROLE, "policies": ["data"]}},
        "scopes": {"read": ["GET /x"]},
        "gateway": {"result_ttl": "0s"},
    }
    templates = {"data": source or template(path), "other": template("other/{{ sub }}/*")}
    return read(tables, source="", place="access.toml", templates=templates, environment={})


def proven(access: Access) -> Proof:
    [proof] = [proof for proof in prove_issuers(access) if proof.subject == "issuers of data"]
    return proof


def test_one_issuer_has_no_other_to_meet() -> None:
    access = configuration(pool("own"))
    assert list(prove_issuers(access)) == []
    assert not [proof for proof in prove_settings(access) if proof.subject.startswith("issuers")]


def test_what_one_issuer_signs_for_a_sub_another_signs_too() -> None:
    access = configuration(pool("own", speaks_for="any"), pool("partner", speaks_for="any"))
    proof = proven(access)
    assert proof.verdict == "LEAK"
    witness = proof.findings[0].witness
    assert witness is not None
    tokens = [payload(party, access.settings) for party in (witness.one, witness.other)]
    assert [token["iss"] for token in tokens] == [
        f"https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_{name}" for name in ("own", "partner")
    ]
    assert tokens[0]["sub"] == tokens[1]["sub"]
    for party in (witness.one, witness.other):
        text = access.templates.render(party.templates, party.claims, scopes=party.scopes)
        outcome = evaluate(identity=None, session=parse_session(text), boundary=None, request=party.request)
        assert outcome.allowed


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(
            {"fixed_claims": {"tenant": "acme"}}, {"fixed_claims": {"tenant": "globex"}}, id="each fixed"
        ),
        pytest.param(
            {"speaks_for": may(claims={"tenant": ["acme", "initech"]})},
            {"speaks_for": may(claims={"tenant": ["globex"]})},
            id="each limited",
        ),
        pytest.param(
            {"fixed_claims": {"tenant": "acme"}},
            {"speaks_for": may(claims={"tenant": ["globex"]})},
            id="one of each",
        ),
    ],
)
def test_issuers_that_never_say_the_same_tenant_never_meet_inside_of_tenants(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    limited = may(claims={})
    access = configuration(
        pool("own", **{"speaks_for": limited, **one}),
        pool("partner", **{"speaks_for": limited, **other}),
        path=IN_TENANT,
    )
    proof = proven(access)
    assert proof.verdict == "PROVEN"
    assert "issuers' users are apart by `tenant`" in proof.rests_on


@pytest.mark.parametrize(
    ("own", "partner", "path"),
    [
        pytest.param(["acme"], ["acme", "globex"], IN_TENANT, id="one tenant that both may say"),
        pytest.param("any", ["acme"], IN_TENANT, id="one that may say any"),
        pytest.param(["acme"], ["globex"], HOME, id="a policy that does not look at the tenant"),
        pytest.param(
            ["acme"], ["globex"], "{{ tenant }}*/{{ sub }}", id="a policy that does not keep tenants apart"
        ),
    ],
)
def test_issuers_whose_users_are_not_kept_apart_are_told(own: Any, partner: Any, path: str) -> None:
    access = configuration(
        pool("own", speaks_for=may(claims={"tenant": own})),
        pool("partner", speaks_for=may(claims={"tenant": partner})),
        path=path,
    )
    proof = proven(access)
    assert proof.verdict in ("LEAK", "UNKNOWN")
    for finding in proof.findings:
        for party, limits in zip(_parties(finding.witness), (own, partner), strict=False):
            assert limits == "any" or party.claims.get("tenant", limits[0]) in limits


def _parties(witness: Any) -> list[Any]:
    return [witness.one, witness.other] if witness else []


@pytest.mark.parametrize(
    "without", [pytest.param("none", id="a name"), pytest.param("-none", id="no tenant's name")]
)
def test_a_tenant_that_a_template_can_do_without_keeps_nobody_apart(without: str) -> None:
    path = "{% if tenant is defined %}{{ tenant }}{% else %}" + without + "{% endif %}/{{ sub }}/*"
    limits = [may(claims={"tenant": [name]}) for name in ("acme", "globex")]
    access = configuration(*(pool(f"p{at}", speaks_for=limit) for at, limit in enumerate(limits)), path=path)
    proof = proven(access)
    assert proof.verdict == "LEAK"
    assert any(
        "tenant" not in party.claims for finding in proof.findings for party in _parties(finding.witness)
    )


def test_where_it_is_fixed_nobody_is_without_it() -> None:
    path = "{% if tenant is defined %}{{ tenant }}{% else %}-none{% endif %}/{{ sub }}/*"
    issuers = (
        pool(name, speaks_for=may(claims={}), fixed_claims={"tenant": name}) for name in ("acme", "globex")
    )
    assert proven(configuration(*issuers, path=path)).verdict == "PROVEN"


def test_an_issuer_that_cannot_have_the_role_is_no_party() -> None:
    roles = {
        "user": {"arn": ROLE, "policies": ["data"]},
        "guest": {"arn": f"{ROLE}2", "policies": ["other"]},
    }
    access = configuration(
        pool("own", speaks_for="any"), pool("partner", speaks_for=may(roles=["guest"])), roles=roles
    )
    assert [proof.subject for proof in prove_issuers(access)] == ["issuers of other"]


def test_users_of_one_tenant_share_it_whoever_signs_for_them_and_the_proof_says_so() -> None:
    access = configuration(
        pool("own", speaks_for="any"),
        pool("partner", speaks_for=may(claims={"tenant": ["acme"]})),
        path="{{ tenant }}/*",
        isolates="tenant",
    )
    proof = proven(access)
    assert proof.verdict == "PROVEN"
    assert proof.rests_on[-1] == (
        "eu-west-1_own and eu-west-1_partner may both say `tenant` = acme: their users share what that isolates"
    )


def test_two_forms_of_one_pool_s_iss_are_one_party() -> None:
    access = configuration(pool("own"))
    assert len(access.settings.issuers) == 2
    assert list(prove_issuers(access)) == []


def test_a_pool_that_says_less_in_one_form_of_its_iss_is_judged_by_both() -> None:
    limited = may(claims={"tenant": ["acme"]})
    access = configuration(
        pool("own", issuer_forms=["original"], speaks_for=limited),
        pool("own", issuer_forms=["updated"], speaks_for="any"),
        pool("partner", speaks_for=may(claims={"tenant": ["globex"]})),
        path=IN_TENANT,
    )
    proof = proven(access)
    assert proof.verdict == "LEAK"
    parties = {party.issuer for finding in proof.findings for party in _parties(finding.witness)}
    assert parties == {
        "https://issuer-cognito-idp.eu-west-1.amazonaws.com/eu-west-1_own",
        "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_partner",
    }


def test_only_what_is_named_is_proven() -> None:
    access = configuration(pool("own", speaks_for="any"), pool("partner", speaks_for="any"))
    subjects = [proof.subject for proof in prove_settings(access, ["data"])]
    assert subjects == ["policy data", "issuers of data"]


@pytest.mark.slow
def test_a_thousand_tenants_pools_are_proven_apart() -> None:
    rows = [
        {"user_pool": f"eu-west-1_T{n}", "client_ids": ["c"], "fixed_claims": {"tenant": f"t{n}"}}
        for n in range(1000)
    ]
    table = {"token_use": ["id"], "speaks_for": may(claims={}), "pools": rows}
    assert proven(configuration(table, path=IN_TENANT)).verdict == "PROVEN"
    rows[999]["fixed_claims"] = {"tenant": "t1"}
    proof = proven(configuration(table, path=IN_TENANT))
    assert proof.verdict == "LEAK"
    [witness] = {id(finding.witness): finding.witness for finding in proof.findings}.values()
    assert witness is not None
    assert {party.issuer for party in (witness.one, witness.other)} == {
        f"https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_T{n}" for n in (1, 999)
    }


def test_each_of_several_claims_has_its_proof() -> None:
    access = configuration(
        pool("own", speaks_for=may(claims={"tenant": ["acme"]})),
        pool("partner", speaks_for=may(claims={"tenant": ["globex"]})),
        path=IN_TENANT,
        isolates=["tenant", "sub"],
    )
    proofs = {proof.subject: proof for proof in prove_issuers(access)}
    assert {subject: proof.verdict for subject, proof in proofs.items()} == {
        "issuers of data by tenant": "PROVEN",
        "issuers of data by sub": "PROVEN",
    }


def test_an_issuer_speaks_for_the_fallback_of_those_who_say_nothing() -> None:
    fallback = {"type": "slug", "fallback": "acme"}
    limited = may(claims={"tenant": ["globex"]})
    for partner, verdict in ((limited, "PROVEN"), (may(claims={"tenant": ["acme"]}), "LEAK")):
        access = configuration(
            pool("own", speaks_for=may(claims={"tenant": ["acme"]})),
            pool("partner", speaks_for=partner),
            path=IN_TENANT,
            tenant=fallback,
        )
        proof = proven(access)
        assert proof.verdict == verdict
        for party in _parties(proof.findings[0].witness) if proof.findings else ():
            said = payload(party, access.settings)
            token = make_claims(
                issuer=party.issuer, values=said, roles=(ROLE,), preferred_role=ROLE, groups=()
            )
            resolve(token, None, access.settings)


TENANTS = ("acme", "globex", "initech")


@st.composite
def _saying(draw: st.DrawFn) -> dict[str, Any]:
    if draw(st.booleans()):
        return {"speaks_for": may(claims={}), "fixed_claims": {"tenant": draw(st.sampled_from(TENANTS))}}
    values = draw(st.just("any") | st.lists(st.sampled_from(TENANTS), unique=True, min_size=1))
    return {"speaks_for": may(claims={"tenant": values})}


PATHS = (
    HOME,
    IN_TENANT,
    "{{ tenant }}*/{{ sub }}",
    "{{ tenant }}/*",
    "{% if tenant == 'acme' %}{{ sub }}{% else %}x-{{ tenant }}-{{ sub }}{% endif %}/*",
)


@examples(max_examples=40)
@given(issuers=st.lists(_saying(), min_size=2, max_size=3), path=st.sampled_from(PATHS))
def test_what_is_proven_no_two_users_of_two_issuers_contradict(
    issuers: list[dict[str, Any]], path: str
) -> None:
    """The judge tries everyone: one `sub` of each issuer, in each tenant that the issuer lets it have."""
    access = configuration(*(pool(f"p{at}", **says) for at, says in enumerate(issuers)), path=path)
    proof = proven(access)
    forms = list({issuer.name: issuer for issuer in access.settings.issuers.values()}.values())
    policies: list[tuple[str, str]] = []
    for issuer in forms:
        limits = issuer.speaks_for.claims.get("tenant")
        own = issuer.fixed_claims.get("tenant")
        for tenant in TENANTS if limits is None else sorted(limits):
            values = {"sub": "11111111-1111-4111-8111-111111111111", "tenant": own or tenant}
            text = access.templates.render(["data"], values, scopes=frozenset())
            policies.append((issuer.name, text))
    alike = {
        (one, other) for one, mine in policies for other, theirs in policies if one < other and mine == theirs
    }
    if alike:
        assert proof.verdict != "PROVEN"
    if proof.verdict == "LEAK":
        assert all(
            finding.witness is None or finding.witness.one.issuer != finding.witness.other.issuer
            for finding in proof.findings
        )


# ── The guide's own ─────────────────────────────────────────────────────────────────────────────────────────────────


@cache
def of_the_readme() -> Access:
    """The bundled configuration, with the guide's issuers in place of its own."""
    text = between((ROOT / "docs" / "issuers.md").read_text(), "issuers")
    tables = tomllib.loads(text.strip().removeprefix("```toml").removesuffix("```"))
    return make_access(issuers=tables["issuers"])


def test_what_the_readme_says_of_several_issuers_is_proven_so() -> None:
    access = of_the_readme()
    proofs = {proof.subject: proof for proof in prove_issuers(access)}
    assert proofs["issuers of s3-home"].verdict == "LEAK"
    assert proofs["issuers of dynamodb-tenant"].verdict == "PROVEN"
    assert any("may both say `tenant` = acme" in line for line in proofs["issuers of tenant-data"].rests_on)


@pytest.mark.parametrize(
    ("pool", "said", "refused"),
    [
        ("eu-west-1_Globex01", {}, False),
        ("eu-west-1_Globex01", {"custom:tenant_id": "globex"}, False),
        ("eu-west-1_Globex01", {"custom:tenant_id": "acme"}, True),
        ("eu-west-1_Partner01", {"custom:tenant_id": "acme"}, False),
        ("eu-west-1_Partner01", {"custom:tenant_id": "globex"}, True),
        ("eu-west-1_EXAMPLE01", {"custom:tenant_id": "globex"}, False),
    ],
)
def test_who_may_say_which_tenant(pool: str, said: dict[str, str], *, refused: bool) -> None:
    claims = make_claims(
        issuer=f"https://cognito-idp.eu-west-1.amazonaws.com/{pool}",
        groups=("viewers",),
        roles=(),
        preferred_role=None,
    )
    claims = replace(claims, values={"sub": SUB, **said})
    if refused:
        with pytest.raises(IssuerNotEntitled):
            resolve(claims, None, of_the_readme().settings)
        return
    assert resolve(claims, None, of_the_readme().settings).claims["tenant"] == said.get(
        "custom:tenant_id", "globex"
    )


# ── Many, and odd ones ───────────────────────────────────────────────────────────────────────────────────────────────


def test_of_many_pairs_that_meet_a_few_are_shown_and_the_rest_counted() -> None:
    proof = proven(configuration(*(pool(f"p{at}", speaks_for="any") for at in range(5))))
    assert proof.verdict == "LEAK"
    assert proof.findings[-1].reason == "6 more pairs of issuers are not shown to be apart"
    assert proof.pairs >= 10


def test_more_pairs_than_can_be_compared_are_not_proven(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(issuers, "MAX_PAIRS", 2)
    limits = [may(claims={"tenant": [name]}) for name in ("acme", "globex")]
    access = configuration(
        *(pool(f"p{at}", speaks_for=limit) for at, limit in enumerate(limits)),
        pool("last", speaks_for=may(claims={"tenant": ["initech", "globex"]})),
        path=IN_TENANT,
    )
    proof = proven(access)
    assert proof.verdict == "UNKNOWN"
    assert proof.findings[-1].reason == "3 pairs of issuers are too many: fix a claim for each of them"


def test_issuers_that_meet_in_nothing_that_the_prover_can_show_are_unknown() -> None:
    deny = template(HOME).replace("Allow", "Deny")
    allow = template("all/{{ sub }}/*")
    statements = [
        *json.loads(allow)["Statement"],
        *json.loads(deny.replace("home/{{ sub }}/*", "*").replace("Data", "Nothing"))["Statement"],
    ]
    nothing = json.dumps({"Version": "2012-10-17", "Statement": statements})
    access = configuration(pool("own", speaks_for="any"), pool("partner", speaks_for="any"), source=nothing)
    proof = proven(access)
    assert proof.verdict == "UNKNOWN"
    assert (
        proof.findings[0].reason
        == "the users of eu-west-1_own and eu-west-1_partner are not shown to be apart"
    )


def test_users_who_would_have_no_policy_are_no_witness() -> None:
    """The policy is for those without a tenant alone, and each issuer's users have one."""
    (only,) = json.loads(template(HOME))["Statement"]
    source = (
        '{"Version": "2012-10-17", "Statement": [{% if not tenant is defined %}'
        + json.dumps(only)
        + "{% endif %}]}"
    )
    names = ("own", "partner")
    access = configuration(
        *(pool(name, speaks_for=may(claims={}), fixed_claims={"tenant": name}) for name in names),
        source=source,
    )
    proof = proven(access)
    assert proof.verdict == "UNKNOWN"
    assert all(finding.witness is None for finding in proof.findings)


def test_what_everybody_shares_is_no_meeting_and_no_proof_either() -> None:
    """Two users meet in nothing but what is declared shared: nothing is left to show them apart by."""
    access = configuration(
        pool("own", speaks_for="any"),
        pool("partner", speaks_for="any"),
        path="common/*",
        shared=(
            {"statement": "Data", "actions": ["s3:GetObject"], "resources": ["arn:aws:s3:::b/common/*"]},
        ),
    )
    assert proven(access).verdict == "UNKNOWN"


def test_a_list_that_an_issuer_limits_is_tried_with_what_it_may_hold() -> None:
    path = "{% for team in teams %}{{ team }}{% endfor %}/{{ sub }}/*"
    limits = [may(claims={"tenant": "any", "teams": teams}) for teams in (["red", "blue"], ["blue", "green"])]
    access = configuration(*(pool(f"p{at}", speaks_for=limit) for at, limit in enumerate(limits)), path=path)
    proof = proven(access)
    assert proof.verdict == "LEAK"
    for finding in proof.findings:
        for party in _parties(finding.witness):
            assert set(party.claims.get("teams", ())) <= {"blue"}


def test_a_token_holds_nested_claims_in_their_objects() -> None:
    party = Party(
        claims={"sub": SUB, "nested": ("a",)},
        scopes=frozenset(),
        request=AccessRequest(action="a:b", resource="*", context={}),
    )
    settings = make_settings(
        claims={"nested": {"claim": "realm_access.roles", "type": "slug", "list": True, "max_items": 2}}
    )
    assert payload(party, settings) == {"sub": SUB, "realm_access": {"roles": ["a"]}}


def test_many_values_that_both_may_say_are_counted() -> None:
    names = [f"t{at}" for at in range(9)]
    access = configuration(
        pool("own", speaks_for=may(claims={"tenant": names})),
        pool("partner", speaks_for=may(claims={"tenant": names})),
        pool("third", speaks_for=may(claims={"tenant": names})),
        pool("fourth", speaks_for="any"),
        path="{{ tenant }}/*",
        isolates="tenant",
    )
    told = [line for line in proven(access).rests_on if "may both say" in line or "more pairs" in line]
    assert "`tenant` = t0, t1, t2, t3 and 5 more" in told[0]
    assert told[-1] == "and 2 more pairs of issuers"
    both = configuration(
        pool("own", speaks_for="any"),
        pool("partner", speaks_for="any"),
        path="{{ tenant }}/*",
        isolates="tenant",
    )
    assert "`tenant` = anything" in proven(both).rests_on[-1]
