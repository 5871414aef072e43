"""Pure stages remember their outcomes: what they would find anew, for every input in any order."""

import sys
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from authorizer import memory
from authorizer.errors import Refusal
from authorizer.gateway.respond import allow
from authorizer.identity.permit import permit
from authorizer.identity.resolve import resolve
from authorizer.model import Claims, Identity, Request, Shape
from authorizer.render import render
from authorizer.settings.schema import Access
from authorizer.vending.request import assume_role_request
from tests.faults.awaits import ELSEWHERE
from tests.make import SUB, make_access, make_claims, make_request, sample_access, sample_settings
from tests.soak.memory import remembered as remembered_of

OTHER_SUB = "22222222-2222-4222-8222-222222222222"
OTHER = make_access(scopes={"files:read": ["GET /other"]}, variables={"bucket": "other"})
LOADED = (sample_access(), OTHER, Access(sample_settings(), OTHER.templates))

ROLES = {name: role.arn for name, role in sample_settings().roles.items()}
CLAIMS = st.builds(
    lambda sub, groups, preferred, tenant, roles: make_claims(
        sub=sub,
        groups=groups,
        preferred_role=preferred,
        roles=roles,
        values={"sub": sub, "custom:tenant_id": tenant},
    ),
    st.sampled_from((SUB, OTHER_SUB)),
    st.sampled_from((("editors",), ("viewers",), ("admins", "viewers"), ())),
    st.sampled_from((ROLES["editor"], ROLES["viewer"], None)),
    st.sampled_from(("acme", "globex", "*")),
    st.sampled_from(((ROLES["editor"],), (ROLES["editor"], ROLES["viewer"]), ())),
)
REQUESTS = st.builds(
    lambda shape, path, api, role, simple: make_request(
        shape=shape,
        path=path,
        api_id=api,
        requested_role=role,
        simple_response=simple and shape is Shape.HTTP_2,
        route_key="$default",
    ),
    st.sampled_from(list(Shape)),
    st.sampled_from(("/files/a", "/data", "/nowhere", "/files/../data", "$connect")),
    st.sampled_from(("api1", "api2")),
    st.sampled_from((None, "viewer", "editor", "admin")),
    st.booleans(),
)


def outcome(claims: Claims, request: Request, access: Access) -> Any:
    """Everything that the pure stages make of it, or which of them refuses and why."""
    settings, templates = access
    try:
        identity: Identity = resolve(claims, request.requested_role, settings)
        routes = permit(identity, request, settings)
        policy = render(identity, templates, settings)
        asked = assume_role_request(identity, policy)
        late = assume_role_request(identity, policy, end_with_token=True)
        answer = allow(request, identity, routes, {"accessKeyId": "id"}, settings)
    except Refusal as refusal:
        return type(refusal), str(refusal)
    return identity.role.arn, identity.claims, identity.scopes, routes, policy, asked, late, answer


@given(st.lists(st.tuples(CLAIMS, REQUESTS, st.sampled_from(LOADED)), min_size=1, max_size=12))
def test_what_is_remembered_is_what_would_be_found_anew(
    calls: list[tuple[Claims, Request, Access]],
) -> None:
    anew = []
    for call in calls:
        memory.forget()
        anew.append(outcome(*call))
    memory.forget()
    assert [outcome(*call) for call in calls] == anew
    assert [outcome(*call) for call in reversed(calls)] == anew[::-1], "answered from memory"


def test_answers_are_not_shared_between_requests() -> None:
    access, claims, request = sample_access(), make_claims(), make_request()
    before = outcome(claims, request, access)[-1]
    spoilt = outcome(claims, request, access)[-1]
    spoilt["context"]["tenant"] = "globex"
    spoilt["policyDocument"]["Statement"][0]["Resource"].append("*")
    assert outcome(claims, request, access)[-1] == before


REMEMBERING = [
    f"{name}.{each}"
    for name, module in sorted(sys.modules.items())
    if name.startswith("authorizer.") and name.split(".")[1] not in {"deployed", "engine", *ELSEWHERE}
    for each, _, _ in remembered_of(module)
]
"""Every `lru_cache` of the request path."""


def test_all_that_is_remembered_is_dropped_and_bounded_in_one_place() -> None:
    """But for the TLS contexts and the names of claims in access.toml, which are nobody's data."""
    outcome(make_claims(), make_request(), sample_access())
    of_here = {f"{each.__module__}.{each.__name__}" for each in memory._memories}
    assert of_here >= set(REMEMBERING) - {"authorizer.tls.context", "authorizer.syntax.claim_path.path_of"}
    memory.forget()
    assert [each.cache_info().currsize for each in memory._memories] == [0] * len(memory._memories)
    assert {each.cache_info().maxsize for each in memory._memories} == {1024, 256, 64}
