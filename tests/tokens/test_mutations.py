"""Nothing but the untouched token yields claims."""

import json
from base64 import urlsafe_b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from authorizer.tokens.base64url import octets_of
from authorizer.tokens.strict_json import JsonRefused, parse_object
from tests.strategies import one_changed
from tests.tokens.mutations import MUTATIONS, mutated, run


async def test_every_mutation_of_a_token_is_refused() -> None:
    count = 3_900
    outcomes, taken = await run(mutated(count, seed=1))
    assert taken == []
    assert outcomes.total() == count
    assert {name for name, _ in outcomes} == {mutation.__name__ for mutation in MUTATIONS}


@pytest.mark.nightly
async def test_a_hundred_thousand_mutations_are_refused() -> None:
    outcomes, taken = await run(mutated(100_000, seed=2))
    assert taken == []
    assert outcomes.total() == 100_000


@given(st.binary())
def test_base64url_reads_back_what_it_wrote(octets: bytes) -> None:
    assert octets_of(urlsafe_b64encode(octets).rstrip(b"=")) == octets


TEXTS = st.binary(min_size=1, max_size=12).map(lambda octets: urlsafe_b64encode(octets).rstrip(b"=").decode())
SPOILT = TEXTS.flatmap(lambda text: one_changed(text, "AB01-_+/=! \n.é"))


@given((TEXTS | SPOILT | SPOILT).map(str.encode) | st.binary(max_size=12))
def test_base64url_has_one_text_for_one_value(text: bytes) -> None:
    octets = octets_of(text)
    if octets is not None:
        assert urlsafe_b64encode(octets).rstrip(b"=") == text


LEAVES = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
JSON = LEAVES | st.lists(LEAVES, max_size=3) | st.dictionaries(st.text(max_size=3), LEAVES, max_size=3)


@given(st.dictionaries(st.text(max_size=5), JSON, max_size=3))
def test_strict_json_reads_what_json_wrote(value: dict[str, object]) -> None:
    assert parse_object(json.dumps(value).encode()) == value
    assert parse_object(json.dumps(value, ensure_ascii=False).encode()) == value


OBJECTS = st.builds(
    lambda value, ascii, space: json.dumps(value, ensure_ascii=ascii, separators=(f",{space}", f"{space}:")),
    st.dictionaries(st.text('ab\\"ü', max_size=2), JSON, max_size=3),
    st.booleans(),
    st.sampled_from(("", " ", "\n", "\t\r")),
)
BROKEN = OBJECTS.flatmap(lambda text: one_changed(text, '{}[]":,01e-.\\un tf'))


@given((OBJECTS | BROKEN | BROKEN).map(lambda text: text.encode("utf-8", "surrogatepass")) | st.binary())
def test_strict_json_reads_an_object_or_refuses(document: bytes) -> None:
    try:
        found = parse_object(document)
    except JsonRefused:
        return
    assert json.loads(document) == found
