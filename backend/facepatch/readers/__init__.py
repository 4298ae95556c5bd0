"""Characters and motion in: npz, OBJ, glTF, Maya ASCII; Live Link Face CSV, glTF animation, npz, records."""

from facepatch.readers.character import read_character
from facepatch.readers.motion import match_motion, read_motion

__all__ = ["match_motion", "read_character", "read_motion"]
