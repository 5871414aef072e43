"""What is found about one assumption of a proof: a ruling of notes, each with its place."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final, Literal, TypeAlias

from authorizer.deployed import ApiAuthorizer, DeployedRole, Deployment, Door, Function, Policy, is_open
from authorizer.engine import Condition, Document, Statement
from authorizer.engine.evaluate import known_operator
from authorizer.engine.prove import SymbolicStatement, placeholders_of, read_statement
from authorizer.model import Role
from authorizer.settings.schema import Access, Gateway

HANDLER: Final = "authorizer.handler.lambda_handler"
OWN_HANDLER: Final = "authorizer.own_handler.lambda_handler"
"""Of the function behind `GET /credentials`. It verifies the token itself: nobody has to stand before it."""
"""What Lambda is pointed at: by it the authorizer's functions are known among others."""

Status: TypeAlias = Literal["CHECKED", "OPEN", "REFUTED"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """One thing that a check found."""

    status: Status
    text: str
    place: str
    """Where: `deploy/template.yaml:213`. Empty where there is no place to name."""
    closes: str = ""
    """Of what is OPEN: what would close it."""
    closable: bool = True
    """Whether a file could close it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """One assumption, and what the deployment says about it."""

    assumption: str
    printed: bool
    """Whether the proof rests on it; else it is about the deployment itself."""
    notes: tuple[Note, ...]

    @property
    def status(self) -> Status:
        """REFUTED if any note is, else OPEN if any is. Nothing found at all is OPEN."""
        found = {note.status for note in self.notes} or {"OPEN"}
        return next(status for status in ("REFUTED", "OPEN", "CHECKED") if status in found)

    @property
    def closable(self) -> bool:
        """Whether it is OPEN and a file could close it."""
        return self.status == "OPEN" and any(note.closable for note in self.notes if note.status == "OPEN")


Notes: TypeAlias = Iterator[Note]


def checked(text: str, place: str) -> Note:
    return Note(status="CHECKED", text=text, place=place)


def refuted(text: str, place: str) -> Note:
    return Note(status="REFUTED", text=text, place=place)


def left_open(text: str, place: str, *, closes: str, closable: bool = True) -> Note:
    return Note(status="OPEN", text=text, place=place, closes=closes, closable=closable)


NAME_IT: Final = (
    "write it so that it can be read, and say what AWS called what it may be: --parameter LOGICAL_ID=NAME"
)
REWRITE: Final = "write it so that it can be read, or remove it"
GIVE: Final = "give the file that has it, or what the account says (docs/deployed.md)"


def if_meant(meant: bool | None, note: Note) -> Note:
    """A note about what may be another's: it refutes nothing where it cannot be told whether it is."""
    if meant or note.status != "REFUTED":
        return note
    return replace(note, status="OPEN", closes=NAME_IT)


@dataclass(frozen=True, slots=True)
class Allowed:
    """An Allow statement that sessions may have."""

    template: str
    isolates: tuple[str, ...]
    statement: Statement
    """As rendered, with placeholder characters."""


class World:
    """A configuration, and what is deployed."""

    def __init__(
        self,
        access: Access,
        deployment: Deployment,
        *,
        borrowed: Sequence[str] = (),
        names: Sequence[str] = (),
        gateways: Mapping[str, Gateway | None] | None = None,
    ) -> None:
        self.access = access
        self.deployment = deployment
        self.borrowed = borrowed
        """`env:` names that no function of the deployment gives a value."""
        self.differing = names
        """`env:` names that have to mean the same in all of its functions."""
        self._gateways = gateways or {}

    @cached_property
    def authorizers(self) -> tuple[Function, ...]:
        return authorizers_of(self.deployment)

    @cached_property
    def fronts(self) -> tuple[ApiAuthorizer, ...]:
        """The authorizers of APIs that ask one of its functions."""
        arns = {function.arn for function in self.authorizers}
        return tuple(each for each in self.deployment.authorizers if each.function in arns)

    def gateway_of(self, function: str) -> Gateway | None:
        """`[gateway]` as this function reads it; None where it does not start with its environment."""
        return self._gateways.get(function, self.access.settings.gateway)

    @cached_property
    def execution(self) -> frozenset[str]:
        """ARNs of the roles that the authorizer's functions run as."""
        return frozenset(function.role for function in self.authorizers if function.role is not None)

    @cached_property
    def handing_out(self) -> frozenset[str]:
        """ARNs of the roles that the functions behind `GET /credentials` run as."""
        functions = self.deployment.functions
        return frozenset(each.role for each in functions if each.handler == OWN_HANDLER and each.role)

    def execution_of(self, role: Role) -> frozenset[str]:
        """Who makes the sessions of a listed role: what is handed to callers, the function that hands it out alone."""
        return self.handing_out if role.name in self.access.settings.callers.handed_out else self.execution

    @cached_property
    def roles(self) -> tuple[Role, ...]:
        return tuple(self.access.settings.roles.values())

    @cached_property
    def by_arn(self) -> Mapping[str, DeployedRole]:
        return {role.arn: role for role in self.deployment.roles}

    @cached_property
    def doors_at(self) -> Mapping[str, Sequence[Door]]:
        """Access points and replicas, by their own ARN."""
        found: dict[str, list[Door]] = {}
        for door in self.deployment.doors:
            found.setdefault(door.arn, []).append(door)
        return found

    def of_roles(self, check: Callable[[Role, DeployedRole], Notes]) -> Notes:
        """What a check says of each listed role; one that is in none of the files is open."""
        for role in self.roles:
            deployed = self.by_arn.get(role.arn)
            if deployed is None:
                yield left_open(
                    f"role {role.name} is not in these files: {self.show(role.arn)}", "", closes=GIVE
                )
            else:
                yield from check(role, deployed)

    def show(self, text: str) -> str:
        return self.deployment.names.show(text)

    def unread(self, *areas: str) -> Notes:
        """What of these areas could not be read."""
        for each in self.deployment.unread:
            if each.area in areas:
                yield left_open(self.show(each.why), each.place, closes=GIVE)

    @cached_property
    def allowed(self) -> tuple[Allowed, ...]:
        """Every Allow that a session of any role may have, each once."""
        settings, templates = self.access
        found: dict[tuple[tuple[str, ...], Statement], Allowed] = {}
        for name in dict.fromkeys(policy for role in self.roles for policy in role.policies):
            row = settings.policies.get(name)
            isolates = row.isolates if row is not None else ()
            for branch in templates.branches((name,)):
                for statement in branch.document.statements:
                    if statement.effect == "Allow":
                        found.setdefault((isolates, statement), Allowed(name, isolates, statement))
        return tuple(found.values())

    def symbolic(self, statement: Statement, *, isolates: str | None = None) -> SymbolicStatement:
        """A statement as the prover compares it."""
        templates = self.access.templates
        return read_statement(
            statement,
            holes={char: templates.origin(char)[0] for char in placeholders_of(statement)},
            claims=templates.claims,
            isolates=isolates,
        )


def authorizers_of(deployment: Deployment) -> tuple[Function, ...]:
    """The functions that are this authorizer, by their handler."""
    return tuple(function for function in deployment.functions if function.handler == HANDLER)


def readable(policies: Iterable[Policy]) -> Document | None:
    """All statements of some policies together; None where one of them could not be read."""
    statements: list[Statement] = []
    for policy in policies:
        for rule in policy.rules:
            if rule.statement is None or open_in(rule.statement):
                return None
            statements.append(rule.statement)
    return Document(statements=tuple(statements))


def open_in(statement: Statement) -> bool:
    """Whether something in a statement may be any text."""
    texts = (*statement.actions, *statement.not_actions, *statement.resources, *statement.not_resources)
    return any(
        map(is_open, (*texts, *(text for each in statement.conditions for text in (each.key, *each.values))))
    )


def binding(condition: Condition) -> bool:
    """Whether a condition lets pass only what has its key, with a value that it lists."""
    operator = known_operator(condition.operator)
    return (
        operator.kind in ("string", "arn")
        and not operator.negated
        and not operator.if_exists
        and operator.qualifier != "ForAllValues"
    )
