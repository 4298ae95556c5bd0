"""The soft step between two values."""

from __future__ import annotations

from typing import Any

import numpy as np


def smoothstep(values: Any, low: Any = 0.0, high: Any = 1.0) -> Any:
    """3 t^2 - 2 t^3 of t = (values - low) / (high - low): 0 up to `low`, 1 from `high` on, level at both.

    values: an array or a number; the result has its shape.
    """
    t = np.clip((values - low) / (high - low), 0.0, 1.0)
    return t * t * (3.0 - 2.0 * t)
