"""What is done where the database's server is away for a moment, as while it is started anew."""

from collections.abc import Callable, Iterator
from itertools import chain
from typing import TypeVar

from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_random_exponential

from retrieval.errors import HomeInUse, HomeUnreachable

_LONGEST_S = 30
Item = TypeVar("Item")

through_outage = retry(
    retry=retry_if_exception_type((HomeUnreachable, HomeInUse)),
    stop=stop_after_delay(_LONGEST_S),
    wait=wait_random_exponential(multiplier=0.1, max=2),
    reraise=True,
)
"""Do it again for half a minute, also where others stand in the way. For reading, and for what may be stored twice."""


@through_outage
def begun(items: Callable[[], Iterator[Item]]) -> Iterator[Item]:
    """What it yields; begun again where the server is away before the first of it."""
    ahead = items()
    for first in ahead:
        return chain((first,), ahead)
    return ahead
