"""A rig that was only sampled, without the rig."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from facepatch.core.data.character import Character, write_character
from facepatch.core.data.clip import Clip, read_clip, write_clip
from facepatch.core.errors import InputError, SolveError, TopologyError, UnknownNameError
from facepatch.core.host import Control
from facepatch.core.rig_samples import asked, sample_rig
from facepatch.core.rig_start import finish_on_rig, read_rig_start
from facepatch.landmarks.picks import write_picks
from facepatch.pca.fit import fit_pca
from facepatch.pca.sources import ArrayFrames
from facepatch.pipelines.solve import Solved, SolveJob, solve_clip
from facepatch.solver import stand_in
from facepatch.solver.settings import SolveSettings
from facepatch.solver.stand_in import StandInSettings
from facepatch.synthetic.face import make_character, synthetic_landmarks
from joint_rigs import JointRig, joint_performance

FINE = SolveSettings(sparsity=0.01, smoothness=0.1)
QUICK = StandInSettings(hidden=64, iterations=300)


class JointHost:
    """The joint rig on the mesh of a character; angles come in radians."""

    def __init__(self, neutral: np.ndarray) -> None:
        self.rig = JointRig(neutral)

    def controls(self, names: Sequence[str]) -> tuple[Control, ...]:
        raise NotImplementedError

    def sample(self, controls: Sequence[str], values: Any, meshes: Sequence[str]) -> np.ndarray:
        scale = [180 / math.pi if control.unit == "degrees" else 1.0 for control in self.rig.controls]
        return self.rig(values * np.asarray(scale))


@pytest.fixture(scope="module", autouse=True)
def _quick_stand_in() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stand_in, "StandInSettings", lambda: QUICK)
        yield


@pytest.fixture(scope="module")
def character() -> Character:
    whole = make_character(name="hero", detail="low")
    return replace(whole, shape_names=(), deltas=whole.deltas[:0])


@pytest.fixture(scope="module")
def host(character: Character) -> JointHost:
    return JointHost(character.neutral)


@pytest.fixture(scope="module")
def truth(host: JointHost) -> np.ndarray:
    return joint_performance(host.rig, frames=36)


@pytest.fixture(scope="module")
def job(
    tmp_path_factory: pytest.TempPathFactory, character: Character, host: JointHost, truth: np.ndarray
) -> SolveJob:
    folder = tmp_path_factory.mktemp("sampled")
    sample_rig(host, host.rig.controls, ["face"], folder / "rig")
    write_character(folder / "rig" / "character.npz", character)
    vertices = host.rig(truth)
    pca = fit_pca(ArrayFrames(vertices))
    names = tuple(f"pc_{m:03d}" for m in range(pca.component_count))
    write_clip(folder / "clip.npz", Clip(names, pca.weights(vertices), (24, 1), 1001, pca=pca, name="take"))
    write_picks(
        folder / "picks.json", synthetic_landmarks(make_character(name="hero", detail="low")), character
    )
    return SolveJob(folder / "clip.npz", folder / "rig", folder / "picks.json", key_tolerance=0.0)


@pytest.fixture(scope="module")
def solved(job: SolveJob, tmp_path_factory: pytest.TempPathFactory) -> tuple[Solved, Path]:
    out = tmp_path_factory.mktemp("out")
    wished = replace(job, held={"lid.close": np.linspace(0, 1, 36).tolist()}, unused=("smile.r",))
    return solve_clip(wished, FINE, out), out


def test_a_sampled_rig_gives_the_same_files_and_says_that_it_was_not_asked(
    solved: tuple[Solved, Path], truth: np.ndarray
) -> None:
    result, out = solved
    assert {path.name for path in out.iterdir()} == set(result.report.files)
    said = json.loads((out / "solve.json").read_text(encoding="utf-8"))["verdict"]
    assert said[0].startswith("The rig's stand-in ")
    assert any("The rig itself was not asked" in text and "mm off where" in text for text in said)
    assert any("does not respond to them, so they stay at their default: broken.tx" in text for text in said)
    clip = result.controls
    assert (clip.start_frame, clip.rate) == (1001, (24, 1))
    jaw = clip.names.index("jaw.rotateX")
    assert np.abs(clip.weights[:, jaw] - truth[:, jaw]).mean() < 0.03 * 35


def test_what_is_held_and_unused_stays_so_on_the_rig_itself(
    solved: tuple[Solved, Path], host: JointHost
) -> None:
    result, out = solved
    names = result.controls.names
    start = read_rig_start(out / "rig_start.npz")
    values, found = finish_on_rig(start, asked(host, start.controls, ["face"]))
    for weights in (result.controls.weights, values):
        np.testing.assert_allclose(weights[:, names.index("lid.close")], np.linspace(0, 1, 36), atol=1e-6)
        assert (weights[:, names.index("smile.r")] == 0).all()
    begun = np.linalg.norm(start.targets - start.project(host.rig(start.values)), axis=1)
    assert (found.error_mm <= begun + 1e-6).all()
    assert found.error_mm.mean() < begun.mean()


def test_a_region_can_be_left_at_rest(job: SolveJob, host: JointHost, tmp_path: Path) -> None:
    found = solve_clip(replace(job, blend={"mouth": 0.0}), FINE, tmp_path)
    names = found.controls.names
    assert (found.controls.weights[:, names.index("smile.l")] == 0).all()
    assert np.ptp(found.controls.weights[:, names.index("lid.close")]) > 0.1
    start = read_rig_start(tmp_path / "rig_start.npz")
    values, _ = finish_on_rig(start, host.rig)
    assert (values[:, names.index("smile.l")] == 0).all()


def test_samples_that_do_not_fit_are_refused(
    job: SolveJob, host: JointHost, character: Character, tmp_path: Path
) -> None:
    rig = tmp_path / "rig"
    sample_rig(host, host.rig.controls, ["face"], rig)
    with pytest.raises(InputError, match=r"has no character\.npz"):
        solve_clip(replace(job, rig=rig), FINE, tmp_path / "out")
    write_character(rig / "character.npz", make_character(name="other", detail="full"))
    with pytest.raises(TopologyError, match="The rig was sampled with 398 vertices, but"):
        solve_clip(replace(job, rig=rig), FINE, tmp_path / "out")
    write_character(rig / "character.npz", character)
    with pytest.raises(UnknownNameError, match=r"Nearest: lid\.close"):
        solve_clip(replace(job, rig=rig, unused=("lid.clos",)), FINE, tmp_path / "out")
    meshes = np.load(rig / "samples.npy", mmap_mode="r+")
    meshes[1, 3] = np.nan
    meshes.flush()
    with pytest.raises(SolveError, match=r"Sample 1 of the rig .* no numbers, at jaw.rotateX=-5"):
        solve_clip(replace(job, rig=rig), FINE, tmp_path / "out")
    meshes[:] = 100.0 + character.neutral
    meshes.flush()
    with pytest.raises(InputError, match=r"lies 173.2 cm beside the character's neutral"):
        solve_clip(replace(job, rig=rig), FINE, tmp_path / "out")


def test_a_clip_that_lies_elsewhere_is_refused(job: SolveJob, tmp_path: Path) -> None:
    clip = read_clip(job.clip)
    assert clip.pca is not None
    far = replace(clip, pca=replace(clip.pca, mean=clip.pca.mean + np.float32(50.0)))
    write_clip(tmp_path / "clip.npz", far)
    with pytest.raises(InputError, match=r"lie 86.\d cm from those of the clip"):
        solve_clip(replace(job, clip=tmp_path / "clip.npz"), FINE, tmp_path / "out")


def test_a_clip_of_another_mesh_is_refused(job: SolveJob, tmp_path: Path) -> None:
    clip = read_clip(job.clip)
    assert clip.pca is not None
    smaller = replace(clip.pca, mean=clip.pca.mean[:-3], basis=clip.pca.basis[:, :-3])
    write_clip(tmp_path / "clip.npz", replace(clip, pca=smaller))
    with pytest.raises(TopologyError, match="sampled with 398 vertices, but the clip has 397"):
        solve_clip(replace(job, clip=tmp_path / "clip.npz"), FINE, tmp_path / "out")


def test_sampling_that_was_not_finished_is_refused(job: SolveJob, tmp_path: Path) -> None:
    (tmp_path / "samples.part.npz").write_bytes(b"")
    with pytest.raises(InputError, match="was not sampled to the end"):
        solve_clip(replace(job, rig=tmp_path), FINE, tmp_path / "out")
