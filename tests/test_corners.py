"""What happens seldom, of the parts that everything runs on."""

import gc
import os

import pytest

from authorizer.errors import NoRoute
from authorizer.gateway.respond import refresh
from authorizer.model import Routes
from authorizer.runtime import _place, _print_line
from authorizer.startup import CERTIFICATES, without_default_cas
from tests.make import make_identity, sample_settings

OPEN = Routes(patterns=("arn/*",), closed=(), matched="$connect")


def test_an_error_that_was_never_raised_has_no_place() -> None:
    assert _place(ValueError("x")) == "somewhere"


def test_a_record_is_one_line_at_once(capsys: pytest.CaptureFixture[str]) -> None:
    _print_line('{"a": 1}')
    assert capsys.readouterr().out == '{"a": 1}\n'


@pytest.mark.parametrize("collecting", [True, False], ids=["as usual", "where nobody collects"])
@pytest.mark.parametrize("before", [None, "/etc/certificates"], ids=["no file of CAs", "a file of CAs"])
def test_loading_quickly_leaves_everything_as_it_was(
    collecting: bool, before: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in CERTIFICATES:
        if before is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, before)
    usual = gc.isenabled()
    (gc.enable if collecting else gc.disable)()
    try:
        with without_default_cas():
            assert not gc.isenabled()
            assert {os.environ[name] for name in CERTIFICATES} == {os.devnull}
        assert gc.isenabled() is collecting
        assert [os.environ.get(name) for name in CERTIFICATES] == [before] * len(CERTIFICATES)
    finally:
        (gc.enable if usual else gc.disable)()
        gc.unfreeze()


def test_who_may_connect_no_longer_is_given_nothing_new() -> None:
    given = {"credentials": "x"}
    response = refresh(make_identity(), OPEN, given, sample_settings())
    assert response["context"] == {**response["context"], **given}  # type: ignore[dict-item]  # a response is any JSON
    with pytest.raises(NoRoute, match="connect no longer"):
        refresh(
            make_identity(), Routes(patterns=("arn/*",), closed=(), matched=None), given, sample_settings()
        )
