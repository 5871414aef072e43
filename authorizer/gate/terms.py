"""On what terms a role is given: a trust policy asked what the authorizer asks of STS, and what it might ask instead.

Sources: IAM User Guide, "Pass session tags in AWS STS", "Access to AWS accounts owned by third parties" (external id);
STS API Reference, AssumeRole. `authorizer trust` prints the terms that are looked for here.
"""

from collections.abc import Collection, Iterator, Sequence
from functools import partial
from typing import Final

from authorizer.deployed import DeployedRole, Rule, is_open
from authorizer.engine import Document
from authorizer.engine.evaluate import AccessRequest, evaluate
from authorizer.gate.rulings import GIVE, REWRITE, Notes, World, checked, left_open, readable, refuted
from authorizer.gate.trusting import ASSUME, is_account, is_authorizer
from authorizer.model import Role

_REFUSES: Final = "refuses what the authorizer asks for: AssumeRole will be denied"


def terms(world: World) -> Notes:
    """Each listed role asks for what access.toml gives it, and for no more: external id, tags, source identity."""
    yield from world.of_roles(partial(_asks, world))


def _asks(world: World, role: Role, deployed: DeployedRole) -> Notes:
    if readable([deployed.trust]) is None:
        yield left_open(
            f"role {role.name}: its trust policy could not be read", deployed.place, closes=REWRITE
        )
        return
    wrong = [*_wrong_terms(world, role, deployed)]
    if wrong == [_REFUSES] and any(map(is_open, world.execution_of(role))):
        # Whom it trusts may be the authorizer after all.
        yield left_open(
            f"role {role.name}: whether it gives the authorizer what it asks for cannot be told, since the "
            "authorizer's own role is open",
            deployed.trust.place,
            closes=GIVE,
        )
        return
    yield from (refuted(f"role {role.name} {text}", deployed.trust.place) for text in wrong)
    if not wrong:
        yield checked(f"role {role.name} asks for what access.toml gives", deployed.trust.place)


def _wrong_terms(world: World, role: Role, deployed: DeployedRole) -> Iterator[str]:
    asked = _Asked(world, role, deployed)
    if not asked.allows():
        yield _REFUSES
        return
    if role.external_id is not None and asked.allows(external_id="another"):
        yield "takes any external id: access.toml has one for it"
    for key in role.session_tags:
        if asked.allows(without=key):
            yield f"gives a session without its tag {key}"
    if role.session_tags and asked.allows(more="another"):
        yield "takes other tags than those that access.toml gives"
    if role.session_tags and not role.transitive_tags and asked.allows(transitive=tuple(role.session_tags)):
        yield "lets tags go on to the next role"
    if role.source_identity is not None and asked.allows(source_identity=False):
        yield "gives a session without its source identity"


class _Asked:
    """What the authorizer asks of STS for a role, and what it might ask instead."""

    def __init__(self, world: World, role: Role, deployed: DeployedRole) -> None:
        self._role = role
        about = [
            rule.statement
            for rule in deployed.trust.rules
            if rule.statement is not None and self._is_about(rule, world.execution_of(role))
        ]
        self._trust = Document(statements=tuple(about))
        self._by = min(world.execution_of(role), default="")

    @staticmethod
    def _is_about(rule: Rule, execution: Collection[str]) -> bool:
        if rule.not_principals:
            return not any(each.value in execution for each in rule.principals)
        return any(
            each.kind == "AWS"
            and (each.value == "*" or is_account(each.value) or is_authorizer(each.value, execution))
            for each in rule.principals
        )

    def allows(
        self,
        *,
        external_id: str | None = None,
        without: str = "",
        more: str = "",
        transitive: tuple[str, ...] = (),
        source_identity: bool = True,
    ) -> bool:
        role = self._role
        tags = [key for key in (*role.session_tags, more) if key and key != without]
        passed = (*role.transitive_tags, *transitive)
        context: dict[str, str | Sequence[str]] = {
            "sts:RoleSessionName": "session",
            "aws:PrincipalArn": self._by,
            **{f"aws:RequestTag/{key}": "value" for key in tags},
        }
        if tags:
            context["aws:TagKeys"] = tags
        if passed:
            context["sts:TransitiveTagKeys"] = passed
        if external_id or role.external_id:
            context["sts:ExternalId"] = external_id or str(role.external_id)
        if role.source_identity and source_identity:
            context["sts:SourceIdentity"] = "somebody"
        actions = [ASSUME[0]]
        actions += ["sts:TagSession"] if tags else []
        actions += ["sts:SetSourceIdentity"] if "sts:SourceIdentity" in context else []
        return all(
            evaluate(
                identity=[self._trust],
                session=None,
                boundary=None,
                request=AccessRequest(action=action, resource=role.arn, context=context),
            ).allowed
            for action in actions
        )


def lasting(world: World) -> Notes:
    """Each listed role lets its sessions last as long as access.toml asks for."""
    yield from world.of_roles(_lasts)


def _lasts(role: Role, deployed: DeployedRole) -> Notes:
    if deployed.max_session is None:
        yield left_open(
            f"role {role.name} has no MaxSessionDuration that could be read", deployed.place, closes=GIVE
        )
    elif deployed.max_session < role.duration:
        yield refuted(
            f"role {role.name} lets a session last {deployed.max_session} s, and access.toml asks for "
            f"{role.duration} s: AssumeRole will be denied",
            deployed.place,
        )
    else:
        yield checked(f"role {role.name} lets a session last {role.duration} s", deployed.place)
