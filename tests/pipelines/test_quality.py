"""pipelines.quality: which frames judge, and how alike two faces move."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from facepatch.core.data.landmarks import LANDMARK_NAMES
from facepatch.metrics.coverage import FEATURES
from facepatch.metrics.face_measures import face_measures
from facepatch.pipelines import quality
from facepatch.pipelines.quality import (
    ENOUGH,
    FILM,
    JUDGED,
    LEAST,
    MOTION,
    FilmJudge,
    Validation,
    about,
    concordance,
    feature_curves,
    feature_ranges,
    held_out,
    judging,
)


def pieces(mask: np.ndarray) -> list[tuple[int, int]]:
    """Start and length of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(int), [0]])))
    return [(int(start), int(stop - start)) for start, stop in zip(edges[::2], edges[1::2], strict=True)]


def test_pieces_of_neighbours_are_held_out_evenly_over_the_take() -> None:
    assert pieces(held_out(4000, 0.04)) == [(240 + 500 * piece, 20) for piece in range(8)]
    assert pieces(held_out(800, 0.04)) == [(48 + 100 * piece, 5) for piece in range(8)]


def test_of_few_frames_none_is_spared() -> None:
    assert not held_out(ENOUGH - 1, 0.1).any()
    assert held_out(ENOUGH, 0.01).sum() == LEAST
    assert not held_out(1000, 0.0).any()


def test_a_long_take_spares_no_more_than_judge() -> None:
    assert held_out(50_000, 0.1).sum() == JUDGED


def test_all_that_are_held_out_judge() -> None:
    mask = held_out(5000, 0.03)
    assert judging(mask, 0.03).tolist() == np.flatnonzero(mask).tolist()


def test_where_none_are_held_out_all_judge_and_with_no_share_none() -> None:
    assert judging(held_out(50, 0.1), 0.1).tolist() == list(range(50))
    few = judging(held_out(ENOUGH - 1, 0.1), 0.1)
    assert (len(few), few[0], few[-1]) == (JUDGED, 0, ENOUGH - 2)
    assert len(judging(held_out(1000, 0.0), 0.0)) == 0


def test_the_concordance_by_hand() -> None:
    x = np.array([0.0, 1.0, 2.0, 3.0, 4.0])
    assert concordance(x, x + 7) == pytest.approx(1.0)  # what is constant is not judged
    # Half the range: 2 * 0.5 var / (var + 0.25 var).
    assert concordance(x, 0.5 * x) == pytest.approx(0.8)
    assert concordance(x, 2 * x) == pytest.approx(0.8)
    assert concordance(x, -x) == 0.0
    assert concordance(x, np.zeros(5)) == 0.0
    assert concordance(np.zeros(5), np.zeros(5)) == 0.0


def test_a_tenth_of_the_range_is_far_from_perfect_though_r_is_one() -> None:
    x = np.sin(np.arange(100.0))
    assert np.corrcoef(x, 0.1 * x)[0, 1] == pytest.approx(1.0)
    assert concordance(x, 0.1 * x) < 0.25


# ------------------------------------------------------------------------------------------------ the judge


class Reader(torch.nn.Module):
    """Stands for the weight estimation: the weights are written into the first pixels."""

    def forward(self, patches: torch.Tensor) -> torch.Tensor:
        return patches[:, 0, 0, 0, :2]


@pytest.fixture
def face(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A character with two components: the jaw, and the lids; and a performer twice its size who moves both."""
    from facepatch.synthetic.face import make_character, synthetic_landmarks

    made = make_character(name="low", detail="low")
    base = synthetic_landmarks(made).positions(made.neutral[None])[0]
    basis = np.zeros((2, len(LANDMARK_NAMES), 3), np.float32)
    for row, name in enumerate(LANDMARK_NAMES):
        if name.startswith("lips_inner_lower"):
            basis[0, row, 1] = -1.0
        if name.startswith("eye_") and "_upper_" in name:
            basis[1, row, 1] = -0.6
    monkeypatch.setattr(quality, "landmark_basis", lambda pca, landmarks: (base, basis))
    time = np.arange(80)
    weights = np.stack([0.5 + 0.5 * np.sin(0.3 * time), 0.5 + 0.5 * np.sin(0.7 * time)], 1).astype(np.float32)
    curves = feature_curves(face_measures((base + np.tensordot(weights, basis, 1)).astype(np.float32)))
    ranges = np.stack([2 * feature_ranges(curves), feature_ranges(curves)])
    validation = Validation(
        patches=np.zeros((80, 1, 4, 4, 3), np.uint8), rows=time, curves=2 * curves, ranges=ranges,
        motion_rows=time, held_out=np.array([True, False]),
    )  # fmt: skip
    judge = FilmJudge(validation, Reader(), pca=None, landmarks=None)  # type: ignore[arg-type]
    return SimpleNamespace(judge=judge, weights=weights, validation=validation)


def shown(weights: np.ndarray) -> torch.Tensor:
    """Patches that say `weights`."""
    patches = torch.zeros(len(weights), 1, 3, 4, 4)
    patches[:, 0, 0, 0, :2] = torch.from_numpy(weights)
    return patches


def test_a_character_that_does_the_same_on_its_own_range_is_perfect(face: SimpleNamespace) -> None:
    found = face.judge(shown(face.weights))
    assert found == pytest.approx(
        {"mouth opening": 1.0, "left eye opening": 1.0, "right eye opening": 1.0}, abs=1e-3
    )


def test_only_what_the_performer_moves_is_judged(face: SimpleNamespace) -> None:
    assert {FEATURES[place] for place in face.judge.moving} == {"mouth_open", "eye_open_l", "eye_open_r"}


def test_what_is_no_number_has_no_quality(face: SimpleNamespace) -> None:
    wrong = face.weights.copy()
    wrong[3] = np.inf
    assert all(np.isnan(value) for value in face.judge(shown(wrong)).values())


def test_each_measure_is_judged_by_itself(face: SimpleNamespace) -> None:
    wrong = face.weights.copy()
    wrong[:, 1] = 0.1 * wrong[:, 1]  # lids that hardly move
    found = face.judge(shown(wrong))
    assert found["mouth opening"] == pytest.approx(1.0, abs=1e-3)
    assert found["left eye opening"] < 0.3


def test_it_is_said_where_frames_judge_that_were_learned_from(face: SimpleNamespace) -> None:
    assert about(face.validation, FILM) == ""
    assert about(face.validation, MOTION).startswith("The motion has fewer than 400 frames")
