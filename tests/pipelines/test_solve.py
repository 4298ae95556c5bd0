"""A clip becomes curves, a report and files."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from facepatch.core.data.character import Character, write_character
from facepatch.core.data.clip import Clip, read_clip, write_clip
from facepatch.core.data.rig import rig_from_character, write_rig
from facepatch.core.errors import InputError, TopologyError, UnknownNameError
from facepatch.core.records import Record, read_record, write_record
from facepatch.landmarks.picks import write_picks
from facepatch.pca.fit import fit_pca
from facepatch.pca.sources import ArrayFrames
from facepatch.pipelines.solve import FILES, Solved, SolveJob, solve_clip
from facepatch.solver.settings import SolveSettings
from facepatch.synthetic.face import make_character, synthetic_landmarks
from facepatch.synthetic.performance import make_performance

FINE = SolveSettings(sparsity=0.05, smoothness=0.01)


@pytest.fixture(scope="module")
def character() -> Character:
    return make_character(name="hero", detail="low")


@pytest.fixture(scope="module")
def truth(character: Character) -> np.ndarray:
    return np.clip(make_performance(character, seconds=2.0, rate=(24, 1), seed=3).weights, 0, 1)


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory, character: Character, truth: np.ndarray) -> SolveJob:
    """A PCA clip of a known performance, the character as its rig, and its landmarks."""
    folder = tmp_path_factory.mktemp("solve")
    vertices = character.vertices(truth)
    pca = fit_pca(ArrayFrames(vertices))
    names = tuple(f"pc_{m:03d}" for m in range(pca.component_count))
    write_clip(folder / "clip.npz", Clip(names, pca.weights(vertices), (24, 1), 1001, pca=pca, name="take"))
    write_character(folder / "hero.npz", character)
    write_picks(folder / "picks.json", synthetic_landmarks(character), character)
    return SolveJob(folder / "clip.npz", folder / "hero.npz", folder / "picks.json")


@pytest.fixture(scope="module")
def solved(job: SolveJob, tmp_path_factory: pytest.TempPathFactory) -> tuple[Solved, Path]:
    out = tmp_path_factory.mktemp("out")
    return solve_clip(job, FINE, out), out


def test_the_controls_of_a_known_performance_come_back(
    solved: tuple[Solved, Path], truth: np.ndarray
) -> None:
    found = solved[0].controls
    assert found.rate == (24, 1)
    assert found.start_frame == 1001
    assert np.abs(found.weights - truth).mean() < 0.02
    assert solved[0].report.regions[0].p95_share < 0.005


def test_all_files_are_there_and_say_the_same(solved: tuple[Solved, Path]) -> None:
    result, out = solved
    assert {path.name for path in out.iterdir()} == set(FILES) - {"rig_start.npz"} == set(result.report.files)
    again = read_clip(out / "controls.npz")
    np.testing.assert_array_equal(again.weights, result.controls.weights)
    document = json.loads((out / "solve.json").read_text(encoding="utf-8"))
    assert document["verdict"] == result.report.sentences()
    assert document["controls"]["keys"] == sum(len(curve.rows) for curve in result.curves)
    page = (out / "solve.html").read_text(encoding="utf-8")
    assert "The rig makes this clip" in page
    assert page.count("<figure>") == len(result.report.worst)


def test_keys_are_few_and_the_clip_is_what_they_say(solved: tuple[Solved, Path]) -> None:
    result, _ = solved
    keys = sum(len(curve.rows) for curve in result.curves)
    assert keys < 0.5 * result.controls.frame_count * len(result.curves)
    curve = result.curves[0]
    column = result.controls.names.index(curve.name)
    played = np.interp(np.arange(result.controls.frame_count), curve.rows, curve.values)
    np.testing.assert_allclose(result.controls.weights[:, column], played, atol=1e-6)


def test_a_key_on_every_frame_where_that_is_asked(job: SolveJob, tmp_path: Path) -> None:
    found = solve_clip(replace(job, key_tolerance=0.0), FINE, tmp_path)
    assert all(len(curve.rows) >= 0.9 * found.controls.frame_count for curve in found.curves[:3])


def test_a_rig_that_lacks_shapes_says_what_it_cannot_make(
    job: SolveJob, character: Character, tmp_path: Path
) -> None:
    rig = rig_from_character(character)
    keep = [s for s, shape in enumerate(rig.shapes) if not shape.name.startswith("jaw")]
    poor = replace(rig, deltas=rig.deltas * np.isin(np.arange(len(rig.shapes)), keep)[:, None, None])
    write_rig(tmp_path / "poor.npz", poor)
    found = solve_clip(replace(job, rig=tmp_path / "poor.npz"), FINE, tmp_path / "out")
    assert found.report.regions[0].p95_share > 0.005
    assert found.report.out_of_reach
    assert any("No mixture of the rig's shapes makes: pc_" in text for text in found.report.sentences())


def test_a_clip_that_goes_too_far_names_the_controls_at_their_limits(job: SolveJob, tmp_path: Path) -> None:
    clip = read_clip(job.clip)
    write_clip(tmp_path / "clip.npz", replace(clip, weights=clip.weights * 3))
    found = solve_clip(replace(job, clip=tmp_path / "clip.npz"), FINE, tmp_path / "out")
    assert found.report.clipped
    assert found.controls.weights.max() <= 1.0
    assert any("At their limits: " in text for text in found.report.sentences())


def test_a_folder_stands_for_its_clip_and_frames_may_be_renumbered(job: SolveJob, tmp_path: Path) -> None:
    found = solve_clip(replace(job, clip=job.clip.parent, start_frame=1), FINE, tmp_path)
    assert found.controls.start_frame == 1


def test_held_and_unused_controls(job: SolveJob, tmp_path: Path) -> None:
    wished = replace(job, held={"jawOpen": 0.25}, unused=("mouthSmileLeft",))
    found = solve_clip(wished, FINE, tmp_path)
    by_name = dict(zip(found.controls.names, found.controls.weights.T, strict=True))
    np.testing.assert_allclose(by_name["jawOpen"], 0.25)
    assert (by_name["mouthSmileLeft"] == 0).all()
    with pytest.raises(UnknownNameError, match="Nearest: jawOpen"):
        solve_clip(replace(job, held={"jawOpn": 0.0}), FINE, tmp_path)


def test_a_region_takes_as_much_of_the_solve_as_it_is_told(
    job: SolveJob, solved: tuple[Solved, Path], tmp_path: Path
) -> None:
    half = solve_clip(replace(job, blend={"mouth": 0.5}, key_tolerance=0.0), FINE, tmp_path)
    whole = solve_clip(replace(job, key_tolerance=0.0), FINE, tmp_path)
    names = whole.controls.names
    jaw, blink = names.index("jawOpen"), names.index("eyeBlinkLeft")
    np.testing.assert_allclose(half.controls.weights[:, jaw], 0.5 * whole.controls.weights[:, jaw], atol=1e-6)
    np.testing.assert_allclose(half.controls.weights[:, blink], whole.controls.weights[:, blink], atol=1e-6)
    with pytest.raises(UnknownNameError, match="Nearest: mouth"):
        solve_clip(replace(job, blend={"moth": 0.5}), FINE, tmp_path)
    with pytest.raises(InputError, match="between 0"):
        solve_clip(replace(job, blend={"mouth": 2.0}), FINE, tmp_path)


def test_a_clip_that_stands_still_gives_no_curves(
    job: SolveJob, character: Character, tmp_path: Path
) -> None:
    still = Clip(character.shape_names[:2], np.zeros((5, 2), np.float32), (24, 1))
    write_clip(tmp_path / "clip.npz", still)
    found = solve_clip(replace(job, clip=tmp_path / "clip.npz"), FINE, tmp_path / "out")
    assert not found.curves
    assert not (tmp_path / "out" / "controls.anim").exists()
    assert (tmp_path / "out" / "controls.csv").is_file()


def test_a_rig_of_another_mesh_is_refused(job: SolveJob, tmp_path: Path) -> None:
    write_character(tmp_path / "other.npz", make_character(name="other", detail="full"))
    with pytest.raises(TopologyError, match="the PCA has"):
        solve_clip(replace(job, rig=tmp_path / "other.npz"), FINE, tmp_path / "out")


@pytest.mark.parametrize("what", ["another order", "another place", "another face"])
def test_a_rig_whose_vertices_lie_elsewhere_is_refused(
    job: SolveJob, character: Character, tmp_path: Path, what: str
) -> None:
    rig = rig_from_character(character)
    neutral = {
        "another order": rig.neutral[::-1],
        "another place": rig.neutral + np.asarray([0, 150, 0], np.float32),
        "another face": 1.3 * rig.neutral,
    }[what]
    write_rig(tmp_path / "rig.npz", replace(rig, neutral=np.ascontiguousarray(neutral)))
    with pytest.raises(InputError, match=r"at rest its vertices lie .* cm from those of the clip"):
        solve_clip(replace(job, rig=tmp_path / "rig.npz", picks=None), FINE, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_frames_that_are_no_numbers_are_named(job: SolveJob, tmp_path: Path) -> None:
    header, arrays = read_record(job.clip, "facepatch.clip", 1)
    arrays["weights"][[3, 10]] = np.nan
    write_record(tmp_path / "clip.npz", Record(header, arrays))
    with pytest.raises(InputError, match=r"clip\.npz: the weights of frames 1004, 1011 are no numbers"):
        solve_clip(replace(job, clip=tmp_path / "clip.npz"), FINE, tmp_path / "out")


def test_what_was_asked_for_is_not_held_against_the_rig(job: SolveJob, tmp_path: Path) -> None:
    asked = replace(job, held={"jawOpen": 1.0}, blend={"eyes": 0.25, "nose": 1.0})
    report = solve_clip(asked, FINE, tmp_path).report
    assert "jawOpen" not in [row.name for row in report.clipped]
    assert any(text.startswith("Blended as asked: eyes 0.25.") for text in report.notes)


def test_a_solve_says_how_much_smoothness_the_clip_needed(job: SolveJob, tmp_path: Path) -> None:
    def told(settings: SolveSettings) -> bool:
        notes = solve_clip(job, settings, tmp_path).report.notes
        return any(text.startswith("Sparsity and smoothness were taken at ") for text in notes)

    assert told(SolveSettings(smoothness=100.0))
    assert not told(SolveSettings(smoothness=100.0, slack=0.0))


def test_a_control_that_is_held_along_a_curve_stays_on_it(
    job: SolveJob, truth: np.ndarray, character: Character, tmp_path: Path
) -> None:
    jaw = np.linspace(0.0, 0.6, len(truth))
    wished = replace(job, held={"jawOpen": jaw.tolist()}, blend={"mouth": 0.0}, key_tolerance=0.0)
    found = solve_clip(wished, FINE, tmp_path)
    column = found.controls.names.index("jawOpen")
    np.testing.assert_allclose(found.controls.weights[:, column], jaw, atol=1e-6)
    with pytest.raises(InputError, match="jawOpen: is held by 3 values, but the clip has 48 frames"):
        solve_clip(replace(job, held={"jawOpen": [0.0, 0.1, 0.2]}), FINE, tmp_path)


def test_curves_join_the_keys_around_the_range_and_the_others_are_left_in_peace(
    job: SolveJob, tmp_path: Path
) -> None:
    firm = replace(FINE, smoothness=20.0)
    plain = replace(job, key_tolerance=0.0)
    free = solve_clip(plain, firm, tmp_path).controls
    joined = solve_clip(replace(plain, before={"jawOpen": [0.9, 0.9]}), firm, tmp_path).controls
    jaw, blink = free.names.index("jawOpen"), free.names.index("eyeBlinkLeft")
    assert joined.weights[0, jaw] > free.weights[0, jaw] + 0.1
    assert abs(joined.weights[0, blink] - free.weights[0, blink]) < 0.05
    with pytest.raises(UnknownNameError, match="after: control: there is no 'jawOpn'"):
        solve_clip(replace(job, after={"jawOpn": [0, 0]}), FINE, tmp_path)


def test_controls_that_move_nothing_or_do_the_same_are_named(
    job: SolveJob, character: Character, tmp_path: Path
) -> None:
    rig = rig_from_character(character)
    names = [shape.name for shape in rig.shapes]
    deltas = rig.deltas.copy()
    deltas[names.index("cheekPuff")] = 0.0
    deltas[names.index("mouthRollLower")] = 2.0 * deltas[names.index("jawOpen")]
    write_rig(tmp_path / "odd.npz", replace(rig, deltas=deltas))
    found = solve_clip(replace(job, rig=tmp_path / "odd.npz"), FINE, tmp_path / "out")
    said = " ".join(found.report.sentences())
    assert "They move nothing, so they stay at their default: cheekPuff." in said
    assert "jawOpen and mouthRollLower" in said
    assert found.report.regions[0].p95_share < 0.01


def test_files_of_an_earlier_solve_do_not_stay(job: SolveJob, character: Character, tmp_path: Path) -> None:
    solve_clip(job, FINE, tmp_path)
    (tmp_path / "rig_start.npz").write_bytes(b"old")
    still = Clip(character.shape_names[:2], np.zeros((5, 2), np.float32), (24, 1))
    write_clip(tmp_path / "still.npz", still)
    solved = solve_clip(replace(job, clip=tmp_path / "still.npz"), FINE, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {*solved.report.files, "still.npz"}
    assert "controls.anim" not in solved.report.files


def test_a_clip_without_frames_is_refused(job: SolveJob, character: Character, tmp_path: Path) -> None:
    empty = Clip(character.shape_names[:2], np.zeros((0, 2), np.float32), (24, 1))
    write_clip(tmp_path / "clip.npz", empty)
    with pytest.raises(InputError, match="has no frames to solve"):
        solve_clip(replace(job, clip=tmp_path / "clip.npz"), FINE, tmp_path / "out")
