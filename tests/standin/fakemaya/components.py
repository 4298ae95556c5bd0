"""The value of a componentList attribute."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np


class ComponentList(NamedTuple):
    """Vertex components. elements: (N,) int64, ASCENDING: Maya sorts them, and not the points that go with them."""

    elements: Any
    complete: bool = False


def component_list(elements: Any) -> ComponentList:
    return ComponentList(np.unique(np.asarray(elements, np.int64).ravel()))
