from __future__ import annotations

import struct
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from facepatch.core.data.landmarks import landmark_indices
from facepatch.core.errors import ConfigError
from facepatch.landmarks.detector import LandmarkSettings
from facepatch.landmarks.onnx_points import OnnxPoints

# ------------------------------------------------------------------- an ONNX file, written field by field


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    return bytes([*out, value])


def part(number: int, content: bytes | str | int) -> bytes:
    """One protobuf field."""
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    data = content.encode() if isinstance(content, str) else content
    return varint(number << 3 | 2) + varint(len(data)) + data


def value_info(name: str, shape: tuple[int, ...]) -> bytes:
    dims = b"".join(part(1, part(1, size)) for size in shape)
    return part(1, name) + part(2, part(1, part(1, 1) + part(2, dims)))


def tensor(name: str, array: np.ndarray) -> bytes:
    dims = b"".join(part(1, size) for size in array.shape)
    return dims + part(2, 1) + part(8, name) + part(9, array.astype("<f4").tobytes())


def node(kind: str, inputs: list[str], output: str) -> bytes:
    return part(1, b"".join(part(1, name) for name in inputs) + part(2, output) + part(4, kind))


def write_network(path: Path, answer: np.ndarray, *, gain: float = 0.0, side: int = 64) -> str:
    """A network that gives `answer`, plus `gain` times the mean of its input."""
    graph = node("ReduceMean", ["image"], "mean") + node("Mul", ["mean", "gain"], "part")
    graph += node("Reshape", ["part", "shape"], "scalar") + node("Add", ["answer", "scalar"], "out")
    graph += part(2, "g")
    graph += part(5, tensor("gain", np.array([gain]))) + part(5, tensor("answer", answer))
    shape = part(1, 1) + part(2, 7) + part(8, "shape") + part(9, struct.pack("<q", 1))
    graph += part(5, shape)
    graph += part(11, value_info("image", (1, 3, side, side))) + part(12, value_info("out", answer.shape))
    path.write_bytes(part(1, 8) + part(7, graph) + part(8, part(1, "") + part(2, 13)))
    return str(path)


# ----------------------------------------------------------------------------------------------- the tests

IMAGE = np.full((480, 640, 3), 255, np.uint8)


def heat_maps(places: np.ndarray, cells: int = 32) -> np.ndarray:
    y, x = np.mgrid[:cells, :cells] + 0.5
    peaks = [np.exp(-((x - px * cells) ** 2 + (y - py * cells) ** 2) / 4.5) for px, py in places]
    return np.stack(peaks)[None]


@pytest.fixture
def places() -> np.ndarray:
    """(98, 2) in 0..1 of the crop."""
    return np.random.default_rng(0).uniform(0.1, 0.9, (98, 2))


@pytest.mark.parametrize("kind", ["maps", "places", "pixels", "flat"])
def test_what_the_network_gives_becomes_our_landmarks(
    tmp_path: Path, made: SimpleNamespace, places: np.ndarray, kind: str
) -> None:
    answer = {
        "maps": heat_maps(places), "places": places[None], "pixels": places[None] * 64, "flat": places.reshape(1, -1)
    }[kind]  # fmt: skip
    model = write_network(tmp_path / "net.onnx", answer)
    face = made.face_at(300, 200, 100)  # box 250..350, 150..250
    detector = OnnxPoints(LandmarkSettings(model=model), finder=made.Detector([[face], []]))
    (found,) = detector.detect(IMAGE, 0.0)
    expected = places * 125 + (300 - 62.5, 200 - 62.5)
    for name, row in (
        ("eye_r_outer", 60),
        ("eye_l_upper_outer", 71),
        ("lips_inner_corner_l", 92),
        ("chin", 16),
    ):
        np.testing.assert_allclose(found.points[landmark_indices(name)[0]], expected[row], atol=0.1)
    assert found.box == face.box
    assert found.depth is face.depth
    assert found.confidence.min() > (0.7 if kind == "maps" else 0.99)
    assert detector.detect(IMAGE, 0.1) == []


WHITE = float(np.mean((1 - np.array([0.485, 0.456, 0.406])) / [0.229, 0.224, 0.225]))


@pytest.mark.parametrize(("normalisation", "mean"), [("zero_one", 1.0), ("imagenet", WHITE)])
def test_pixels_are_normalised_as_the_settings_say(
    tmp_path: Path, made: SimpleNamespace, places: np.ndarray, normalisation: str, mean: float
) -> None:
    model = write_network(tmp_path / "net.onnx", places[None] * 0.2, gain=0.1)
    settings = LandmarkSettings(model=model, normalisation=normalisation)  # type: ignore[arg-type]
    (found,) = OnnxPoints(settings, finder=made.Detector([[made.face_at(300, 200, 100)]])).detect(IMAGE, 0.0)
    expected = (places[16] * 0.2 + 0.1 * mean) * 125 + (300 - 62.5, 200 - 62.5)
    np.testing.assert_allclose(found.points[landmark_indices("chin")[0]], expected, atol=0.1)


def test_other_outputs_are_refused(tmp_path: Path, made: SimpleNamespace, places: np.ndarray) -> None:
    for answer, message in (
        (places[None, :50], "a landmark network with 50 points"),
        (np.zeros((1, 98, 3)), r"gives an array of shape \(1, 98, 3\); heat maps"),
        (np.zeros((2, 68, 2)), r"gives an array of shape \(2, 68, 2\); heat maps"),
    ):
        model = write_network(tmp_path / "net.onnx", answer)
        with pytest.raises(ConfigError, match=message):
            OnnxPoints(LandmarkSettings(model=model), finder=made.Detector([]))


def test_files_that_are_no_network_are_refused(tmp_path: Path, made: SimpleNamespace) -> None:
    with pytest.raises(ConfigError, match=r"absent\.onnx: no such file"):
        OnnxPoints(LandmarkSettings(model=str(tmp_path / "absent.onnx")), finder=made.Detector([]))
    (tmp_path / "a.onnx").write_bytes(b"not a network")
    with pytest.raises(ConfigError, match=r"a\.onnx: onnxruntime cannot read it"):
        OnnxPoints(LandmarkSettings(model=str(tmp_path / "a.onnx")), finder=made.Detector([]))
