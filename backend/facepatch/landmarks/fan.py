"""Landmarks by the face alignment network (Bulat and Tzimiropoulos 2017) of the package `face-alignment`.

Only the network is taken from the package: its own constructor would download weights and face detectors. Faces come
from MediaPipe, and so does the depth that the head's rotation is read from. The crop is the square that the network was
trained with, 200 / 195 of a face box's width plus height. Slow without a GPU: about 0.4 s a face.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import torch

from facepatch.core.axes import Float32, UInt8
from facepatch.core.errors import ConfigError
from facepatch.landmarks.detector import DetectedFace, LandmarkDetector, LandmarkSettings
from facepatch.landmarks.heat_maps import Square, crop_square, from_square, read_heat_maps
from facepatch.landmarks.mediapipe_mesh import MediapipeMesh
from facepatch.landmarks.point_sets import to_our_landmarks

log = logging.getLogger(__name__)

CROP = 256
WEIGHTS = "2DFAN4-11f355bf06.pth.tar"
"""Its name."""


class FaceAlignmentNetwork:
    """FAN with weights from a local file, the state dictionary that face-alignment 1.5 publishes."""

    name = "face-alignment"

    def __init__(self, settings: LandmarkSettings, *, finder: LandmarkDetector | None = None) -> None:
        self._network = _load(settings.model)
        self._finder = finder or MediapipeMesh(settings)

    def detect(self, image: UInt8, time: float) -> list[DetectedFace]:
        """See LandmarkDetector."""
        return [self._refine(image, face) for face in self._finder.detect(image, time)]

    def close(self) -> None:
        """See LandmarkDetector."""
        self._finder.close()

    def _refine(self, image: UInt8, face: DetectedFace) -> DetectedFace:
        square = _training_square(face.box)
        places, confidence = read_heat_maps(self._run(crop_square(image, square, CROP)))
        points, confidence = to_our_landmarks(from_square(places, square), confidence)
        return DetectedFace(points, confidence, face.box, face.depth)

    def _run(self, crop: UInt8) -> Float32:
        batch = torch.from_numpy(
            np.ascontiguousarray(crop.transpose(2, 0, 1)[None], dtype=np.float32) / 255.0
        )
        with torch.inference_mode():
            out = self._network(batch)
        last = out[-1] if isinstance(out, (list, tuple)) else out
        return np.asarray(last[0].detach().float().numpy(), dtype=np.float32)


def _training_square(box: tuple[float, float, float, float]) -> Square:
    left, top, right, bottom = box
    side = (right - left + bottom - top) * 200.0 / 195.0
    return (left + right - side) / 2, (top + bottom - side) / 2, side


def _load(model: str) -> Any:
    path = Path(model)
    if not model or not path.is_file():
        raise ConfigError(
            f"detector face-alignment: there is no weights file at '{model}'. Nothing is downloaded: get {WEIGHTS} "
            "from the models of github.com/1adrianb/face-alignment and give its path as `model`."
        )
    try:
        from face_alignment.models import FAN  # pyright: ignore[reportMissingImports]
    except ImportError as error:
        raise ConfigError(
            f"detector face-alignment: the package is not here ({error}). Install it with: "
            "pip install 'facepatch[face-alignment]', or use the detector mediapipe."
        ) from error
    try:
        # weights_only reads tensors and nothing that runs; the published file has no other format.
        state = torch.load(path, map_location="cpu", weights_only=True)  # noqa: TID251
        network = FAN(sum(key.startswith("conv_last") and key.endswith(".weight") for key in state))
        network.load_state_dict(state)
    except Exception as error:
        raise ConfigError(
            f"{path}: holds no weights of a face alignment network ({error}). Get {WEIGHTS}."
        ) from error
    return network.eval()
