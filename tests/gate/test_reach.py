"""All that a group, a role, an issuer or one caller reaches: nothing that they may is missing; each line is shown."""

import random
import re
from dataclasses import replace

import pytest

from authorizer.engine import Document, Statement
from authorizer.engine.evaluate import AccessRequest, evaluate
from authorizer.engine.prove import Undecided
from authorizer.gate import (
    Reach,
    issuer_of,
    reach_of_callers,
    reach_of_group,
    reach_of_issuer,
    reach_of_role,
)
from authorizer.gate.callers import identity_of
from authorizer.gate.reached import request_of
from authorizer.model import Identity
from tests.gate.small import EXAMPLES, REQUESTS, RESOURCES, allowed, configuration, drawn, everybody
from tests.make import make_access, make_identity, sample_access

HOLE = re.compile(r"\{\{ (\w+) \}\}")


def told(found: Reach, identity: Identity, request: AccessRequest) -> bool:
    """Whether a line says that this user may do this to that, its conditions left aside."""
    for row in found.statements:
        if row.role != identity.role.name or row.effect != "Allow":
            continue
        if any(_matches(row.actions, text, identity, request) for text in row.resources):
            return True
    return False


def _matches(actions: tuple[str, ...], resource: str, identity: Identity, request: AccessRequest) -> bool:
    names = {name: (value,) if isinstance(value, str) else value for name, value in identity.claims.items()}
    if not set(HOLE.findall(resource)) <= names.keys():
        return False
    tags = {f"aws:PrincipalTag/{key}": names[claim][0] for key, claim in identity.role.session_tags.items()}
    bare = replace(request, context={**request.context, **tags})
    for item in range(3):
        filled = HOLE.sub(lambda hole, item=item: names[hole[1]][item % len(names[hole[1]])], resource)  # type: ignore[misc]
        statement = Statement(effect="Allow", actions=actions, resources=(filled,))
        document = Document(statements=(statement,))
        if evaluate(identity=None, session=document, boundary=None, request=bare).allowed:
            return True
    return False


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(EXAMPLES))
def test_nothing_that_a_member_may_is_missing(seed: int) -> None:
    choose = random.Random(seed)
    access = drawn(choose)
    groups = {name: reach_of_group(access, name) for name in ("g", "h")}
    roles = {name: reach_of_role(access, name) for name in access.settings.roles}
    for caller, _, identity in everybody(access, choose, 60):
        for request in choose.sample(REQUESTS, 6):
            if not allowed(access, identity, request):
                continue
            assert told(roles[identity.role.name], identity, request)
            if caller.groups in (("g",), ("h",)) and not caller.roles and "rule" not in identity.rule:
                assert told(groups[caller.groups[0]], identity, request)
    for found in (*groups.values(), *roles.values()):
        for row in found.statements:
            if row.example is not None:
                again = identity_of(row.example.caller, row.example.requested_role, access.settings)
                assert again is not None
                assert isinstance(row.example.request, AccessRequest)
                assert allowed(access, again, row.example.request)


def test_a_group_reaches_its_role_its_scopes_and_their_routes() -> None:
    found = reach_of_group(sample_access(), "viewers")
    assert found.roles == ("viewer",)
    assert [scope for scope, sure in found.scopes if sure] == ["data:read"]
    assert ("data:read", "GET /data/*") in found.routes
    assert ("data:read", "$connect") in found.routes
    reading, writing = (
        row for row in found.statements if "arn:aws:s3:::example-data/tenants/{{ tenant }}/*" in row.resources
    )
    assert (reading.users, writing.users) == ((), ("with scope data:write",))
    assert all(row.example is not None for row in found.statements)
    listing = next(row for row in found.statements if row.actions == ("s3:ListBucket",))
    assert listing.conditions == ("StringLike s3:prefix 'tenants/{{ tenant }}/*'",)
    assert listing.places == ("tenant-data.json.j2:13",)
    assert found.notes[0] == "rules may give a member another role"


@pytest.mark.parametrize(
    ("token_scopes", "sure", "possible"),
    [("ignore", {"data:read"}, {"data:read"}), ("both", set(), {"data:read"})],
)
def test_a_token_s_own_scopes_count_as_the_gateway_says(
    token_scopes: str, sure: set[str], possible: set[str]
) -> None:
    access = make_access(gateway={"token_scopes": token_scopes}, rules=None)
    found = reach_of_group(access, "viewers")
    assert {scope for scope, has in found.scopes if has} == sure
    assert {scope for scope, _ in found.scopes} == possible
    assert not any("data:write" in users for row in found.statements for users in row.users)
    assert "rules may give a member another role" not in found.notes


def test_a_role_and_an_issuer_reach_all_that_somebody_may() -> None:
    access = make_access(roles={"viewer": {"managed_policies": ["arn:aws:iam::aws:policy/ReadOnlyAccess"]}})
    role = reach_of_role(access, "viewer")
    assert role.roles == ("viewer",)
    assert role.notes == ("role viewer passes managed_policies: what they allow besides is not seen here",)
    issuer = reach_of_issuer(access, issuer_of("eu-west-1_EXAMPLE01", access.settings))
    assert issuer.roles == ("viewer", "editor", "admin", "importer")
    assert {row.places for row in role.statements} < {row.places for row in issuer.statements}
    limited = configuration([("Allow", "", "s3:GetObject", '"arn:aws:s3:::b/{{ t }}/*"', "")])
    partner = reach_of_issuer(limited, issuer_of("eu-west-1_Partner", limited.settings))
    assert (partner.roles, partner.scopes) == (("r",), (("w", False),))
    assert [row.example is not None for row in partner.statements] == [True]
    shown = partner.statements[0].example
    assert shown is not None
    assert shown.identity.claims["t"] in {"a", "b"}


def test_a_group_reaches_by_who_acts_what_its_own_scope_closes() -> None:
    always = ("Allow", "", "s3:GetObject", '"arn:aws:s3:::b/all/*"', "")
    access = configuration(
        [always, ("Allow", 'not ("w" in scopes)', "s3:DeleteObject", '"arn:aws:s3:::b/{{ t }}/*"', "")],
        issuers=1,
        header=False,
        actors={"agent": []},
        token_scopes="ignore",
    )
    found = reach_of_group(access, "g")
    assert [scope for scope, sure in found.scopes if sure] == ["w"]
    row = next(row for row in found.statements if row.actions == ("s3:DeleteObject",))
    assert row.users == ("without scope w",)
    assert row.example is not None
    assert row.example.caller.actors == ("agent",)
    assert any("whoever acts for a user" in note for note in found.notes)
    people = [caller for caller, _, _ in everybody(access, random.Random(7), 400)]
    person = next(each for each in people if each.groups == ("g",) and not each.actors and "t" in each.values)
    acting = replace(person, actors=("agent",))
    assert {row.actions for row in reach_of_callers(access, [acting]).statements} == {
        ("s3:GetObject",),
        ("s3:DeleteObject",),
    }
    reached = reach_of_callers(access, [person])
    assert {row.actions for row in reached.statements} == {("s3:GetObject",), ("s3:DeleteObject",)}
    assert any("whoever acts for a user" in note for note in reached.notes)


def test_what_managed_policies_give_a_caller_is_noted() -> None:
    managed = "arn:aws:iam::aws:policy/ReadOnlyAccess"
    access = configuration(
        [("Allow", "", "s3:GetObject", '"arn:aws:s3:::b/all/*"', "")], issuers=1, managed=managed
    )
    for caller, _, identity in everybody(access, random.Random(7), 4):
        found = reach_of_callers(access, [caller])
        assert (
            f"role {identity.role.name} passes managed_policies: what they allow besides is not seen here"
            in found.notes
        )


def test_one_caller_reaches_their_own_with_their_claims_filled_in() -> None:
    access = configuration(
        [("Allow", '"w" in scopes', "s3:GetObject", '"arn:aws:s3:::b/{{ t }}/*"', "")], issuers=1
    )
    people = [caller for caller, _, _ in everybody(access, random.Random(7), 400)]
    mine = next(
        one for one in people if one.groups == ("g",) and one.values.get("t") == "ab" and not one.roles
    )
    found = reach_of_callers(access, [mine])
    assert found.roles == ("r",)
    assert [row.resources for row in found.statements] == [("arn:aws:s3:::b/ab/*",)]
    assert found.routes == (("w", "GET /w/*"),)
    without = next(one for one in people if one.groups == ("g",) and "t" not in one.values and not one.roles)
    refused = reach_of_callers(access, [without])
    assert (refused.roles, refused.routes) == ((), ())
    assert refused.notes == ("they have no session: the authorizer refuses them, or a claim is not there",)


def test_a_caller_without_a_claim_that_a_template_needs_reaches_nothing() -> None:
    access = configuration([("Allow", "", "s3:GetObject", '"arn:aws:s3:::b/{{ p }}/*"', "")], issuers=1)
    people = [caller for caller, _, _ in everybody(access, random.Random(7), 400)]
    mine = [one for one in people if one.groups == ("h",) and not one.roles]
    of_x = next(one for one in mine if one.values.get("p") == "x")
    without = next(one for one in mine if "p" not in one.values)
    assert reach_of_callers(access, [of_x]).roles == ("q",)
    assert reach_of_callers(access, [without]).roles == ()
    assert reach_of_callers(access, [without, of_x]).roles == ("q",)


def test_a_statement_that_a_deny_takes_whole_is_not_shown() -> None:
    access = configuration(
        [
            ("Allow", "", "s3:GetObject", '"arn:aws:s3:::b/*"', ""),
            ("Deny", "", "s3:*", '"arn:aws:s3:::b/*"', ""),
        ]
    )
    allow, deny = reach_of_role(access, "r").statements
    assert (allow.example, deny.effect) == (None, "Deny")


@pytest.mark.parametrize("claims", [{}, {"l": ()}], ids=["without the claim", "with a list of none"])
def test_nobody_shows_what_they_lack_the_claim_for(claims: dict[str, tuple[str, ...]]) -> None:
    access = configuration([("Allow", "", "s3:GetObject", RESOURCES[6], "")])
    role = access.settings.roles["r"]
    (branch, *_) = access.templates.branches(role.policies)
    (listed,) = branch.document.statements
    identity = replace(make_identity(), role=role, claims=claims)
    assert request_of(listed, identity, access.templates) is None


def test_too_many_ways_are_not_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("authorizer.engine.prove.askers.MAX_WAYS", 1)
    with pytest.raises(Undecided, match="more than 1 ways"):
        reach_of_role(sample_access(), "viewer")
