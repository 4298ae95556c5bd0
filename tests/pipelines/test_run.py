"""pipelines.run: what is taken for what, in which order, and what a failed run leaves. See also tests/e2e."""

from __future__ import annotations

import errno
import json
import os
import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from facepatch.core.errors import CheckpointError, FacepatchError, InputError, StorageError, VideoError
from facepatch.core.progress import Progress
from facepatch.core.schema import merged
from facepatch.pipelines import run as module
from facepatch.pipelines.models import load_models
from facepatch.pipelines.performance import RenderedPerformance
from facepatch.pipelines.run import (
    Clock,
    Job,
    check_take,
    is_character,
    kept_settings,
    make_performance,
    models_folder,
    retarget,
    run,
)
from facepatch.pipelines.settings import read_settings, toml_text
from facepatch.pipelines.store import Store


def contents(out: Path) -> dict[str, bytes]:
    """All results but the timings, which every attempt adds to."""
    files = [path for path in out.rglob("*") if path.is_file() and path.name != "timings.json"]
    return {str(path.relative_to(out)): path.read_bytes() for path in files}


@pytest.mark.parametrize("name", ["a.npz", "a.GLB", "a.gltf", "a.ma", "a.obj"])
def test_a_character_is_told_from_a_film_by_its_suffix(name: str) -> None:
    assert is_character(Path(name))
    assert not is_character(Path(name).with_suffix(".mp4"))
    assert not is_character(Path("folder"))


def test_a_take_is_checked_before_anything_else(tiny: SimpleNamespace, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"hero\.npz: is a character, not a film.*--take-motion"):
        check_take(Job(take=tiny.hero, character=tiny.hero))
    (tmp_path / "notes.mp4").write_text("no film")
    with pytest.raises(VideoError, match="is not a film"):
        run(
            Job(tmp_path / "notes.mp4", tiny.hero, (tiny.motion,)),
            read_settings(str(tiny.preset)),
            tmp_path / "OUT",
        )
    assert not (tmp_path / "OUT" / "stages").exists()


def test_a_character_with_motion_is_a_performer(tiny: SimpleNamespace, tmp_path: Path) -> None:
    job = Job(tiny.double, tiny.hero, take_motion=(tiny.motion,), take_picks=tiny.double_picks)
    performance = make_performance(job, read_settings(str(tiny.preset)), Store(tmp_path))
    assert isinstance(performance, RenderedPerformance)
    assert performance.take.name == "double"


def test_a_motion_that_never_moves_is_told_before_the_film_is_looked_at(
    tiny: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with np.load(tiny.motion) as stored:
        np.savez(tmp_path / "still.npz", names=stored["names"], weights=0 * stored["weights"])
    monkeypatch.setattr("facepatch.pipelines.performance.detect_landmarks", None)
    job = Job(tiny.film, tiny.hero, (tmp_path / "still.npz",), tiny.hero_picks)
    with pytest.raises(InputError, match="the motion never moves the mesh"):
        run(job, read_settings(str(tiny.preset)), tmp_path / "OUT")


def test_the_clock_keeps_the_time_of_what_was_kept_from_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [0.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    clock = Clock(Store(tmp_path))
    now[0] = 10.0
    clock.lap("landmarks")
    now[0] = 10.1
    clock.lap("pca")
    again = Clock(Store(tmp_path))
    now[0] = 10.3
    again.lap("landmarks")
    assert again.seconds == {"landmarks": 10.0, "pca": 0.1}
    now[0] = 17.3
    again.lap("pca")
    assert json.loads((tmp_path / "timings.json").read_text()) == {"landmarks": 10.0, "pca": 7.0}


def test_damaged_timings_cost_the_timings_only(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "timings.json").write_text("{")
    assert Clock(Store(tmp_path)).seconds == {}
    assert "timings of earlier stages are lost" in caplog.text


def test_models_are_found_in_a_run_or_in_the_folder_itself(tiny_run: SimpleNamespace, tmp_path: Path) -> None:
    assert models_folder(tiny_run.out) == tiny_run.out / "models"
    assert models_folder(tiny_run.out / "models") == tiny_run.out / "models"
    assert kept_settings(tiny_run.out) == tiny_run.settings
    with pytest.raises(
        CheckpointError, match=r"holds no trained models.*--out folder of a finished facepatch run"
    ):
        models_folder(tmp_path)


@pytest.mark.usefixtures("landmarks_beside")
def test_models_without_their_calibration_are_refused(tiny_run: SimpleNamespace, tmp_path: Path) -> None:
    models = Path(shutil.copytree(tiny_run.out / "models", tmp_path / "models"))
    (models / "calibration.json").unlink()
    with pytest.raises(CheckpointError, match="is no whole calibration"):
        retarget(models, tiny_run.job, tmp_path / "OUT")


@pytest.mark.usefixtures("landmarks_beside")
@pytest.mark.parametrize("writes", [0, 1, 3, 6, 9, 14])
def test_a_disk_that_fills_up_leaves_the_earlier_results_whole(
    writes: int, tiny_run: SimpleNamespace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The networks of the earlier run are those of other settings, so that `models` would be replaced."""
    out = Path(shutil.copytree(tiny_run.out, tmp_path / "OUT"))
    before = contents(out)
    left = [writes]
    real = os.fsync

    def fsync(descriptor: int) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(descriptor)

    loop = replace(tiny_run.settings.weights.loop, iterations=1)
    other = replace(tiny_run.settings, weights=replace(tiny_run.settings.weights, loop=loop))
    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(StorageError, match="the disk is full"):
        run(replace(tiny_run.job, side_by_side=False), other, out)
    monkeypatch.setattr(os, "fsync", real)
    after = contents(out)
    assert {name: after.get(name) for name in before} == before
    load_models(out / "models")


@pytest.mark.usefixtures("landmarks_beside")
def test_a_run_that_fails_leaves_the_settings_of_the_clip_that_is_there(
    tiny: SimpleNamespace, tiny_run: SimpleNamespace, tmp_path: Path
) -> None:
    out = Path(shutil.copytree(tiny_run.out, tmp_path / "OUT"))

    def stop(progress: Progress) -> None:
        raise FacepatchError("Stopped.")

    other = replace(tiny_run.settings, train_share=0.5)
    with pytest.raises(FacepatchError, match="Stopped"):
        run(tiny_run.job, other, out, on_progress=stop)
    assert (out / "settings.toml").read_text() == toml_text(tiny_run.settings)


@pytest.mark.usefixtures("landmarks_beside")
def test_the_rest_of_the_take_judges_only(tiny_run: SimpleNamespace, tmp_path: Path) -> None:
    few = {"loop": {"iterations": 1}}
    quick = merged(tiny_run.settings, {"train_share": 0.8, "reenactment": few, "weights": few})
    run(replace(tiny_run.job, side_by_side=False), quick, tmp_path / "OUT")
    report = json.loads((tmp_path / "OUT" / "report.json").read_text())
    assert report["held_out_start"] == 24
    assert {row["n_train"] for row in report["agreement"]} == {24}
    assert {row["n_held_out"] for row in report["agreement"]} == {6}
    (data,) = (tmp_path / "OUT" / "stages").glob("patches-*/data.npz")
    with np.load(data) as stored:
        assert stored["performer_rows"].max() < 24
