"""What an operation needs to be allowed: actions on resources with condition keys, as IAM would be asked.

Each service is a literal table, operation → what it needs. What has no row is refused.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeAlias

from authorizer.local_aws.reading import Asked
from authorizer.local_aws.refusals import Refused
from authorizer.local_aws.sessions import Principal

Values: TypeAlias = Mapping[str, str | tuple[str, ...]]
"""Condition keys and their values. A key that a request does not have is not there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One operation that somebody asked for."""

    asked: Asked
    principal: Principal

    @property
    def parameters(self) -> Mapping[str, Any]:
        return self.asked.parameters

    @property
    def asked_for(self) -> Mapping[str, Any]:
        """The parameters as they came."""
        return self.asked.said

    def arn(self, service: str, resource: str) -> str:
        """An ARN of the caller's own account, in the Region that was asked."""
        return f"arn:{self.principal.partition}:{service}:{self.asked.region}:{self.principal.account}:{resource}"

    def own(self, arn: str, service: str) -> str:
        """An ARN that the caller wrote. Raises `Refused` unless it is of `service`, this account and this Region."""
        if not arn.startswith(self.arn(service, "")):
            raise Refused(
                "ValidationException",
                f"{arn!r} is not of {self.arn(service, '')}…: the door judges one account, and the Region that was "
                "signed",
            )
        return arn


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """One question to IAM."""

    action: str
    resource: str
    keys: Values = field(default_factory=lambda: MappingProxyType({}))
    policy: str | None = field(default=None, repr=False)
    """The text of the resource's own policy."""
    item: int | None = None
    """Which item of a batch it is about, where items are answered one by one."""


Needs: TypeAlias = Callable[[Call], list[Need]]
"""What one operation needs. Raises `Refused` for parameters that cannot be translated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One service's table."""

    operations: Mapping[str, Needs]
    keys: frozenset[str]
    """The condition keys, in lower case, that the table fills where a request has them; one that ends in `/` begins a
    family. Whatever else the Service Authorization Reference knows of an action is refused."""
    normal: Callable[[Call], dict[str, Any]] = field(default=lambda call: dict(call.parameters))
    """The parameters, with names and texts that can be written in many ways written in one. Raises `Refused`."""
    check: Callable[[Call], None] = field(default=lambda _: None)
    """What is looked at once the caller is allowed, before moto is asked. Raises `Refused`."""
    hidden_by: Callable[[Call], Need | None] = field(default=lambda _: None)
    """What a caller must be allowed before they hear that a thing is not there."""
    delegates: bool = False
    """Whether a role's own policies count only where the resource's policy hands its account over: KMS, and roles."""
