"""What the pages ask of the viewport; `facepatch_maya.picking.Viewport` in Maya."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol


class PickView(Protocol):
    """A viewport in which people select and see landmarks."""

    def selected_meshes(self) -> tuple[str, ...]:
        """Meshes that are selected, by themselves, their groups or their vertices."""
        ...

    def selected_nodes(self) -> tuple[str, ...]:
        """Transforms and joints that are selected."""
        ...

    def selected_controls(self) -> tuple[str, ...]:
        """Transforms, joints, sets and blendShapes that are selected."""
        ...

    def show_frame(self, frame: float) -> None:
        """Go to a frame of the scene."""
        ...

    def name_of(self, uuid: str) -> str:
        """The name that the mesh has now; "" where it is gone."""
        ...

    def start_picking(self, mesh: str, on_vertices: Callable[[Sequence[int]], None]) -> None:
        """Hand on the vertices of `mesh` that are clicked, in the order of the clicks."""
        ...

    def stop_picking(self) -> None:
        """Give the user's own selection mode back."""
        ...

    def show_markers(
        self, mesh: str, landmarks: Mapping[str, int], proposals: Mapping[str, int], current: str
    ) -> None:
        """Show where the landmarks are, which are proposed only, and which comes next."""
        ...

    def hide_markers(self) -> None:
        """Show none."""
        ...

    def look_at(self, mesh: str, vertex: int) -> None:
        """Frame a vertex."""
        ...
