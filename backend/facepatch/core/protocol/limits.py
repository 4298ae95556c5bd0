"""How large a message may be. All of it is checked before an array is made (docs/protocol.md, "Limits")."""

from __future__ import annotations

HEADER_BYTES = 64 * 1024
BODY_BYTES = 1024 * 1024
ARRAYS = 256
"""Arrays in one message."""
ARRAY_BYTES = 1024**3
"""All arrays of one message together."""
AXES = 8
"""Axes of one array."""
DEPTH = 32
"""Objects and lists inside each other, in the header or in the body."""
NAME_LENGTH = 128
"""Characters of a message's type and of an array's name."""
INTEGER = 2**63
"""Integers in JSON are at least minus this and less than this."""
