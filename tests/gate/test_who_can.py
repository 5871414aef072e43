"""Who may make a request: those who are told, each confirmed, and nobody else."""

import random
from collections.abc import Sequence
from typing import Any

import pytest

from authorizer.engine import InScopes
from authorizer.engine.evaluate import AccessRequest, judge
from authorizer.engine.language import is_placeholder
from authorizer.engine.template import Contains, Equals, IsDefined
from authorizer.gate import (
    Kind,
    WhoCan,
    conditions,
    exceptions,
    route_of,
    route_problems,
    who_can,
    who_reaches,
    words,
)
from authorizer.gate.callers import Caller, identity_of
from authorizer.model import Identity
from authorizer.settings.schema import Access, Route
from tests.gate.small import EXAMPLES, REQUESTS, ROLE, allowed, configuration, drawn, everybody
from tests.make import make_access, sample_access


def told(access: Access, kind: Kind, identity: Identity, request: AccessRequest) -> bool:
    """Whether a kind of users, read word by word, is one that this user is of."""
    claims, origin = identity.claims, access.templates.origin
    tags = {
        f"aws:principaltag/{key.lower()}": str(claims.get(name))
        for key, name in identity.role.session_tags.items()
    }
    context = {key.lower(): str(value) for key, value in request.context.items()} | tags

    def has(char: str, text: str) -> bool:
        value = claims.get(origin(char)[0])
        return text in value if isinstance(value, tuple) else value == text

    def holds(condition: Any) -> bool | None:
        texts = []
        for text in condition.values:
            held = {origin(char)[0] for char in text if is_placeholder(char)}
            if not held <= claims.keys():
                return False
            lists = [name for name in held if isinstance(claims[name], tuple)]
            items = claims[lists[0]] if lists else ("",)
            texts += ["".join(filled(char, item) for char in text) for item in items]
        given = context.get(condition.key.lower())
        return judge(
            condition.operator,
            texts,
            () if given is None else (given,),
            (lambda key: context.get(key)),  # noqa: PLW0108 - mypy reads `get` as taking a default
        )

    def filled(char: str, item: str) -> str:
        if not is_placeholder(char):
            return char
        value = claims[origin(char)[0]]
        return item if isinstance(value, tuple) else value

    def goes(atom: Any, chosen: bool | int) -> bool:
        if isinstance(atom, InScopes):
            return (atom.scope in identity.scopes) is chosen
        value = claims.get(atom.claim)
        if isinstance(atom, IsDefined):
            return (value is not None) is chosen
        if isinstance(atom, Equals):
            return value is not None and (value == atom.value) is chosen
        assert isinstance(atom, Contains)
        return value is not None and (atom.value in value) is chosen

    return (
        kind.role == identity.role.name
        and all(goes(atom, chosen) for atom, chosen in kind.way)
        and all(has(char, text) for char, text in kind.asker.values)
        and all(holds(condition) is True for condition in kind.asker.conditions)
        and not any(
            all(has(char, text) for char, text in each.values)
            and all(holds(condition) is not False for condition in each.conditions)
            for each in kind.asker.but
        )
    )


def whole(answers: Sequence[WhoCan]) -> list[Kind]:
    return [kind for answer in answers for kind in answer.kinds]


def comes_by(access: Access, kind: Kind, caller: Caller) -> bool:
    """Whether the caller's issuer, groups, rule, scopes or roles are among those that the answer tells."""
    settings = access.settings
    name = settings.issuers[caller.issuer].name
    return name in kind.issuers and any(
        set(through.groups) <= set(caller.groups)
        and set(through.actors) <= set(caller.actors)
        and set(through.token_scopes) <= set(caller.scopes)
        and (
            not through.token_roles
            or {ROLE.format(role) for role in through.token_roles} <= set(caller.roles)
        )
        and (through.rule is None or caller.values.get("p") == "y")
        for through in kind.through
    )


@pytest.mark.parametrize("seed", range(EXAMPLES))
def test_exactly_those_who_are_told_may(seed: int) -> None:
    choose = random.Random(seed)
    access = drawn(choose)
    people = list(everybody(access, choose, 80))
    for request in choose.sample(REQUESTS, 6):
        bare = AccessRequest(action=request.action, resource=request.resource)
        answers = [who_can(access, role, bare) for role in access.settings.roles.values()]
        undecided = {answer.role for answer in answers if answer.undecided}
        for caller, _, identity in people:
            kinds = [kind for kind in whole(answers) if told(access, kind, identity, request)]
            assert not kinds or allowed(access, identity, request)
            assert kinds or identity.role.name in undecided or not allowed(access, identity, request)
            assert not kinds or undecided or any(comes_by(access, kind, caller) for kind in kinds)
        for kind in whole(answers):
            shown = kind.example
            again = identity_of(shown.caller, shown.requested_role, access.settings)
            assert isinstance(shown.request, AccessRequest)
            assert again is not None
            assert allowed(access, again, shown.request)


def asked(access: Access, action: str, resource: str, **context: Any) -> list[WhoCan]:
    request = AccessRequest(action=action, resource=resource, context=context)
    return [who_can(access, role, request) for role in access.settings.roles.values()]


def lines(access: Access, answers: Sequence[WhoCan]) -> list[tuple[str, list[str], list[str]]]:
    return [
        (kind.role, words(kind.asker, kind.way, access.templates), conditions(kind.asker, access.templates))
        for kind in whole(answers)
    ]


BUCKET = "arn:aws:s3:::example-data"


def test_a_tenant_is_read_off_the_resource_and_a_scope_off_the_branch() -> None:
    access = sample_access()
    answers = asked(access, "s3:PutObject", f"{BUCKET}/tenants/acme/x")
    assert lines(access, answers) == [
        ("viewer", ["tenant = acme", "with scope data:write"], []),
        ("admin", ["tenant = acme"], []),
    ]
    viewer, admin = whole(answers)
    assert [through.told(access.settings) for through in admin.through] == [
        "group admins",
        "a token that names role admin",
    ]
    assert "group viewers and editors" in [through.told(access.settings) for through in viewer.through]
    assert "group viewers, a token with scope data:write" in [
        through.told(access.settings) for through in viewer.through
    ]
    assert viewer.example.identity.claims["tenant"] == "acme"
    assert [place.describe() for place in viewer.asker.places] == ["tenant-data.json.j2:37"]


def test_what_is_left_to_the_request_is_told_with_claims() -> None:
    access = sample_access()
    answers = asked(access, "s3:ListBucket", BUCKET)
    assert ("editor", ["with tenant"], ["StringLike s3:prefix 'home/{{ sub }}/*'"]) in lines(access, answers)
    (editor,) = (kind for kind in whole(answers) if kind.role == "editor")
    assert isinstance(editor.example.request, AccessRequest)
    assert editor.example.request.context["s3:prefix"] == f"home/{editor.example.identity.claims['sub']}/"


def test_a_context_that_is_given_is_settled() -> None:
    access = sample_access()
    answers = asked(access, "s3:ListBucket", BUCKET, **{"s3:prefix": "tenants/acme/"})
    assert lines(access, answers) == [("viewer", ["tenant = acme"], []), ("admin", ["tenant = acme"], [])]
    nobody = asked(access, "s3:ListBucket", BUCKET, **{"s3:prefix": ()})
    assert whole(nobody) == []


def test_a_rule_leads_only_whom_it_matches() -> None:
    access = sample_access()
    machine = "1example23456789machine"
    (kind,) = whole(asked(access, "s3:PutObject", f"{BUCKET}/clients/{machine}/x"))
    assert [through.rule for through in kind.through] == [1, None]
    assert whole(asked(access, "s3:PutObject", f"{BUCKET}/clients/another/x")) == []


def test_nobody_is_told_for_what_no_statement_allows() -> None:
    answers = asked(sample_access(), "s3:PutBucketPolicy", BUCKET)
    assert whole(answers) == []
    assert not any(answer.undecided for answer in answers)


@pytest.mark.parametrize(
    ("route", "roles"),
    [
        (Route(method="GET", path="/users/1"), {"viewer", "editor", "admin", "importer"}),
        (Route(method="GET", path="/nowhere"), set()),
        (Route(method="GET", path="/data/../users/1"), set()),
        (Route(method="", path="$connect"), {"viewer", "editor", "admin", "importer"}),
        (Route(method="", path="$default"), set()),
        (Route(method="POST", path="/users"), {"viewer", "editor", "admin", "importer"}),
        (Route(method="POST", path="/files"), set()),
    ],
)
def test_a_route_is_reached_by_who_has_a_scope_for_it(route: Route, roles: set[str]) -> None:
    access = sample_access()
    answers = [who_reaches(access, role, route) for role in access.settings.roles.values()]
    assert {kind.role for kind in whole(answers)} == roles
    assert not any(answer.undecided for answer in answers)
    for kind in whole(answers):
        scopes = {atom.scope for atom, chosen in kind.way if isinstance(atom, InScopes) and chosen}
        assert scopes <= kind.example.identity.scopes
        assert len(scopes) == 1


def test_the_catch_all_route_is_reached_where_answers_are_simple() -> None:
    access = make_access(
        environment={"RESPONSE": "simple", "RESULT_TTL": "0s"}, scopes={"data:read": ["$default"]}
    )
    answers = [
        who_reaches(access, role, Route(method="", path="$default"))
        for role in access.settings.roles.values()
    ]
    assert {kind.role for kind in whole(answers)} == {"viewer", "editor", "admin", "importer"}


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("GET /data/x", 0),
        ("$connect", 0),
        ("GETT data/*", 2),
        ("GET /{proxy+}", 1),
    ],
)
def test_a_route_is_one_method_and_one_path(text: str, problems: int) -> None:
    route = route_of(text)
    assert route is not None
    assert len(list(route_problems(route))) == problems
    assert route_of("s3:GetObject") is None


def test_an_issuer_is_told_only_for_what_it_may_say() -> None:
    access = configuration([("Allow", "", "s3:GetObject", '"arn:aws:s3:::b/{{ t }}/*"', "")])
    of_a = whole(asked(access, "s3:GetObject", "arn:aws:s3:::b/a/1"))
    of_c = whole(asked(access, "s3:GetObject", "arn:aws:s3:::b/c/1"))
    assert {name for kind in of_a for name in kind.issuers} == {"eu-west-1_Own", "eu-west-1_Partner"}
    assert {name for kind in of_c for name in kind.issuers} == {"eu-west-1_Own"}
    partner = next(kind for kind in of_a if "eu-west-1_Partner" in kind.issuers)
    assert all(set(through.groups) <= {"g"} for through in partner.through)


def test_what_a_deny_takes_is_an_exception() -> None:
    access = configuration(
        [
            ("Allow", "", "s3:GetObject", '"arn:aws:s3:::b/*"', ""),
            ("Deny", "", "s3:*", '"arn:aws:s3:::b/{{ t }}/*"', '"Bool": { "aws:SecureTransport": "false" }'),
        ]
    )
    kind = next(
        each for each in whole(asked(access, "s3:GetObject", "arn:aws:s3:::b/a/1")) if each.role == "r"
    )
    assert exceptions(kind.asker, access.templates) == ["t = a and Bool aws:SecureTransport 'false'"]


def test_what_depends_on_the_place_of_an_item_is_not_told() -> None:
    looped = '[{% for i in l %}{% if loop.first %}"arn:aws:s3:::b/{{ i }}/*"{% endif %}{% endfor %}]'
    access = configuration([("Allow", "", "s3:GetObject", looped, "")])
    answers = asked(access, "s3:GetObject", "arn:aws:s3:::b/a/1")
    assert all("which item of `l`" in answer.undecided[0] for answer in answers)


def test_an_item_of_a_list_is_told_wherever_it_stands() -> None:
    looped = '[{% for i in l %}"arn:aws:s3:::b/{{ i }}/*"{% if not loop.last %},{% endif %}{% endfor %}]'
    access = configuration([("Allow", "", "s3:GetObject", looped, "")], issuers=1)
    answers = asked(access, "s3:GetObject", "arn:aws:s3:::b/a/1")
    assert {line for _, found, _ in lines(access, answers) for line in found} == {"l has a", "with t"}


WITHOUT = ("Allow", 'not ("w" in scopes)', "s3:DeleteObject", '"arn:aws:s3:::b/{{ t }}/*"', "")


@pytest.mark.parametrize(
    ("actors", "found"),
    [
        pytest.param({}, [], id="nobody acts"),
        pytest.param({"agent": ["w"]}, [], id="who acts has the scope"),
        pytest.param({"agent": []}, ["group g, agent acting for them"], id="who acts lacks it"),
        pytest.param(
            {"agent": ["v"], "bot": ["w"]}, ["group g, agent acting for them"], id="one of two lacks it"
        ),
    ],
)
def test_who_acts_for_a_user_may_be_without_the_scope_of_the_user_s_group(
    actors: dict[str, list[str]], found: list[str]
) -> None:
    access = configuration([WITHOUT], issuers=1, actors=actors)
    kinds = whole(asked(access, "s3:DeleteObject", "arn:aws:s3:::b/a/1"))
    through = [
        through.told(access.settings)
        for kind in kinds
        for through in kind.through
        if through.groups == ("g",) and kind.role == "r"
    ]
    assert through == found
    for kind in kinds:
        caller = kind.example.caller
        assert caller.actors == () or "act" in caller.values


def test_several_in_a_row_leave_a_user_less_than_each_alone() -> None:
    gate = 'not ("w" in scopes) and not ("v" in scopes)'
    both = {"g": {"scopes": ["w", "v"]}}
    access = configuration(
        [("Allow", gate, "s3:GetObject", '"arn:aws:s3:::b/all/*"', "")],
        issuers=1,
        header=False,
        groups=both,
        actors={"agent": ["w"], "bot": ["v"], "same": ["v"]},
    )
    kinds = whole(asked(access, "s3:GetObject", "arn:aws:s3:::b/all/1"))
    (told,) = {through.actors for kind in kinds for through in kind.through if through.groups == ("g",)}
    assert set(told) in ({"agent", "bot"}, {"agent", "same"})


AWS_OWN = "arn:aws:iam::aws:policy/ReadOnlyAccess"
MANAGED = {"viewer": {"managed_policies": [AWS_OWN]}}


@pytest.mark.parametrize("action", ["s3:GetObject", "s3:DeleteObject"])
def test_what_managed_policies_allow_besides_cannot_be_told(action: str) -> None:
    answers = asked(make_access(roles=MANAGED), action, f"{BUCKET}/tenants/acme/x")
    assert [told for answer in answers for told in answer.undecided] == [
        "role viewer passes managed_policies: what they allow besides is not seen here"
    ]


def test_managed_policies_add_nobody_to_everybody() -> None:
    access = configuration([("Allow", "", "s3:GetObject", '"arn:aws:s3:::b/all/*"', "")], managed=AWS_OWN)
    answers = asked(access, "s3:GetObject", "arn:aws:s3:::b/all/1")
    assert {kind.role for kind in whole(answers)} == {"r", "q"}
    assert not any(answer.undecided for answer in answers)
    assert all(answer.undecided for answer in asked(access, "s3:PutObject", "arn:aws:s3:::b/all/1"))


def test_managed_policies_open_no_route() -> None:
    access = make_access(roles=MANAGED)
    route = Route(method="GET", path="/users/1")
    answer = who_reaches(access, access.settings.roles["viewer"], route)
    assert (answer.undecided, answer.notes) == ((), ())
