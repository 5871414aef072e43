"""`--api`: an OpenAPI document or a SAM template → what is served of it."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from authorizer.deployed import DeploymentInvalid, read_tree
from authorizer.errors import SettingsError
from authorizer.local_gateway.api import Api, Cors
from authorizer.local_gateway.from_access import place_of
from authorizer.local_gateway.from_openapi import is_openapi, openapi_api, protocol_of
from authorizer.local_gateway.from_template import template_apis
from authorizer.settings.schema import Settings


def apis_in(
    file: Path, settings: Settings, region: str, *, name: str | None, cors: Cors
) -> tuple[Api | None, Api | None]:
    """The REST or HTTP API, and the WebSocket API. `name` says which of a template's; `cors` stands in where a document
    has none. Raises `SettingsError`."""
    place = place_of(settings, region)
    try:
        tree = read_tree(file.read_text(encoding="utf-8"), str(file))
        if is_openapi(tree):
            protocol = protocol_of(tree)
            found = {str(file): openapi_api(tree, str(file), place, protocol=protocol)}
        else:
            found = template_apis(tree, str(file), place, region=region)
    except (OSError, UnicodeDecodeError, DeploymentInvalid) as error:
        raise SettingsError([f"{file}: cannot be read: {error}"]) from error
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        # Neither format is checked here: what has not its form is told, wherever it was noticed.
        raise SettingsError(
            [f"{file}: is no OpenAPI document and no SAM template that can be read: {error!r}"]
        ) from error
    found = {key: api if api.cors.origins else replace(api, cors=cors) for key, api in found.items()}
    http = _one({key: api for key, api in found.items() if api.protocol != "WEBSOCKET"}, file, name)
    return http, next((api for api in found.values() if api.protocol == "WEBSOCKET"), None)


def _one(found: Mapping[str, Api], file: Path, name: str | None) -> Api | None:
    if name is not None and name not in found:
        known = ", ".join(found) or "none"
        raise SettingsError([f"--api-name {name}: {file} has no such REST or HTTP API: found {known}"])
    if name is None and len(found) > 1:
        raise SettingsError([f"{file} has several APIs: choose one with --api-name: {', '.join(found)}"])
    return found[name] if name is not None else next(iter(found.values()), None)
