"""evaluation.cyclic: performer, character, performer, character, and what is lost on the way."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

from facepatch.core.data.pca import Pca
from facepatch.core.errors import CheckpointError, InputError, ShapeError
from facepatch.evaluation.cyclic import (
    CYCLE,
    READ,
    WAYS,
    Turner,
    component_drift,
    evaluate_cyclic,
    judged_rows,
    patch_losses,
)
from facepatch.evaluation.cyclic_page import cyclic_tables
from facepatch.pipelines.models import load_models


def zeros(*shape: int) -> Any:
    return np.zeros(shape, np.float32)


def take_of(found: Any) -> Any:
    return SimpleNamespace(name="take", frame_count=len(found), found=found)


def small_pca(variance: tuple[float, ...]) -> Pca:
    """Four vertices; each component moves one coordinate of one of them."""
    basis = np.eye(len(variance), 12, dtype=np.float32)
    return Pca(np.zeros(12, np.float32), basis, np.array(variance), float(sum(variance)))


@pytest.fixture(scope="module")
def turned(tiny_run: SimpleNamespace, tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    out = tmp_path_factory.mktemp("cyclic")
    with pytest.MonkeyPatch.context() as patch:
        # The film's landmarks were found by the run; the detector is not to be asked again.
        patch.setattr(
            "facepatch.pipelines.performance.detect_landmarks", lambda *a, **k: pytest.fail("asked")
        )
        stages = tiny_run.out / "stages"
        (out / "stages").mkdir()
        for kept in stages.glob("landmarks-*"):
            (out / "stages" / kept.name).symlink_to(kept)
        described = evaluate_cyclic(tiny_run.out, tiny_run.job, out, frames=12)
    return SimpleNamespace(out=out, described=described)


def test_drift_is_measured_per_vertex_and_against_the_spread() -> None:
    before = np.zeros((2, 2), np.float32)
    before[:, 1] = (-1, 1)
    after = before + np.array([[2.0, 0.0], [2.0, 0.0]], np.float32)
    first, second = component_drift(before, after, small_pca((16.0, 1.0)))
    # 2 cm on one of four vertices: root mean square 2 / sqrt(4) cm.
    assert first.drift_mm == pytest.approx(10.0)
    assert (first.constant_mm, first.moving_mm) == (pytest.approx(10.0), pytest.approx(0.0))
    assert first.spread_mm == pytest.approx(20.0)
    assert first.drift_of_spread == pytest.approx(0.5)
    assert (second.drift_mm, second.r) == (0.0, pytest.approx(1.0))


def test_a_part_that_moves_is_told_from_one_that_stays() -> None:
    before = np.zeros((4, 1), np.float32)
    after = np.array([[3.0], [5.0], [3.0], [5.0]], np.float32)
    (found,) = component_drift(before, after, small_pca((1.0,)))
    assert (found.constant_mm, found.moving_mm) == (pytest.approx(20.0), pytest.approx(5.0))
    assert found.drift_mm == pytest.approx(np.hypot(20.0, 5.0))


def test_a_component_that_never_moved_has_no_relative_drift() -> None:
    (found,) = component_drift(zeros(3, 1), zeros(3, 1) + 1, small_pca((0.0,)))
    assert found.drift_of_spread is None


def test_weights_of_another_space_are_refused() -> None:
    with pytest.raises(ShapeError, match="axis M is"):
        component_drift(zeros(3, 3), zeros(3, 3), small_pca((1.0, 1.0)))


def test_every_way_is_measured_in_every_component(turned: SimpleNamespace, tiny_run: SimpleNamespace) -> None:
    (path,) = (turned.out / "results" / "cyclic").glob("*.json")
    assert path.name == "take--hero--seed0.json"
    written = json.loads(path.read_text())
    assert written == turned.described
    assert written["frames"] == 12
    assert written["trained_on"] is True  # the tiny run held nothing out
    for name in ("raw", "calibrated"):
        assert tuple(written["drift"][name]) == WAYS
        for found in written["drift"][name].values():
            assert len(found["components"]) == written["components"]
            for key in ("vertices", "without the constant part"):
                assert np.isfinite(found[key]["all"]["mean_mm"])
            kept = sum(one["constant_mm"] ** 2 + one["moving_mm"] ** 2 for one in found["components"])
            assert sum(one["drift_mm"] ** 2 for one in found["components"]) == pytest.approx(kept)
    assert not list((turned.out / "stages").glob("reenactment-*")), "nothing is trained"


def test_patches_are_compared_by_every_way_that_they_went(turned: SimpleNamespace) -> None:
    losses = turned.described["patches"]
    assert set(losses) == {
        "rebuilt from the performer", "back from the character, raw", "back from the character, calibrated",
        "mean patch",
    }  # fmt: skip
    for loss in losses.values():
        assert 0 < loss["l1"] < 1
        assert -1 <= loss["ssim"] < 1
    assert len({loss["l1"] for loss in losses.values()}) == len(losses)


def test_patches_that_come_back_unchanged_lose_nothing() -> None:
    patches = np.random.default_rng(0).integers(0, 255, (3, 2, 32, 32, 3), np.uint8)
    losses = patch_losses(patches, lambda part: part, {})
    assert losses["rebuilt from the performer"]["l1"] == 0.0
    assert losses["rebuilt from the performer"]["ssim"] == pytest.approx(1.0)
    assert losses["mean patch"]["l1"] > 0.1


def test_the_character_is_rendered_as_it_was_trained_on(tiny_run: SimpleNamespace) -> None:
    from facepatch.core.records import read_record
    from facepatch.pipelines.prepare import KIND, VERSION

    (stage,) = (tiny_run.out / "stages").glob("patches-*")
    weights = read_record(stage / "data.npz", KIND, VERSION).arrays["weights"][:8]
    trained_on = np.load(stage / "character.npy")[:8].astype(float)
    turner = Turner(load_models(tiny_run.out / "models"), tiny_run.settings)
    off = np.abs(turner.render(weights) - trained_on).mean()
    # What is left is what the six components of the tiny run leave out.
    assert off < 0.5 * np.abs(trained_on - trained_on.mean(0)).mean() + 2.0


def test_the_way_without_reenactment_reads_the_render(tiny_run: SimpleNamespace) -> None:
    models = load_models(tiny_run.out / "models")
    turner = Turner(models, tiny_run.settings)
    start = np.zeros((2, models.pca.component_count), np.float32)
    cycle = turner.turn(start)
    np.testing.assert_allclose(cycle.ways[READ], models.read(turner.render(start)))
    np.testing.assert_allclose(cycle.ways[CYCLE], models.predict(turner.as_performer(cycle.shown))[1])
    assert cycle.back.shape == cycle.shown.shape


def test_only_frames_behind_the_trained_share_are_judged() -> None:
    found = np.ones(100, bool)
    found[80:85] = False
    take = take_of(found)
    assert judged_rows(take, share=0.8, count=1000).tolist() == list(range(85, 100))
    few = judged_rows(take, share=0.5, count=5)
    assert (few[0], few[-1], len(few)) == (50, 99, 5)
    assert judged_rows(take, share=1.0, count=3)[0] == 0


def test_a_take_without_a_face_is_refused() -> None:
    take = take_of(np.zeros(10, bool))
    with pytest.raises(InputError, match="0 frames with a face"):
        judged_rows(take, share=0.8, count=5)


def test_a_folder_without_models_is_refused(tiny_run: SimpleNamespace, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="holds no trained models"):
        evaluate_cyclic(tmp_path, replace(tiny_run.job), tmp_path / "OUT")


def test_the_picture_and_the_table_show_the_cycle(turned: SimpleNamespace) -> None:
    (path,) = (turned.out / "results" / "cyclic").glob("*.png")
    image = cv2.imread(str(path))
    assert image is not None
    assert image.std() > 10
    vertices, components, patches = cyclic_tables(turned.described, cycle=CYCLE)
    assert [row[:2] for row in vertices.rows] == [(n, way) for n in ("raw", "calibrated") for way in WAYS]
    assert len(components.rows) == turned.described["components"]
    assert patches.rows[-1][0] == "mean patch"
    page = (turned.out / "cyclic.html").read_text()
    assert "take on hero" in page
    assert "data:image" in page
