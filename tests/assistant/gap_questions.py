"""What people would ask of the sample company that its documents do not say, by topic, each in words of its own."""

TOPICS: dict[str, tuple[str, ...]] = {
    "pension": (
        "How much does the company pay into my pension?",
        "Does Skerrivane match what I put into the pension scheme?",
        "Who runs our pension fund?",
        "Can I raise my pension contribution during the year?",
        "When may I join the workplace pension?",
    ),
    "dogs": (
        "May I bring my dog to the office?",
        "Are dogs allowed at work?",
        "Is there a rule about pets in the building?",
        "Can my puppy come with me on Fridays?",
    ),
    "notice": (
        "How much notice do I have to give if I resign?",
        "What is the notice period when I quit?",
        "I want to hand in my resignation. How many weeks before I leave?",
        "How long is my notice after three years here?",
    ),
    "dentist": (
        "Which dentist's bills does our health insurance cover?",
        "Does the health insurance pay for dental work?",
        "Is a filling at the dentist covered?",
        "Are glasses and dental treatment part of the company health plan?",
    ),
    "visas": (
        "Does Skerrivane sponsor work visas?",
        "Who pays for my work visa?",
        "Can the company sponsor me if I need a visa to stay in the country?",
        "How do I get a skilled worker visa through Skerrivane?",
    ),
    "charging": (
        "Where can I charge my own electric car at work?",
        "Is there a charging point for electric cars in the car park?",
        "What does charging an EV at the office cost?",
        "May I plug my car in at the workshop to charge it?",
    ),
    "gym": (
        "Do we get cheaper membership at the gym?",
        "Is there a staff discount for the gym?",
        "Does the company pay for a fitness club?",
        "Can I have my gym membership subsidised?",
    ),
    "printer": (
        "How do I set up the office printer on a Mac?",
        "My MacBook does not find the printer. How do I add it?",
        "Where do I get the printer driver?",
        "How do I print in colour from my laptop?",
    ),
    "turnover": (
        "What was the company's turnover last year?",
        "How much revenue did Skerrivane make?",
        "Did the company make a profit last year?",
        "What were our sales figures in 2025?",
    ),
    "care": (
        "How long can I take off to nurse my sick mother?",
        "Is there leave for looking after a parent who is ill?",
        "My father needs care at home. May I take unpaid leave?",
        "Do I get paid when I care for a sick relative?",
    ),
    "firmware 5": (
        "When is firmware 5.0 due?",
        "What will be new in firmware 5?",
        "Is there a date for the release of firmware 5.0?",
    ),
    "childcare": (
        "Does the company run a nursery?",
        "Is there any help with childcare costs?",
        "Are there nursery places for the children of staff?",
    ),
}
ALONE = (
    "Who won the regatta last summer?",
    "What is the combination of the safe in Bora?",
    "Which insurer covers the pool cars?",
    "What does Moira Tennant earn?",
    "How far does the radio of the Curlew reach?",
    "How do I apply for parental benefit in Germany?",
)
"""Each like no other."""
