"""Curves of rig controls with few keys, as an animator would want to find them."""

from __future__ import annotations

from dataclasses import dataclass

from facepatch.core.axes import Float64
from facepatch.core.data.rig import Unit


@dataclass(frozen=True, eq=False)
class ControlCurve:
    """Keys of one control, joined by straight lines."""

    name: str
    """Of the control: "jaw_ctrl.translateY"."""
    unit: Unit
    rows: Float64
    """(keys,) rows of the clip that the keys lie at, ascending."""
    values: Float64
    """(keys,) in the control's own unit."""
