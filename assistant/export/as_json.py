"""A conversation as JSON, for programs: every sentence with its verdict, every citation with its place."""

import json
from datetime import UTC, date
from typing import Any

from assistant.as_json import citation_json, sentence_json
from assistant.transcript import Entry, Transcript


def json_of(transcript: Transcript, on: date) -> bytes:
    """One object, in UTF-8; docs/cli.md describes it."""
    exported = {
        "title": transcript.title,
        "created_at": transcript.created_at.replace(tzinfo=UTC).isoformat(timespec="seconds"),
        "exported_on": on.isoformat(),
        "messages": [message_json(entry) for entry in transcript.entries],
    }
    return json.dumps(exported, ensure_ascii=False, indent=1).encode() + b"\n"


def message_json(entry: Entry) -> dict[str, Any]:
    """A question, or an answer with its proof."""
    message: dict[str, Any] = {"role": entry.role, "text": entry.text}
    if entry.role == "user":
        return message
    message |= {"state": entry.state, "reason": entry.reason}
    answer = entry.answer
    return message | {
        "status": answer.status if answer else None,
        "notice": answer.notice if answer else None,
        "sentences": [
            {**sentence_json(sentence, ()), "start": sentence.start, "end": sentence.end}
            for sentence in (answer.sentences if answer else ())
        ],
        "citations": [citation_json(citation) for citation in (answer.citations if answer else ())],
    }
