"""What there is to prove of a configuration."""

from authorizer.gate.proof import ALL_ROLES, prove_settings, subjects
from tests.make import make_access, sample_access, sample_templates


def test_roles_are_held_against_each_other_where_there_are_several() -> None:
    assert set(subjects(sample_access())) >= {"policy s3-home", "role editor", "role admin", ALL_ROLES}


def test_one_role_has_none_to_be_held_against() -> None:
    access = make_access(
        roles={"viewer": None, "admin": None, "importer": None},
        groups={"admins": None, "viewers": None, "auditors": None},
        rules=None,
    )
    found = subjects(access)
    assert "role editor" in found
    assert ALL_ROLES not in found


def test_a_proof_rests_on_what_services_make_of_the_names_in_it() -> None:
    policy = """{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "iot:Subscribe",
        "Resource": "arn:aws:iot:eu-west-1:111122223333:topicfilter/{{ tenant }}/*"}}"""
    issuer = {"user_pool": "env:USER_POOL_ID", "client_ids": ["a"], "token_use": ["id"], "speaks_for": "any"}
    access = make_access(
        templates={**sample_templates(), "s3-tenant": policy},
        issuers=[issuer, {**issuer, "user_pool": "eu-west-1_Other"}],
    )
    rests = {
        proof.subject: [line for line in proof.rests_on if "iot:" in line] for proof in prove_settings(access)
    }
    told = {subject for subject, lines in rests.items() if lines}
    assert told == {"policy s3-tenant", "role admin", "issuers of s3-tenant", ALL_ROLES}
    assert all(len(lines) <= 1 for lines in rests.values())
