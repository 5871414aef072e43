"""What there is to prove of a configuration."""

from authorizer.gate.proof import ALL_ROLES, subjects
from tests.make import make_access, sample_access


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
