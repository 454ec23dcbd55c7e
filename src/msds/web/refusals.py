"""What a request is told when it does not get what it asked for."""

from __future__ import annotations

import json
from collections.abc import Mapping

AGAIN = {"retry-after": "1"}


class RefusedError(Exception):
    """A status and one sentence.

    Parameters
    ----------
    status : of HTTP.
    sentence : why.
    headers : of the answer.
    """

    def __init__(
        self, status: int, sentence: str, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(sentence)
        self.status = status
        self.headers: dict[str, str] = dict(headers or {})

    @property
    def body(self) -> bytes:
        """The sentence as JSON."""
        return json.dumps({"error": str(self)}).encode()
