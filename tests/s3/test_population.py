"""The people and places of the isolation tests are as many and as confusable as they are meant to be."""

from tests.s3.matrix import checks, population
from tests.s3.population import RELATIONS, SUBJECTS, TENANTS, USERS, callers, targets


def test_there_are_fifty_users_in_five_tenants_whose_names_begin_alike() -> None:
    assert len(USERS) == 50
    assert len({user.sub for user in USERS}) == 50
    assert len({user.name for user in USERS}) == 10
    assert {user.tenant for user in USERS} == set(TENANTS)
    assert [a for a in TENANTS for b in TENANTS if a != b and b.startswith(a)] == ["t1", "t1", "a"]


def test_the_whole_matrix_has_more_than_twenty_thousand_checks() -> None:
    everything = [check for caller, subject in population() for check in checks(caller, subject)]
    assert len(everything) > 20_000
    assert {check.subject.policy for check in everything} == {subject.policy for subject in SUBJECTS}
    assert {check.target.relation for check in everything} == set(RELATIONS)


def test_nobodys_own_place_is_somebody_elses() -> None:
    for subject in SUBJECTS:
        for caller in callers(subject):
            own, *others = targets(caller, subject)
            assert own.relation == "own"
            assert own.prefix not in {other.prefix for other in others}
