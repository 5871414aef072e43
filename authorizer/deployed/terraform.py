"""`terraform show -json` of a plan or a state → what it deploys, each place an address such as `aws_iam_role.viewer`.

Source: Terraform documentation, "JSON Output Format"; the AWS provider's pages of these resources. A plan leaves out
what is known after apply: what is one attribute of another resource follows the reference, the rest is open. A state
has all.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from authorizer.deployed.after_apply import filled, opened
from authorizer.deployed.arns import Arns
from authorizer.deployed.gather import Gathered
from authorizer.deployed.kinds import KINDS
from authorizer.deployed.provider import READERS, TYPES, plain
from authorizer.deployed.provider_apis import API_TYPES
from authorizer.deployed.provider_type import Type
from authorizer.deployed.provider_unread import areas_of
from authorizer.deployed.rows import Row

AFTER_APPLY: Final = "known after apply"


def is_plan(found: object) -> bool:
    """Whether JSON is what `terraform show -json` prints."""
    return (
        isinstance(found, dict)
        and "format_version" in found
        and bool({"values", "planned_values"} & found.keys())
    )


def read_plan(found: Mapping[str, Any], file: str, account: str, region: str, gathered: Gathered) -> None:
    """Everything in the plan or state, into `gathered`. `account` and `region` are those of what says none itself."""
    gathered.files.append(file)
    _Plan(found, file, account, region, gathered).read()


@dataclass(frozen=True, slots=True)
class _Resource:
    address: str
    type: str
    values: Mapping[str, Any]
    module: str
    expressions: Mapping[str, Any]


class _Plan:
    def __init__(
        self, found: Mapping[str, Any], file: str, account: str, region: str, gathered: Gathered
    ) -> None:
        self._file, self._account, self._region = file, account, region
        self._gathered = gathered
        planned = found.get("planned_values", found.get("values"))
        configured = found.get("configuration", {})
        self._resources = list(
            _resources(
                planned.get("root_module") if isinstance(planned, Mapping) else None,
                configured.get("root_module") if isinstance(configured, Mapping) else None,
                "",
            )
        )
        self._unknown: dict[str, Mapping[str, Any]] = {
            change["address"]: change["change"].get("after_unknown") or {}
            for change in found.get("resource_changes", [])
        }
        """What the plan says is known after apply, by address."""
        self._known: dict[str, str] = {}
        """`aws_iam_role.viewer.arn` → what it is, or its stand-in."""
        self._arns = Arns(self._write)

    def read(self) -> None:
        for resource in self._resources:
            self._learn(resource)
        for resource in self._resources:
            if resource.type in TYPES:
                self._read(resource, TYPES[resource.type])
            else:
                for area in areas_of(resource.type, self._values(resource)):
                    self._gathered.leave(
                        area,
                        f"{self._file}: {resource.address}",
                        f"nothing is read of {resource.type}, which may say something",
                    )

    def _learn(self, resource: _Resource) -> None:
        kind = KINDS.get(TYPES[resource.type].kind) if resource.type in TYPES else None
        by = ("id",) if resource.type in API_TYPES else ("name", "bucket", "function_name", "id")
        name = _text(resource.values, *by)
        name = name or self._gathered.names.made(f"{resource.address}.name")
        # An API's own ARN is of its configuration, and policies name its routes.
        arn = "" if resource.type in API_TYPES else _text(resource.values, "arn")
        if not arn and kind is not None and kind.arn:
            arn = kind.arn.format(
                partition="aws",
                region=self._region,
                account=self._account,
                path=resource.values.get("path") or "/",
                name=name,
            )
        identity = _text(resource.values, "id") or (arn if kind is not None and kind.ref == "{arn}" else name)
        learned = {
            "arn": arn or self._gathered.names.made(f"{resource.address}.arn"),
            "id": identity,
            "name": name,
            "bucket": name,
            "key_id": identity,
            "url": _text(resource.values, "url") or f"url of {resource.address}",
            "root_resource_id": _text(resource.values, "root_resource_id") or f"{identity}/root",
            "invoke_arn": _text(resource.values, "invoke_arn")
            or f"arn:aws:apigateway:/functions/{arn}/invocations",
        }
        for attribute, text in learned.items():
            self._known[f"{resource.address}.{attribute}"] = text
            if arn and resource.type in TYPES:
                self._arns.add(TYPES[resource.type].kind, text, arn)

    def _read(self, resource: _Resource, row: Type) -> None:
        values = self._values(resource)
        properties = {name: values.get(attribute) for name, attribute in row.properties.items()}
        properties |= row.shape(values)
        properties = {name: value for name, value in properties.items() if value is not None}
        kind = KINDS.get(row.kind)
        READERS.get(resource.type, plain)(
            Row(
                kind=row.kind,
                logical=resource.address,
                properties=properties,
                place=f"{self._file}: {resource.address}",
                arn=self._known[f"{resource.address}.arn"] if kind is not None and kind.arn else "",
                reference=self._known[f"{resource.address}.id"],
                name=self._known[f"{resource.address}.name"],
                region=self._region,
                arns_of=self._arns.behind,
                gathered=self._gathered,
            )
        )

    def _values(self, resource: _Resource) -> Mapping[str, Any]:
        """The attributes; what is known after apply is what it refers to, or a text that is open."""

        def follow(attribute: str, references: Sequence[str]) -> str:
            for reference in references:
                found = self._known.get(f"{resource.module}{reference}")
                if found is not None and len(_leaves(references)) == 1:
                    return found
            return self._gathered.names.open(f"{resource.address}.{attribute}, {AFTER_APPLY}")

        configured = filled(resource.values, resource.expressions, follow)
        return opened(configured, self._unknown.get(resource.address, {}), follow)

    def _write(self, form: str, target: str) -> str:
        return form.format(partition="aws", region=self._region, account=self._account, target=target)


def _leaves(references: Sequence[str]) -> list[str]:
    """References without those that another one goes on from: `aws_iam_role.viewer[0].arn` comes with its resource,
    with and without the index."""
    return [
        each
        for each in references
        if not any(other.startswith((f"{each}.", f"{each}[")) for other in references)
    ]


def _resources(planned: Any, configured: Any, module: str) -> Iterator[_Resource]:
    if not isinstance(planned, Mapping):
        return
    configured = configured if isinstance(configured, Mapping) else {}
    expressions = {row.get("address"): row.get("expressions", {}) for row in configured.get("resources", [])}
    for row in planned.get("resources", []):
        if row.get("mode") == "managed":
            local = f"{row['type']}.{row['name']}"
            yield _Resource(
                address=row["address"],
                type=row["type"],
                values=row.get("values") or {},
                module=module,
                expressions=expressions.get(local, {}),
            )
    calls = configured.get("module_calls", {})
    for child in planned.get("child_modules", []):
        address = str(child.get("address"))
        call = calls.get(address.rpartition("module.")[2].partition("[")[0], {})
        yield from _resources(child, call.get("module"), f"{address}.")


def _text(values: Mapping[str, Any], *names: str) -> str:
    return next((values[name] for name in names if isinstance(values.get(name), str) and values[name]), "")
