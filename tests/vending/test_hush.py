"""The AWS libraries' loggers: never at DEBUG, and never louder than they would be without us."""

import logging
import logging.config
from collections.abc import Iterator

import pytest

from authorizer.aws.hush import LOUD, hush

LEVELS = (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR, logging.CRITICAL)


@pytest.fixture(autouse=True)
def as_at_cold_start(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No logger hushed yet, nothing configured; and all as it was afterwards."""
    root = logging.getLogger().level
    for name in LOUD:
        monkeypatch.setattr(logging.getLogger(name), "__class__", logging.Logger)
        logging.getLogger(name).setLevel(logging.NOTSET)
    yield
    for name in LOUD:
        logging.getLogger(name).setLevel(logging.NOTSET)
    logging.getLogger().setLevel(root)


def effective(name: str) -> int:
    """Of a logger further down, as a module of the library has it; asked the way that every call asks."""
    logger = logging.getLogger(f"{name}.parsers")
    return next((level for level in LEVELS if logger.isEnabledFor(level)), logging.CRITICAL + 1)


@pytest.mark.parametrize("name", ["aioboto3", "aiobotocore", "boto3", "botocore"])
@pytest.mark.parametrize("root", LEVELS)
@pytest.mark.parametrize("own", [logging.NOTSET, *LEVELS])
@pytest.mark.parametrize("late", [False, True], ids=["configured before", "configured afterwards"])
def test_they_say_what_they_would_say_anyhow_less_debug(name: str, root: int, own: int, late: bool) -> None:
    def configure() -> None:
        logging.getLogger().setLevel(root)
        logging.getLogger(name).setLevel(own)

    configure()
    before = effective(name)
    if late:
        logging.getLogger().setLevel(logging.NOTSET)
        logging.getLogger(name).setLevel(logging.NOTSET)
        hush()
        effective(name)
        configure()
    else:
        hush()
    assert effective(name) == max(before, logging.INFO)
    hush()
    logging.getLogger().setLevel(logging.CRITICAL)
    assert effective(name) == (max(own, logging.INFO) if own else logging.CRITICAL)


def test_what_a_configuration_of_all_logging_asks_for_is_no_way_round() -> None:
    hush()
    logging.config.dictConfig(
        {
            "version": 1,
            "incremental": True,  # pytest's own handlers stay
            "root": {"level": "DEBUG"},
            "loggers": {"botocore": {"level": "DEBUG"}},
        }
    )
    assert effective("botocore") == logging.INFO
    assert effective("aiobotocore") == logging.INFO
    assert logging.getLogger("anybody").isEnabledFor(logging.DEBUG)
