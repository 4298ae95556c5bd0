"""The blendShape targets of a captured character, and what drives them, as a rig."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Optional

import numpy as np

from facepatch.core.axes import Float64
from facepatch.core.data.capture import Capture
from facepatch.core.data.character import Character
from facepatch.core.data.rig import Rig, RigControl, write_rig
from facepatch.core.errors import UnsupportedError
from facepatch.core.host import LeftAlone
from facepatch.core.progress import OnProgress, Progress
from facepatch.core.rig_samples import BATCH, rig_control
from facepatch.core.rig_start import AskRig
from facepatch.core.scene_rig import RECORD, Measured, SceneRig, rig_of_shapes, write_scene_rig
from facepatch_maya import rig_controls, rig_drivers, scene_names
from facepatch_maya.control_ranges import internal_units, limited, no_range, why_not, with_sides
from facepatch_maya.read_blendshapes import blendshape_nodes, target_names
from facepatch_maya.rest_check import check_rest
from facepatch_maya.rig_drivers import Driving

OFF_CM, OFF_SHARE = 0.02, 0.02
"""What the scene's meshes may differ by from those of the shapes: cm, and share of their own motion."""
STILL_CM = 1e-4
"""A control that moves no vertex farther than this changes nothing."""

AskFor = Callable[[Sequence[RigControl]], AskRig]
"""Controls -> the rig in the scene as a function of their values."""


@dataclass
class _Target:
    """One blendShape target, on all meshes that have it."""

    driven: tuple[Driving, ...]
    weight: Any
    negative: bool
    places: list[tuple[slice, Any, bool]]
    """Of each mesh: its rows, its weight, and whether that may be negative."""
    also: list[str] = field(default_factory=list)
    """Weights of other meshes that nothing drives: they get the same curve."""


class DrivenShapes:
    """The captured targets and what drives them."""

    def __init__(self, capture: Capture, named: Sequence[RigControl], layer: str) -> None:
        self._capture = capture
        self._character: Character = capture.character()
        self._named = named
        self.left_out: list[LeftAlone] = []
        self._targets: dict[str, _Target] = {}
        for mesh in capture.meshes:
            self._read_mesh(mesh.name, slice(mesh.vertex_start, mesh.vertex_stop))
        self.controls = self._controls(layer)
        free = [control.name for control in self.controls if control.is_free]
        if named and not set(free) & {control.name for control in named}:
            self.controls = ()
        self._rest: Any = self._character.neutral
        """(V, 3) the meshes with all controls at their defaults."""
        self._rig: Optional[Rig] = None

    @property
    def free(self) -> tuple[RigControl, ...]:
        """The controls that may move."""
        return tuple(control for control in self.controls if control.is_free)

    def _read_mesh(self, name: str, rows: slice) -> None:
        shape = scene_names.mesh_shape(name).fullPathName()
        # The facepatch blendShape may be on the same mesh.
        known = set(self._character.shape_names)
        nodes = sorted(
            blendshape_nodes(shape), key=lambda node: -len(known & set(target_names(node).values()))
        )
        if not nodes or not known & set(target_names(nodes[0]).values()):
            return
        weights = scene_names.plug(f"{nodes[0]}.weight")
        for index, alias in target_names(nodes[0]).items():
            if alias in known:
                self._read_target(alias, weights.elementByLogicalIndex(index), nodes[0], rows)

    def _read_target(self, name: str, weight: Any, node: str, rows: slice) -> None:
        try:
            driven = rig_drivers.drivings(weight)
        except UnsupportedError as error:
            self.left_out.append(LeftAlone(name, str(error)))
            return
        if not driven:
            self.left_out.append(LeftAlone(name, f"{weight.name()} follows no control."))
            return
        negative = rig_drivers.supports_negative(node)
        first = self._targets.get(name)
        if first is None:
            first = self._targets[name] = _Target(driven, weight, negative, [])
        elif [one.control for one in first.driven] != [one.control for one in driven]:
            first.also.extend(
                one.control for one in driven if one.shown_at == weight and _is_own(one, weight)
            )
        first.places.append((rows, weight, negative))

    def _controls(self, layer: str) -> tuple[RigControl, ...]:
        own = {one.control for t in self._targets.values() for one in t.driven if _is_own(one, t.weight)}
        shown: dict[str, list[Any]] = {}
        for target in self._targets.values():
            for one in target.driven:
                shown.setdefault(one.control, []).append(one.shown_at)
        chosen = {control.name for control in self._named}
        return with_sides([self._control(name, shown[name], name in own, chosen, layer) for name in shown])

    def _control(
        self, name: str, shown: Sequence[Any], own: bool, chosen: set[str], layer: str
    ) -> RigControl:
        control = limited(rig_controls.read_controls([name])[0])
        reason = why_not(name, layer=layer) or no_range(control)
        made = rig_control(replace(control, minimum=0.0, maximum=1.0) if own else control)
        if reason is None and not own and control.minimum is None and control.maximum is None:
            low, high = rig_drivers.natural_range(made, shown)
            made = replace(made, minimum=low, maximum=high, default=min(max(made.default, low), high))
        if reason is not None:
            self.left_out.append(reason)
        if reason is not None or (chosen and name not in chosen):
            stands = control.value / internal_units([made])[0]
            made = replace(
                made,
                minimum=min(made.minimum, stands),
                maximum=max(made.maximum, stands),
                default=stands,
                locked=True,
            )
        return made

    def rig(self) -> Rig:
        """Shapes and drivers."""
        if self._rig is None:
            by_name = {control.name: control for control in self.controls}
            measured: dict[str, Sequence[Measured]] = {}
            for name, target in self._targets.items():
                controls = [by_name[one.control] for one in target.driven]
                # A shape that cannot move is part of the neutral as it stands.
                if not all(control.locked for control in controls):
                    measured[name] = rig_drivers.measure(
                        target.weight, target.driven, controls, negative=target.negative
                    )
            at_rest = {name: self._at_rest(self._targets[name]) for name in measured}
            character = replace(self._character, neutral=self._rest.astype(np.float32))
            self._rig = rig_of_shapes(character, self.controls, measured, at_rest=at_rest)
        return self._rig

    def _at_rest(self, target: _Target) -> Float64:
        """(V,) the weight with all controls at their defaults."""
        moved = self._moved(self.free)
        defaults = [control.default for control in moved]
        said = rig_drivers.answers(moved, [defaults], [weight for _, weight, _ in target.places])[0].tolist()
        out: Float64 = np.zeros(len(self._character.neutral))
        for (rows, _, negative), value in zip(target.places, said):
            out[rows] = value if negative else max(0.0, value)
        return out

    def _moved(self, controls: Sequence[RigControl]) -> list[RigControl]:
        """`controls`, and weights of other meshes that get the curve of one of them."""
        also = {t.driven[0].control: t.also for t in self._targets.values() if t.also}
        twins = [replace(c, name=name) for c in controls for name in also.get(c.name, ())]
        return [*controls, *twins]

    def _ask(self, ask_for: AskFor, controls: Sequence[RigControl]) -> AskRig:
        """The scene as a function of `controls`; the weights that follow them follow."""
        moved = self._moved(controls)
        also = {name: t.driven[0].control for t in self._targets.values() for name in t.also}
        names = [control.name for control in controls]
        columns = [*range(len(names)), *(names.index(also[c.name]) for c in moved[len(names) :])]
        ask = ask_for(moved)
        return lambda values: ask(np.asarray(values, np.float64)[:, columns])

    def apart(self, ask_for: AskFor, on_progress: OnProgress) -> tuple[LeftAlone, ...]:
        """Controls that do other things to the meshes of the scene than the shapes say, and how far apart they are."""
        free = self.free
        strangers = [c for c in self._named if c.name not in {one.name for one in free}]
        moved = [*free, *strangers]
        ask, rest = self._ask(ask_for, moved), np.array([control.default for control in moved])
        here = ask(rest[None])[0]
        check_rest(self._capture, here, self._character.neutral)
        # The scene may have been animated since the capture: as it stands now is what the shapes add to.
        self._rest = here
        rig = self.rig()
        rows = [
            (control, np.where([control is one for one in moved], end, rest))
            for control in moved
            for end in (control.minimum, control.maximum)
            if end != control.default
        ]
        found: dict[str, LeftAlone] = {}
        idle = {control.name for control in strangers}
        for start in range(0, len(rows), BATCH):
            block = rows[start : start + BATCH]
            values = np.stack([row for _, row in block])
            said = rig.vertices(self._all_controls(values[:, : len(free)]))
            for (control, _), there, told in zip(block, ask(values), said):
                gap, motion = float(np.abs(there - told).max()), float(np.abs(there - here).max())
                if motion > STILL_CM:
                    idle.discard(control.name)
                if gap > OFF_CM + OFF_SHARE * motion:
                    found[control.name] = _apart(control.name, gap)
            on_progress(Progress("compare rig", min(start + BATCH, len(rows)), len(rows), unit="shapes"))
        together = np.array([c.maximum if c.maximum != c.default else c.minimum for c in free])
        row = np.concatenate([together, rest[len(free) :]])
        there, told = ask(row[None])[0], rig.vertices(self._all_controls(together[None]))[0]
        gap, motion = float(np.abs(there - told).max()), float(np.abs(there - here).max())
        if not found and gap > OFF_CM + OFF_SHARE * motion:
            found[""] = _apart("All controls together", gap)
        self.left_out.extend(LeftAlone(name, f"{name} changes none of the meshes.") for name in sorted(idle))
        return tuple(found.values())

    def _all_controls(self, free: Float64) -> Float64:
        values = np.tile(self.rig().defaults, (len(free), 1))
        values[:, [row for row, control in enumerate(self.controls) if control.is_free]] = free
        return values

    def write(self, place: Path, left_out: Sequence[LeftAlone]) -> SceneRig:
        """The rig as files."""
        place.mkdir(parents=True, exist_ok=True)
        write_rig(place / RECORD, self.rig())
        attributes = {
            t.driven[0].control: (t.driven[0].control, *t.also) for t in self._targets.values() if t.also
        }
        made = SceneRig(place, str(self._capture.folder), False, self.controls, attributes, tuple(left_out))
        write_scene_rig(made)
        return made


def _apart(name: str, gap: float) -> LeftAlone:
    verb = "move" if name.startswith("All ") else "moves"
    return LeftAlone(
        name,
        f"{name} {verb} the meshes by more than blendShape targets ({10 * gap:.1f} mm apart), so the rig was sampled.",
    )


def _is_own(one: Driving, weight: Any) -> bool:
    """Whether the weight is its own control."""
    return one.shown_at == weight and scene_names.plug(one.control) == weight
