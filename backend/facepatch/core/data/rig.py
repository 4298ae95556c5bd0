"""A rig: the controls that animators set, and how they drive shapes.

The weight of a shape is the product of what its drivers say, and a driver is a piecewise linear curve over one
control. That covers plain blendshapes (one driver 0 -> 0, 1 -> 1), in-betweens (a tent), controls that run both ways
(one tent to each side) and corrective shapes (several drivers). Rigs that are none of these are sampled instead
(core.rig_samples).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, cast

import numpy as np

from facepatch.core.axes import Axes, Float32, Float64
from facepatch.core.data.character import Character
from facepatch.core.data.mesh import Topology
from facepatch.core.errors import ConfigError, InputError, TopologyError, UnknownNameError
from facepatch.core.records import Record, read_record, write_record
from facepatch.core.schema import from_dict, to_dict

KIND = "facepatch.rig"
VERSION = 1

Unit = Literal["", "degrees", "centimetres"]
Side = Literal["", "l", "r"]
LINEAR = ((0.0, 0.0), (1.0, 1.0))


@dataclass(frozen=True)
class RigControl:
    """An attribute that animators set."""

    name: str
    """As the host has it: "jaw_ctrl.translateY"."""
    minimum: float = 0.0
    maximum: float = 1.0
    default: float = 0.0
    unit: Unit = ""
    """"" for plain numbers."""
    side: Side = ""
    """The character's own; "" for the middle."""
    mirror: str = ""
    """The same control on the other side."""
    exclusive: str = ""
    """A control that is never away from its default at the same time as this one."""
    locked: bool = False
    """Stays at its default."""

    def __post_init__(self) -> None:
        values = (self.minimum, self.maximum, self.default)
        if not all(math.isfinite(value) for value in values) or self.minimum > self.maximum:
            raise ConfigError(
                f"control {self.name}: limits {self.minimum:g} to {self.maximum:g} with the default {self.default:g} "
                "are no range. Give finite limits, the smaller one first."
            )
        if not self.minimum <= self.default <= self.maximum:
            raise ConfigError(
                f"control {self.name}: its default {self.default:g} lies outside {self.minimum:g} to {self.maximum:g}."
            )

    @property
    def is_free(self) -> bool:
        """Whether a solve may change it."""
        return not self.locked and self.maximum > self.minimum


@dataclass(frozen=True)
class Driver:
    """What one control contributes to a shape: a piecewise linear curve, level beyond its ends."""

    control: int
    """Row of `Rig.controls`."""
    knots: tuple[tuple[float, float], ...] = LINEAR
    """(value of the control, weight), values ascending."""

    def __post_init__(self) -> None:
        values = [value for value, _ in self.knots]
        if len(values) < 2 or any(b <= a for a, b in zip(values, values[1:])):
            raise ConfigError(f"driver: its knots {values} must be two or more, in ascending order.")


@dataclass(frozen=True)
class RigShape:
    """One shape of the rig. Its weight is the product of its drivers."""

    name: str
    drivers: tuple[Driver, ...]


@dataclass(frozen=True, eq=False)
class Rig:
    """vertices = neutral + weights(controls) @ deltas, in the head space of the character, cm."""

    name: str
    controls: tuple[RigControl, ...]
    neutral: Float32
    """(V, 3)"""
    topology: Topology
    shapes: tuple[RigShape, ...]
    deltas: Float32
    """(S, V, 3), one per shape"""

    def __post_init__(self) -> None:
        check = Axes()
        neutral = check(f"{self.name}: neutral", self.neutral, "V 3")
        deltas = check(f"{self.name}: deltas", self.deltas, "_ V 3")
        if len(self.shapes) != len(deltas):
            raise TopologyError(f"{self.name}: {len(self.shapes)} shapes, but {len(deltas)} deltas.")
        if self.topology.vertex_count != len(neutral):
            raise TopologyError(
                f"{self.name}: topology is over {self.topology.vertex_count} vertices, but there are {len(neutral)}."
            )
        _refuse_twins(self.name, "controls", [control.name for control in self.controls])
        _refuse_twins(self.name, "shapes", [shape.name for shape in self.shapes])
        for shape in self.shapes:
            rows = [driver.control for driver in shape.drivers]
            if (
                not rows
                or len(set(rows)) != len(rows)
                or not all(0 <= row < len(self.controls) for row in rows)
            ):
                raise ConfigError(
                    f"{self.name}: shape {shape.name} is driven by the controls {rows}; each shape needs at least one "
                    f"driver, each control at most once, and there are {len(self.controls)} controls."
                )
        for control in self.controls:
            for other in (control.mirror, control.exclusive):
                if other:
                    self.row(other)
        object.__setattr__(self, "neutral", neutral)
        object.__setattr__(self, "deltas", deltas)

    @cached_property
    def limits(self) -> Float64:
        """(C, 2)"""
        return np.asarray([(c.minimum, c.maximum) for c in self.controls], np.float64).reshape(-1, 2)

    @cached_property
    def defaults(self) -> Float64:
        """(C,)"""
        return np.asarray([c.default for c in self.controls], np.float64)

    def row(self, name: str) -> int:
        """Row of the control of that name. Raises UnknownNameError."""
        names = [control.name for control in self.controls]
        if name not in names:
            raise UnknownNameError(f"{self.name}: control", name, names)
        return names.index(name)

    def weights(self, controls: Any) -> Float64:
        """(T, C) controls -> (T, S) weights of the shapes."""
        values = Axes()("controls", controls, "T C", np.float64)
        if values.shape[1] != len(self.controls):
            raise TopologyError(
                f"{self.name}: {values.shape[1]} values per frame for {len(self.controls)} controls."
            )
        out: Float64 = np.ones((len(values), len(self.shapes)))
        for s, shape in enumerate(self.shapes):
            for driver in shape.drivers:
                at, weight = zip(*driver.knots)
                out[:, s] *= np.interp(values[:, driver.control], at, weight)
        return out

    def vertices(self, controls: Any) -> Float32:
        """(T, C) controls -> (T, V, 3) cm."""
        weights = self.weights(controls).astype(np.float32)
        flat = weights @ self.deltas.reshape(len(self.deltas), -1)
        out: Float32 = flat.reshape(len(weights), -1, 3) + self.neutral
        return out


def _refuse_twins(rig: str, what: str, names: list[str]) -> None:
    twins = sorted({name for name in names if names.count(name) > 1})
    if twins:
        raise InputError(f"{rig}: {what} need names of their own; given twice: {', '.join(twins)}.")


def rig_from_character(character: Character) -> Rig:
    """Each shape of `character` as a control from 0 to 1.

    Raises InputError for a character without shapes.
    """
    if not character.shape_names:
        raise InputError(
            f"{character.name}: has no shapes, so it cannot be solved as a blendshape rig. "
            "Sample the rig through its host, or give a character with shapes."
        )
    names = character.shape_names
    controls = tuple(RigControl(name, side=side_of(name), mirror=mirror_of(name, names)) for name in names)
    shapes = tuple(RigShape(name, (Driver(row),)) for row, name in enumerate(names))
    return Rig(character.name, controls, character.neutral, character.topology, shapes, character.deltas)


_SIDES = (("Left", "Right"), ("left", "right"), ("_L", "_R"), ("_l", "_r"), (".L", ".R"), ("L_", "R_"))


def side_of(name: str) -> Side:
    """The side that a control's name tells."""
    for left, right in _SIDES:
        for side, mark in (("l", left), ("r", right)):
            if _marked(name, mark):
                return cast("Side", side)
    return ""


def mirror_of(name: str, names: tuple[str, ...]) -> str:
    """The control of the other side, "" where there is none."""
    for left, right in _SIDES:
        for mark, other in ((left, right), (right, left)):
            if _marked(name, mark):
                partner = name.replace(mark, other)
                return partner if partner in names and partner != name else ""
    return ""


def _marked(name: str, mark: str) -> bool:
    if mark.startswith(("_", ".")):
        return name.endswith(mark) or f"{mark}_" in name
    if mark.endswith("_"):
        return name.startswith(mark)
    return mark in name


def write_rig(path: Path, rig: Rig) -> None:
    """Write a `facepatch.rig` record."""
    header: dict[str, Any] = {
        "record": KIND,
        "version": VERSION,
        "name": rig.name,
        "controls": [to_dict(control) for control in rig.controls],
        "shapes": [
            [
                shape.name,
                [[driver.control, [list(knot) for knot in driver.knots]] for driver in shape.drivers],
            ]
            for shape in rig.shapes
        ],
    }
    arrays: dict[str, Any] = {
        "neutral": rig.neutral,
        "deltas": rig.deltas,
        "polygon_counts": rig.topology.polygon_counts,
        "polygon_vertices": rig.topology.polygon_vertices,
    }
    write_record(path, Record(header, arrays))


def read_rig(path: Path) -> Rig:
    """Read a `facepatch.rig` record."""
    header, arrays = read_record(path, KIND, VERSION)
    return Rig(
        name=header["name"],
        controls=tuple(from_dict(RigControl, row, "control") for row in header["controls"]),
        neutral=arrays["neutral"],
        topology=Topology(len(arrays["neutral"]), arrays["polygon_counts"], arrays["polygon_vertices"]),
        shapes=tuple(
            RigShape(
                name,
                tuple(Driver(row, tuple((float(a), float(b)) for a, b in knots)) for row, knots in drivers),
            )
            for name, drivers in header["shapes"]
        ),
        deltas=arrays["deltas"],
    )
