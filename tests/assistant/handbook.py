"""Three documents for whoever measures."""

from assistant.bootstrap import Citewell
from tests.conftest import document

DOCUMENTS = {
    "leave.md": ("Leave policy", "Staff have 26 days of annual leave each calendar year. Unused days end in March."),
    "vpn.md": ("VPN", "Error E-4512 means that the certificate has expired. Renew it in the portal within two days."),
    "cats.md": (
        "Office cats",
        "The office cats sleep most of the day. They are fed at half past seven in the morning.",
    ),
}


def read_handbook(citewell: Citewell) -> str:
    """Read them into a new collection, whose id is returned."""
    collection = citewell.library.create_collection("Handbook").id
    read = [(name, document(text, title=title)) for name, (title, text) in DOCUMENTS.items()]
    citewell.intake.add_parsed(collection, read)
    return collection
