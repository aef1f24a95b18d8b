"""What `citewell doctor` says of how people sign in, and of who sees what is measured."""

import stat
import tomllib
from pathlib import Path
from typing import Any

from assistant.finding import Finding
from assistant.settings import Settings
from retrieval.addresses import is_loopback

ROOT = Path(__file__).resolve().parent.parent
_SECRETS = Path(".streamlit") / "secrets.toml"
_COOKIE_SECRET_CHARS = 32
_NAME = "Signing in"
_NEEDED = ("redirect_uri", "cookie_secret")


def look_at_sign_in(settings: Settings) -> Finding:
    """Whether what the settings ask for is there."""
    match settings.sign_in:
        case "none":
            where = "every machine in reach" if settings.serve_everyone_without_sign_in else "this machine only"
            return Finding(_NAME, True, f"nobody signs in; for {where}")
        case "proxy":
            return Finding(_NAME, True, "an identity proxy says who somebody is")
        case "oidc":
            return _look_at_secrets()


def look_at_metrics(settings: Settings) -> Finding:
    """Where they are, and whether others see them."""
    if settings.metrics_port is None:
        return Finding("Metrics", True, "none are kept; CITEWELL_METRICS_PORT turns them on")
    address = settings.metrics_address
    where = f"http://[{address}]" if ":" in address else f"http://{address}"
    remedy = "" if is_loopback(where) else "Whoever reaches this port reads them: let only Prometheus do so."
    return Finding("Metrics", True, f"at {where}:{settings.metrics_port}/metrics", remedy)


def _look_at_secrets() -> Finding:
    file = next((path for base in (Path.cwd(), ROOT, Path.home()) if (path := base / _SECRETS).is_file()), None)
    if file is None:
        return Finding(_NAME, False, f"there is no {_SECRETS}", "Write it as docs/guide/administrator.md says.")
    try:
        auth: dict[str, Any] = tomllib.loads(file.read_text("utf-8")).get("auth", {})
    except (OSError, ValueError) as error:
        return Finding(_NAME, False, f"{file} cannot be read ({type(error).__name__})", "Correct it.")
    if missing := [name for name in _NEEDED if not auth.get(name)]:
        return Finding(_NAME, False, f"[auth] in {file} has no {missing[0]}", "Add it.")
    if len(str(auth["cookie_secret"])) < _COOKIE_SECRET_CHARS:
        return Finding(_NAME, False, f"the cookie_secret in {file} is short", "Give it 32 random characters or more.")
    if file.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
        return Finding(_NAME, True, f"by {file}, which others can read", f"Let only its owner: chmod 600 {file}.")
    return Finding(_NAME, True, f"by the provider in {file}")
