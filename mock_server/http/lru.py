"""A cache of responses that is limited by their bytes."""

from collections import OrderedDict
from collections.abc import Hashable

from mock_server.http.exchange import Response


class LruResponses:
    """As many responses as fit in; the least recently used makes room."""

    def __init__(self, most_bytes: int) -> None:
        self._most, self._used = most_bytes, 0
        self._by_key: OrderedDict[Hashable, Response] = OrderedDict()

    def get(self, key: Hashable) -> Response | None:
        """The response that was put there, if it is still there."""
        response = self._by_key.get(key)
        if response is not None:
            self._by_key.move_to_end(key)
        return response

    def put(self, key: Hashable, response: Response) -> None:
        """Keep a response under a key that has none."""
        self._by_key[key] = response
        self._used += _size(response)
        while self._used > self._most:
            _, oldest = self._by_key.popitem(last=False)
            self._used -= _size(oldest)


def _size(response: Response) -> int:
    # Twice: the compressed form is made when somebody asks for it, and is never longer.
    return 2 * len(response.body)
