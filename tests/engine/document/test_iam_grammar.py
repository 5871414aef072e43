"""IAM's grammar against vectors that others wrote: getmoto/moto's documents, with IAM's own verdicts."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from authorizer.engine.document.document import parse_identity, parse_session
from authorizer.engine.document.rules import RULES
from authorizer.engine.document.statement import Document
from authorizer.engine.language.errors import DocumentInvalid, DocumentRefused, NothingAllowed
from tests.others import OTHERS


def vectors(name: str) -> Any:
    return json.loads((OTHERS / "iam-grammar" / name).read_text())


def broken(parse: Callable[[str], Document], text: str) -> tuple[str, ...]:
    """The stricter rules by which a reader refuses a text; malformed text raises."""
    try:
        parse(text)
    except DocumentRefused as error:
        return error.rules
    except NothingAllowed:
        return ()
    return ()


@pytest.mark.parametrize("vector", vectors("invalid.json"), ids=lambda vector: vector["error_message"][:60])
def test_what_iam_refuses_is_invalid_in_both_readers(vector: Any) -> None:
    document = vector["document"]
    text = document if isinstance(document, str) else json.dumps(document)
    for parse in (parse_identity, parse_session):
        with pytest.raises(DocumentInvalid) as caught:
            parse(text)
        assert type(caught.value) is DocumentInvalid
        assert caught.value.problems


@pytest.mark.parametrize(
    "document", vectors("valid.json"), ids=lambda document: str(document["Statement"])[:60]
)
def test_what_iam_takes_is_taken_or_refused_by_a_named_rule(document: Any) -> None:
    text = json.dumps(document)
    assert set(broken(parse_identity, text)) <= {"null-resource"}
    assert RULES.keys() >= set(broken(parse_session, text))


def test_the_vectors_are_the_ones_that_were_counted() -> None:
    assert len(vectors("invalid.json")) == 78
    assert len(vectors("valid.json")) == 54
