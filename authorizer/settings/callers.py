"""`[callers]`: whose role sessions callers may have in their own hands, and on what terms.

A browser or a person's command line is no backend: what it holds can be stolen there, and used until it ends. So what
it gets is never what a backend gets. A role is handed out only where `callers.roles` says so, and then nothing else
leads to it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from authorizer.settings.reader import Problems, Section
from authorizer.syntax.places import Path

if TYPE_CHECKING:
    from authorizer.settings.schema import Settings

_ORIGIN = r"https://[a-z0-9.-]{1,253}(?::[0-9]{1,5})?|http://(?:localhost|127\.0\.0\.1)(?::[0-9]{1,5})?"
"""An origin as browsers write it (RFC 6454 §6.2): lower case, no path, no default port. Plain HTTP on the laptop
only."""
SESSIONS = 5
MOST_SESSIONS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Callers:
    """`[callers]`."""

    roles: Mapping[str, str] = field(default_factory=dict)
    """A caller's role, as for any request → the role whose credentials they get themselves."""
    origins: frozenset[str] = frozenset()
    """Whose pages may ask: `https://app.example.com`. A request without `Origin` is no page's."""
    same_address: bool = False
    """True ends every permission of the session outside the address that asked for it (`aws:SourceIp`)."""
    sessions: int = SESSIONS
    """Role sessions of one user that are alive at once."""

    @property
    def handed_out(self) -> frozenset[str]:
        """Names of the roles that callers get, and nobody else."""
        return frozenset(self.roles.values())


NOBODY = Callers()


def callers(root: Section) -> Callers:
    """`[callers]`; without it, nobody gets credentials of their own."""
    section = root.section("callers")
    sessions = section.integer("sessions", least=1, most=MOST_SESSIONS)
    value = Callers(
        roles=section.mapping("roles"),
        origins=frozenset(
            section.texts(
                "origins", (), pattern=_ORIGIN, expected="an origin such as https://app.example.com"
            )
        ),
        same_address=section.flag("same_address"),
        sessions=SESSIONS if sessions is None else sessions,
    )
    section.done()
    return value


def check(settings: "Settings", problems: Problems) -> None:
    """What is wrong with `[callers]` together with the rest."""
    handed_out = settings.callers.handed_out
    for own, handed in settings.callers.roles.items():
        row = ("callers", "roles", own)
        for name in (own, handed):
            if name not in settings.roles:
                problems.add(row, f"there is no role {name!r}")
        if own in handed_out:
            problems.add(
                row, f"{own!r} is handed out itself: nobody else has it, so that nothing comes of this row"
            )
    for handed in sorted(handed_out & settings.roles.keys()):
        for place in _others(handed, settings):
            problems.add(
                place,
                f"the role {handed!r} is handed to callers (callers.roles): no backend may get what a stolen browser "
                "session could have; give one of the two a role of its own",
            )


def _others(name: str, settings: "Settings") -> Iterator[Path]:
    """Where else access.toml leads to a role."""
    for group in settings.groups.values():
        if group.role == name:
            yield ("groups", group.name, "role")
    for index, rule in enumerate(settings.rules):
        if rule.role == name:
            yield ("rules", index, "role")
    if settings.resolution.ambiguous == name:
        yield ("resolution", "ambiguous")
