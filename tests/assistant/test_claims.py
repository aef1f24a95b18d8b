"""What an identity provider says: what is taken, what is not believed, and how two sign-ins are told apart."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.access import Role
from assistant.claims import claims_of
from assistant.errors import SignInRefused

pytestmark = pytest.mark.threat("T24")

ANNA = {"iss": "https://login.example", "sub": "a1", "name": "Anna", "email": "Anna@Skerrivane.Example", "nonce": "n1"}


def test_a_verified_address_is_taken_and_one_that_is_not_is_left_out():
    assert claims_of(ANNA | {"email_verified": True}).email == "anna@skerrivane.example"
    for said in (False, "true", 1, None, ["true"]):
        assert claims_of(ANNA | {"email_verified": said}).email == ""


@pytest.mark.parametrize("name", ["iss", "sub"])
@pytest.mark.parametrize("value", [None, "", "  ", 7, True, ["a1"], {"a": 1}, "x" * 301])
def test_without_an_issuer_and_a_subject_in_words_nobody_is_somebody(name, value):
    with pytest.raises(SignInRefused):
        claims_of(ANNA | {name: value})


@pytest.mark.parametrize(
    ("said", "groups"),
    [
        (None, None),
        ("staff", None),
        ({"staff": True}, None),
        ([], ()),
        (["staff", "  it  support ", "staff", 7, None, ["hr"], ""], ("staff", "it support")),
    ],
)
def test_groups_are_a_list_of_words_or_nothing_was_said_of_them(said, groups):
    assert claims_of(ANNA | {"groups": said}).groups == groups


@pytest.mark.parametrize(
    ("said", "role"),
    [
        ("admin", Role.ADMIN),
        ("Admin", None),
        ("administrator", None),
        (["member", "editor", "boss"], Role.EDITOR),
        ({"admin": 1}, None),
        (True, None),
        (None, None),
    ],
)
def test_a_role_is_one_of_ours_exactly_and_comes_from_the_configured_claim_alone(said, role):
    assert claims_of(ANNA | {"job": said}, role_claim="job").role == role
    assert claims_of(ANNA | {"job": said, "role": "admin", "roles": ["admin"]}).role is None


def test_each_sign_in_has_a_name_of_its_own_and_keeps_it():
    assert claims_of(ANNA).sign_in == claims_of(dict(ANNA)).sign_in
    others = [ANNA | {"nonce": "n2"}, ANNA | {"iat": 5}, ANNA | {"sub": "a2"}, ANNA | {"iss": "https://other.example"}]
    names = {claims_of(said).sign_in for said in (ANNA, *others)}
    assert len(names) == len(others) + 1


@given(st.dictionaries(st.sampled_from(["iss", "sub", "name", "email", "groups", "job"]), st.from_type(object)))
def test_whatever_is_said_it_is_taken_or_refused(said):
    try:
        claims = claims_of(said, role_claim="job")
    except SignInRefused:
        return
    assert claims.issuer
    assert claims.subject
    assert claims.email == ""
