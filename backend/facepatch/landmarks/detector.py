"""What a landmark detector is, and what it is given: the one interface of all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from facepatch.core.axes import Float32, UInt8

DetectorName = Literal["mediapipe", "face-alignment", "onnx"]


@dataclass(frozen=True)
class LandmarkSettings:
    """How landmarks are found on a film."""

    detector: DetectorName = "mediapipe"
    """mediapipe needs nothing else; face-alignment and onnx need `model`."""
    model: str = ""
    """File of the network: FAN weights for face-alignment, an .onnx file for onnx."""
    face: str = "largest"
    """Whose face: largest, left or right (as seen in the picture), or "x,y": the face at that pixel."""
    min_confidence: float = 0.5
    """Faces less certain than this are not faces."""
    crop_scale: float = 1.25
    """onnx only: side of the square given to the network, over the longer side of the face's box."""
    normalisation: Literal["imagenet", "zero_one"] = "imagenet"
    """onnx only: pixel values as (x - mean) / deviation of ImageNet, as HRNet wants them, or as 0..1."""


@dataclass(frozen=True, eq=False)
class DetectedFace:
    """One face in one image, in pixels of that image."""

    points: Float32
    """(L, 2) in the order of core.data.landmarks.LANDMARK_NAMES."""
    confidence: Float32
    """(L,) 0..1"""
    box: tuple[float, float, float, float]
    """left, top, right, bottom of the whole face, brows or forehead to chin."""
    depth: Float32 | None = None
    """(L,) in pixels, larger is nearer to the camera; None where the detector sees none."""


class LandmarkDetector(Protocol):
    """Finds the faces of images that come in the order of their film. One film, one detector."""

    name: str

    def detect(self, image: UInt8, time: float) -> list[DetectedFace]:
        """Faces of (H, W, 3) RGB at `time` seconds, in any order; empty where there is none."""
        ...

    def close(self) -> None:
        """Give back what the detector holds."""
        ...


class Frame(Protocol):
    """One frame of a film."""

    @property
    def index(self) -> int:
        """Counts from 0."""
        ...

    @property
    def time(self) -> float:
        """Seconds after frame 0."""
        ...

    @property
    def image(self) -> UInt8:
        """(H, W, 3) RGB, upright."""
        ...


class Film(Protocol):
    """What `detect_landmarks` needs of a film: render.video.Film, or anything alike."""

    @property
    def path(self) -> Path:
        """Names it in messages."""
        ...

    @property
    def size(self) -> tuple[int, int]:
        """(W, H) upright."""
        ...

    @property
    def rate(self) -> tuple[int, int]:
        """Frames per second as a fraction."""
        ...

    @property
    def frame_count(self) -> int:
        """For progress; may be an estimate."""
        ...

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences about the film itself."""
        ...

    def frames(self, *, on_warning: Callable[[str], None]) -> Iterator[Frame]:
        """Every frame once, in order; `on_warning` is told what is damaged."""
        ...
