"""Whom a role trusts whose sessions callers hold: the function that hands it out, and the authorizer no more than
anybody else."""

from collections.abc import Mapping
from typing import Any

from authorizer.deployment.trust import trust_policy
from authorizer.gate.rulings import OWN_HANDLER, World
from authorizer.gate.terms import terms
from authorizer.gate.trusting import trust
from tests.deployed.factories import ACCOUNT, from_account, policy, role_detail
from tests.deployed.sample import EXECUTION, account, function, only, roles_of, told
from tests.make import make_access

ARN = f"arn:aws:iam::{ACCOUNT}:role/browser"
CREDENTIALS = f"arn:aws:iam::{ACCOUNT}:role/credentials"
ACCESS = make_access(
    roles={"browser": {"arn": ARN, "policies": ["s3-home"], "session_tags": {"sub": "sub"}}},
    callers={"roles": {"editor": "browser"}},
)
HANDS_OUT = function("credentials", Handler=OWN_HANDLER, Role=CREDENTIALS)


def handing(
    *more: Mapping[str, Any],
    trusts: str = CREDENTIALS,
    own: Mapping[str, Any] | None = None,
    functions: tuple[Mapping[str, Any], ...] = (HANDS_OUT,),
) -> World:
    """The sample with a role `browser` that trusts `trusts`, and with the function that hands it out."""
    trusting = {"AssumeRolePolicyDocument": trust_policy(ACCESS.settings.roles["browser"], trusts)}
    roles = [*roles_of(ACCESS, browser=trusting), role_detail("credentials", **(own or {}))]
    return World(ACCESS, account(ACCESS, roles=roles, functions=[function("authorizer"), *functions, *more]))


def test_it_trusts_what_hands_it_out_and_on_the_terms_of_access_toml() -> None:
    assert told(trust(handing())) == told(terms(handing())) == []
    said = [note.text for note in trust(handing())]
    assert "role browser trusts what hands it to callers alone" in said
    assert "role editor trusts the authorizer alone" in said
    assert "the role of GET /credentials is nobody else's" in said


def test_the_authorizer_may_not_assume_it_and_what_hands_it_out_may_assume_no_other() -> None:
    note = only(trust(handing(trusts=EXECUTION)))
    assert note.status == "REFUTED"
    assert f"role browser may be assumed by AWS {EXECUTION}" in note.text
    editor = {"AssumeRolePolicyDocument": trust_policy(ACCESS.settings.roles["editor"], CREDENTIALS)}
    browser = {"AssumeRolePolicyDocument": trust_policy(ACCESS.settings.roles["browser"], CREDENTIALS)}
    roles = [*roles_of(ACCESS, browser=browser, editor=editor), role_detail("credentials")]
    mixed = World(ACCESS, account(ACCESS, roles=roles, functions=[function("authorizer"), HANDS_OUT]))
    note = only(trust(mixed))
    assert (note.status, note.text) == ("REFUTED", f"role editor may be assumed by AWS {CREDENTIALS}")


def test_where_no_function_hands_it_out_it_is_open() -> None:
    note = only(trust(handing(functions=())))
    assert note.status == "OPEN"
    assert f"no function with the handler {OWN_HANDLER} is in these files" in note.text


def test_nobody_else_becomes_what_hands_it_out() -> None:
    note = only(trust(handing(function("other", Handler="other.handler", Role=CREDENTIALS))))
    assert note.status == "REFUTED"
    assert "runs as the role of GET /credentials, and no Deny keeps it" in note.text
    anybody = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "*"}}
    note = only(trust(handing(own={"AssumeRolePolicyDocument": policy(anybody)})))
    assert "the role of GET /credentials may be assumed by everybody" in note.text


def test_a_deny_of_what_is_handed_out_is_enough_for_another_function_of_its_role() -> None:
    mine = f"arn:aws:lambda:eu-west-1:{ACCOUNT}:function:credentials"
    deny = {
        "Effect": "Deny",
        "Action": "sts:AssumeRole",
        "Resource": ARN,
        "Condition": {"ArnNotEquals": {"lambda:SourceFunctionArn": mine}},
    }
    kept = {"RolePolicyList": [{"PolicyName": "x", "PolicyDocument": policy(deny)}]}
    other = function("other", Handler="other.handler", Role=CREDENTIALS)
    assert told(trust(handing(other, own=kept))) == []


def test_without_anything_it_is_open() -> None:
    assert only(trust(World(ACCESS, from_account()))).status == "OPEN"
