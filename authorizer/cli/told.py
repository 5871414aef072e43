"""Somebody who may, as JSON: the same for every command that shows one."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from authorizer.gate import Example


def plain_example(example: "Example") -> dict[str, object]:
    """Their token, the role that it leads to, and what they may ask for."""
    request = example.request
    return {
        "token": dict(example.caller.values),
        "token_use": example.caller.token_use,
        "token_roles": list(example.caller.roles),
        "requested_role": example.requested_role,
        "role": example.identity.role.name,
        "scopes": sorted(example.identity.scopes),
        "request": {"route": request}
        if isinstance(request, str)
        else {"action": request.action, "resource": request.resource, "context": dict(request.context)},
    }
