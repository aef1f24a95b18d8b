"""True paraphrases and false changes of invented passages, written by hand: what each must not be called.

A true one may be called supported or partly, never unsupported or contradicted; a false one the other way round.
"""

import pytest

from assistant.events import Difference
from assistant.verify import check_sentence

PASSAGES = {
    "leave": (
        "Full-time employees are entitled to 26 days of paid leave per calendar year. Part-time employees receive a "
        "proportional share. Up to six unused days may be carried over until 31 March of the following year; after "
        "that date they expire. Requests must be submitted at least two weeks before the first day of leave. If a "
        "manager does not answer within five working days, the request counts as approved. Leave cannot be paid out "
        "unless the employment ends."
    ),
    "security": (
        "Passwords must contain at least 14 characters and must not be reused. Laptops are locked automatically after "
        "10 minutes without input. According to the security policy, visitors may not enter the server room without "
        "an escort from Northwind Facilities. Incidents are reported to the desk in Rotterdam by phone before 6 pm and "
        "to the on-call engineer after 6 pm. Multi-factor authentication is required for remote access and optional "
        "inside the office. Personal devices are not allowed on the production network."
    ),
    "travel": (
        "The hotel limit is EUR 140 per night in Lisbon and EUR 165 per night in Oslo. Flights under four hours are "
        "booked in economy class. Receipts above EUR 25 are required; smaller amounts can be claimed without a "
        "receipt. Expense reports are due by the 10th of each month and are paid within 20 business days. Taxi rides "
        "are reimbursed only if no public transport runs after 11 pm. The mileage rate rose from $0.58 to $0.62 per "
        "mile in January 2024."
    ),
    "manual": (
        "The HX-40 pump delivers 3.5 litres per minute at a maximum pressure of 6 bar. Do not run the pump dry for "
        "more than 30 seconds. Replace filter F2 every 500 hours or once a year, whichever comes first. The red lamp "
        "means that the tank is empty, the green lamp that it is full. Store the device at temperatures between 5 and "
        "40 degrees Celsius. Before opening the cover, disconnect the power supply and wait three minutes. The warranty "
        "lasts two years from the date of purchase."
    ),
    "company": (
        "Brightwater Analytics was founded in 1998 by Maria Okafor and Jens Lindqvist in Gothenburg. In the third "
        "quarter of 2023 revenue increased by 12.4 % to 84 million euros, while operating costs fell by 3 percentage "
        "points. The company employs about 1,250 people in nine countries. On Tuesday, 14 May 2024, the board approved "
        "the merger with Calder Systems. Lindqvist never held a seat on the board. The head office is in the north of "
        "the city and is larger than the one in Malmö."
    ),
    "study": (
        "Of 212 patients, 106 received drug A and 106 received placebo for 12 weeks. Systolic pressure decreased by "
        "8.2 mmHg with drug A (p = 0.003) but did not change with placebo. Headache was more frequent in the placebo "
        "group (14 % versus 9 %). No serious adverse events occurred. Patients older than 75 years were excluded. The "
        "effect was strongest in women. Drug A inhibits the ACE2 receptor and may cause cough. Doses were given twice "
        "daily before meals."
    ),
    "rules": (
        "Residents may use the roof terrace from 8 am to 10 pm. Dogs must be kept on a leash. Barbecues are prohibited "
        "on balconies. The laundry room is closed on Sundays. Subletting is possible with the written consent of the "
        "landlord. The deposit amounts to three months' rent and is returned no later than six months after moving "
        "out. Guests who stay longer than eight weeks have to be registered. Bicycles belong in the cellar, not in the "
        "hallway."
    ),
    "storage": (
        "Free accounts include 15 GB of storage; business accounts include 2 TB. Deleted files are kept for 30 days "
        "and are then removed permanently. Files larger than 5 GB cannot be uploaded through the browser. Administrators "
        "can restore a deleted account within 90 days. Backups run daily at 2:30 am and are encrypted with AES-256. The "
        "service is available in the EU, but not in Brazil. We do not sell your data to third parties. Prices do not "
        "include VAT."
    ),
}

TRUE = [
    ("leave", "Full-time staff get 26 days of paid leave each year."),
    ("leave", "Full-time employees are entitled to twenty-six days of paid leave per calendar year."),
    ("leave", "A proportional share is received by part-time employees."),
    ("leave", "You may carry over up to 6 unused days until March 31 of the following year."),
    ("leave", "Requests have to be submitted at least 14 days before the first day of leave."),
    ("leave", "The request counts as approved if a manager doesn't answer within five working days."),
    ("leave", "If a manager doesn't respond within 5 working days, the request counts as approved."),
    ("leave", "Leave can't be paid out unless the employment ends."),
    ("leave", "Unused days that were carried over expire after 31 March."),
    ("leave", "At least two weeks before the first day of leave, requests must be submitted."),
    ("security", "A password must have at least fourteen characters."),
    ("security", "Passwords mustn't be reused and must contain at least 14 characters."),
    ("security", "Visitors may not enter the server room without an escort from Northwind Facilities."),
    ("security", "Visitors can't enter the server room without an escort from Northwind Facilities."),
    ("security", "After ten minutes without input, laptops are automatically locked."),
    ("security", "Incidents are reported by phone to the desk in Rotterdam before 18:00."),
    ("security", "Multi-factor authentication is mandatory for remote access."),
    ("security", "Personal devices aren't allowed on the production network."),
    ("security", "Personal devices are prohibited on the production network."),
    ("security", "It is not allowed to use personal devices on the production network."),
    ("travel", "In Oslo the hotel limit is €165 per night."),
    ("travel", "The hotel limit is 140 euros a night in Lisbon."),
    ("travel", "Flights under 4 hours are booked in economy class."),
    ("travel", "Receipts are required above EUR 25."),
    ("travel", "Smaller amounts can be claimed without receipts."),
    ("travel", "Expense reports are due on the tenth of every month."),
    ("travel", "Expense reports are paid within twenty business days."),
    ("travel", "Taxi rides are only reimbursed if no public transport runs after 11 pm."),
    ("travel", "In January 2024 the mileage rate rose from $0.58 to $0.62 per mile."),
    ("travel", "If no public transport runs after 11 pm, taxi rides are reimbursed."),
    ("manual", "At a maximum pressure of 6 bar, the HX-40 pump delivers 3.5 l per minute."),
    ("manual", "Don't run the pump dry for more than thirty seconds."),
    ("manual", "Never run the pump dry for more than 30 seconds."),
    ("manual", "Filter F2 has to be replaced every 500 hours or once a year, whichever comes first."),
    ("manual", "The green lamp means that the tank is full."),
    ("manual", "The red lamp means the tank is empty."),
    ("manual", "The device should be stored between 5 and 40 °C."),
    ("manual", "Disconnect the power supply and wait 3 minutes before opening the cover."),
    ("manual", "The warranty lasts 24 months from the date of purchase."),
    ("manual", "A two-year warranty applies from the date of purchase."),
    ("company", "Maria Okafor and Jens Lindqvist founded Brightwater Analytics in Gothenburg in 1998."),
    ("company", "Brightwater Analytics was founded in Gothenburg in 1998 by Maria Okafor and Jens Lindqvist."),
    ("company", "Revenue increased by 12.4 percent to €84 million in the third quarter of 2023."),
    ("company", "Operating costs fell by three percentage points."),
    ("company", "About 1250 people in 9 countries are employed by the company."),
    ("company", "The board approved the merger with Calder Systems on 14 May 2024."),
    ("company", "On May 14, 2024, the merger with Calder Systems was approved by the board."),
    ("company", "Lindqvist has never held a seat on the board."),
    ("company", "The head office is larger than the one in Malmö and is in the north of the city."),
    ("study", "106 patients received placebo for 12 weeks."),
    ("study", "With drug A, systolic pressure decreased by 8.2 mmHg (p = 0.003)."),
    ("study", "Systolic pressure didn't change with placebo."),
    ("study", "Headache was more frequent in the placebo group (14% vs. 9%)."),
    ("study", "There were no serious adverse events."),
    ("study", "Serious adverse events did not occur."),
    ("study", "The study excluded patients older than 75 years."),
    ("study", "The effect was strongest in women."),
    ("study", "The ACE2 receptor is inhibited by drug A."),
    ("study", "Drug A can cause cough."),
    ("study", "Before meals, doses were given two times daily."),
    ("rules", "Residents can use the roof terrace between 8 am and 10 pm."),
    ("rules", "The roof terrace may be used by residents from 8:00 to 22:00."),
    ("rules", "Dogs have to be kept on a leash."),
    ("rules", "Barbecues are not allowed on balconies."),
    ("rules", "On Sundays the laundry room is closed."),
    ("rules", "Subletting is possible if the landlord gives written consent."),
    ("rules", "The deposit is three months' rent."),
    ("rules", "The deposit is returned at most six months after moving out."),
    ("rules", "Guests staying longer than 8 weeks must be registered."),
    ("rules", "Bicycles do not belong in the hallway but in the cellar."),
    ("storage", "Business accounts include 2 terabytes of storage."),
    ("storage", "Free accounts come with 15 GB of storage."),
    ("storage", "Deleted files are permanently removed after thirty days."),
    ("storage", "You cannot upload files larger than 5 GB through the browser."),
    ("storage", "Within 90 days, administrators can restore a deleted account."),
    ("storage", "Backups are encrypted with AES-256 and run daily at 2:30 a.m."),
    ("storage", "Backups run every day at 2:30 am."),
    ("storage", "The service isn't available in Brazil."),
    ("storage", "Your data is not sold to third parties."),
    ("storage", "We never sell your data to third parties."),
    ("storage", "VAT is not included in the prices."),
]

FALSE = [
    ("leave", "Full-time employees are entitled to 30 days of paid leave per calendar year."),
    ("leave", "Full-time employees are entitled to 26 weeks of paid leave per calendar year."),
    ("leave", "Full-time employees are entitled to 26 days of unpaid leave per calendar year."),
    ("leave", "Up to six unused days may be carried over until 31 May of the following year."),
    ("leave", "Up to sixteen unused days may be carried over until 31 March of the following year."),
    ("leave", "At least six unused days may be carried over until 31 March of the following year."),
    ("leave", "Up to six unused days must be carried over until 31 March of the following year."),
    ("leave", "Requests must be submitted at most two weeks before the first day of leave."),
    ("leave", "Requests must be submitted at least two weeks after the first day of leave."),
    ("leave", "Requests must be submitted at least two weeks before the last day of leave."),
    ("leave", "If a manager answers within five working days, the request counts as approved."),
    ("leave", "If a manager does not answer within five working days, the request does not count as approved."),
    ("leave", "Leave can be paid out unless the employment ends."),
    ("leave", "Requests must be submitted at least two months before the first day of leave."),
    ("security", "Passwords must contain at least 12 characters and must not be reused."),
    ("security", "Passwords must contain at most 14 characters and must not be reused."),
    ("security", "Passwords must contain at least 14 characters and may be reused."),
    ("security", "Laptops are locked automatically after 10 hours without input."),
    ("security", "Visitors may enter the server room without an escort."),
    ("security", "Visitors may not enter the server room with an escort from Northwind Facilities."),
    ("security", "Visitors may not enter the server room without an escort from Contoso Facilities."),
    ("security", "Incidents are reported to the desk in Hamburg by phone before 6 pm."),
    ("security", "Incidents are reported to the desk in Rotterdam by phone before 6 am."),
    ("security", "Incidents are reported to the desk in Rotterdam by phone after 6 pm."),
    ("security", "Multi-factor authentication is optional for remote access."),
    ("security", "Multi-factor authentication is not required for remote access."),
    ("security", "Personal devices are allowed on the production network."),
    ("security", "Multi-factor authentication is required for remote access and inside the office."),
    ("travel", "The hotel limit is EUR 165 per night in Lisbon."),
    ("travel", "The hotel limit is EUR 140 per week in Lisbon."),
    ("travel", "The hotel limit is USD 140 per night in Lisbon."),
    ("travel", "The hotel limit is EUR 140 per night in Madrid."),
    ("travel", "Flights over four hours are booked in economy class."),
    ("travel", "Receipts above EUR 25 are not required."),
    ("travel", "Receipts below EUR 25 are required."),
    ("travel", "Smaller amounts can be claimed with a receipt."),
    ("travel", "Smaller amounts cannot be claimed without a receipt."),
    ("travel", "Expense reports are due by the 15th of each month."),
    ("travel", "Expense reports are due by the 10th of each quarter."),
    ("travel", "The mileage rate fell from $0.58 to $0.62 per mile in January 2024."),
    ("travel", "The mileage rate rose from $0.58 to $0.65 per mile in January 2024."),
    ("travel", "The mileage rate rose from $0.58 to $0.62 per kilometre in January 2024."),
    ("travel", "The mileage rate rose from $0.58 to $0.62 per mile in January 2023."),
    ("travel", "The mileage rate rose from $0.58 to $0.62 per mile in June 2024."),
    ("manual", "The HX-40 pump delivers 5.3 litres per minute at a maximum pressure of 6 bar."),
    ("manual", "The HX-40 pump delivers 3.5 litres per hour at a maximum pressure of 6 bar."),
    ("manual", "The HX-40 pump delivers 3.5 litres per minute at a minimum pressure of 6 bar."),
    ("manual", "The HX-50 pump delivers 3.5 litres per minute at a maximum pressure of 6 bar."),
    ("manual", "Run the pump dry for more than 30 seconds."),
    ("manual", "Do not run the pump dry for less than 30 seconds."),
    ("manual", "Do not run the pump dry for more than 30 minutes."),
    ("manual", "Replace filter F2 every 500 hours or twice a year, whichever comes first."),
    ("manual", "Replace filter F3 every 500 hours or once a year, whichever comes first."),
    ("manual", "The red lamp means that the tank is full."),
    ("manual", "The green lamp means that the tank is empty."),
    ("manual", "Store the device at temperatures between 5 and 45 degrees Celsius."),
    ("manual", "Store the device at temperatures between 5 and 40 degrees Fahrenheit."),
    ("manual", "After opening the cover, disconnect the power supply and wait three minutes."),
    ("manual", "The warranty lasts two months from the date of purchase."),
    ("company", "Brightwater Analytics was founded in 1989 by Maria Okafor and Jens Lindqvist in Gothenburg."),
    ("company", "Brightwater Analytics was founded in 1998 by Maria Okafor and Jens Lindqvist in Stockholm."),
    ("company", "Brightwater Analytics was founded in 1998 by Anna Okafor and Jens Lindqvist in Gothenburg."),
    ("company", "In the second quarter of 2023 revenue increased by 12.4 % to 84 million euros."),
    ("company", "In the third quarter of 2023 revenue decreased by 12.4 % to 84 million euros."),
    ("company", "In the third quarter of 2023 revenue increased by 12.4 % to 84 billion euros."),
    ("company", "In the third quarter of 2023 revenue increased by 1.24 % to 84 million euros."),
    ("company", "In the third quarter of 2023 revenue increased by 12.4 % to 84 million dollars."),
    ("company", "Operating costs fell by 3 percent."),
    ("company", "Operating costs rose by 3 percentage points."),
    ("company", "The company employs about 1,520 people in nine countries."),
    ("company", "The company employs about 1,250 people in five countries."),
    ("company", "On Thursday, 14 May 2024, the board approved the merger with Calder Systems."),
    ("company", "On Tuesday, 14 May 2024, the board rejected the merger with Calder Systems."),
    ("company", "On Tuesday, 24 May 2024, the board approved the merger with Calder Systems."),
    ("company", "On Tuesday, 14 May 2024, the board approved the merger with Lindqvist."),
    ("company", "Lindqvist held a seat on the board."),
    ("company", "The head office is in the south of the city."),
    ("company", "The head office is smaller than the one in Malmö."),
    ("study", "Of 212 patients, 160 received drug A."),
    ("study", "106 received placebo for 12 months."),
    ("study", "Systolic pressure increased by 8.2 mmHg with drug A."),
    ("study", "Systolic pressure decreased by 2.8 mmHg with drug A."),
    ("study", "Systolic pressure decreased by 8.2 mmHg with drug A (p = 0.03)."),
    ("study", "Systolic pressure did change with placebo."),
    ("study", "Headache was less frequent in the placebo group (14 % versus 9 %)."),
    ("study", "Headache was more frequent in the placebo group (9 % versus 14 %)."),
    ("study", "Serious adverse events occurred."),
    ("study", "Patients younger than 75 years were excluded."),
    ("study", "Patients older than 75 years were included."),
    ("study", "The effect was weakest in women."),
    ("study", "The effect was strongest in men."),
    ("study", "Drug A activates the ACE2 receptor."),
    ("study", "Drug A inhibits the ACE1 receptor."),
    ("study", "Drug A must cause cough."),
    ("study", "Doses were given twice weekly before meals."),
    ("study", "Doses were given twice daily after meals."),
    ("study", "Doses were given once daily before meals."),
    ("rules", "Residents may use the roof terrace from 8 am to 11 pm."),
    ("rules", "Residents may not use the roof terrace from 8 am to 10 pm."),
    ("rules", "Dogs need not be kept on a leash."),
    ("rules", "Barbecues are allowed on balconies."),
    ("rules", "The laundry room is open on Sundays."),
    ("rules", "The laundry room is closed on Saturdays."),
    ("rules", "Subletting is impossible with the written consent of the landlord."),
    ("rules", "Subletting is possible without the written consent of the landlord."),
    ("rules", "The deposit amounts to two months' rent."),
    ("rules", "The deposit is returned no earlier than six months after moving out."),
    ("rules", "The deposit is returned no later than six weeks after moving out."),
    ("rules", "Guests who stay longer than eighteen weeks have to be registered."),
    ("rules", "Guests who stay shorter than eight weeks have to be registered."),
    ("rules", "Bicycles belong in the hallway, not in the cellar."),
    ("storage", "Free accounts include 15 TB of storage."),
    ("storage", "Free accounts include 2 TB of storage."),
    ("storage", "Business accounts include 15 GB of storage."),
    ("storage", "Deleted files are kept for 90 days and are then removed permanently."),
    ("storage", "Deleted files are kept for 30 days and are then removed temporarily."),
    ("storage", "Files smaller than 5 GB cannot be uploaded through the browser."),
    ("storage", "Files larger than 5 GB can be uploaded through the browser."),
    ("storage", "Administrators can restore a deleted account within 30 days."),
    ("storage", "Administrators cannot restore a deleted account within 90 days."),
    ("storage", "Backups run weekly at 2:30 am and are encrypted with AES-256."),
    ("storage", "Backups run daily at 2:30 pm and are encrypted with AES-256."),
    ("storage", "Backups run daily at 2:30 am and are encrypted with AES-128."),
    ("storage", "Backups run daily at 2:30 am and are not encrypted."),
    ("storage", "The service is available in Brazil, but not in the EU."),
    ("storage", "The service is available in Brazil."),
    ("storage", "We sell your data to third parties."),
    ("storage", "Prices include VAT."),
    ("storage", "The office canteen serves lunch until two o'clock."),
    ("rules", "The landlord pays for the electricity of every flat."),
]

BEYOND_THE_RULES = {
    "Multi-factor authentication is required for remote access and inside the office.",
    "Business accounts include 15 GB of storage.",
}
"""False in a way that takes a reader: what the second half of a sentence borrows from the first."""


def is_called_unsupported(topic: str, sentence: str) -> bool:
    return check_sentence(sentence, [PASSAGES[topic]]).support in {"unsupported", "contradicted"}


@pytest.mark.parametrize(("topic", "sentence"), TRUE)
def test_a_true_paraphrase_is_not_called_unsupported(topic: str, sentence: str) -> None:
    assert not is_called_unsupported(topic, sentence)


@pytest.mark.parametrize(("topic", "sentence"), [pair for pair in FALSE if pair[1] not in BEYOND_THE_RULES])
def test_a_changed_detail_is_called_unsupported(topic: str, sentence: str) -> None:
    assert is_called_unsupported(topic, sentence)


def test_nearly_all_true_paraphrases_are_called_supported() -> None:
    supported = [check_sentence(sentence, [PASSAGES[topic]]).support == "supported" for topic, sentence in TRUE]
    assert sum(supported) >= 0.95 * len(supported)


def test_the_other_passages_do_not_make_a_false_sentence_true() -> None:
    passages = list(PASSAGES.values())
    caught = [check_sentence(sentence, passages).support in {"unsupported", "contradicted"} for _, sentence in FALSE]
    assert sum(caught) >= 0.95 * len(caught)


@pytest.mark.parametrize(
    ("topic", "sentence", "difference"),
    [
        (
            "leave",
            "Full-time employees are entitled to 30 days of paid leave.",
            Difference("number", "30 days", "26 days"),
        ),
        (
            "leave",
            "Full-time employees are entitled to 26 weeks of paid leave.",
            Difference("number", "26 weeks", "26 days"),
        ),
        (
            "company",
            "On Tuesday, 24 May 2024, the board approved the merger with Calder Systems.",
            Difference("date", "24 May 2024", "14 May 2024"),
        ),
        ("rules", "The laundry room is closed on Saturdays.", Difference("date", "Saturdays", "Sundays")),
        (
            "security",
            "Incidents are reported to the desk in Hamburg by phone.",
            Difference("name", "Hamburg", "Rotterdam"),
        ),
        (
            "security",
            "Personal devices are allowed on the production network.",
            Difference("negation", "allowed", "not allowed"),
        ),
        ("rules", "Barbecues are allowed on balconies.", Difference("negation", "allowed", "prohibited")),
        (
            "leave",
            "Requests must be submitted at most two weeks before the first day.",
            Difference("comparison", "at most", "at least"),
        ),
        ("study", "Patients younger than 75 years were excluded.", Difference("comparison", "younger", "older")),
        ("manual", "Error E-7 of the pump means that the tank is empty.", Difference("name", "E-7")),
        (
            "storage",
            "Free accounts include 15 GB of storage and a calendar with reminders.",
            Difference("wording", "calendar with reminders"),
        ),
    ],
)
def test_what_differs_is_said_in_the_words_of_both(topic: str, sentence: str, difference: Difference) -> None:
    check = check_sentence(sentence, [PASSAGES[topic]])
    assert check.support != "supported"
    assert difference in check.differences


@pytest.mark.parametrize(("topic", "sentence"), TRUE + FALSE)
def test_differences_come_with_every_other_verdict_and_are_written_as_the_two_write_them(
    topic: str, sentence: str
) -> None:
    check = check_sentence(sentence, [PASSAGES[topic]])
    assert bool(check.differences) is (check.support != "supported")
    for difference in check.differences:
        assert all(part in sentence for part in difference.claimed.rstrip("\u2026").split(" \u2026 "))
        assert difference.stated in PASSAGES[topic]
