"""A caller's user id and roles."""

from uuid import UUID

import pytest

from server.identity.caller import Caller, Role, caller, serve_as, user_id_of

ISSUER = "https://issuer.example"


def test_a_subject_that_is_a_uuid_is_the_user_id() -> None:
    subject = "5f1c9a52-0d59-4f3b-9e57-6f2a0c3f2b11"

    assert user_id_of(ISSUER, subject) == UUID(subject)


def test_another_subject_gets_an_id_that_depends_on_its_issuer() -> None:
    mine = user_id_of(ISSUER, "mia")

    assert mine == user_id_of(ISSUER, "mia")
    assert len({mine, user_id_of(ISSUER, "tom"), user_id_of("https://other.example", "mia")}) == 3


def test_only_the_admin_role_makes_an_admin() -> None:
    def has(*roles: Role) -> Caller:
        return Caller(user_id_of(ISSUER, "mia"), "mia", ISSUER, frozenset(roles))

    assert has(Role.ADMIN).is_admin
    assert not has(Role.REVIEWER).is_admin


def test_there_is_no_caller_outside_of_a_call() -> None:
    with pytest.raises(LookupError):
        caller()


async def test_the_caller_is_the_one_that_is_served() -> None:
    somebody = Caller(user_id_of(ISSUER, "mia"), "mia", ISSUER)

    serve_as(somebody)

    assert caller() is somebody
