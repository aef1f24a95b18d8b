"""What the scripted model says in the browser's tests and pictures, by the question that is asked."""

from tests.assistant.scripted_endpoint import DONE, HEAD, RESET, Request, Script, chunk, usage

LEAVE = "How many days of annual leave do I get, and how do I ask for them?"
PART_TIME = "How is it for part-timers?"
ALL_STAFF = "How many days of paid annual leave does everyone have?"
PENSION = "How much does the company pay into my pension?"
BUY = "How do I buy additional days of leave?"
MEALS = "What is the daily meal allowance on a business trip in the country?"
CARRY = "And at the end of the year, how much leave may I keep?"
SLOWLY = "What is to be known about annual leave?"
BOLTS = "How many bolts anchor the mast on Farholm?"

_GOOD = (
    "Everyone who works full time has **26 days** of paid annual leave in a calendar year, on top of the eight "
    "public holidays [1].\n\nTo ask for leave:\n\n- Enter the request in the Logbook, under *My time* [1].\n"
    "- Your team lead answers within two working days [1].\n- Ask at least two weeks ahead for up to ten working "
    "days in a row [1]."
)
_UNSUPPORTED = (
    "Part-timers have the same leave in proportion to their weekly hours [1]. It is rounded up to the next "
    "half day [1]. Half days are not possible [1]. "
    "Unused days are paid out at £500 each."
)
_CONTRADICTED = (
    "Everyone who works full time has 28 days of paid annual leave in a calendar year [1]. Your team lead answers "
    "within two working days [1]."
)
_INVENTED = "Dogs may come to the office on Fridays. Every dog wears a blue collar and stays at its desk."
_NEXT = "How many days of leave may I carry over?\nMay I buy additional days of leave?\nTitle: Annual leave"


def said(text: str, *, wait_s: float = 0.3, pause_s: float = 0.005, ending: Script | None = None) -> Script:
    """A model's reply, word by word, after a moment in which nothing comes."""
    pieces = [piece for word in text.split(" ") for piece in (chunk(f"{word} "), pause_s)]
    return (HEAD, wait_s, *pieces, *(ending or (chunk(finish="stop"), usage(1200, 90), DONE)))


ANSWERS = {
    LEAVE: said(_GOOD, wait_s=2.5, pause_s=0.06),
    PART_TIME: said(_UNSUPPORTED),
    ALL_STAFF: said(_CONTRADICTED),
    BUY: said(_INVENTED),
    MEALS: said("The daily meal allowance is £56 for a full day in the country and £72 for a full day abroad."),
    CARRY: said(_GOOD[:150], ending=(RESET,)),
    BOLTS: said("The mast on Farholm is anchored with nine bolts [1]."),
    SLOWLY: said(f"{_GOOD}\n\n{_GOOD}\n\n{_GOOD}", pause_s=0.15),
}
REWRITES = {
    PART_TIME: "How many days of annual leave do part-timers get?",
    CARRY: "How much leave may I keep at the end of the year?",
}


def reply_to(request: Request) -> Script:
    """What the scripted model says to a prompt, known by the question in it."""
    prompt = "\n".join(message["content"] for message in request.body["messages"])
    if "may want to ask next" in prompt:
        return said(_NEXT)
    asked = max((*ANSWERS, *REWRITES.values()), key=prompt.rfind)
    if "understood without the conversation" in prompt:
        return said(REWRITES.get(asked, asked))
    return ANSWERS.get(asked) or next(ANSWERS[first] for first, second in REWRITES.items() if second == asked)
