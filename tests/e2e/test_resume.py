"""Stopped anywhere and started again, a run gives to the bit what one gives that was never stopped."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from facepatch.core.data.clip import Clip
from facepatch.core.errors import JobCancelledError
from facepatch.core.progress import Progress
from facepatch.pipelines.run import Job, run
from facepatch.pipelines.settings import seeded
from facepatch.training.checkpoint import read_checkpoint

pytestmark = pytest.mark.usefixtures("landmarks_beside")

STAGES = (
    "pca", "landmarks", "performer patches", "character renders", "weights", "reenactment", "retarget", "export",
    "side by side", "report",
)  # fmt: skip


def stop_in(stage: str, at: int = 1) -> Callable[[Progress], None]:
    """Stops the run when `stage` has done `at` units."""

    def on_progress(progress: Progress) -> None:
        if progress.stage == stage and progress.done >= at:
            raise JobCancelledError(f"Stopped in {stage}.")

    return on_progress


def networks(out: Path) -> dict[str, bytes]:
    return {
        name: (out / "models" / name / "weights.safetensors").read_bytes()
        for name in ("reenactment", "weights")
    }


def same(clip: Clip, other: Clip) -> bool:
    assert clip.flags is not None
    assert other.flags is not None
    return np.array_equal(clip.weights, other.weights) and np.array_equal(clip.flags, other.flags)


def test_a_run_that_is_stopped_in_every_stage_ends_as_one_that_never_was(
    tiny_run: SimpleNamespace, tmp_path: Path
) -> None:
    out = tmp_path / "OUT"
    for stage in STAGES:
        with pytest.raises(JobCancelledError, match=f"Stopped in {stage}"):
            run(tiny_run.job, tiny_run.settings, out, on_progress=stop_in(stage))
        assert (out / "models").exists() == (STAGES.index(stage) >= STAGES.index("export"))
    clip = run(tiny_run.job, tiny_run.settings, out)
    assert same(clip, tiny_run.clip)
    assert networks(out) == networks(tiny_run.out)
    assert {path.name for path in out.iterdir()} == {path.name for path in tiny_run.out.iterdir()}


def test_training_goes_on_from_the_iteration_in_which_it_was_stopped(
    tiny_run: SimpleNamespace, tmp_path: Path
) -> None:
    out, job = tmp_path / "OUT", replace(tiny_run.job, side_by_side=False)
    for network in ("weights", "reenactment"):
        with pytest.raises(JobCancelledError):
            run(job, tiny_run.settings, out, on_progress=stop_in(network, 10))
        (checkpoint,) = (out / "stages").glob(f"{network}-*/checkpoint.safetensors")
        assert read_checkpoint(checkpoint).header["iteration"] == 10
    seen: list[Progress] = []
    assert same(run(job, tiny_run.settings, out, on_progress=seen.append), tiny_run.clip)
    assert not {"landmarks", "performer patches", "character renders", "weights"} & {p.stage for p in seen}
    assert not list(out.rglob("checkpoint.safetensors"))


DIES = """
import os, sys
from pathlib import Path
from facepatch.pipelines.run import Job, run
from facepatch.pipelines.settings import read_settings

def die(progress):
    if progress.stage == "reenactment" and progress.done >= 10:
        os._exit(9)  # as kill -9: nothing is closed, nothing is written

film, character, motion, picks, preset, out = map(Path, sys.argv[1:])
run(Job(film, character, (motion,), picks), read_settings(str(preset)), out, on_progress=die)
"""


def test_a_process_that_is_killed_while_it_trains_is_gone_on_from(
    tiny: SimpleNamespace, tiny_run: SimpleNamespace, tmp_path: Path
) -> None:
    out = tmp_path / "OUT"
    # The landmarks are kept, so that the other process needs no detector.
    with pytest.raises(JobCancelledError):
        run(tiny_run.job, tiny_run.settings, out, on_progress=stop_in("performer patches"))
    inputs = (tiny.film, tiny.hero, tiny.motion, tiny.hero_picks, tiny.preset, out)
    died = subprocess.run([sys.executable, "-c", DIES, *map(str, inputs)], capture_output=True, text=True)
    assert died.returncode == 9, died.stderr
    assert len(list(out.rglob("checkpoint.safetensors"))) == 1
    clip = run(replace(tiny_run.job, side_by_side=False), tiny_run.settings, out)
    assert same(clip, tiny_run.clip)
    assert networks(out) == networks(tiny_run.out)


def test_the_same_seed_gives_the_same_clip_and_another_one_another(
    tiny_run: SimpleNamespace, tmp_path: Path
) -> None:
    job: Job = replace(tiny_run.job, side_by_side=False)
    assert same(run(job, tiny_run.settings, tmp_path / "same"), tiny_run.clip)
    other = run(job, seeded(tiny_run.settings, 9), tmp_path / "other")
    assert not np.array_equal(other.weights, tiny_run.clip.weights)
