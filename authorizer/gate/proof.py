"""Proofs of a configuration: of each policy by itself, each role's policies together, all roles against one another,
and the users of each issuer against those of others."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from authorizer.engine import TemplateSet
from authorizer.engine.check import rests_on_services
from authorizer.engine.prove import Promise, Proof, Tags, prove
from authorizer.gate.delegation import prove_delegation
from authorizer.gate.issuers import prove_issuers
from authorizer.gate.route_proof import prove_routes
from authorizer.gate.session_tags import tags_of
from authorizer.model import Role
from authorizer.settings.schema import Access, Settings

ALL_ROLES = "all roles"
"""The subject that sets the policies of every role against one another."""


def subjects(access: Access) -> Mapping[str, Sequence[tuple[str, ...]]]:
    """What there is to prove: `policy NAME`, `role NAME`, `ALL_ROLES` → the lists of policies that are rendered
    together."""
    settings, templates = access
    found: dict[str, list[tuple[str, ...]]] = {f"policy {name}": [(name,)] for name in templates.names}
    found |= {f"role {role.name}": [role.policies] for role in settings.roles.values()}
    if len(settings.roles) > 1:
        found[ALL_ROLES] = list(dict.fromkeys(role.policies for role in settings.roles.values()))
    return found


def prove_settings(
    access: Access,
    names: Collection[str] = (),
    *,
    watch: Callable[[Sequence[str]], Iterable[str]] = iter,
) -> list[Proof]:
    """The proof of each subject, or of those that `names` of policies and roles mean; without names also of the routes
    that claims are tied to.

    What the configuration says and templates do not show makes a verdict UNKNOWN: a claim that users can change
    themselves decides nothing, and managed policies allow what is not seen here. `watch` is given the names of what is
    proven, and hands on one after the other.
    """
    settings, templates = access
    found = subjects(access)
    stated = {
        name: Promise(isolates=policy.isolates, shared=policy.shared)
        for name, policy in settings.policies.items()
    }
    promises = {name: stated.get(name, Promise()) for name in templates.names}
    claims = {name: claim.type for name, claim in settings.claims.items()}
    resting = {name: rests_on_services(templates, name) for name in templates.names}

    def of_policies(subject: str) -> Iterator[Proof]:
        policies = found[subject]
        yield prove(
            templates,
            subject=subject,
            names=_joined(policies),
            claims=claims,
            promises=promises,
            policies=policies,
            tags=tags_in(settings, subject, _joined(policies)),
            doubts=tuple(_doubts(settings, subject, policies)),
        )

    def told(proofs: Iterable[Proof]) -> Iterator[Proof]:
        """With what else they rest on, and the values that they are about."""
        for proof in proofs:
            lines = _lines(resting, _judged(proof, found))
            yield replace(
                proof,
                rests_on=tuple(dict.fromkeys((*proof.rests_on, *lines))),
                values=_values(templates, _judged(proof, found)),
            )

    parts: dict[str, Iterator[Proof]] = {
        subject: told(of_policies(subject))
        for subject in found
        if not names or subject.partition(" ")[2] in names
    }
    parts["issuers"] = told(prove_issuers(access, names))
    parts["delegation"] = told(prove_delegation(access, names))
    if not names:
        parts["routes"] = prove_routes(access)
    return [proof for part in watch([*parts]) for proof in parts[part]]


def tags_in(settings: Settings, subject: str, names: Iterable[str]) -> Mapping[str, Tags]:
    """Template → the session tags that every session has with it, of those that a subject is about."""
    return tags_of(_roles(settings, subject), names)


def _roles(settings: Settings, subject: str) -> list[Role]:
    """Those whose sessions a proof is about; of templates alone, all."""
    kind, _, name = subject.partition(" ")
    return [role for role in settings.roles.values() if kind != "role" or role.name == name]


def _judged(proof: Proof, found: Mapping[str, Sequence[tuple[str, ...]]]) -> tuple[str, ...]:
    """The templates that a proof is about."""
    if proof.subject in found:
        return _joined(found[proof.subject])
    return tuple(name for name, _ in proof.isolates)


def _values(templates: TemplateSet, names: Sequence[str]) -> tuple[tuple[str, str], ...]:
    return tuple(dict(row for name in names for row in templates.variables(name).items()).items())


def _lines(resting: Mapping[str, tuple[str, ...]], names: Sequence[str]) -> Iterator[str]:
    for name in names:
        yield from resting[name]


def _joined(policies: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for names in policies for name in names))


def _doubts(settings: Settings, subject: str, policies: Sequence[tuple[str, ...]]) -> Iterator[str]:
    isolating = {
        claim
        for names in policies
        for name in names
        if (row := settings.policies.get(name)) is not None
        for claim in row.isolates
    }
    for claim in sorted(isolating):
        if settings.claims[claim].user_writable:
            yield f"users can change `{claim}` (user_writable): they choose who they are"
    for role in settings.roles.values():
        if role.managed_policies and subject in (f"role {role.name}", ALL_ROLES):
            yield (
                f"role {role.name} passes managed_policies: a session may do what its own policy or one of these "
                "allows, and what they allow is not seen here"
            )
