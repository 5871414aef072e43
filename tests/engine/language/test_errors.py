"""The engine's errors in words."""

from collections.abc import Callable

import pytest

from authorizer.engine.language.errors import (
    CaseInvalid,
    ClaimTypeInvalid,
    DocumentInvalid,
    DocumentRefused,
    EngineError,
    NothingAllowed,
    PolicyTooLarge,
    TemplateInvalid,
    ValueMissing,
    ValueRefused,
)


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (lambda: ClaimTypeInvalid(["a", "b"]), "a; b"),
        (lambda: ValueRefused("is empty"), "is empty"),
        (lambda: ValueMissing("tenant"), "the template needs claim `tenant`, which this user does not have"),
        (lambda: DocumentInvalid(["a", "b"]), "a; b"),
        (lambda: DocumentRefused(["a", "b"], ["id"]), "a; b"),
        (NothingAllowed, "the policy has no statement with Effect Allow"),
        (lambda: PolicyTooLarge(2049, 2048), "the policy has 2049 characters, at most 2048 are taken"),
        (lambda: TemplateInvalid(["a", "b"]), "a\nb"),
        (lambda: CaseInvalid(["a", "b"]), "a\nb"),
    ],
)
def test_every_error_says_what_is_wrong(error: Callable[[], EngineError], said: str) -> None:
    assert str(error()) == said
