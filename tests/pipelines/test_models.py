"""pipelines.models: a bundle that is whole, or refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from facepatch.core.errors import CheckpointError, FacepatchError, StorageError
from facepatch.pipelines.models import FILES, NETWORKS, load_models, take_the_place_of, training_curves
from facepatch.pipelines.store import Stage


@pytest.fixture
def bundle(tiny_run: SimpleNamespace, tmp_path: Path) -> Path:
    """A copy of the trained models that may be damaged."""
    return Path(shutil.copytree(tiny_run.out / "models", tmp_path / "models"))


def test_a_bundle_stands_alone_and_predicts_the_same_each_time(bundle: Path) -> None:
    models = load_models(bundle)
    patches = np.random.default_rng(0).integers(0, 255, (5, 3, 32, 32, 3), dtype=np.uint8)
    reenacted, weights = models.predict(patches)
    assert reenacted.shape == patches.shape
    assert reenacted.dtype == np.uint8
    assert weights.shape == (5, models.pca.component_count)
    again = load_models(bundle).predict(patches)
    np.testing.assert_array_equal(weights, again[1])
    np.testing.assert_array_equal(reenacted, again[0])
    np.testing.assert_allclose(models.read(reenacted), weights, atol=0.05 * np.abs(weights).max())


def test_frames_do_not_influence_each_other(bundle: Path) -> None:
    models = load_models(bundle)
    patches = np.random.default_rng(1).integers(0, 255, (4, 3, 32, 32, 3), dtype=np.uint8)
    together = models.predict(patches)[1]
    alone = np.concatenate([models.predict(patches[i : i + 1])[1] for i in range(4)])
    np.testing.assert_allclose(together, alone, atol=1e-4)


@pytest.mark.parametrize("name", FILES)
def test_a_bundle_that_lacks_a_file_is_refused_by_its_name(name: str, bundle: Path) -> None:
    (bundle / name).unlink()
    with pytest.raises(
        CheckpointError, match=rf"holds no trained models \({name} missing\)\. Run: facepatch run"
    ):
        load_models(bundle)


@pytest.mark.parametrize("network", NETWORKS)
@pytest.mark.parametrize("name", ["weights.safetensors", "model.json"])
def test_a_network_that_is_missing_or_damaged_is_refused(network: str, name: str, bundle: Path) -> None:
    path = bundle / network / name
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(CheckpointError, match=f"{network}: .*Train again"):
        load_models(bundle)
    path.unlink()
    with pytest.raises(CheckpointError, match=f"{network}: .*Train first"):
        load_models(bundle)


def test_weights_of_another_model_are_refused(bundle: Path) -> None:
    path = bundle / "weights" / "model.json"
    described = json.loads(path.read_text())
    path.write_text(json.dumps({**described, "components": described["components"] + 1}))
    with pytest.raises(CheckpointError, match="the weights are of other settings"):
        load_models(bundle)


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_of_a_bundle_is_refused_with_a_sentence(name: str, bundle: Path) -> None:
    (bundle / name).write_bytes(b"{")
    with pytest.raises(FacepatchError, match=name):
        load_models(bundle)


def test_the_key_tells_networks_apart(bundle: Path) -> None:
    first = load_models(bundle).key
    path = bundle / "weights" / "weights.safetensors"
    from facepatch.training.checkpoint import read_model, write_model

    tensors, described = read_model(bundle / "weights")
    write_model(path.parent, {name: tensor + 0.01 for name, tensor in tensors.items()}, described)
    assert load_models(bundle).key != first


def test_a_folder_takes_the_place_of_another_in_one_step(tmp_path: Path) -> None:
    for name in ("new", "old"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    take_the_place_of(tmp_path / "old", tmp_path / "new")
    assert (tmp_path / "old" / "file").read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["old"]
    (tmp_path / "new").mkdir()
    take_the_place_of(tmp_path / "fresh", tmp_path / "new")
    assert {path.name for path in tmp_path.iterdir()} == {"old", "fresh"}
    with pytest.raises(StorageError, match="cannot be written"):
        take_the_place_of(tmp_path / "fresh", tmp_path / "gone")


def test_the_curves_of_each_network_are_kept(tiny_run: SimpleNamespace) -> None:
    folders = {name: next((tiny_run.out / "stages").glob(f"{name}-*")) for name in NETWORKS}
    curves = dict(training_curves({name: Stage(folder, "") for name, folder in folders.items()}))
    assert curves["reenactment"]["iterations"] == [10, 12]
    assert set(curves["reenactment"]["values"]) >= {"loss", "performer", "character"}
    assert set(curves["weights"]["values"]) >= {"loss", "weights", "points", "gaps"}


def test_both_networks_are_judged_and_it_is_said_by_what(tiny_run: SimpleNamespace) -> None:
    parts = {"weights": {"shape", "lids", "lips"}, "reenactment": {"mouth opening", "swap"}}
    for name in NETWORKS:
        folder = next((tiny_run.out / "stages").glob(f"{name}-*"))
        history = json.loads((folder / "history.json").read_text())
        assert history["checks"]["iterations"] == [12]
        assert set(history["checks"]["values"]) >= {"quality", *(f"quality: {part}" for part in parts[name])}
        assert 0 <= history["checks"]["values"]["quality"][0] <= 1
        assert history["verdict"].startswith("Best at the end, after 12 iterations (quality ")
        assert "fewer than 400 frames, so frames that were learned from judged." in history["verdict"]
        described = json.loads((folder / "model.json").read_text())
        assert described["iteration"] == 12
        assert described["quality"]["quality"] == history["checks"]["values"]["quality"][0]
        assert json.loads((folder / "done.json").read_text())["verdict"] == history["verdict"]


def test_the_estimation_of_weights_is_learned_first(tiny_run: SimpleNamespace) -> None:
    assert NETWORKS == ("weights", "reenactment")
    times = [
        next((tiny_run.out / "stages").glob(f"{name}-*")).joinpath("done.json").stat().st_mtime_ns
        for name in NETWORKS
    ]
    assert times[0] < times[1]
