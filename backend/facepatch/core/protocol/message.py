"""One message, whatever it says: what the codec turns into frames and back."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from facepatch.core.protocol.version import MINOR

PARTIAL, RESULT, ERROR = "partial", "result", "error"
REPLIES = (PARTIAL, RESULT, ERROR)
"""The types of a reply. Every other type is a request."""


def new_id() -> str:
    """A random id of 32 hexadecimal digits."""
    return os.urandom(16).hex()


@dataclass(frozen=True, eq=False)
class Message:
    """A request, or a reply to one. Arrays that were received are read-only views of the frames."""

    type: str
    id: str = field(default_factory=new_id)
    body: dict[str, Any] = field(default_factory=dict[str, Any])
    """Plain JSON values."""
    arrays: dict[str, NDArray[Any]] = field(default_factory=dict[str, NDArray[Any]], repr=False)
    """In the order of their frames."""
    reply_to: str = ""
    """The id of the request that this answers; "" in a request."""
    token: str = field(default="", repr=False)
    """The secret of the connection file; in requests only."""
    minor: int = MINOR
    """The sender's minor version."""

    @property
    def is_reply(self) -> bool:
        """Whether this is a partial, a result or an error."""
        return self.type in REPLIES

    @property
    def ends(self) -> bool:
        """Whether nothing follows this in reply to the same request."""
        return self.type in (RESULT, ERROR)
