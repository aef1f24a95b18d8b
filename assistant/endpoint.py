"""What is looked at of a model endpoint's settings before anything is sent there."""

from pathlib import Path
from urllib.parse import urlsplit

from assistant.errors import SettingsError
from retrieval.addresses import is_loopback, is_web_address


def checked_url(url: str, *, has_key: bool) -> str:
    """The address without a slash at its end; raises SettingsError where it is none, or would show the key."""
    if not is_web_address(url):
        raise SettingsError(f"OPENAI_BASE_URL is {_named(url)!r}; give an address like http://127.0.0.1:8080/v1.")
    if has_key and is_exposed(url):
        raise SettingsError(
            f"The API key would travel unencrypted to {urlsplit(url).hostname}; use https, or leave OPENAI_API_KEY out."
        )
    return url.rstrip("/")


def is_exposed(url: str) -> bool:
    """Whether a key that is sent there can be read on its way: by plain http, to another machine."""
    return url.lower().startswith("http:") and not is_loopback(url)


def _named(url: str) -> str:
    """The address as far as it can be told without a password in it."""
    return url.rpartition("@")[2]


def checked_file(path: Path | None) -> Path | None:
    """The file; raises SettingsError where it is not there."""
    if path and not path.is_file():
        raise SettingsError(f"There is no CA file {path}; correct the setting.")
    return path


def is_openai(url: str) -> bool:
    """Whether it is OpenAI's own."""
    host = urlsplit(url).hostname or ""
    return host == "openai.com" or host.endswith(".openai.com")
