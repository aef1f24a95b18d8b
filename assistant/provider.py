"""Whether the provider with whom people sign in answers."""

import httpx2

_PATIENCE_S = 4.0


def answers(metadata_url: str) -> bool:
    """Whether the address of a provider's metadata gives them; asked before a browser is sent there."""
    try:
        return httpx2.get(metadata_url, timeout=_PATIENCE_S, follow_redirects=True).is_success
    except (httpx2.HTTPError, httpx2.InvalidURL):
        return False
