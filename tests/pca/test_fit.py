from __future__ import annotations

import numpy as np
import pytest

from facepatch.core.data.character import Character, MeshSpan, Part
from facepatch.core.data.clip import Clip, MeshClip
from facepatch.core.data.mesh import Topology
from facepatch.core.errors import InputError, JobCancelledError, ShapeError, UnknownNameError
from facepatch.core.progress import Progress
from facepatch.pca import (
    ArrayFrames,
    BlendshapeFrames,
    PcaSettings,
    ShapeSource,
    character_frames,
    fit_pca,
    fit_pca_with_report,
)

ALL = PcaSettings(variance=1.0)
RANDOMISED = PcaSettings(variance=1.0, gram_frames=0, block_mb=1)


def motion(frames: int = 300, vertices: int = 100, modes: int = 6, seed: int = 0) -> BlendshapeFrames:
    rng = np.random.default_rng(seed)
    sizes = np.geomspace(1.0, 0.01, modes)[:, None, None]
    return BlendshapeFrames(
        rng.normal(0.0, 10.0, (vertices, 3)).astype(np.float32),
        (rng.normal(size=(modes, vertices, 3)) * sizes).astype(np.float32),
        rng.random((frames, modes)).astype(np.float32),
    )


def whole(source: ShapeSource) -> np.ndarray:
    return source.block(0, source.frame_count)


def reference(frames: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    flat = frames.reshape(len(frames), -1).astype(np.float64)
    _, values, rows = np.linalg.svd(flat - flat.mean(axis=0), full_matrices=False)
    return values, rows


class Counted:
    """A source that remembers the largest block it was asked for."""

    def __init__(self, frames: np.ndarray) -> None:
        self.frames = frames
        self.largest = 0

    @property
    def frame_count(self) -> int:
        return len(self.frames)

    @property
    def vertex_count(self) -> int:
        return self.frames.shape[1]

    def block(self, start: int, stop: int) -> np.ndarray:
        self.largest = max(self.largest, stop - start)
        return self.frames[start:stop]


def test_one_moving_vertex_gives_one_component_with_its_variance():
    frames = np.zeros((4, 2, 3), np.float32)
    frames[:, 1, 1] = [0, 2, 0, 2]
    frames += 5
    pca = fit_pca(frames)
    assert pca.component_count == 1
    np.testing.assert_allclose(pca.basis, [[0, 0, 0, 0, 1, 0]], atol=1e-7)
    np.testing.assert_allclose(pca.variance, [1.0])
    assert pca.total_variance == pytest.approx(1.0)
    np.testing.assert_allclose(pca.mean, [5, 5, 5, 5, 6, 5])


@pytest.mark.parametrize("settings", [ALL, RANDOMISED], ids=["gram", "randomised"])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_three_ways_agree(settings: PcaSettings, weighted: bool):
    source = motion()
    weights = np.linspace(1, 3, source.vertex_count) if weighted else None
    exact = fit_pca(source, ALL, vertex_weights=weights)
    other = fit_pca(whole(source), settings, vertex_weights=weights)
    assert exact.component_count == other.component_count == 6
    np.testing.assert_allclose(other.variance, exact.variance, rtol=2e-5)
    np.testing.assert_allclose(other.basis, exact.basis, atol=2e-4)
    np.testing.assert_allclose(other.mean, exact.mean, atol=1e-5)
    assert other.total_variance == pytest.approx(exact.total_variance, rel=1e-5)


@pytest.mark.parametrize("settings", [ALL, RANDOMISED], ids=["gram", "randomised"])
def test_singular_values_match_a_float64_svd_to_1e_5(settings: PcaSettings):
    rng = np.random.default_rng(3)
    modes = rng.normal(size=(50, 300)) * np.geomspace(1, 1e-3, 50)[:, None]
    frames = (rng.normal(size=(350, 50)) @ modes + rng.normal(size=300) * 10).astype(np.float32)
    frames = frames.reshape(350, 100, 3)
    pca = fit_pca(frames, settings)
    values, _ = reference(frames)
    found = np.sqrt(pca.variance * len(frames))
    assert len(found) >= 50
    np.testing.assert_allclose(found[:50], values[:50], rtol=1e-5)


@pytest.mark.parametrize("settings", [ALL, RANDOMISED], ids=["gram", "randomised"])
def test_weights_of_the_frames_are_uncorrelated_with_the_stated_variance(settings: PcaSettings):
    frames = whole(motion())
    pca = fit_pca(frames, settings, vertex_weights=np.linspace(1, 3, frames.shape[1]))
    weights = pca.weights(frames).astype(np.float64)
    np.testing.assert_allclose(
        np.cov(weights.T, bias=True), np.diag(pca.variance), atol=1e-5 * pca.variance[0]
    )
    assert (np.diff(pca.variance) <= 0).all()


def test_basis_is_orthonormal_and_its_largest_entries_are_positive():
    frames = whole(motion())
    pca = fit_pca(frames, vertex_weights=np.linspace(1, 3, frames.shape[1]))
    np.testing.assert_allclose(pca.basis @ pca.basis.T, np.eye(pca.component_count), atol=1e-6)
    assert (pca.basis.max(axis=1) >= -pca.basis.min(axis=1)).all()


def test_vertices_are_rebuilt_within_the_unexplained_variance():
    source = motion()
    frames = whole(source)
    fit = fit_pca_with_report(source, PcaSettings(variance=0.99))
    pca = fit.pca
    rest = frames - pca.vertices(pca.weights(frames))
    lost = float((rest.reshape(len(frames), -1) ** 2).sum(axis=1).mean()) / pca.total_variance
    assert lost == pytest.approx(1 - fit.choice.explained[pca.component_count], rel=1e-3)
    assert lost <= 0.01
    assert 1 - fit.choice.explained[pca.component_count - 1] > 0.01


def test_a_small_region_gets_the_components_that_the_variance_would_drop():
    rng = np.random.default_rng(0)
    deltas = np.zeros((2, 60, 3), np.float32)
    deltas[0, 10:] = 1.0
    deltas[1, :4] = 0.1
    neutral = rng.normal(0, 10, (60, 3)).astype(np.float32)
    source = BlendshapeFrames(neutral, deltas, rng.random((400, 2)).astype(np.float32))
    lids = {"lids": np.arange(4)}
    without = fit_pca_with_report(source)
    kept = fit_pca_with_report(source, regions=lids, face_height=10.0)
    assert without.pca.component_count == 1
    assert kept.pca.component_count == 2
    assert "lids within 0.10 mm" in kept.choice.reason
    # The lids stay at their mean without the second component: half of 0.1 in each of x, y and z.
    assert kept.choice.region_errors["lids"][1] == pytest.approx(0.5 * 0.1 * np.sqrt(3), rel=0.1)
    loose = fit_pca_with_report(source, PcaSettings(region_error=0.02), regions=lids, face_height=10.0)
    assert loose.pca.component_count == 1


@pytest.mark.parametrize("as_array", [False, True])
def test_region_errors_are_those_of_the_rebuilt_region(as_array: bool):
    source = motion()
    rows = np.arange(20, 50)
    fit = fit_pca_with_report(
        whole(source) if as_array else source,
        PcaSettings(variance=0.9),
        regions={"lips": rows},
        face_height=1e4,
    )
    frames = whole(source)
    rest = (frames - fit.pca.vertices(fit.pca.weights(frames)))[:, rows]
    worst = np.sqrt((rest**2).sum(axis=(1, 2)) / len(rows)).max()
    assert fit.choice.region_errors["lips"][fit.pca.component_count] == pytest.approx(worst, rel=1e-3)


def test_weighted_vertices_get_a_component_before_larger_motion_elsewhere():
    deltas = np.zeros((2, 60, 3), np.float32)
    deltas[0, 10:] = 0.1
    deltas[1, :10] = 0.2
    rng = np.random.default_rng(0)
    neutral = rng.normal(0, 10, (60, 3)).astype(np.float32)
    source = BlendshapeFrames(neutral, deltas, rng.random((400, 2)).astype(np.float32))
    one = PcaSettings(max_components=1)
    weights = np.where(np.arange(60) < 10, 3.0, 1.0)
    # Sums of squares: 10 * 0.04 = 0.4 against 50 * 0.01 = 0.5; weighted nine times as much, 3.6 against 0.5.
    assert np.abs(fit_pca(source, one).basis[0, :30]).max() < 0.1
    assert np.abs(fit_pca(source, one, vertex_weights=weights).basis[0, :30]).min() > 0.15


def test_a_region_that_never_moves_is_named():
    source = motion()
    source.deltas[:, :5] = 0
    fit = fit_pca_with_report(
        source, regions={"lids_l": np.arange(5), "lips": np.arange(5, 20)}, face_height=12
    )
    assert fit.still_regions == ("lids_l",)


def test_frames_are_read_in_blocks_of_the_memory_that_is_allowed():
    source = Counted(whole(motion(frames=300, vertices=500)))
    fit_pca(source, RANDOMISED, regions={"lips": np.arange(5), "lids": np.arange(3, 9)})
    assert source.largest == 2**20 // (4 * 1500)


def test_a_memory_map_and_a_mesh_clip_give_what_the_array_gives(tmp_path):
    frames = whole(motion())
    np.save(tmp_path / "frames.npy", frames)
    stored = np.load(tmp_path / "frames.npy", mmap_mode="r")
    wanted = fit_pca(frames)
    for given in (stored, MeshClip(frames, (24, 1)), ArrayFrames(frames)):
        np.testing.assert_array_equal(fit_pca(given).basis, wanted.basis)


def test_the_same_seed_gives_the_same_bits_and_another_one_the_same_space():
    frames = whole(motion())
    first, again = fit_pca(frames, RANDOMISED), fit_pca(frames, RANDOMISED)
    np.testing.assert_array_equal(first.basis, again.basis)
    other = fit_pca(frames, PcaSettings(variance=1.0, gram_frames=0, seed=5))
    np.testing.assert_allclose(other.basis, first.basis, atol=1e-3)


def test_too_few_components_are_said_and_logged(caplog):
    fit = fit_pca_with_report(motion(), PcaSettings(max_components=2))
    assert fit.pca.component_count == 2
    assert not fit.choice.met
    assert "Raise pca.max_components" in fit.choice.reason
    assert "pca.max_components" in caplog.text


def test_progress_ends_at_its_total_and_can_stop_the_fit():
    seen: list[Progress] = []
    fit_pca(whole(motion()), RANDOMISED, on_progress=seen.append)
    assert seen[-1].done == seen[-1].total
    assert all(p.done <= p.total for p in seen)

    def stop(progress: Progress) -> None:
        raise JobCancelledError("stopped")

    with pytest.raises(JobCancelledError):
        fit_pca(whole(motion()), RANDOMISED, on_progress=stop)


@pytest.mark.parametrize("settings", [ALL, RANDOMISED], ids=["gram", "randomised"])
def test_motion_that_never_moves_is_refused(settings: PcaSettings):
    source = motion()
    still = np.repeat(whole(source)[:1], 20, axis=0)
    with pytest.raises(InputError, match="never moves the mesh: its 20 frames"):
        fit_pca(still, settings)
    with pytest.raises(InputError, match="never moves the mesh"):
        fit_pca(BlendshapeFrames(source.neutral, source.deltas, np.ones((9, 6), np.float32)))


def test_float32_rounding_is_not_taken_for_motion():
    still = np.repeat(whole(motion())[:1], 20, axis=0)
    still[3] = np.nextafter(still[3], np.float32(np.inf))
    with pytest.raises(InputError, match="never moves"):
        fit_pca(still)


def test_fewer_than_two_frames_are_refused():
    with pytest.raises(InputError, match="at least 2 frames, got 1"):
        fit_pca(whole(motion())[:1])


@pytest.mark.parametrize("settings", [ALL, RANDOMISED], ids=["gram", "randomised"])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_frames_that_are_not_finite_are_refused_by_their_number(settings: PcaSettings, bad: float):
    frames = whole(motion())
    frames[7, 3, 1] = bad
    frames[9, 0, 0] = bad
    with pytest.raises(ShapeError, match=r"2 of 300 frames .* the first is frame 7"):
        fit_pca(frames, settings)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"vertex_weights": np.ones(3)}, "axis V is 3"),
        ({"vertex_weights": np.zeros(100)}, "vertex 0 has 0"),
        ({"regions": {"lips": [5, 100]}}, "region lips: .* within 0..99"),
        ({"regions": {"lips": []}}, "region lips: 0 vertex indices"),
    ],
)
def test_weights_and_regions_that_do_not_fit_are_refused(arguments: dict, message: str):
    with pytest.raises(InputError, match=message):
        fit_pca(motion(), **arguments)


def test_an_array_that_is_no_motion_is_refused():
    with pytest.raises(ShapeError, match="need \\(T, V, 3\\)"):
        fit_pca(np.zeros((4, 9), np.float32))


def character(shapes: tuple[str, ...]) -> Character:
    rng = np.random.default_rng(0)
    topology = Topology(4, np.array([4]), np.arange(4))
    return Character(
        "head",
        rng.normal(size=(4, 3)).astype(np.float32),
        topology,
        shapes,
        rng.normal(size=(len(shapes), 4, 3)).astype(np.float32),
        (MeshSpan("head", 0, 4, 0, 1),),
        (Part("skin", "skin"),),
        np.zeros(1, np.int32),
    )


def test_clips_are_put_one_after_the_other_by_shape_name():
    head = character(("jawOpen", "smile"))
    first = Clip(
        ("smile", "headYaw"), np.array([[0.5, 9.0], [0.2, 9.0]]), (30, 1), valid=np.array([True, False])
    )
    second = Clip(("jawOpen", "smile"), np.array([[1.0, 0.25]], np.float32), (30, 1))
    frames = character_frames(head, [first, second])
    np.testing.assert_allclose(frames.weights, [[0.0, 0.5], [1.0, 0.25]])
    np.testing.assert_allclose(frames.block(0, 2), head.vertices(frames.weights), atol=1e-6)


def test_clips_that_cannot_move_the_character_are_refused():
    clip = Clip(("JawDrop",), np.ones((2, 1), np.float32), (30, 1))
    with pytest.raises(UnknownNameError, match="None of its columns"):
        character_frames(character(("jawOpen",)), clip)
    with pytest.raises(InputError, match="has no shapes"):
        character_frames(character(()), clip)
    lost = Clip(("jawOpen",), np.ones((2, 1), np.float32), (30, 1), valid=np.zeros(2, bool))
    with pytest.raises(InputError, match="no valid frame"):
        character_frames(character(("jawOpen",)), lost)


@pytest.mark.assets
def test_a_real_capture_on_a_real_head_needs_about_twenty_components(assets):
    with np.load(assets / "char-makehuman-stylised" / "mh_bigeyes.npz") as stored:
        names = [str(n) for n in stored["names"]]
        neutral, deltas = stored["vertices"] * 100, stored["deltas"] * 100
    lines = (assets / "anim-livelinkface-csv" / "S07-001.csv").read_text().splitlines()
    columns = [c[0].lower() + c[1:] for c in lines[0].split(",")]
    rows = np.array([line.split(",") for line in lines[1:] if len(line.split(",")) == len(columns)])
    weights = np.zeros((len(rows), len(names)), np.float32)
    for k, name in enumerate(names):
        if name in columns:
            weights[:, k] = rows[:, columns.index(name)].astype(np.float32)
    fit = fit_pca_with_report(
        BlendshapeFrames(neutral.astype(np.float32), deltas.astype(np.float32), weights)
    )
    assert fit.choice.met
    assert 8 <= fit.pca.component_count <= 40
