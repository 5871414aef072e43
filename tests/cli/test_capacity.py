"""`authorizer capacity`, with few decisions a run."""

import json

import pytest

from authorizer.capacity import FACTS
from tests.cli.test_commands import Done, run


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("authorizer.capacity.load.MOST_REACHED", 800)
    monkeypatch.setattr("authorizer.capacity.load.SHORTEST", 20.0)


def asked(*arguments: str, users: int = 20_000, rps: float = 100) -> Done:
    return run("capacity", "--users", str(users), "--rps", str(rps), *arguments)


def test_it_says_what_to_expect_with_what_was_asked_first_and_other_settings_below() -> None:
    done = asked("--ttl", "300", "--environments", "100")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith(
        "20,000 users of 100 tenants, 100 requests a second, 100 environments; sessions of 15"
    )
    rows = [line.split() for line in lines if " s " in line and "%" in line]
    assert [(row[0], row[2]) for row in rows] == [
        (ttl, shared) for ttl in ("300", "60", "900") for shared in ("no", "yes")
    ]
    assert float(rows[0][5].rstrip("%")) == pytest.approx(96, abs=1)
    assert lines[-1] == "nothing to change"


def test_it_says_what_to_set_where_sts_is_short() -> None:
    done = asked("--ttl", "0", "--no-shared", "--environments", "1000", users=1_000_000, rps=3000)
    assert done.returncode == 1
    [finding] = [part for part in done.stdout.split("\n\n") if "STS is asked" in part]
    assert finding.startswith(("set gateway.result_ttl to", "add [shared_cache]"))
    assert "times a second of 600" in finding


def test_for_machines_it_is_json_with_the_source_of_every_figure() -> None:
    done = asked(
        "--ttl", "60", "--shared", "--session-minutes", "5", "--think-seconds", "20", "--json", rps=500
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["users"], told["rps"], told["session"], told["think"]) == (20_000, 500, 300, 20)
    assert told["environments"] > 20, "as many as the load keeps a quarter busy"
    assert (told["asked"]["ttl"], told["asked"]["shared"]) == (60, True)
    assert [(other["ttl"], other["shared"]) for other in told["others"]] == [
        *((60, False), (300, True), (300, False), (900, True), (900, False))
    ]
    assert told["facts"]["sts_quota"] == FACTS["sts_quota"]._asdict()
    assert all({"advice", "because"} == finding.keys() for finding in told["findings"])


def test_what_it_is_not_told_it_takes_from_the_configuration() -> None:
    """RESULT_TTL of the sample's environment is five minutes, and it has no shared cache."""
    told = json.loads(asked("--json").stdout)
    assert (told["asked"]["ttl"], told["asked"]["shared"]) == (300, False)


def test_a_ttl_that_would_not_load_is_refused_with_the_longest_one() -> None:
    done = asked("--ttl", "3600")
    assert done.returncode == 2
    assert "--ttl: 3600 does not load: expected 3560 at most" in " ".join(done.stderr.split())


def test_more_tenants_than_users_are_refused() -> None:
    done = asked("--tenants", "50", users=20)
    assert done.returncode == 2
    assert "50 tenants have no users: there are 20: say --tenants with 20 or fewer" in done.stderr
