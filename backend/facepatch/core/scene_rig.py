"""A rig as it was read from a host's scene: what is solved for, and which attributes of the scene get it.

A folder with `scene_rig.json`, and either `rig.npz` (a `facepatch.rig` record, for rigs whose controls drive
blendShape weights one by one) or `samples.npz`, `samples.npy` and `character.npz` (all other rigs, core.rig_samples).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Optional

import numpy as np

from facepatch.core.axes import Float32, Float64
from facepatch.core.data.character import Character
from facepatch.core.data.rig import Driver, Rig, RigControl, RigShape
from facepatch.core.errors import InputError
from facepatch.core.host import Curve, LeftAlone
from facepatch.core.notes import read_note, write_note
from facepatch.core.thin import thinned

KIND = "facepatch.scene_rig"
VERSION = 1
NOTE, RECORD = "scene_rig.json", "rig.npz"

Knots = tuple[tuple[float, float], ...]

KNOT_ERROR = 1e-4
"""Weight by which a driver may differ from what was measured."""


@dataclass(frozen=True)
class SceneRig:
    """A rig that was read from a scene."""

    folder: Path
    capture: str
    """Folder of the captured character whose meshes the rig moves."""
    sampled: bool
    """Whether it was asked what it does (True), or is known as shapes and their drivers."""
    controls: tuple[RigControl, ...]
    attributes: dict[str, tuple[str, ...]] = field(default_factory=dict[str, "tuple[str, ...]"])
    """Control -> attributes that get its curve, where that is not the control alone."""
    left_out: tuple[LeftAlone, ...] = ()
    """Controls that stay as they are, and shapes that nothing was found to drive, each with its reason."""

    @property
    def path(self) -> Path:
        """What a solve takes as its rig."""
        return self.folder if self.sampled else self.folder / RECORD

    def attributes_of(self, control: str) -> tuple[str, ...]:
        """The attributes that get the curve of `control`."""
        return self.attributes.get(control, (control,))


def in_namespace(attribute: str, namespace: Optional[str]) -> str:
    """`attribute` (or a node) with its whole path in another namespace ("hero:"; ":" for none; None as it is)."""
    if namespace is None:
        return attribute
    node, dot, rest = attribute.partition(".")
    prefix = namespace.strip(":")
    parts = [part.rpartition(":")[2] for part in node.split("|")]
    return "|".join(f"{prefix}:{part}" if prefix and part else part for part in parts) + dot + rest


def write_scene_rig(rig: SceneRig) -> None:
    """Write `scene_rig.json`; the last file of the folder, so that a half-written one has none."""
    write_note(rig.folder / NOTE, rig, KIND, VERSION)


def has_scene_rig(folder: Path) -> bool:
    """Whether the folder holds one."""
    return (Path(folder) / NOTE).is_file()


def read_scene_rig(folder: Path) -> SceneRig:
    """The rig in `folder`. Raises InputError where there is none, FormatError and VersionError for a damaged one."""
    return read_note(
        SceneRig,
        Path(folder) / NOTE,
        KIND,
        VERSION,
        missing="Choose a folder that a rig was read into, or read the rig again.",
        again="Read the rig again.",
    )


@dataclass(frozen=True)
class Measured:
    """What one control does to the weight of a shape, or to one factor of it."""

    control: str
    values: tuple[float, ...]
    """Of the control, rising."""
    weights: tuple[float, ...]
    """At these values."""

    def knots(self) -> Knots:
        """The fewest straight lines that stay within KNOT_ERROR of what was measured."""
        curve = thinned(Curve(np.asarray(self.values), np.asarray(self.weights)), KNOT_ERROR)
        return tuple(zip(curve.frames.tolist(), curve.values.tolist()))


def rig_of_shapes(
    character: Character,
    controls: Sequence[RigControl],
    drivers: Mapping[str, Sequence[Measured]],
    *,
    at_rest: Optional[Mapping[str, Any]] = None,
) -> Rig:
    """The captured `character` as a rig: shape -> what drives it; shapes that are not named stay as they are.

    at_rest: shape -> its weight at the neutral frame, one number or (V,), taken out of the neutral; 0 where not named.
    Raises InputError where no shape is driven.
    """
    rows = [row for row, name in enumerate(character.shape_names) if drivers.get(name)]
    if not rows:
        raise InputError(
            f"{character.name}: no blendShape target of it is driven by a control that may be keyed. "
            "Name the rig's controls, and it is sampled instead."
        )
    places = {control.name: row for row, control in enumerate(controls)}
    shapes = [
        RigShape(name, tuple(Driver(places[one.control], one.knots()) for one in drivers[name]))
        for name in (character.shape_names[row] for row in rows)
    ]
    neutral: Float64 = character.neutral.astype(np.float64)
    for row in rows:
        weight = np.asarray((at_rest or {}).get(character.shape_names[row], 0.0), np.float64)
        neutral = neutral - weight.reshape(-1, 1) * character.deltas[row]
    rest: Float32 = neutral.astype(np.float32)
    return Rig(
        character.name, tuple(controls), rest, character.topology, tuple(shapes), character.deltas[rows]
    )
