"""Answers that somebody vouches for until a day, offered before anything is searched."""
