"""The AssumeRole request: what is asked for each setting, and every limit of STS by its name."""

import ast
import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import authorizer.vending
from authorizer.errors import ClaimAbsent, PolicyInvalid, PolicyTooLarge, RequestInvalid
from authorizer.model import Identity
from authorizer.vending.request import AssumeRoleRequest, assume_role_request
from tests.vending.factories import EDITOR, NOW, SUB, make_identity, make_policy, make_role

OWN = "arn:aws:iam::123456789012:policy/own"


def requested(
    *, end_with_token: bool = False, address: str | None = None, text: str | None = None, **role: Any
) -> AssumeRoleRequest:
    identity = make_identity(role=make_role(**role))
    return assume_role_request(
        identity, make_policy(text=text), end_with_token=end_with_token, address=address
    )


BASE = {"RoleArn": EDITOR, "RoleSessionName": SUB, "Policy": make_policy().text, "DurationSeconds": 3600}


@pytest.mark.parametrize(
    ("role", "added"),
    [
        pytest.param({}, {}, id="nothing but what is needed"),
        pytest.param({"duration": 900}, {"DurationSeconds": 900}, id="the shortest session"),
        pytest.param(
            {"session_name": "{tenant}.{sub}"},
            {"RoleSessionName": f"acme.{SUB}"},
            id="a session name of two claims",
        ),
        pytest.param(
            {"session_tags": {"tenant": "tenant"}}, {"Tags": [{"Key": "tenant", "Value": "acme"}]}, id="a tag"
        ),
        pytest.param(
            {"session_tags": {"tenant": "tenant"}, "transitive_tags": ("tenant",)},
            {"Tags": [{"Key": "tenant", "Value": "acme"}], "TransitiveTagKeys": ["tenant"]},
            id="a transitive tag",
        ),
        pytest.param({"source_identity": "{sub}"}, {"SourceIdentity": SUB}, id="a source identity"),
        pytest.param({"external_id": "partner/42"}, {"ExternalId": "partner/42"}, id="an external id"),
        pytest.param({"managed_policies": (OWN,)}, {"PolicyArns": [{"arn": OWN}]}, id="a managed policy"),
        pytest.param(
            {"arn": "arn:aws-cn:iam::210987654321:role/path/to/editor"},
            {"RoleArn": "arn:aws-cn:iam::210987654321:role/path/to/editor"},
            id="a role of another account and partition",
        ),
    ],
)
def test_the_exact_request_for_each_setting(role: dict[str, Any], added: dict[str, Any]) -> None:
    assert requested(**role).parameters() == {**BASE, **added}


@pytest.mark.parametrize(
    ("role", "parameter", "problem"),
    [
        pytest.param(
            {"arn": "arn:aws:iam::123:role/x"}, "RoleArn", "ACCOUNT", id="a role ARN without an account"
        ),
        pytest.param(
            {"arn": "arn:aws:sts::123456789012:assumed-role/x/y"},
            "RoleArn",
            "role/NAME",
            id="a session's ARN",
        ),
        pytest.param({"duration": 899}, "DurationSeconds", "900 to 3600", id="a second too short"),
        pytest.param(
            {"duration": 3601}, "DurationSeconds", "role chaining", id="a second over role chaining"
        ),
        pytest.param({"external_id": "x"}, "ExternalId", "2 to 1,224", id="an external id of one character"),
        pytest.param({"external_id": "a b"}, "ExternalId", "2 to 1,224", id="an external id with a space"),
        pytest.param(
            {"managed_policies": (OWN,) * 11}, "PolicyArns", "STS takes 10", id="eleven managed policies"
        ),
        pytest.param(
            {"managed_policies": ("arn:aws:iam::999999999999:policy/x",)},
            "PolicyArns",
            "own account",
            id="another account's policy",
        ),
        pytest.param(
            {"managed_policies": ("arn:aws-cn:iam::aws:policy/x",)},
            "PolicyArns",
            "own account",
            id="another partition's",
        ),
        pytest.param({"managed_policies": ("x",)}, "PolicyArns", "own account", id="a policy that is no ARN"),
        pytest.param(
            {"session_tags": {f"k{n}": "tenant" for n in range(51)}}, "Tags", "STS takes 50", id="51 tags"
        ),
        pytest.param(
            {"session_tags": {"a": "tenant", "A": "sub"}},
            "Tags",
            "case only",
            id="keys that differ in case only",
        ),
        pytest.param({"session_tags": {"aws:x": "tenant"}}, "Tags", "'aws:x'", id="a reserved key"),
        pytest.param(
            {"session_tags": {"AWS:x": "tenant"}}, "Tags", "'AWS:x'", id="a reserved key in capitals"
        ),
        pytest.param({"session_tags": {"": "tenant"}}, "Tags", "''", id="an empty key"),
        pytest.param(
            {"session_tags": {"k" * 129: "tenant"}}, "Tags", "has a key", id="a key of 129 characters"
        ),
        pytest.param({"session_tags": {"a*": "tenant"}}, "Tags", "'a*'", id="a wildcard in a key"),
        pytest.param(
            {"transitive_tags": ("x",)},
            "TransitiveTagKeys",
            "['x']",
            id="a transitive tag that is not passed",
        ),
    ],
)
def test_each_limit_is_named_before_the_call(role: dict[str, Any], parameter: str, problem: str) -> None:
    with pytest.raises(RequestInvalid) as refused:
        requested(**role)
    assert refused.value.parameter == parameter
    assert problem in str(refused.value)
    assert f"`{parameter}`" in str(refused.value)


@pytest.mark.parametrize(
    ("value", "fits"),
    [
        pytest.param("acme & co", False, id="an ampersand"),
        pytest.param("a,b", False, id="a comma"),
        pytest.param("*", False, id="a wildcard"),
        pytest.param("${aws:username}", False, id="a policy variable"),
        pytest.param("x" * 257, False, id="257 characters"),
        pytest.param("a\n", False, id="a control character"),
        pytest.param("Zürich 東京/a:b=c+d-e@f_g.", True, id="letters of any script and what AWS lists"),
        pytest.param("x" * 256, True, id="256 characters"),
    ],
)
def test_a_tags_value_is_what_sts_takes(value: str, fits: bool) -> None:
    identity = make_identity(
        role=make_role(session_tags={"tenant": "tenant"}), claims={"sub": SUB, "tenant": value}
    )
    if fits:
        assert assume_role_request(identity, make_policy()).tags == (("tenant", value),)
        return
    with pytest.raises(RequestInvalid) as refused:
        assume_role_request(identity, make_policy())
    assert value not in str(refused.value)


def test_a_tag_of_a_list_is_refused() -> None:
    identity = make_identity(
        role=make_role(session_tags={"t": "tenant"}), claims={"sub": SUB, "tenant": ("a", "b")}
    )
    with pytest.raises(RequestInvalid, match="one value"):
        assume_role_request(identity, make_policy())


@pytest.mark.parametrize(
    "role",
    [
        pytest.param({"session_tags": {"tenant": "tenant"}}, id="a tag"),
        pytest.param({"session_name": "{tenant}.{sub}"}, id="a session name"),
        pytest.param({"source_identity": "{tenant}"}, id="a source identity"),
    ],
)
def test_what_needs_a_claim_that_is_absent_is_for_an_administrator(role: dict[str, Any]) -> None:
    identity = make_identity(role=make_role(**role), claims={"sub": SUB})
    with pytest.raises(ClaimAbsent, match="'tenant', which the token does not carry"):
        assume_role_request(identity, make_policy())


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="an empty policy, which would be the whole role"),
        pytest.param(" \n", id="a blank policy"),
        pytest.param('{"a":"東"}', id="a character that STS does not take"),
        pytest.param('{"a":"\0"}', id="a control character"),
    ],
)
def test_a_policy_that_is_none_never_reaches_sts(text: str) -> None:
    with pytest.raises(RequestInvalid) as refused:
        requested(text=text)
    assert refused.value.parameter == "Policy"


def test_policy_and_managed_arns_share_one_limit() -> None:
    padding = 2048 - len(OWN) - len('{"a":""}')
    assert requested(text='{"a":"' + "x" * padding + '"}', managed_policies=(OWN,)).policy_arns == (OWN,)
    with pytest.raises(PolicyTooLarge, match="2049 characters"):
        requested(text='{"a":"' + "x" * (padding + 1) + '"}', managed_policies=(OWN,))


def test_a_session_can_end_with_its_token() -> None:
    text = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::b/*"},
                {
                    "Effect": "Allow",
                    "Action": "s3:PutObject",
                    "Resource": "arn:aws:s3:::b/*",
                    "Condition": {"DateLessThan": {"aws:TokenIssueTime": "2030-01-01T00:00:00Z"}},
                },
                {"Effect": "Deny", "Action": "s3:DeleteObject", "Resource": "*"},
            ],
        }
    )
    first, second, deny = json.loads(requested(text=text, end_with_token=True).policy)["Statement"]
    assert first["Condition"] == {"DateLessThan": {"aws:CurrentTime": "2027-01-15T09:00:00Z"}}
    assert second["Condition"]["DateLessThan"] == {
        "aws:TokenIssueTime": "2030-01-01T00:00:00Z",
        "aws:CurrentTime": "2027-01-15T09:00:00Z",
    }
    assert "Condition" not in deny


def test_one_statement_without_a_list_ends_with_its_token_too() -> None:
    text = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}}'
    policy = json.loads(requested(text=text, end_with_token=True).policy)
    assert "DateLessThan" in policy["Statement"]["Condition"]


@pytest.mark.parametrize("end_with_token", [False, True], ids=["alone", "beside the end of the token"])
def test_a_policy_for_one_address_serves_from_no_other(*, end_with_token: bool) -> None:
    text = '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}}'
    policy = requested(text=text, address="203.0.113.9", end_with_token=end_with_token).policy
    conditions = json.loads(policy)["Statement"]["Condition"]
    assert conditions["IpAddress"] == {"aws:SourceIp": "203.0.113.9"}
    assert ("DateLessThan" in conditions) == end_with_token


def test_a_policy_that_ends_with_the_token_is_as_short_as_it_can_be() -> None:
    """What it may grow to is the limit of STS, of which the date takes its part."""
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
    policy = requested(text=json.dumps({"Statement": [statement]}), end_with_token=True).policy
    assert policy == json.dumps(json.loads(policy), separators=(",", ":"))


def test_a_template_that_limits_the_time_itself_cannot_end_with_the_token() -> None:
    """Two values of one key are alternatives: the later one would win."""
    condition = {"DateLessThan": {"AWS:currenttime": "2099-01-01T00:00:00Z"}}
    statement = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", "Condition": condition}
    with pytest.raises(PolicyInvalid, match="aws:CurrentTime"):
        requested(text=json.dumps({"Statement": [statement]}), end_with_token=True)


def test_nothing_of_a_request_that_is_secret_shows() -> None:
    shown = repr(requested(external_id="partner/42", session_tags={"tenant": "tenant"}))
    assert "partner/42" not in shown
    assert "acme" not in shown
    assert "s3:GetObject" not in shown


TEXT = st.text(st.characters(codec="ascii", categories=("L", "N")), min_size=2, max_size=12)
PARTS = {
    "issuer": TEXT,
    "principal": TEXT,
    "tenant": TEXT,
    "resource": TEXT,
    "duration": st.integers(900, 3600),
    "external_id": st.none() | TEXT,
    "source_identity": st.sampled_from([None, "{sub}", "{tenant}"]),
    "tags": st.sampled_from([{}, {"tenant": "tenant"}, {"tenant": "sub"}, {"t": "tenant"}]),
    "transitive": st.booleans(),
    "managed": st.sampled_from([(), (OWN,), (OWN, f"{OWN}2")]),
    "role": st.sampled_from([EDITOR, EDITOR + "2"]),
    "name": st.sampled_from(["{sub}", "{tenant}", "{tenant}.{sub}"]),
}


def of_parts(parts: dict[str, Any]) -> AssumeRoleRequest:
    role = make_role(
        arn=parts["role"],
        session_name=parts["name"],
        session_tags=parts["tags"],
        transitive_tags=tuple(parts["tags"]) if parts["transitive"] else (),
        external_id=parts["external_id"],
        source_identity=parts["source_identity"],
        managed_policies=parts["managed"],
        duration=parts["duration"],
    )
    identity: Identity = make_identity(
        role=role,
        principal=parts["principal"],
        issuer=parts["issuer"],
        claims={"sub": parts["principal"], "tenant": parts["tenant"]},
    )
    return assume_role_request(identity, make_policy(f"arn:aws:s3:::bucket/{parts['resource']}/*"))


@given(st.fixed_dictionaries(PARTS), st.fixed_dictionaries(PARTS), st.sets(st.sampled_from(sorted(PARTS))))
def test_two_callers_share_an_entry_only_if_nothing_tells_them_apart(
    first: dict[str, Any], other: dict[str, Any], changed: set[str]
) -> None:
    second = {**first, **{name: other[name] for name in changed}}
    one, two = of_parts(first), of_parts(second)
    same_caller = (first["issuer"], first["principal"]) == (second["issuer"], second["principal"])
    alike = same_caller and one.parameters() == two.parameters()
    assert (one.key == two.key) == alike


APART: dict[str, Any] = {
    "issuer": "other",
    "principal": "other",
    "tenant": "other",
    "resource": "other",
    "duration": 901,
    "external_id": "other",
    "source_identity": "{tenant}",
    "tags": {"t": "tenant"},
    "transitive": True,
    "managed": (OWN,),
    "role": EDITOR + "2",
    "name": "{tenant}.x",
}


@pytest.mark.parametrize("part", sorted(PARTS))
def test_each_part_alone_tells_two_callers_apart(part: str) -> None:
    """Nothing else of the request depends on the principal here: only the key itself can tell."""
    base: dict[str, Any] = {
        "issuer": "one",
        "principal": "one",
        "tenant": "acme",
        "resource": "r",
        "duration": 900,
        "external_id": None,
        "source_identity": None,
        "tags": {"tenant": "tenant"},
        "transitive": False,
        "managed": (),
        "role": EDITOR,
        "name": "{tenant}",
    }
    assert sorted(APART) == sorted(base) == sorted(PARTS)
    assert of_parts(base).key != of_parts({**base, part: APART[part]}).key


def test_the_order_of_tags_and_managed_policies_is_no_difference() -> None:
    one = requested(session_tags={"a": "tenant", "b": "sub"}, managed_policies=(OWN, f"{OWN}2"))
    two = requested(session_tags={"b": "sub", "a": "tenant"}, managed_policies=(f"{OWN}2", OWN))
    assert one.key == two.key


@pytest.mark.slow
def test_nobody_but_the_checks_makes_a_request_and_every_request_has_a_policy() -> None:
    """The one path to AssumeRole: `request.py` makes the request, `parameters` puts `Policy` in it
    unconditionally."""
    room = Path(str(authorizer.vending.__file__)).parent
    makers, callers = [], []
    for file in sorted(room.parent.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call):
                name = (
                    node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                )
                if name == "AssumeRoleRequest":
                    makers.append(file.name)
                if name == "assume_role":
                    callers.append((file.name, ast.unparse(node)))
    assert makers == ["request.py"]
    assert sorted(callers) == [
        ("sts.py", "query.assume_role(request)"),
        (
            "vendor.py",
            "self._sts.assume_role(request, now=now, remaining=flight.remaining, owners=self._owners(identity))",
        ),
    ]
    tree = ast.parse((room / "request.py").read_text())
    function = next(
        node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == "parameters"
    )
    first = next(node for node in function.body if isinstance(node, ast.AnnAssign))
    assert isinstance(first.value, ast.Dict)
    assert "Policy" in [ast.literal_eval(key) for key in first.value.keys if key]


def test_the_policy_of_another_expiry_is_another_entry() -> None:
    role = make_role()
    early, late = (make_identity(role=role, expires_at=NOW + seconds) for seconds in (600, 1200))
    keys = {assume_role_request(who, make_policy(), end_with_token=True).key for who in (early, late)}
    assert len(keys) == 2
    assert len({assume_role_request(who, make_policy()).key for who in (early, late)}) == 1
    differing = [
        field.name for field in fields(early) if getattr(early, field.name) != getattr(late, field.name)
    ]
    assert differing == ["expires_at"]
