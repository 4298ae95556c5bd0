"""The version of the protocol, which is not the version of the package (docs/protocol.md, "Versions")."""

from __future__ import annotations

MAJOR = 1
"""Peers of different majors do not understand each other."""
MINOR = 1
"""Grows with every addition. Peers of different minors ignore what they do not know."""

NAME = b"FACEPATCH/"
MAGIC = NAME + str(MAJOR).encode("ascii")
"""Frame 0 of every message."""
