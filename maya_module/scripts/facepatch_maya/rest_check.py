"""Whether a rig rests where it was captured: what a scene answers means nothing where its head stands elsewhere."""

from __future__ import annotations

from typing import Any

import numpy as np

from facepatch.core.data.capture import Capture
from facepatch.core.errors import InputError, TopologyError

FAR = 0.02
"""Share of the height of the meshes by which a rig may rest elsewhere than it did."""


def check_rest(capture: Capture, said: Any, known: Any) -> None:
    """Raises InputError where the rig at its defaults, (V, 3) `said`, is not where it was, `known`.

    Raises TopologyError where the meshes have other vertices now.
    By the median: a part that moves by itself, such as an eye or a control that is left out, is not meant.
    """
    if np.shape(said) != np.shape(known):
        raise TopologyError(
            f"{', '.join(mesh.name for mesh in capture.meshes)}: {len(said)} vertices now, {len(known)} when they were "
            f"captured into {capture.folder}. Capture the character again, and read its rig again."
        )
    away = float(np.median(np.linalg.norm(np.asarray(said, np.float64) - known, axis=1)))
    if away > FAR * float(np.ptp(np.asarray(known)[:, 1])):
        cause = f"{capture.head} stands elsewhere" if capture.head else "the head has moved"
        raise InputError(
            f"At frame {capture.neutral_frame:g}, with its controls at their defaults, the rig rests {away:.1f} cm "
            f"beside where it was captured: {cause}, or other controls are not at rest. Bring them back at that "
            "frame, or capture the character again with the joint that carries its head."
        )
