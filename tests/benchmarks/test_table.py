"""The table's arithmetic, and that the measurements run. Never what they measure: machines differ."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import jwt
import pytest
from rich.console import Console

from benchmarks import beside_reference, installs, local, memory, profile, scaling, users, verify
from benchmarks.__main__ import GROUPS
from benchmarks.scene import Scene, set_up
from benchmarks.table import Profile, Row, Skipped, as_json, best_of, show
from benchmarks.throttle import third_of_a_core
from tests.make import ROOT


def make_row(**changes: object) -> Row:
    fields: dict[str, object] = {
        "key": "one",
        "what": "one thing",
        "peer": "a peer",
        "unit": "ms",
        "ours": 2.0,
        "theirs": 4.0,
        "target": 0.5,
        "more": False,
    }
    return Row(**{**fields, **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("row", "met"),
    [
        pytest.param(make_row(), True, id="a ratio at the target meets it"),
        pytest.param(make_row(ours=2.1), False, id="a ratio above the target misses it"),
        pytest.param(
            make_row(more=True, target=0.6), False, id="where more is better, below the target misses it"
        ),
        pytest.param(make_row(more=True), True, id="where more is better, at the target meets it"),
        pytest.param(make_row(target=None), None, id="without a target there is nothing to meet"),
    ],
)
def test_a_row_says_whether_its_target_is_met(row: Row, met: bool | None) -> None:
    assert row.met is met


def test_the_result_holds_ratios_and_no_times() -> None:
    skipped = Skipped(key="two", what="another", reason="no Node here")
    result = json.loads(as_json([make_row(), skipped]))
    assert result["rows"]["one"] == {
        "what": "one thing",
        "peer": "a peer",
        "ratio": 0.5,
        "target": 0.5,
        "more_is_better": False,
        "met": True,
    }
    assert result["skipped"] == {"two": "no Node here"}


def test_the_table_shows_each_row_and_why_one_is_missing() -> None:
    console = Console(width=160, record=True, quiet=True)
    with console.capture() as shown:
        console.quiet = False
        skipped = Skipped(key="two", what="another", reason="no Node here")
        show([make_row(), skipped, Profile(key="p", what="a thing", shares={"verify": 0.25})], console)
    text = shown.get()
    assert "one thing" in text
    assert "0.50" in text
    assert "≤ 0.5" in text
    assert "skipped: no Node here" in text
    assert "25%" in text
    assert "met" in text
    assert "MISSED" not in text


def test_what_is_missed_is_said_in_words() -> None:
    console = Console(width=160, record=True, color_system=None)
    with console.capture() as shown:
        show([make_row(ours=3.0)], console)
    assert "MISSED" in shown.get()


def test_measures_take_turns_and_the_best_of_each_counts() -> None:
    one, other = iter([3.0, 1.0, 2.0]), iter([5.0, 6.0, 4.0])
    assert best_of(3, lambda: next(one), lambda: next(other)) == (1.0, 4.0)


def linked(folder: Path, access: Path, _: dict[str, str]) -> installs.Installs:
    """In place of installs that are put together, a folder of links to what is installed here."""
    folder.mkdir()
    ours = ("authorizer", "benchmarks")
    for entry in Path(jwt.__file__).parent.parent.iterdir():
        if entry.name not in ours:  # an editable install leaves a folder of data under the package's name
            (folder / entry.name).symlink_to(entry)
    for name in ours:
        (folder / name).symlink_to(ROOT / name)
    (folder / "policies").symlink_to(access.parent)
    return installs.Installs(
        bundle=folder, bundle_bytes=1, plain=folder, plain_bytes=2, twin=folder, reference=None
    )


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(linked, id="with links"),
        pytest.param(installs.make, id="as deployed", marks=pytest.mark.nightly),
    ],
)
def scene(request: pytest.FixtureRequest) -> Iterator[Scene]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(installs, "make", request.param)
        with set_up() as made:
            yield made


@pytest.mark.package
@pytest.mark.parametrize("group", GROUPS)
def test_every_group_measures_what_it_says(group: str, scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(users, "BATCH", 2)
    monkeypatch.setattr(users, "AT_ONCE", 4)
    monkeypatch.setattr(users, "TWIN_USERS", 1)
    monkeypatch.setattr(verify, "TOKENS", 20)
    monkeypatch.setattr(verify, "USERS", 4)
    monkeypatch.setattr(verify, "BATCH", 4)
    monkeypatch.setattr(memory, "DECISIONS", 3)
    monkeypatch.setattr(memory, "FEW", 3)
    monkeypatch.setattr(memory, "MANY", 6)
    monkeypatch.setattr(profile, "USERS", 2)
    monkeypatch.setattr(profile, "REQUESTS", 3)
    monkeypatch.setattr(scaling, "USERS", 2)
    monkeypatch.setattr(scaling, "TOKENS", 10)
    monkeypatch.setattr(scaling, "BATCH", 3)
    monkeypatch.setattr(scaling, "FEW_TEMPLATES", 1)
    monkeypatch.setattr(scaling, "MORE_TEMPLATES", {2: 2.0})
    monkeypatch.setattr(beside_reference, "BATCH", 2)
    monkeypatch.setattr(beside_reference, "SHOWN", 3)
    monkeypatch.setattr(local, "BATCH", 10)
    monkeypatch.setattr("shutil.which", lambda _: None)  # npm would need a network
    rows = list(GROUPS[group](scene, 1))
    assert rows
    for row in rows:
        if isinstance(row, Skipped):
            assert row.key in ("aws_jwt_verify", "known_user", "cold_wall", "cold_wall_reference")
        elif isinstance(row, Profile):
            assert row.shares["verify"] > 0
            assert sum(row.shares.values()) == pytest.approx(1)
        else:
            assert row.ours > 0
            assert row.theirs > 0


def test_a_queue_is_as_long_as_what_comes_before_it_takes() -> None:
    """Three arrive at once where each takes two seconds, and one a minute later."""
    assert beside_reference.waits([0.0, 0.0, 0.0, 60.0], [2.0]) == [2.0, 2.0, 4.0, 6.0]


def test_few_users_make_most_requests_and_arrivals_have_their_mean() -> None:
    made = beside_reference.visits(1000, 10_000)
    assert len(made) == 10_000
    assert made.count(0) > 20 * made.count(500)
    gaps = beside_reference.bursts(10_000, mean=0.5)
    assert sum(gaps) / len(gaps) == pytest.approx(0.5)
    assert max(gaps) > 10 * sorted(gaps)[5000]


@pytest.mark.parametrize(
    ("controllers", "files"),
    [
        pytest.param(True, {"cpu.max": "6666 20000"}, id="version 2"),
        pytest.param(False, {"cpu.cfs_period_us": "20000", "cpu.cfs_quota_us": "6666"}, id="version 1"),
    ],
)
def test_a_third_of_a_core_is_the_kernels_quota(
    controllers: bool, files: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if controllers:
        (tmp_path / "cgroup.controllers").touch()
    else:
        (tmp_path / "cpu").mkdir()
    # The kernel's folder goes with its files, which an ordinary one does not.
    monkeypatch.setattr(Path, "rmdir", shutil.rmtree)
    with third_of_a_core(tmp_path) as group:
        assert {name: (group / name).read_text() for name in files} == files
    assert not group.exists()
