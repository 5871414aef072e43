"""APIs as they are being read: routes come to their APIs' defaults, to their integrations and to their paths at the
end, since a file may have them in any order."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from authorizer.deployed.apis import Api, ApiAuthorizer, ApiRoute, ApiStage, Integration
from authorizer.deployed.names import is_open

ROOT = ""
"""The parent of a REST API's topmost resource."""
MAX_DEPTH = 100
"""Resources above one another."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundRoute:
    """A route, before its parts were found."""

    api: str
    place: str
    method: str
    path: str | None
    """None: that of `resource`."""
    resource: str = ""
    """Of a REST API: the id of the resource that it is a method of."""
    authorization: str | None = None
    authorizer: str | None = None
    usual: bool = False
    """Whether the API's default authorizer stands before it."""
    integration: Integration | str | None = None
    """Or the id of one."""


@dataclass(slots=True)
class FoundApis:
    """All that files say of APIs."""

    apis: list[Api] = field(default_factory=list)
    authorizers: list[ApiAuthorizer] = field(default_factory=list)
    routes: list[FoundRoute] = field(default_factory=list)
    stages: list[ApiStage] = field(default_factory=list)
    integrations: dict[str, Integration] = field(default_factory=dict)
    """By id; of a REST API in Terraform, by `API RESOURCE METHOD`."""
    resources: dict[str, tuple[str, str]] = field(default_factory=dict)
    """A REST API's resource → its parent, and its own part of the path."""
    usual: dict[str, str] = field(default_factory=dict)
    """An API → the id of its default authorizer, or `AWS_IAM`."""

    def all_authorizers(self) -> tuple[ApiAuthorizer, ...]:
        """The authorizers, each of its API's kind."""
        kinds = {api.id: api.kind for api in self.apis}
        return tuple(replace(each, kind=kinds.get(each.api, each.kind)) for each in self.authorizers)

    def all_routes(self) -> tuple[ApiRoute, ...]:
        """The routes, whole."""
        return tuple(map(self._route, self.routes))

    def _route(self, found: FoundRoute) -> ApiRoute:
        authorization, authorizer = found.authorization, found.authorizer
        if found.usual:
            authorizer = self.usual.get(found.api)
            authorization = "NONE" if authorizer is None else "CUSTOM"
            if authorizer == "AWS_IAM":
                authorization, authorizer = "AWS_IAM", None
        integration = found.integration
        if integration is None:
            integration = f"{found.api} {found.resource} {found.method}"
        named = found.integration if isinstance(found.integration, str) else ""
        return ApiRoute(
            api=found.api,
            method=found.method,
            path=self._path(found.resource) if found.path is None else found.path,
            place=found.place,
            authorization=authorization,
            authorizer=authorizer,
            integration=self.integrations.get(integration) if isinstance(integration, str) else integration,
            elsewhere="" if named in self.integrations else named,
        )

    def _path(self, resource: str) -> str:
        parts: list[str] = []
        while resource in self.resources and len(parts) < MAX_DEPTH:
            resource, part = self.resources[resource]
            parts.append(part)
        return "/" + "/".join(reversed([part for part in parts if part]))


def mapped_of(parameters: object, templates: object) -> tuple[dict[str, str], tuple[str, ...]]:
    """What an integration maps, by what it sets; and the names of what could not be read, the whole of it among
    them."""
    named = {"its parameters": parameters, "its templates": templates}
    unread = [name for name, value in named.items() if value is not None and not isinstance(value, Mapping)]
    rows = {
        **(parameters if isinstance(parameters, Mapping) else {}),
        **{
            f"template of {name}": text
            for name, text in (templates.items() if isinstance(templates, Mapping) else ())
        },
    }
    unread += [
        str(name)
        for name, text in rows.items()
        if is_open(str(name)) or not isinstance(text, str | bool) or is_open(str(text))
    ]
    return texts_of(rows), tuple(unread)


def texts_of(value: object) -> dict[str, str]:
    """A table's entries that are texts."""
    entries = value.items() if isinstance(value, Mapping) else ()
    return {str(name): text for name, text in entries if isinstance(text, str)}
