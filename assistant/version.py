"""Which Citewell this is."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version

PACKAGE = "citewell-assistant"


@cache
def version_of_citewell() -> str:
    """The version that is installed; `unknown` where the code is run without being installed."""
    try:
        return version(PACKAGE)
    except PackageNotFoundError:
        return "unknown"
