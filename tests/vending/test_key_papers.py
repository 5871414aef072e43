"""Which role may read which keys: no statement of a backend is about the authorizer's own."""

from typing import Any, Literal

import pytest

from authorizer.deployment import key_access as key_papers
from authorizer.settings.schema import Sealing
from tests.vending.factories import make_settings

ROLE = "arn:aws-cn:iam::123456789012:role/service/authorizer"
Source = Literal["environment", "secretsmanager", "kms"]


def both(source: Source) -> dict[str, Any]:
    return {
        "sealing": Sealing(source=source, keys="theirs"),
        "private_sealing": Sealing(source=source, keys="own", private=True),
    }


def test_keys_of_the_environment_need_no_permission() -> None:
    settings = make_settings(**both("environment"))
    assert key_papers.of_the_authorizer(settings, ROLE) == key_papers.of_a_backend(settings, ROLE) == []
    assert key_papers.of_the_authorizer(make_settings(), ROLE) == []


def test_a_secret_that_is_named_is_one_of_the_execution_role_s_account() -> None:
    theirs, own = key_papers.of_the_authorizer(make_settings(**both("secretsmanager")), ROLE)
    assert theirs == {
        "Sid": "ReadSealingKeys",
        "Effect": "Allow",
        "Action": "secretsmanager:GetSecretValue",
        "Resource": "arn:aws-cn:secretsmanager:*:123456789012:secret:theirs-??????",
    }
    assert own["Resource"] == "arn:aws-cn:secretsmanager:*:123456789012:secret:own-??????"
    assert own["Sid"] == "ReadPrivateSealingKeys"


def test_a_secret_that_is_given_by_its_arn_is_that_one_alone() -> None:
    arn = "arn:aws-cn:secretsmanager:cn-north-1:210987654321:secret:theirs-AbCdEf"
    [theirs] = key_papers.of_a_backend(
        make_settings(sealing=Sealing(source="secretsmanager", keys=arn)), ROLE
    )
    assert theirs["Resource"] == arn


def test_one_key_of_kms_opens_to_a_backend_what_is_sealed_for_backends_alone() -> None:
    settings = make_settings(**both("kms"))
    [theirs] = key_papers.of_a_backend(settings, ROLE)
    assert theirs == {
        "Sid": "ReadSealingKeys",
        "Effect": "Allow",
        "Action": "kms:Decrypt",
        "Resource": "arn:aws-cn:kms:*:123456789012:key/*",
        "Condition": {"StringEquals": {"kms:EncryptionContext:purpose": "authorizer-sealing"}},
    }
    assert [row["Condition"] for row in key_papers.of_the_authorizer(settings, ROLE)] == [
        theirs["Condition"],
        {"StringEquals": {"kms:EncryptionContext:purpose": "authorizer-private-sealing"}},
    ]


@pytest.mark.parametrize("source", ["secretsmanager", "kms"])
def test_a_backend_reads_nothing_of_the_authorizer_s_own(source: Source) -> None:
    settings = make_settings(private_sealing=both(source)["private_sealing"])
    assert key_papers.of_a_backend(settings, ROLE) == []
    told = str(key_papers.of_a_backend(make_settings(**both(source)), ROLE))
    assert "own" not in told
    assert "private" not in told
