"""What a rig does, asked of the rig itself: meshes at chosen values of its controls.

For rigs that are no blendshapes (joints, expressions, anything). Samples are taken where the rig is, through the
host, and solved for elsewhere. Most samples move few controls at once, as faces do: random settings of all controls at
once teach little (docs/methods/rig_solve.md, "Other rigs").
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Optional, Protocol

import numpy as np

from facepatch.core.axes import Axes, Float32, Float64
from facepatch.core.data.rig import RigControl
from facepatch.core.errors import InputError, SolveError
from facepatch.core.host import Control
from facepatch.core.progress import OnProgress, Progress, silent
from facepatch.core.records import Record, read_record, write_record
from facepatch.core.schema import from_dict, to_dict

KIND = "facepatch.rig_samples"
VERSION = 1
SAMPLES, MESHES, PART = "samples.npz", "samples.npy", "samples.part.npz"
"""Files of a folder of samples; the last one only until it is finished."""
BATCH = 16
MOST_AT_ONCE = 8
"""Controls that move together in a random sample, at most."""
STILL_CM = 1e-5
"""A control that moves no vertex farther than this changes nothing."""


class Sampled(Protocol):
    """What sampling needs of a host (core.host.Host)."""

    def controls(self, names: Sequence[str]) -> tuple[Control, ...]:
        """The attributes of these names."""
        ...

    def sample(self, controls: Sequence[str], values: Any, meshes: Sequence[str]) -> Float32:
        """(S, C) values -> (S, V, 3) world cm."""
        ...


@dataclass(frozen=True, eq=False)
class RigSamples:
    """Meshes of a rig at chosen values."""

    controls: tuple[RigControl, ...]
    """In degrees, cm or plain numbers."""
    values: Float64
    """(S, C); row 0 holds the defaults."""
    vertices: Float32
    """(S, V, 3) head space, cm. May be a memory map."""
    idle: tuple[str, ...]
    """Controls that change nothing by themselves."""

    def __post_init__(self) -> None:
        check = Axes()
        object.__setattr__(self, "values", check("rig samples: values", self.values, "S C", np.float64))
        if self.values.shape[1] != len(self.controls) or len(self.vertices) != len(self.values):
            raise InputError(
                f"rig samples: {len(self.controls)} controls, values {self.values.shape} and {len(self.vertices)} "
                "meshes do not belong together. Sample the rig again."
            )


def rig_control(control: Control, *, reach: float = 1.0) -> RigControl:
    """A host's attribute as a control of a solve: angles in degrees.

    reach: for attributes without limits, plain numbers and cm run this far to both sides of the default, angles 30
    times as many degrees.
    """
    scale, unit = {"angle": (180.0 / math.pi, "degrees"), "length": (1.0, "centimetres")}.get(
        control.kind, (1.0, "")
    )
    default = control.default * scale
    far = 30.0 * reach if unit == "degrees" else reach
    low = default - far if control.minimum is None else control.minimum * scale
    high = default + far if control.maximum is None else control.maximum * scale
    values: Any = {"name": control.name, "minimum": low, "maximum": high, "unit": unit}
    return RigControl(
        **values, default=min(max(default, low), high), locked=control.locked or control.connected
    )


def sample_plan(controls: Sequence[RigControl], *, sparse: int = 200, seed: int = 0) -> Float64:
    """(S, C) values: the defaults, each control at its limits and half way, and `sparse` random mixtures of a few."""
    rest = np.asarray([control.default for control in controls])
    free = [c for c, control in enumerate(controls) if control.is_free]
    rows = [rest]
    for c in free:
        for end in (controls[c].minimum, controls[c].maximum):
            for share in (1.0, 0.5):
                row = rest.copy()
                row[c] += share * (end - rest[c])
                if end != rest[c]:
                    rows.append(row)
    rng: Any = np.random.default_rng(seed)
    for _ in range(sparse if len(free) > 1 else 0):
        row = rest.copy()
        count = int(rng.integers(2, min(MOST_AT_ONCE, len(free)) + 1))
        for c in (int(choice) for choice in rng.choice(free, count, replace=False)):
            row[c] = rng.uniform(controls[c].minimum, controls[c].maximum)
        rows.append(row)
    return np.asarray(rows)


def asked(
    host: Sampled, controls: Sequence[RigControl], meshes: Sequence[str], *, head_from_world: Any = None
) -> Callable[[Any], Float32]:
    """The rig itself: (S, C) values in the controls' units -> (S, V, 3) head space, cm.

    head_from_world: (4, 4), identity where the scene is in head space already.
    """
    to_head = Axes()(
        "head_from_world", np.eye(4) if head_from_world is None else head_from_world, "4 4", np.float64
    ).astype(np.float32)
    names = [control.name for control in controls]
    internal = np.asarray([math.pi / 180.0 if control.unit == "degrees" else 1.0 for control in controls])

    def rig(values: Any) -> Float32:
        rows: Float64 = np.asarray(values, np.float64) * internal
        points = np.asarray(host.sample(names, rows, meshes), np.float32)
        out: Float32 = points @ to_head[:3, :3].T + to_head[:3, 3]
        return out

    return rig


def sample_rig(
    host: Sampled,
    controls: Sequence[RigControl],
    meshes: Sequence[str],
    out: Path,
    *,
    head_from_world: Any = None,
    plan: Optional[Any] = None,
    on_progress: OnProgress = silent,
) -> RigSamples:
    """Sample the rig into `out` (samples.npz and samples.npy); a call that was stopped goes on where it was.

    head_from_world: (4, 4), identity where the scene is in head space already. plan: (S, C), by default `sample_plan`.
    Raises InputError where no control may move, SolveError where none changes the meshes.
    """
    check = Axes()
    if not any(control.is_free for control in controls):
        raise InputError(
            f"None of the {len(controls)} controls may move: all are locked, connected or without a range. "
            "Unlock some, or name others."
        )
    values = check("plan", sample_plan(controls) if plan is None else plan, "S C", np.float64)
    names = [control.name for control in controls]
    rig = asked(host, controls, meshes, head_from_world=head_from_world)
    out.mkdir(parents=True, exist_ok=True)
    vertices: Any
    vertices, done = _open(out / MESHES, out / PART, values, names)
    for start in range(done, len(values), BATCH):
        points = rig(values[start : start + BATCH])
        if vertices is None:
            shape = (len(values), points.shape[1], 3)
            format_module: Any = np.lib.format
            vertices = format_module.open_memmap(out / MESHES, "w+", np.float32, shape)
        vertices[start : start + len(points)] = points
        vertices.flush()
        write_record(
            out / PART,
            Record(
                {"record": f"{KIND}.part", "version": 1, "names": names, "done": start + len(points)},
                {"values": values},
            ),
        )
        on_progress(Progress("sample rig", min(start + BATCH, len(values)), len(values), unit="shapes"))
    assert vertices is not None
    idle = _idle(controls, values, vertices)
    if len(idle) == sum(control.is_free for control in controls):
        raise SolveError(
            f"The rig does not respond: moving each of {', '.join(idle[:5])} changes none of the meshes "
            f"{', '.join(meshes)}. Check that these controls drive these meshes."
        )
    header: dict[str, Any] = {
        "record": KIND,
        "version": VERSION,
        "controls": [to_dict(control) for control in controls],
        "idle": list(idle),
    }
    write_record(out / SAMPLES, Record(header, {"values": values}))
    (out / PART).unlink(missing_ok=True)
    return RigSamples(tuple(controls), values, vertices, idle)


def _open(path: Path, part: Path, values: Float64, names: list[str]) -> tuple[Optional[Float32], int]:
    """The meshes of a call that was stopped, and how many there are."""
    if not (part.is_file() and path.is_file()):
        return None, 0
    header, arrays = read_record(part, f"{KIND}.part", 1)
    if header["names"] != names or not np.array_equal(arrays["values"], values):
        return None, 0
    return np.load(path, mmap_mode="r+", allow_pickle=False), int(header["done"])


def _idle(controls: Sequence[RigControl], values: Float64, vertices: Float32) -> tuple[str, ...]:
    moved = np.abs(values - values[0]) > 0
    alone = moved.sum(axis=1) == 1
    out: list[str] = []
    for c, control in enumerate(controls):
        rows = np.flatnonzero(alone & moved[:, c])
        if control.is_free and rows.size:
            most = max(float(np.abs(vertices[row] - vertices[0]).max()) for row in rows)
            if most < STILL_CM:
                out.append(control.name)
    return tuple(out)


def is_sampled(path: Path) -> bool:
    """Whether `path` is a folder of rig samples, finished or not, or the samples.npz in it."""
    folder = path.parent if path.name == SAMPLES else path
    return any((folder / name).is_file() for name in (SAMPLES, PART))


def read_rig_samples(folder: Path) -> RigSamples:
    """Read what `sample_rig` wrote. The meshes are a memory map."""
    header, arrays = read_record(folder / SAMPLES, KIND, VERSION)
    if not (folder / MESHES).is_file():
        raise InputError(f"{folder}: has no samples.npy, which holds the meshes. Sample the rig again.")
    return RigSamples(
        tuple(from_dict(RigControl, row, "control") for row in header["controls"]),
        arrays["values"],
        np.load(folder / MESHES, mmap_mode="r", allow_pickle=False),
        tuple(header["idle"]),
    )
