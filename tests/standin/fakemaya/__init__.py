"""A strict stand-in for Maya's Python modules, for tests on machines without Maya.

    with fakemaya.install(version=2025) as maya:
        face = maya.add_mesh("face", points, counts, corners)
        from maya import cmds

See docs/testing-without-maya.md for what it proves and what it cannot.
"""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections import Counter
from types import ModuleType
from typing import Any, Callable, Iterator, Optional

import numpy as np

from fakemaya import membership
from fakemaya.active import Gap, activate, active
from fakemaya.calls import Call
from fakemaya.node import Node, Plug, mesh_data
from fakemaya.scene import Scene

__all__ = ["Call", "FakeMaya", "Gap", "Scene", "active", "install"]


class FakeMaya:
    """One running Maya: a scene, its interface and its plug-ins."""

    def __init__(self, *, version: int = 2025, batch: bool = False) -> None:
        self.version = version
        self.batch = batch
        self.calls: list[Call] = []
        """Every call of a command, and of the API methods of api_contract.RECORDED."""
        self.counts: Counter[str] = Counter()
        """How often each API method was called."""
        self.plugin_commands: dict[str, Any] = {}
        self.state: dict[str, Any] = {}
        """What commands keep beside the scene: panels, options, plug-ins."""
        self.animations: dict[str, Callable[[float], Any]] = {}
        """UUID of a standinGeometry node -> what animates it: functions cannot be saved in files."""
        self.callbacks: dict[int, Any] = {}
        """Living API callbacks by id."""
        self.raw_buffers: list[tuple[Node, Any, Any]] = []
        """(node, mesh data, memory) handed out by getRawPoints: spoilt once the mesh has changed."""
        self.scene = Scene()
        from fakemaya.openmaya import events

        self.scene.listeners.append(lambda event, arguments: events.fire(self, event, arguments))

    def add_mesh(
        self,
        name: str,
        points: Any,
        counts: Any,
        corners: Any,
        *,
        parent: str = "",
        animate: Optional[Callable[[float], Any]] = None,
    ) -> str:
        """A mesh with initialShadingGroup assigned; returns the long name of its transform. Not undoable.

        points: (V, 3) object space, cm. counts, corners: the polygons. animate: frame -> (V, 3) object space, cm,
        as a rig would move it.
        """
        scene = self.scene
        on, scene.queue.on = scene.queue.on, False
        try:
            above = scene.node(parent) if parent else None
            transform = scene.create("transform", name, parent=above)
            shape = scene.create("mesh", f"{transform.full_name}Shape", parent=transform)
            mesh = mesh_data(points, counts, corners)
            scene.put(Plug(shape, shape.type.by_name["cachedInMesh"]), mesh)
            if animate is not None:
                rig = scene.create("standinGeometry", f"{transform.name}Rig")
                rig.animate = animate
                self.animations[rig.uuid] = animate
                scene.put(Plug(rig, rig.type.by_name["output"]), mesh)
                scene.link(scene.plug("time1.outTime"), Plug(rig, rig.type.by_name["time"]))
                scene.link(Plug(rig, rig.type.by_name["output"]), Plug(shape, shape.type.by_name["inMesh"]))
            membership.add(scene, scene.node("initialShadingGroup"), (shape, "", None))
        finally:
            scene.queue.on = on
        return transform.path

    def idle(self) -> None:
        """Let Maya idle: deferred functions and idle events run."""
        from fakemaya.commands.deferred import run_idle

        run_idle(self)


def _modules() -> dict[str, ModuleType]:
    # Importing them registers what they have.
    for part in ("commands", "mel", "openmaya", "openmaya_anim", "openmaya_ui", "standalone", "utils"):
        importlib.import_module(f"fakemaya.{part}")
    from fakemaya.api_contract import api_modules
    from fakemaya.strict import cmds_module

    modules = {"maya.cmds": cmds_module(), **api_modules()}
    modules.setdefault("maya", ModuleType("maya"))
    modules.setdefault("maya.api", ModuleType("maya.api"))
    for package in ("maya", "maya.api"):
        modules[package].__path__ = []  # type: ignore[attr-defined]
    for name, module in modules.items():
        package, _, leaf = name.rpartition(".")
        if package:
            setattr(modules[package], leaf, module)
    return modules


def _ours(name: str) -> bool:
    return name.split(".")[0] in ("maya", "facepatch_maya")


@contextlib.contextmanager
def install(version: int = 2025, batch: bool = False) -> Iterator[FakeMaya]:
    """Put Maya's modules into sys.modules for the block, and take them, and facepatch_maya, out again at its end."""
    kept = {name: module for name, module in sys.modules.items() if _ours(name)}
    for name in kept:
        del sys.modules[name]
    maya = FakeMaya(version=version, batch=batch)
    activate(maya)
    sys.modules.update(_modules())
    try:
        yield maya
    finally:
        for name in [name for name in sys.modules if _ours(name)]:
            del sys.modules[name]
        sys.modules.update(kept)
        activate(None)


def vertices(maya: FakeMaya, name: str) -> Any:
    """(V, 3) float32 object-space vertices of a mesh as evaluated now, for a test to look at."""
    from fakemaya import meshes, naming

    shape = naming.visible_shape(maya.scene.node(name), "mesh")
    if shape is None:
        raise ValueError(f"{name} has no mesh.")
    return np.array(meshes.of(maya.scene, shape).points)
