"""What is handed over names question, place and nearest passages, and leads to the contact without sending anything."""

from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import pytest

from assistant.conversations import Work
from assistant.narrowed import Narrowed
from assistant.referral import refer
from retrieval.library import Collection
from tests.ui.values import passage

QUESTION = "How much does the company pay into my pension?"
HR = Collection("c", "People", contact="people@skerrivane.example")
IT = Collection("d", "IT", contact="https://help.skerrivane.example/new")
WORK = Work((passage(), passage("Half days are possible.", title="Half days")))


def test_the_text_names_the_question_what_was_searched_and_the_nearest_passages():
    text = refer(QUESTION, WORK, (HR, IT)).text
    assert QUESTION in text
    assert "People, IT" in text
    assert "Leave policy, Annual leave, page 2, 2026-01-01 (hr/leave.md): “Leave is 26 days.”" in text
    assert "Half days are possible." in text


def test_passages_are_quoted_without_their_markup():
    marked = passage("## Leave\n\nLeave is **26 days**.", markup="markdown")
    assert "“Leave Leave is 26 days.”" in refer(QUESTION, Work((marked,)), (HR,)).text


def test_a_mail_is_written_to_the_contact_of_the_nearest_collection():
    referral = refer(QUESTION, WORK, (IT, HR))
    assert referral.contact == "people@skerrivane.example"
    address = urlsplit(referral.address)
    assert (address.scheme, address.path) == ("mailto", "people@skerrivane.example")
    assert parse_qs(address.query)["body"][0] == referral.text


def test_what_was_narrowed_is_said():
    assert "in IT" in refer(QUESTION, replace(WORK, narrowed=Narrowed("IT")), (HR, IT)).text


@pytest.mark.parametrize(
    ("contact", "address"),
    [
        ("https://help.skerrivane.example/new", "https://help.skerrivane.example/new"),
        ("Ines Calder, room 12", ""),
        ("ask me @ the desk", ""),
        ("javascript:alert(1)", ""),
        ("data:text/html,x", ""),
        ("", ""),
    ],
)
def test_a_link_is_followed_and_a_name_only_named(contact, address):
    referral = refer(QUESTION, WORK, (replace(HR, contact=contact),))
    assert (referral.contact, referral.address) == (contact, address)


def test_an_address_cannot_smuggle_other_receivers_into_the_mail():
    contact = "a@b.example?bcc=eve@evil.example"
    address = refer(QUESTION, WORK, (replace(HR, contact=contact),)).address
    assert set(parse_qs(urlsplit(address).query)) == {"subject", "body"}


def test_a_long_question_makes_no_address_that_mail_programs_cut():
    referral = refer("ü" * 8_000, WORK, (HR,))
    assert len(referral.address) < 2_100
    assert "ü" * 8_000 in referral.text


def test_without_passages_or_contacts_the_question_can_still_be_copied():
    referral = refer(QUESTION, Work(), ())
    assert (referral.contact, referral.address) == ("", "")
    assert QUESTION in referral.text


def test_the_only_contact_there_is_helps_where_nothing_was_found():
    assert refer(QUESTION, Work(), (HR, replace(IT, contact=""))).contact == HR.contact
    assert refer(QUESTION, Work(), (HR, IT)).contact == ""
