"""`authorizer capacity`: what to expect of so many users, and what to set."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from authorizer.cli.console import folding_table, literal_console
from authorizer.cli.options import access_option, aws_option, json_option, load_access
from authorizer.cli.plain import data
from authorizer.cli.progress import watched

if TYPE_CHECKING:
    from authorizer.capacity import Finding, Load, Measured
    from authorizer.settings.schema import Settings

TTLS = (60.0, 300.0, 900.0)
"""What else `gateway.result_ttl` could be, beside what it is asked about."""
COLUMNS = ("TTL", "shared", "STS/s", "left", "gateway", "memory", "table", "p50/p99 ms", "failed", "$/10⁶")


@click.command()
@access_option
@aws_option
@click.option("--users", type=click.IntRange(1, 100_000_000), required=True, help="How many users there are.")
@click.option(
    "--rps",
    type=click.FloatRange(0.1, 1_000_000),
    required=True,
    help="Requests a second at API Gateway, at the busiest time.",
)
@click.option(
    "--ttl",
    type=click.FloatRange(0, 3600),
    help="The authorizer's result TTL in seconds. Else gateway.result_ttl.",
)
@click.option(
    "--environments",
    type=click.IntRange(1, 100_000),
    help="How many environments of the function there are. Else as many as the load keeps a quarter busy.",
)
@click.option("--shared/--no-shared", default=None, help="With [shared_cache]. Else as access.toml has it.")
@click.option(
    "--session-minutes",
    type=click.FloatRange(0.5, 1440),
    default=15,
    show_default=True,
    help="How long a token is used, on average.",
)
@click.option(
    "--think-seconds",
    type=click.FloatRange(0.1, 3600),
    default=10,
    show_default=True,
    help="Between two requests of one user, on average.",
)
@click.option(
    "--tenants",
    type=click.IntRange(1, 10_000),
    default=100,
    show_default=True,
    help="Into how many users divide.",
)
@json_option("Print the answer as JSON.")
def capacity(
    *,
    access: Path,
    aws: bool,
    users: int,
    rps: float,
    ttl: float | None,
    environments: int | None,
    shared: bool | None,
    session_minutes: float,
    think_seconds: float,
    tenants: int,
    as_json: bool,
) -> None:
    """Say what to expect of a load, and what to set: calls of STS and what is left of its quota, how much caches
    answer, how long callers wait, what it costs.

    A model of users, API Gateway, Lambda, STS and DynamoDB around the vendor as it is, on a virtual clock. What it
    assumes is in docs/capacity.md.

    Exit code 0: it fits. 1: STS is asked for more than 70 % of its quota, or requests fail. 2: it could not run.
    """
    from authorizer.capacity import TIGHT, Load, environments_for, findings, longest_ttl

    settings = load_access(access, aws=aws).settings
    ttl = settings.gateway.result_ttl if ttl is None else ttl
    shared = settings.shared_cache is not None if shared is None else shared
    longest = longest_ttl(settings)
    if ttl > longest:
        raise click.BadParameter(
            f"{ttl:.0f} does not load: expected {longest:.0f} at most, so that sessions outlive an answer by "
            "gateway.backend_time",
            param_hint="--ttl",
        )
    if tenants > users:
        raise click.BadParameter(
            f"{tenants} tenants have no users: there are {users}: say --tenants with {users} or fewer",
            param_hint="--tenants",
        )
    load = Load(
        users=users,
        rps=rps,
        environments=environments or 1,
        tenants=tenants,
        session=60 * session_minutes,
        think=think_seconds,
    )
    if environments is None:
        load = load.with_environments(environments_for(load.reached(ttl)))
    asked, *others = _runs(settings, load, ttl=ttl, shared=shared, longest=longest)
    advice = findings(asked, others)
    if as_json:
        _print_json(load, asked, others, advice)
    else:
        _print(load, asked, others, advice)
    sys.exit(1 if asked.headroom < 1 - TIGHT or asked.failed else 0)


def _runs(
    settings: "Settings", load: "Load", *, ttl: float, shared: bool, longest: float
) -> "Sequence[Measured]":
    """What was asked about, then the same with other settings."""
    from authorizer.capacity import simulated, suited

    ttls = [ttl, *(other for other in TTLS if other != ttl and other <= longest)]
    wanted = [(each, level) for each in ttls for level in (shared, not shared)]
    return [
        simulated(settings, suited(load, each), ttl=each, shared=level)
        for each, level in watched(wanted, "simulating")
    ]


def _print(
    load: "Load", asked: "Measured", others: "Sequence[Measured]", advice: "Sequence[Finding]"
) -> None:
    from rich import box

    console = literal_console()
    console.print(
        f"{load.users:,} users of {load.tenants:,} tenants, {load.rps:,g} requests a second, {load.environments:,} "
        f"environments; sessions of {load.session / 60:g} minutes, a request every {load.think:g} seconds"
    )
    console.print()
    table = folding_table(*COLUMNS, box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, 1, 0, 0))
    for found in (asked, *others):
        table.add_row(*_row(found), style="bold" if found is asked else None)
    console.print(table)
    console.print(
        "The first row is what was asked about. Left: of STS's quota; gateway: requests that its cache answers; "
        "memory, table: what they answer of those that reach the authorizer; p50/p99: how long these wait."
    )
    for finding in advice:
        console.print(f"\n{finding.advice}: {finding.because}")
    if not advice:
        console.print("\nnothing to change")


def _row(found: "Measured") -> tuple[str, ...]:
    return (
        f"{found.ttl:.0f} s",
        "yes" if found.shared else "no",
        f"{found.calls_per_second:,.1f}",
        f"{found.headroom:.0%}",
        f"{found.gateway_rate:.1%}",
        f"{found.memory_rate:.1%}",
        f"{found.shared_rate:.1%}",
        f"{1000 * found.quantile(0.5):.0f}/{1000 * found.quantile(0.99):.0f}",
        f"{found.failure_rate:.2%}",
        f"{found.cost:.3f}",
    )


def _print_json(
    load: "Load", asked: "Measured", others: "Sequence[Measured]", advice: "Sequence[Finding]"
) -> None:
    from authorizer.capacity import FACTS

    told = {
        "users": load.users,
        "rps": load.rps,
        "environments": load.environments,
        "tenants": load.tenants,
        "session": load.session,
        "think": load.think,
        "asked": asked.plain(),
        "others": [other.plain() for other in others],
        "findings": [finding._asdict() for finding in advice],
        "facts": {name: fact._asdict() for name, fact in FACTS.items()},
    }
    data(json.dumps(told, indent=2))
