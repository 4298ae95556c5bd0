"""The verb `solve_rig` without the backend: NumPy only, small rigs, no smoothness. Files as the service writes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from facepatch.core.data.clip import Clip, read_clip, write_clip
from facepatch.core.data.pca import Pca
from facepatch.core.data.rig import read_rig
from facepatch.core.rig_refine import RefineSettings
from facepatch.core.rig_samples import read_rig_samples
from facepatch.core.rig_start import RigStart, finish_on_rig, write_rig_start


def exact_clip(meshes: Any, *, rate: tuple[int, int] = (24, 1)) -> Clip:
    """Meshes (T, V, 3) as the weights of a PCA that loses nothing."""
    flat = np.asarray(meshes, np.float64).reshape(len(meshes), -1)
    mean = flat.mean(axis=0)
    _, values, rows = np.linalg.svd(flat - mean, full_matrices=False)
    basis = rows[values > 1e-6 * values[0]]
    weights = (flat - mean) @ basis.T
    pca = Pca(
        mean.astype(np.float32),
        basis.astype(np.float32),
        weights.var(axis=0),
        float(weights.var(axis=0).sum()),
    )
    names = tuple(f"pc_{row:03d}" for row in range(len(basis)))
    return Clip(names, weights.astype(np.float32), rate, pca=pca, name="take")


def solve_rig(arguments: dict[str, Any]) -> dict[str, Any]:
    """A rig record is solved to its end; for samples everything rests, and rig_start.npz says how to go on."""
    clip, path, out = read_clip(Path(arguments["clip"])), Path(arguments["rig"]), Path(arguments["out"])
    assert clip.pca is not None
    sampled = path.is_dir()
    if sampled:
        samples = read_rig_samples(path)
        controls, neutral = samples.controls, np.asarray(samples.vertices[0])
        moves = np.asarray(samples.vertices[1:]) - neutral
        idle = samples.idle
    else:
        rig = read_rig(path)
        controls, neutral, moves, idle = rig.controls, rig.neutral, rig.deltas, ()
    start = _start(arguments, clip, controls, neutral, moves, idle)
    values = start.values
    if not sampled:
        settings = RefineSettings(steps=30, jacobian_frames=1, sparsity=0.0, smoothness=0.0, tolerance=1e-9)
        values, _ = finish_on_rig(start, rig.vertices, settings=settings)
    else:
        write_rig_start(out / "rig_start.npz", start)
    away = np.abs(start.shares(values) - start.shares(start.defaults)).max(axis=0)
    still = start.free & (away < 0.01)
    values = np.where(still, start.defaults, values)
    names = tuple(control.name for control in controls)
    write_clip(out / "controls.npz", Clip(names, values.astype(np.float32), clip.rate, name="take"))
    report = {
        "record": "facepatch.solve_report",
        "verdict": ["The rig makes this clip: 0.00 mm mean distance."],
        "start_frame": arguments["start_frame"] or 0,
        "worst": [{"frame": (arguments["start_frame"] or 0) + 3, "rms_mm": 0.1, "max_mm": 0.2}],
        "controls": {"idle": [name for name, rests in zip(names, still) if rests and not sampled]},
    }
    (out / "solve.json").write_text(json.dumps(report), encoding="utf-8")
    (out / "solve.html").write_text("<html></html>", encoding="utf-8")
    return {"out": str(out), "files": [str(out / "solve.html")]}


def _start(
    arguments: dict[str, Any], clip: Clip, controls: Any, neutral: Any, moves: Any, idle: Any
) -> RigStart:
    pca: Any = clip.pca
    columns = np.concatenate(
        [moves.reshape(len(moves), -1), pca.basis, (pca.mean - neutral.reshape(-1))[None]]
    ).astype(np.float64)
    left, values, _ = np.linalg.svd(columns.T, full_matrices=False)
    basis = left[:, values > 1e-6 * values[0]]
    scale = 10.0 / np.sqrt(len(neutral))
    targets = (clip.weights @ pca.basis + pca.mean - neutral.reshape(-1)) @ basis * scale
    names = [control.name for control in controls]
    first = np.tile([control.default for control in controls], (clip.frame_count, 1))
    free = np.array(
        [control.is_free and control.name not in (*idle, *arguments["unused"]) for control in controls]
    )
    for name, value in arguments["held"].items():
        first[:, names.index(name)] = value
        free[names.index(name)] = False
    count = len(controls)
    return RigStart(
        controls=tuple(controls), values=first, free=free, cost=np.ones(count), blend=np.ones(count),
        before=np.empty((0, count)), after=np.empty((0, count)), neutral=neutral.astype(np.float32),
        scale=np.full(len(neutral), scale, np.float32), basis=basis.astype(np.float32), targets=targets,
        sparsity=0.0, smoothness=0.0,
    )  # fmt: skip
