"""The motion of a character, from whatever holds it: by suffix and content of the path."""

from __future__ import annotations

import dataclasses
import logging
import os
from pathlib import Path
from typing import Any

import numpy as np

from facepatch.core.data.character import Character
from facepatch.core.data.clip import HELD, NO_FACE, Clip, MeshClip, read_clip
from facepatch.core.errors import FormatError, InputError, ShapeError
from facepatch.core.shape_names import MotionMatch, match_names
from facepatch.readers.clean import needs_shapes
from facepatch.readers.gltf_animation import read_gltf_motion
from facepatch.readers.livelink import read_live_link_csv
from facepatch.readers.npz import read_arrays
from facepatch.readers.rates import DEFAULT, Rate, rate_of_value
from facepatch.readers.vertex_motion import array_motion, is_vertex_motion, obj_motion

log = logging.getLogger(__name__)

READABLE = (
    "a Live Link Face .csv, a .glb with a morph animation, an .npz of weights or vertices, an .npy of vertices, "
    "a folder of numbered .obj, or a clip record"
)


def read_motion(
    path: str | os.PathLike[str], character: Character, *, rate: Rate | None = None
) -> Clip | MeshClip:
    """Read a motion of `character`.

    A Clip has `names == character.shape_names`: columns are matched by name (`facepatch.core.shape_names`,
    `match_motion` tells how), weights are not clipped, and frames without values are not `valid` and hold their
    neighbours'. Motion given as vertices, or as a clip record of PCA weights, becomes a MeshClip in centimetres.
    `rate` is for a file that names none; without it that is 30 frames per second.
    Raises InputError and its kin (FormatError, ShapeError, TopologyError) with a sentence about the file.
    """
    path = Path(path)
    if path.is_dir():
        return obj_motion(path, character, rate=rate or DEFAULT)
    if path.suffix.lower() == ".npy" and path.is_file():
        return array_motion(path, {"vertices": _memory_map(path)}, character, rate=rate or DEFAULT)
    if path.suffix.lower() == ".npz" and path.is_file():
        arrays = read_arrays(path)
        if is_vertex_motion(arrays):
            return array_motion(path, arrays, character, rate=rate or DEFAULT)
    clip = _columns_clip(path, rate or DEFAULT)
    if clip.pca is not None:
        vertices = clip.pca.vertices(clip.weights)
        arrays = {"vertices": vertices, "unit_in_metres": np.float64(0.01)}
        return array_motion(path, arrays, character, rate=clip.rate)
    needs_shapes(character, f"the motion {path.name}")
    match = match_names(clip.names, character.shape_names)
    log.info("%s: %s", path.name, match.sentence())
    weights = clip.weights @ match.matrix(clip.names, character.shape_names)
    return dataclasses.replace(clip, names=character.shape_names, weights=weights)


def match_motion(path: str | os.PathLike[str], character: Character) -> MotionMatch:
    """Which columns of the motion drive which shapes of `character`, and what stays without a partner.

    Raises as `read_motion`, and InputError for a motion that has no columns (vertices).
    """
    path = Path(path)
    if path.is_dir() or path.suffix.lower() == ".npy":
        raise InputError(f"{path}: is a motion of vertices; it has no columns to match.")
    clip = _columns_clip(path, DEFAULT)
    if clip.pca is not None:
        raise InputError(f"{path}: is a motion of PCA weights; it has no columns to match.")
    needs_shapes(character, f"the motion {path.name}")
    return match_names(clip.names, character.shape_names)


def _columns_clip(path: Path, rate: Rate) -> Clip:
    """The motion as the file has it: its own columns."""
    if not path.is_file():
        raise InputError(f"{path}: no such file. A motion is {READABLE}.")
    suffix = path.suffix.lower()
    if suffix == ".csv":
        return _csv_clip(path)
    if suffix in (".glb", ".gltf", ".vrm"):
        return read_gltf_motion(path)
    if suffix == ".npz":
        return _npz_clip(path, rate)
    raise FormatError(f"{path}: is no motion that can be read. Give {READABLE}.")


def _csv_clip(path: Path) -> Clip:
    take = read_live_link_csv(path)
    flags: Any = np.where(take.valid, 0, NO_FACE | HELD).astype(np.uint8)
    return Clip(
        names=take.columns,
        weights=take.weights,
        rate=take.rate,
        timecode=take.timecode,
        valid=take.valid,
        flags=flags,
        name=path.stem,
    )


def _npz_clip(path: Path, rate: Rate) -> Clip:
    arrays = read_arrays(path)
    if "header" in arrays:
        return read_clip(path)
    if "names" not in arrays or "weights" not in arrays:
        raise FormatError(
            f"{path}: is no motion: it holds {', '.join(sorted(arrays)) or 'nothing'}. Needed are 'names' (K,) and "
            "'weights' (frames, K), or 'vertices' (frames, vertices, 3)."
        )
    names = tuple(str(name) for name in np.asarray(arrays["names"]).reshape(-1))
    if len(set(names)) != len(names):
        raise InputError(f"{path}: 'names' holds one name twice. Rename one of the columns.")
    try:
        return Clip(
            names=names,
            weights=arrays["weights"],
            rate=rate_of_value(arrays["rate"]) if "rate" in arrays else rate,
            valid=arrays.get("valid"),
            name=path.stem,
        )
    except ShapeError as error:
        raise ShapeError(f"{path}: {error}") from error


def _memory_map(path: Path) -> Any:
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise FormatError(f"{path}: is no whole .npy of plain numbers ({error}). Write it again.") from error
