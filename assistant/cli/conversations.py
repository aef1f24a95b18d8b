"""`citewell conversations`: what was asked and answered, as files."""

import sys
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from assistant.access import LOCAL_USER, readable_by
from assistant.audit import Action
from assistant.cli.output import HomeDir, Json, WrongUsage, database, print_json, print_text, record
from assistant.conversations import Conversations
from assistant.errors import AssistantError
from assistant.export import File, Format, export
from assistant.transcript import readable_transcript
from retrieval.catalogue import Catalogue
from retrieval.library import Library

conversations = typer.Typer(help="Take conversations out as files.", no_args_is_help=True)


@conversations.command("export")
def export_conversation(
    conversation: Annotated[str, typer.Argument(metavar="ID", help="As in the address of the page, after c=.")],
    form: Annotated[Format, typer.Option("--format", help="md, json or pdf.")] = "md",
    output: Annotated[Path | None, typer.Option("-o", "--output", metavar="FILE", help="Else standard output.")] = None,
    as_json: Json = False,
    home: HomeDir = None,
) -> None:
    """Write a conversation with its citations, as Markdown, JSON or PDF."""
    if output is None and (as_json or form == "pdf"):
        raise WrongUsage("A PDF, and --json, want a file to write to: add -o FILE.")
    with database(home) as engine:
        scope = readable_by(LOCAL_USER, Library(engine))
        transcript = readable_transcript(
            Conversations(engine), Catalogue(engine), conversation, principal=LOCAL_USER, scope=scope
        )
        file = export(transcript, form, on=date.today())
        record(engine, Action.CONVERSATION_EXPORTED, conversation, format=form)
    if output is None:
        sys.stdout.write(file.content.decode())
        return
    _write(file, output)
    if as_json:
        print_json(
            {"file": str(output), "format": form, "messages": len(transcript.entries), "bytes": len(file.content)}
        )
    else:
        print_text(f"{len(transcript.entries)} messages are in {output}.")


def _write(file: File, output: Path) -> None:
    try:
        output.write_bytes(file.content)
    except OSError as error:
        raise AssistantError(f"The file {output} could not be written ({error.strerror}); check the path.") from error
