"""What the kernels read of a look."""

from __future__ import annotations

from typing import NamedTuple

from facepatch.core.axes import Float32, Int32, UInt8

SHADES = 4096
"""Entries of the linear -> sRGB table."""
POWERS = 1024
"""Entries of each material's specular table."""


class Surface(NamedTuple):
    """What the kernels read of a look; a tuple of arrays so that numba can take it whole."""

    triangles: Int32
    """(F, 3) rows of the vertices, the extra ones last. Those in sight at rest come first."""
    near_count: int
    """Number of triangles in sight at rest."""
    normal_group: Int32
    """(V + E,) vertices that share one normal share a number."""
    extra_offset: Float32
    """(E, 3) extra vertices, relative to the mean of their anchor vertices."""
    extra_anchor: Int32
    """(E,) anchor set of each extra vertex."""
    anchor_start: Int32
    """(sets + 1,) where each set starts in `anchor_vertices`."""
    anchor_vertices: Int32
    """Rows of the anchor vertices, set after set."""
    recess: Float32
    """(V + E,) cm that a vertex is moved away from the camera, so that lids and lips cover it."""
    triangle_line: Int32
    """(F,) row of `line_distance` for triangles along the rim of the lids, else -1."""
    line_distance: Float32
    """(triangles along the rim, 3) distance of each corner from the rim over the width of the line."""
    line_color: Float32
    """(4,) linear colour of the line and its strength."""
    corner_color: Float32
    """(F, 3, 3) linear light, times the texture where there is one."""
    corner_uv: Float32
    """(F, 3, 2) of the top-left texture corner (0, 0) to the bottom-right (1, 1)."""
    triangle_texture: Int32
    """(F,) -1 for none."""
    triangle_material: Int32
    """(F,) row of `materials` and `specular`."""
    texel_area: Float32
    """(F,) twice the triangle's area in texels of the sharpest level."""
    texels: UInt8
    """(texels of all levels of all textures, 3) sRGB."""
    levels: Int32
    """(textures, levels, 3) first texel, height, width; height 0 beyond the last level."""
    materials: Float32
    """(materials, 6) ambient, diffuse, 1 where both sides are alike, and the back side's linear colour."""
    specular: Float32
    """(materials, POWERS) reflected light over the cosine between reflection and view."""
    light: Float32
    """(3,) unit direction to the light."""
    background: Float32
    """(3,) linear"""
    to_linear: Float32
    """(256,) sRGB byte -> linear light"""
    to_srgb: UInt8
    """(SHADES,) linear light -> sRGB byte"""
