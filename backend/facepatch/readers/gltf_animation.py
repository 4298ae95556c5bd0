"""Morph animation inside a glTF file, resampled at a constant rate.

Source: Khronos, glTF 2.0 specification, appendix C (interpolation of animation samplers).
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np

from facepatch.core.axes import Float64
from facepatch.core.data.clip import Clip
from facepatch.core.errors import FormatError, InputError
from facepatch.readers.gltf import target_names
from facepatch.readers.gltf_file import GltfFile, Json, well_formed
from facepatch.readers.rates import rate_of_times

log = logging.getLogger(__name__)


def read_gltf_motion(path: Path) -> Clip:
    """The longest animation of morph weights in a `.glb` or `.gltf`; other animations are named in the log.

    Shapes of equal name on several meshes are one column; the first mesh that animates it counts. Movement of
    nodes and joints is not read.
    Raises InputError where the file animates no shape, FormatError on a damaged file.
    """
    file = GltfFile(path)
    with well_formed(path):
        found = [
            (item, channels)
            for item in file.items("animations")
            if (channels := _weight_channels(file, item))
        ]
        if not found:
            raise InputError(
                f"{path}: none of its {len(file.items('animations'))} animations moves a morph target. "
                "Export the animation of the shape keys with it, or give the motion as CSV or npz."
            )
        spans = [max(float(channel.times[-1]) for channel in channels) for _, channels in found]
        best = int(np.argmax(spans))
        if len(found) > 1:
            others = ", ".join(str(found[i][0].get("name", i)) for i in range(len(found)) if i != best)
            log.info("%s: the longest of its animations is read; not read: %s.", path, others)
        return _clip(path, found[best][0], found[best][1])


_SAME_TIME_S = 1e-4
"""Keys are stored as float32: a frame this much before a key is at the key."""


class _Channel:
    """Keys of the weights of one mesh."""

    def __init__(self, file: GltfFile, sampler: Json, names: list[str]) -> None:
        self.names = names
        self.times: Float64 = np.asarray(file.accessor(sampler["input"]), dtype=np.float64)
        self.kind = sampler.get("interpolation", "LINEAR")
        values = np.asarray(file.accessor(sampler["output"]), dtype=np.float64)
        per_key = 3 if self.kind == "CUBICSPLINE" else 1
        wanted = len(self.times) * per_key * len(names)
        if values.size != wanted or np.any(np.diff(self.times) <= 0.0):
            raise FormatError(
                f"{file.path}: an animation has {values.size} values for {len(self.times)} keys of {len(names)} shapes "
                f"({wanted} needed, times rising). Export it again."
            )
        self.values = values.reshape(len(self.times), per_key, len(names))

    def at(self, times: Float64) -> Float64:
        """(T,) seconds -> (T, shapes)."""
        keys = self.times
        inside = np.clip(times, keys[0], keys[-1])
        right = np.clip(np.searchsorted(keys, inside, side="right"), 1, max(len(keys) - 1, 1))
        left = right - 1
        if len(keys) == 1:
            return np.repeat(self.values[:, -1 if self.kind != "CUBICSPLINE" else 1], len(times), axis=0)
        step = (keys[right] - keys[left])[:, None]
        t = ((inside - keys[left]) / step[:, 0])[:, None]
        if self.kind == "STEP":
            reached = np.searchsorted(keys, inside + _SAME_TIME_S, side="right") - 1
            return self.values[reached, 0]
        if self.kind == "CUBICSPLINE":
            start, end = self.values[left, 1], self.values[right, 1]
            leave, arrive = step * self.values[left, 2], step * self.values[right, 0]
            square, cube = t * t, t * t * t
            return (
                (2 * cube - 3 * square + 1) * start
                + (cube - 2 * square + t) * leave
                + (3 * square - 2 * cube) * end
                + (cube - square) * arrive
            )
        return (1.0 - t) * self.values[left, 0] + t * self.values[right, 0]


def _weight_channels(file: GltfFile, animation: Json) -> list[_Channel]:
    out: list[_Channel] = []
    for channel in animation.get("channels", []):
        target = channel.get("target", {})
        node = target.get("node")
        if target.get("path") != "weights" or node is None or "mesh" not in file.items("nodes")[node]:
            continue
        names = target_names(file.items("meshes")[file.items("nodes")[node]["mesh"]])
        if names:
            out.append(_Channel(file, animation["samplers"][channel["sampler"]], names))
    return out


def _clip(path: Path, animation: Json, channels: list[_Channel]) -> Clip:
    keys = np.unique(np.concatenate([channel.times for channel in channels]))
    rate = rate_of_times(keys)
    frames = round((float(keys[-1]) - float(keys[0])) * rate[0] / rate[1]) + 1
    times = keys[0] + np.arange(frames) * rate[1] / rate[0]
    columns: dict[str, Any] = {}
    for channel in channels:
        values = channel.at(times)
        for index, name in enumerate(channel.names):
            columns.setdefault(name, values[:, index])
    return Clip(
        names=tuple(columns),
        weights=np.stack(list(columns.values()), axis=1).astype(np.float32),
        rate=rate,
        start_frame=round(float(keys[0]) * rate[0] / rate[1]),
        name=str(animation.get("name", path.stem)),
    )
