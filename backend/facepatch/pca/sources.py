"""Where the frames of a PCA come from: an array, a memory map, or blendshapes evaluated block by block."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from facepatch.core.axes import Axes, Float32
from facepatch.core.data.character import Character
from facepatch.core.data.clip import Clip, MeshClip
from facepatch.core.errors import InputError, ShapeError, UnknownNameError

log = logging.getLogger(__name__)


@runtime_checkable
class ShapeSource(Protocol):
    """Anything that can give the vertices of some successive frames, any number of times."""

    @property
    def frame_count(self) -> int:
        """T"""
        ...

    @property
    def vertex_count(self) -> int:
        """V"""
        ...

    def block(self, start: int, stop: int) -> Float32:
        """(stop - start, V, 3) cm"""
        ...


FrameBlocks: TypeAlias = "ShapeSource | MeshClip | NDArray[Any]"
"""What `fit_pca` takes: a (T, V, 3) array or memory map, a MeshClip, or any ShapeSource."""


@dataclass(frozen=True, eq=False)
class ArrayFrames:
    """Frames that exist as an array. A memory map is read block by block and never copied whole."""

    vertices: NDArray[Any]
    """(T, V, 3) cm"""

    def __post_init__(self) -> None:
        shape = np.shape(self.vertices)
        if len(shape) != 3 or shape[2] != 3:
            raise ShapeError(f"frames: need (T, V, 3) vertices, got shape {shape}.")

    @property
    def frame_count(self) -> int:
        """T"""
        return int(self.vertices.shape[0])

    @property
    def vertex_count(self) -> int:
        """V"""
        return int(self.vertices.shape[1])

    def block(self, start: int, stop: int) -> Float32:
        """(stop - start, V, 3)"""
        return np.asarray(self.vertices[start:stop], dtype=np.float32)


@dataclass(frozen=True, eq=False)
class BlendshapeFrames:
    """Frames `neutral + weights @ deltas`, never evaluated all at once."""

    neutral: Float32
    """(V, 3) cm"""
    deltas: Float32
    """(K, V, 3)"""
    weights: Float32
    """(T, K)"""

    def __post_init__(self) -> None:
        check = Axes()
        object.__setattr__(self, "neutral", check("neutral", self.neutral, "V 3"))
        object.__setattr__(self, "deltas", check("deltas", self.deltas, "K V 3"))
        object.__setattr__(self, "weights", check("weights", self.weights, "T K"))

    @property
    def frame_count(self) -> int:
        """T"""
        return len(self.weights)

    @property
    def vertex_count(self) -> int:
        """V"""
        return len(self.neutral)

    def block(self, start: int, stop: int) -> Float32:
        """(stop - start, V, 3)"""
        flat: Float32 = self.weights[start:stop] @ self.deltas.reshape(len(self.deltas), -1)
        flat += self.neutral.reshape(-1)
        return flat.reshape(stop - start, -1, 3)


@dataclass(frozen=True, eq=False)
class SlicedFrames:
    """Frames `start` to `stop` of another source."""

    source: ShapeSource
    start: int
    stop: int

    @property
    def frame_count(self) -> int:
        """T"""
        return self.stop - self.start

    @property
    def vertex_count(self) -> int:
        """V"""
        return self.source.vertex_count

    def block(self, start: int, stop: int) -> Float32:
        """(stop - start, V, 3)"""
        return self.source.block(self.start + start, self.start + stop)


def sliced(source: ShapeSource, start: int, stop: int) -> ShapeSource:
    """Frames `start` to `stop` of `source`; blendshapes stay blendshapes."""
    if isinstance(source, BlendshapeFrames):
        return BlendshapeFrames(source.neutral, source.deltas, source.weights[start:stop])
    return SlicedFrames(source, start, stop)


def character_frames(character: Character, clips: Clip | Sequence[Clip]) -> BlendshapeFrames:
    """The frames of one or several clips on `character`, one after the other; frames that are not valid are left out.

    Columns are matched by name. Shapes that a clip lacks stay at zero; columns that the character lacks are
    left out and logged. Raises InputError for a character without shapes or clips without a valid frame, and
    UnknownNameError for a clip of which no column names a shape.
    """
    if not character.shape_names:
        raise InputError(
            f"{character.name}: has no shapes, so weights cannot move it. Give its motion as vertices (T, V, 3)."
        )
    place = {name: index for index, name in enumerate(character.shape_names)}
    rows: list[Float32] = []
    for clip in [clips] if isinstance(clips, Clip) else clips:
        known = [(column, place[name]) for column, name in enumerate(clip.names) if name in place]
        if not known:
            raise UnknownNameError(
                f"clip '{clip.name}' on {character.name}",
                clip.names[0] if clip.names else "",
                place,
                "None of its columns names a shape of the character.",
            )
        left_out = [name for name in clip.names if name not in place]
        if left_out:
            log.info("clip '%s': %s has no shape for %s", clip.name, character.name, ", ".join(left_out))
        weights = np.zeros((clip.frame_count, len(place)), dtype=np.float32)
        columns, shapes = np.array(known).T
        weights[:, shapes] = clip.weights[:, columns]
        rows.append(weights if clip.valid is None else weights[clip.valid])
    if not sum(map(len, rows)):
        raise InputError(f"{character.name}: the motion has no valid frame. Give clips with at least two.")
    return BlendshapeFrames(character.neutral, character.deltas, np.concatenate(rows))


def as_source(frames: FrameBlocks) -> ShapeSource:
    """`frames` as a ShapeSource. Raises ShapeError for arrays that are not (T, V, 3)."""
    if isinstance(frames, MeshClip):
        return ArrayFrames(frames.vertices)
    if isinstance(frames, ShapeSource):
        return frames
    return ArrayFrames(frames)
