"""The protocol between the service and its clients, without sockets: docs/protocol.md."""

from __future__ import annotations

from facepatch.core.protocol.codec import decode, encode
from facepatch.core.protocol.message import ERROR, PARTIAL, RESULT, Message, new_id
from facepatch.core.protocol.messages import error_message, read_error, read_partial, read_request
from facepatch.core.protocol.version import MAGIC, MAJOR, MINOR

__all__ = [
    "ERROR",
    "MAGIC",
    "MAJOR",
    "MINOR",
    "PARTIAL",
    "RESULT",
    "Message",
    "decode",
    "encode",
    "error_message",
    "new_id",
    "read_error",
    "read_partial",
    "read_request",
]
