"""A model can do nothing but answer: sentences that say otherwise are found, ordinary ones are left alone."""

import pytest

from assistant.deeds import claims_deed


@pytest.mark.parametrize(
    "sentence",
    [
        "I have sent the form to your team lead.",
        "I've booked the room for you.",
        "I\u2019ve already opened a ticket with IT.",
        "I have just updated your address.",
        "We have submitted the request on your behalf.",
        "I went ahead and cancelled the order.",
        "I sent them an e-mail.",
        "I will forward this to the support team.",
        "I'll notify your manager.",
        "I am now escalating this to the second level.",
        "Your ticket has been created.",
        "Your leave request has been successfully submitted.",
        "A refund has been issued.",
        "Done: I reset the password.",
        "I have passed this on to the people who keep the policy.",
    ],
)
def test_a_claim_of_something_done_is_found(sentence):
    assert claims_deed(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "Requests are sent to the team lead.",
        "Enter the request in the Logbook, under My time.",
        "The team lead has approved leave within two working days.",
        "Once your request has been approved, you see it in the calendar.",
        "If I have sent the form twice, what happens?",
        "You can open a ticket with IT.",
        "The station sends its readings every ten minutes.",
        "We calibrate every instrument before it leaves the works.",
        "I found this in the leave policy.",
        "When a ticket has been opened, it is answered within four hours.",
        "The policy was updated on 1 January 2026.",
        "The documents do not say.",
        "We are closed in the last week of July.",
        "A password must be changed after an incident.",
    ],
)
def test_what_documents_say_is_left_alone(sentence):
    assert not claims_deed(sentence)
