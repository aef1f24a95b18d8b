"""Tickets: what one is, how urgent, where it goes, what is known about it, and a reply from the documents."""
