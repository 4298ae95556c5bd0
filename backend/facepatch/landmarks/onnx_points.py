"""Landmarks by a network of the user's own in an .onnx file, such as HRNet, through onnxruntime.

The network sees one face: input (1, 3, H, W) float32 RGB, normalised as the settings say; output either heat maps
(1, S, h, w) or places (1, S, 2) or (1, 2S), x before y, in 0..1 or in pixels of its input. S is 68 (iBUG 300-W), 98
(WFLW) or 56 (our order). MediaPipe says where the face is, and gives the depth that the head's turn is read from.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from onnxruntime.capi.onnxruntime_pybind11_state import InvalidArgument

from facepatch.core.axes import Float32, UInt8
from facepatch.core.errors import ConfigError
from facepatch.landmarks.detector import DetectedFace, LandmarkDetector, LandmarkSettings
from facepatch.landmarks.heat_maps import crop_square, face_square, from_square, read_heat_maps
from facepatch.landmarks.mediapipe_mesh import MediapipeMesh
from facepatch.landmarks.point_sets import check_point_count, to_our_landmarks

log = logging.getLogger(__name__)

MEAN = np.array([0.485, 0.456, 0.406], dtype=np.float32)
DEVIATION = np.array([0.229, 0.224, 0.225], dtype=np.float32)


class OnnxPoints:
    """A user's landmark network on the faces that another detector finds."""

    name = "onnx"

    def __init__(self, settings: LandmarkSettings, *, finder: LandmarkDetector | None = None) -> None:
        self._settings = settings
        self._session = _session(settings.model)
        given = self._session.get_inputs()[0]
        self._input = given.name
        self._size = _input_size(settings.model, given.shape)
        probe = self._run(np.zeros((self._size, self._size, 3), dtype=np.uint8))
        self._maps = probe.ndim == 3
        check_point_count(len(probe))
        self._finder = finder or MediapipeMesh(settings)

    def detect(self, image: UInt8, time: float) -> list[DetectedFace]:
        """See LandmarkDetector."""
        return [self._refine(image, face) for face in self._finder.detect(image, time)]

    def close(self) -> None:
        """See LandmarkDetector."""
        self._finder.close()

    def _refine(self, image: UInt8, face: DetectedFace) -> DetectedFace:
        square = face_square(face.box, self._settings.crop_scale)
        out = self._run(crop_square(image, square, self._size))
        if self._maps:
            places, confidence = read_heat_maps(out)
        else:
            places, confidence = _unit_places(out, self._size), np.ones(len(out), dtype=np.float32)
        points, confidence = to_our_landmarks(from_square(places, square), confidence)
        return DetectedFace(points, confidence, face.box, face.depth)

    def _run(self, crop: UInt8) -> Float32:
        """(S, h, w) heat maps or (S, 2) places."""
        pixels = crop.astype(np.float32) / 255.0
        if self._settings.normalisation == "imagenet":
            pixels = (pixels - MEAN) / DEVIATION
        batch = np.ascontiguousarray(pixels.transpose(2, 0, 1)[None])
        try:
            out = np.asarray(self._session.run(None, {self._input: batch})[-1], dtype=np.float32)
        except InvalidArgument as error:
            raise ConfigError(
                f"{self._settings.model}: takes no float32 input of (1, 3, {self._size}, {self._size}) ({error}). "
                "Export the network so that it does."
            ) from error
        if out.ndim == 4 and len(out) == 1:
            return out[0]
        if out.ndim == 3 and len(out) == 1 and out.shape[2] == 2:
            return out[0]
        if out.ndim == 2 and len(out) == 1 and out.shape[1] % 2 == 0:
            return out.reshape(-1, 2)
        raise ConfigError(
            f"{self._settings.model}: gives an array of shape {out.shape}; heat maps (1, S, h, w) or places (1, S, 2) "
            "are needed."
        )


def _unit_places(places: Float32, size: int) -> Float32:
    """Places in 0..1, or in pixels where any lies well beyond 1."""
    return places if np.abs(places).max() <= 2.0 else places / np.float32(size)


def _session(model: str) -> Any:
    if not model:
        raise ConfigError(
            "detector onnx: needs the file of a network; give it as `model`, such as hrnet_wflw.onnx."
        )
    path = Path(model)
    if not path.is_file():
        raise ConfigError(f"{path}: no such file. Give the .onnx file of a landmark network as `model`.")
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise ConfigError(
            f"{path}: onnxruntime cannot read it ({error}). Export the network again."
        ) from error


def _input_size(model: str, shape: list[Any]) -> int:
    if len(shape) != 4 or (shape[1] not in (3, None) and not isinstance(shape[1], str)):
        raise ConfigError(f"{model}: takes an input of shape {shape}; (1, 3, H, W) is needed.")
    height, width = (side if isinstance(side, int) else 256 for side in shape[2:])
    if height != width:
        raise ConfigError(f"{model}: takes images of {width} x {height}; a square is needed.")
    return height
