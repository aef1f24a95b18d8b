"""`citewell serve`, `weights`, `doctor` and `rebuild`."""

import os
import socket
import sys
from contextlib import closing
from typing import Annotated

import typer

from assistant.bootstrap import EXAMPLES
from assistant.cli.output import HomeDir, Json, perform, print_json, print_text, say
from assistant.doctor import examine
from assistant.errors import AssistantError
from assistant.home import Home, database_of, home_of
from assistant.settings import Settings, environment
from retrieval.database import open_database
from retrieval.weights import install_weights

CHAT_APP = EXAMPLES.parent / "chat_app.py"


def serve(
    port: Annotated[int, typer.Option("--port", min=1, max=65535, help="Where to listen.")] = 8501,
    host: Annotated[str, typer.Option("--host", help="On which address; 0.0.0.0 is all of them.")] = "127.0.0.1",
    demo: Annotated[bool, typer.Option("--demo", help="A demonstration; nothing is kept.")] = False,
    home: HomeDir = None,
) -> None:
    """Serve the app until it is stopped; other machines reach it only where people sign in."""
    settings = Settings.read(home=home, demo=demo or None)
    settings.check_address(host)
    changes = {
        "CITEWELL_HOME": str(home_of(settings)),
        "CITEWELL_DEMO": str(int(settings.demo)),
    }
    _check_port(host, port)
    if not settings.demo:
        with closing(Home(home_of(settings))):
            open_database(database_of(settings)).dispose()  # What is newer or damaged is said here, not on a page.
            say(f"Citewell serves {settings.home} at http://localhost:{port}")
    else:
        say(f"Citewell's demonstration is at http://localhost:{port}; nothing is kept.")
    command = [sys.executable, "-m", "streamlit", "run", str(CHAT_APP), f"--server.port={port}"]
    command.append("--logger.hideWelcomeMessage=true")
    if settings.upload_mb is not None:
        command.append(f"--server.maxUploadSize={settings.upload_mb}")
    sys.stderr.flush()
    os.execve(sys.executable, [*command, f"--server.address={host}"], environment(**changes))


def _check_port(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        raise AssistantError(
            f"Port {port} cannot be used ({error.strerror}); stop what uses it, or choose another --port or --host."
        ) from error


def weights(as_json: Json = False) -> None:
    """Install the local embedding's weights and check that they are the published ones."""
    found = install_weights()
    if as_json:
        print_json({"tensors": str(found.tensors), "verified": True})
    else:
        print_text(f"The weights are installed and verified: {found.tensors}")


def doctor(as_json: Json = False, home: HomeDir = None) -> None:
    """Check everything this installation needs."""
    findings = tuple(examine(Settings.read(home=home)))
    healthy = all(finding.ok for finding in findings)
    if as_json:
        rows = [{"name": f.name, "ok": f.ok, "detail": f.detail, "remedy": f.remedy} for f in findings]
        print_json({"ok": healthy, "checks": rows})
    else:
        for finding in findings:
            print_text(f"{'ok ' if finding.ok else 'NO '} {finding.name}: {finding.detail}")
            if finding.remedy:
                print_text(f"    {finding.remedy}")
    if not healthy:
        raise typer.Exit(1)


def rebuild(as_json: Json = False, home: HomeDir = None) -> None:
    """Build every index again from the database, without embedding again."""
    result = perform("rebuild", {}, home)
    if as_json:
        print_json(result)
    else:
        print_text(f"Built the indexes of {result['collections']} collections again ({result['chunks']} passages).")
