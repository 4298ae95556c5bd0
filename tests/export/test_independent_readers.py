# USD ships no type stubs:
# pyright: reportAttributeAccessIssue=false
"""Written files as evaluators that share no code with us play them: the .ma reader of conftest, UsdSkel, Blender.

Each has to agree with NumPy to 1e-5 of the size of the scene. Blender is asked by `make test-blender`.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pxr import Gf, Usd, UsdGeom, UsdSkel

from facepatch.export.maya_ascii import write_maya_ascii
from facepatch.export.usd import write_usd

RELATIVE = 1e-5


@pytest.fixture
def blender(root: Path) -> Path:
    """Blender's own Python."""
    place = "Scripts/python.exe" if os.name == "nt" else "bin/python"
    python = Path(os.environ.get("FACEPATCH_BLENDER_PYTHON") or root / ".venv-blender" / place)
    if not python.is_file():
        pytest.skip("no Blender here: make test-blender")
    return python


@pytest.fixture
def clip(pca_clip: Any, changed: Any) -> Any:
    """Signed weights up to 9: Blender clamps shape keys at 10."""
    weights = pca_clip.weights * (9.0 / np.abs(pca_clip.weights).max())
    assert weights.min() < -3.0
    return changed(pca_clip, weights=weights)


def require_agreement(found: np.ndarray, wanted: np.ndarray, record_property: Any) -> None:
    error = float(np.abs(found - wanted).max() / np.abs(wanted).max())
    record_property("relative_error", error)
    assert error < RELATIVE


def in_maya_ascii(path: Path, clip: Any, read_maya: Any) -> np.ndarray:
    scene = read_maya(path)
    shapes = [name for name, kind in scene.types.items() if kind == "mesh" and not name.endswith("Orig")]
    frames = clip.start_frame + np.arange(clip.frame_count)
    return np.stack([np.concatenate([scene.world(shape, t) for shape in shapes]) for t in frames])


def in_usd_skel(path: Path, clip: Any) -> np.ndarray:
    stage = Usd.Stage.Open(str(path))
    root = UsdSkel.Root(stage.GetDefaultPrim())
    assert UsdSkel.BakeSkinning(root, Gf.Interval(stage.GetStartTimeCode(), stage.GetEndTimeCode()))
    found = []
    for time in clip.start_frame + np.arange(clip.frame_count):
        placed = []
        for prim in (prim for prim in stage.Traverse() if prim.IsA(UsdGeom.Mesh)):
            matrix = np.array(UsdGeom.Xformable(prim).ComputeLocalToWorldTransform(float(time))).T
            points = np.array(UsdGeom.Mesh(prim).GetPointsAttr().Get(float(time)), np.float64)
            placed.append(points @ matrix[:3, :3].T + matrix[:3, 3])
        found.append(np.concatenate(placed))
    return np.stack(found)


def in_blender(python: Path, path: Path, clip: Any, root: Path) -> np.ndarray:
    script, out = root / "tests" / "blender" / "evaluate_usd.py", path.with_suffix(".npz")
    frames = (clip.start_frame, clip.start_frame + clip.frame_count - 1)
    command = [str(python), str(script), str(path), str(out), *map(str, frames)]
    # Blender's Python is another one: it must not see this one's packages.
    clean = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    done = subprocess.run(command, env=clean, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    stage = Usd.Stage.Open(str(path))
    order = [prim.GetName() for prim in stage.Traverse() if prim.IsA(UsdGeom.Mesh)]
    with np.load(out) as found:
        return np.concatenate([found[name] for name in order], axis=1)


def test_the_maya_ascii_reader_agrees_with_numpy(
    tmp_path, character, clip, truth, read_maya, record_property
):
    write_maya_ascii(clip, tmp_path / "c.ma", character=character)
    found = in_maya_ascii(tmp_path / "c.ma", clip, read_maya)
    require_agreement(found, truth(clip, character), record_property)


def test_usd_skel_agrees_with_numpy(tmp_path, character, clip, truth, record_property):
    write_usd(clip, tmp_path / "c.usdc", character=character)
    require_agreement(in_usd_skel(tmp_path / "c.usdc", clip), truth(clip, character), record_property)


def test_blender_agrees_with_numpy(tmp_path, character, clip, truth, record_property, blender, root):
    write_usd(clip, tmp_path / "c.usdc", character=character)
    found = in_blender(blender, tmp_path / "c.usdc", clip, root)
    require_agreement(found, truth(clip, character), record_property)


def test_blender_plays_blendshapes_as_numpy(
    tmp_path, character, shape_clip, truth, record_property, blender, root
):
    write_usd(shape_clip, tmp_path / "c.usdc", character=character)
    found = in_blender(blender, tmp_path / "c.usdc", shape_clip, root)
    require_agreement(found, truth(shape_clip, character), record_property)


def test_a_wrong_shape_would_be_noticed(tmp_path, character, clip, truth, changed, record_property):
    other = changed(clip, weights=clip.weights * 1.001)
    write_usd(other, tmp_path / "c.usdc", character=character)
    with pytest.raises(AssertionError):
        require_agreement(in_usd_skel(tmp_path / "c.usdc", clip), truth(clip, character), record_property)
