from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest
import torch

from facepatch.core.data.landmarks import landmark_indices
from facepatch.core.errors import ConfigError
from facepatch.landmarks.detector import LandmarkSettings
from facepatch.landmarks.fan import FaceAlignmentNetwork

CELLS = 64


class StandInNetwork(torch.nn.Module):
    """Has the names and the outputs of face_alignment.models.FAN: a list of heat maps, the last one counts."""

    def __init__(self, modules: int) -> None:
        super().__init__()
        self.maps = torch.nn.Parameter(torch.zeros(1, 68, CELLS, CELLS))
        for index in range(modules):
            self.add_module(f"conv_last{index}", torch.nn.Conv2d(1, 1, 1))

    def forward(self, image: torch.Tensor) -> list[torch.Tensor]:
        assert image.shape == (1, 3, 256, 256)
        assert float(image.max()) <= 1
        return [torch.zeros_like(self.maps), self.maps]


@pytest.fixture
def package(monkeypatch: pytest.MonkeyPatch) -> None:
    models = ModuleType("face_alignment.models")
    models.FAN = StandInNetwork  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "face_alignment", ModuleType("face_alignment"))
    monkeypatch.setitem(sys.modules, "face_alignment.models", models)


def weights_file(path: Path, places: np.ndarray) -> str:
    network = StandInNetwork(4)
    y, x = torch.meshgrid(torch.arange(CELLS) + 0.5, torch.arange(CELLS) + 0.5, indexing="ij")
    peaks = [torch.exp(-((x - px * CELLS) ** 2 + (y - py * CELLS) ** 2) / 4) for px, py in places]
    network.maps.data = torch.stack(peaks)[None].float()
    torch.save(network.state_dict(), path)  # noqa: TID251 - the format that the package publishes
    return str(path)


@pytest.mark.usefixtures("package")
def test_heat_maps_become_our_landmarks(tmp_path: Path, made: SimpleNamespace) -> None:
    places = np.random.default_rng(0).uniform(0.1, 0.9, (68, 2))
    model = weights_file(tmp_path / "fan.pth.tar", places)
    finder = made.Detector([[made.face_at(300, 200, 100)]])
    detector = FaceAlignmentNetwork(LandmarkSettings(model=model), finder=finder)
    (found,) = detector.detect(np.full((480, 640, 3), 128, np.uint8), 0.0)
    side = 200 * 200 / 195
    expected = places * side + (300 - side / 2, 200 - side / 2)
    for name, row in (("eye_r_outer", 36), ("eye_l_outer", 45), ("lips_outer_lower_mid", 57), ("chin", 8)):
        np.testing.assert_allclose(found.points[landmark_indices(name)[0]], expected[row], atol=0.2)
    detector.close()
    assert finder.closed


@pytest.mark.usefixtures("package")
def test_files_that_hold_no_weights_are_refused(tmp_path: Path, made: SimpleNamespace) -> None:
    (tmp_path / "fan.pth.tar").write_bytes(b"something else")
    with pytest.raises(ConfigError, match="holds no weights of a face alignment network"):
        FaceAlignmentNetwork(LandmarkSettings(model=str(tmp_path / "fan.pth.tar")), finder=made.Detector([]))


def test_nothing_is_downloaded(tmp_path: Path, made: SimpleNamespace) -> None:
    with pytest.raises(
        ConfigError, match=r"Nothing is downloaded: get 2DFAN4-.* and give its path as `model`"
    ):
        FaceAlignmentNetwork(LandmarkSettings(), finder=made.Detector([]))


def test_without_the_package_it_is_said_how_to_get_it(
    tmp_path: Path, made: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "face_alignment", None)
    (tmp_path / "fan.pth.tar").write_bytes(b"whatever")
    with pytest.raises(
        ConfigError, match=r"pip install 'facepatch\[face-alignment\]', or use the detector mediapipe"
    ):
        FaceAlignmentNetwork(LandmarkSettings(model=str(tmp_path / "fan.pth.tar")), finder=made.Detector([]))
