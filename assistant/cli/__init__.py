"""The command line. Its names, JSON and exit codes are a contract that scripts rely on (docs/cli.md)."""

import logging
import sys

import typer

from assistant.cli import (
    admin,
    audit,
    backups,
    checks,
    conversations,
    evaluation,
    gaps,
    keys,
    library,
    operations,
    question_sets,
    questions,
    rules,
    triage,
    watching,
    working,
)
from assistant.cli.output import FAILED, WRONG_USAGE, WrongUsage, print_json, say
from assistant.errors import AssistantError
from assistant.logs import start_logging
from retrieval.errors import RetrievalError

log = logging.getLogger(__name__)
STOPPED_BY_PERSON = 130

app = typer.Typer(
    name="citewell",
    help="Answers from your organisation's own documents, with the proof for every sentence.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command()(operations.serve)
app.command()(library.ingest)
app.command()(library.sync)
app.command()(questions.search)
app.command()(questions.ask)
app.command()(checks.check)
app.add_typer(library.documents, name="documents")
app.add_typer(library.collections, name="collections")
app.add_typer(library.jobs, name="jobs")
app.add_typer(conversations.conversations, name="conversations")
app.add_typer(rules.rules, name="rules")
app.add_typer(admin.admin, name="admin")
app.add_typer(keys.keys, name="keys")
app.add_typer(triage.triage, name="triage")
app.add_typer(gaps.gaps, name="gaps")
evaluation.evaluation.command("set")(question_sets.measure_set)
evaluation.evaluation.command("sets")(question_sets.list_sets)
app.add_typer(evaluation.evaluation, name="eval")
app.command(name="audit")(audit.show_audit)
app.command()(operations.weights)
app.command()(operations.doctor)
app.command()(backups.backup)
app.command()(backups.restore)
app.command()(operations.rebuild)
app.command()(working.worker)
app.command()(watching.settings)
app.command()(watching.trace)
app.command(name="support-bundle")(watching.support_bundle)


def main() -> None:
    """Run one command; whatever fails ends in one sentence, never in a traceback."""
    start_logging("text", level=logging.ERROR)
    try:
        app()
    except WrongUsage as error:
        _fail(error.hint, WRONG_USAGE)
    except (AssistantError, RetrievalError) as error:
        _fail(error.hint)
    except KeyboardInterrupt:
        say("Stopped.")
        sys.exit(STOPPED_BY_PERSON)
    except BrokenPipeError:
        sys.exit(FAILED)
    except Exception as error:  # the door of every command
        log.debug("unexpected", exc_info=True)
        _fail(f"Citewell failed unexpectedly ({type(error).__name__}: {error}). Run `citewell doctor`, then try again.")


def _fail(sentence: str, code: int = FAILED) -> None:
    say(sentence)
    if "--json" in sys.argv:
        print_json({"error": sentence})
    sys.exit(code)
