"""`[session]`, `[sealing]`, `[shared_cache]`: what they say, and which combinations do not load."""

from typing import Any

import pytest

from authorizer.errors import SettingsError
from authorizer.settings.schema import Sealing, Session, SharedCache
from tests.make import make_settings

KEYS = "secret-key-material"


def problems(**changes: Any) -> str:
    with pytest.raises(SettingsError) as refused:
        make_settings(**changes)
    return str(refused.value)


def test_without_a_word_credentials_are_plain_and_nothing_is_shared() -> None:
    settings = make_settings()
    assert settings.session == Session(context="plain", end_with_token=False, cache_entries=1000)
    assert settings.sealing is None
    assert settings.shared_cache is None


def test_everything_said() -> None:
    settings = make_settings(
        session={"context": "sealed", "end_with_token": True, "cache_entries": 5},
        sealing={"source": "kms", "keys": "env:SEAL"},
        private_sealing={"keys": "the authorizer's own"},
        shared_cache={
            "table": "arn:aws:dynamodb:eu-west-1:123456789012:table/sessions",
            "region": "eu-west-1",
        },
        environment={"SEAL": KEYS},
    )
    assert settings.session == Session(context="sealed", end_with_token=True, cache_entries=5)
    assert settings.sealing == Sealing(source="kms", keys=KEYS)
    assert settings.private_sealing == Sealing(
        source="environment", keys="the authorizer's own", private=True
    )
    assert settings.shared_cache == SharedCache(
        table="arn:aws:dynamodb:eu-west-1:123456789012:table/sessions", region="eu-west-1"
    )


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        pytest.param(
            {"session": {"context": "sealed"}}, "session.context: sealed credentials need keys", id="no keys"
        ),
        pytest.param(
            {"shared_cache": {"table": "sessions"}, "sealing": {"keys": KEYS}},
            "shared_cache: what is shared is sealed with keys that no backend holds",
            id="no keys to share, but those of backends",
        ),
        pytest.param(
            {"sealing": {"keys": KEYS}, "private_sealing": {"keys": KEYS}},
            "private_sealing.keys: are those of [sealing], which backends hold",
            id="one set of keys for two purposes",
        ),
        pytest.param(
            {"gateway": {"renew_connections": True}, "sealing": {"keys": KEYS}},
            "gateway.renew_connections: who a connection is for is sealed with keys that no backend holds",
            id="no keys for connections, but those of backends",
        ),
        pytest.param(
            {"session": {"duration": "30m"}},
            "sessions of 1800 s end before gateway.connection_time + 10 s of clock skew = 1810 s",
            id="sessions shorter than a connection",
        ),
        pytest.param(
            {"gateway": {"connection_time": "0s"}}, "expected 1s to 1h", id="no time for a connection"
        ),
        pytest.param({"session": {"context": "open"}}, "'plain', 'sealed', 'none'", id="an unknown context"),
        pytest.param({"session": {"cache_entries": 0}}, "from 1 to 100000", id="no room"),
        pytest.param({"sealing": {}}, "sealing.keys: is required", id="an empty sealing table"),
        pytest.param(
            {"sealing": {"keys": KEYS, "source": "file"}},
            "sealing.source: expected one of",
            id="an unknown source",
        ),
        pytest.param(
            {"sealing": {"keys": KEYS}, "shared_cache": {"table": "a b"}},
            "DynamoDB table",
            id="no table's name",
        ),
        pytest.param(
            {"gateway": {"result_ttl": "59m", "backend_time": "1m"}},
            "10 s of clock skew = 3610 s",
            id="no room for skew",
        ),
    ],
)
def test_what_cannot_hold_does_not_load(changes: dict[str, Any], problem: str) -> None:
    told = problems(**changes)
    assert problem in told
    assert KEYS not in told


def test_where_nobody_may_connect_sessions_need_not_last_a_connection() -> None:
    settings = make_settings(session={"duration": "15m"}, scopes={"data:read": ["GET /data"]})
    assert settings.roles["editor"].duration == 900
