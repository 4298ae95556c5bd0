"""Fixtures that every test may use."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import settings

# The same examples every time, however busy the machine is.
settings.register_profile("facepatch", derandomize=True, deadline=None)
settings.load_profile("facepatch")

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def assets() -> Path:
    """The folder of real performers, characters and captures; tests that use it carry the marker `assets`."""
    folder = Path(os.environ.get("FACEPATCH_ASSETS") or ROOT.parent / "shared" / "assets")
    if folder.is_dir():
        return folder
    message = f"{folder}: no test assets here. Set FACEPATCH_ASSETS to the folder that holds them."
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(f"{message} With CI=true they must be there.")
    pytest.skip(message)


TINY_PRESET = """
supersample = 1

[patches]
size = 32

[selection]
count = 24

[pca]
max_components = 6

[reenactment]
encoder_channels = 4
latent = 16
decoder_channels = 2
residual_blocks = 0

[reenactment.loop]
iterations = 12
batch = 4
learning_rate = 1e-3
warmup = 2
ema = 0.9
checkpoint_every = 4
precision = "float32"

[weights]
channels = [4, 8]
hidden = [8]

[weights.loop]
iterations = 12
batch = 4
learning_rate = 1e-3
warmup = 2
ema = 0.9
checkpoint_every = 4
precision = "float32"
"""


class LandmarksBeside:
    """A detector that finds what is written beside the film: (T, faces, L, 2) pixels, NaN where there is no face."""

    name = "beside"

    def __init__(self, points: np.ndarray) -> None:
        self._points = iter(points)

    def detect(self, image: np.ndarray, time: float) -> list[Any]:
        from facepatch.landmarks.detector import DetectedFace

        faces = [face.astype(np.float32) for face in next(self._points) if np.isfinite(face).all()]
        return [DetectedFace(f, np.ones(len(f), np.float32), (*f.min(0), *f.max(0))) for f in faces]

    def close(self) -> None:
        """Holds nothing."""


def beside(film: Path) -> Path:
    """The file with the landmarks of `film`."""
    return film.with_name(f"{film.name}.landmarks.npy")


def detect_beside(film: Any, settings: Any, **options: Any) -> Any:
    """detect_landmarks, by what lies beside the film where something does."""
    from facepatch.landmarks.detect import detect_landmarks

    if beside(film.path).is_file():
        options["detector"] = LandmarksBeside(np.load(beside(film.path)))
    return detect_landmarks(film, settings, **options)


def write_tiny_film(
    path: Path, *, frames: int = 30, seed: int = 0, rate: tuple[int, int] = (24, 1), size: int = 96,
    lost: slice = slice(0), weights: np.ndarray | None = None,
) -> Path:  # fmt: skip
    """A film of the small generated performer, with its landmarks beside it. lost: frames without a face."""
    from facepatch.render.camera import front_view
    from facepatch.render.film_writer import FilmWriter
    from facepatch.render.phong import prepare_look
    from facepatch.render.rasterize import render_views
    from facepatch.synthetic.face import make_character, synthetic_landmarks
    from facepatch.synthetic.performance import make_performance

    performer = make_character(name="performer", detail="low")
    if weights is None:
        weights = make_performance(performer, seconds=2.0, rate=(frames // 2, 1), seed=seed).weights[:frames]
    vertices = performer.vertices(weights)
    # The head sways, so that the alignment has something to do.
    vertices[..., 0] += 0.3 * np.sin(0.4 * np.arange(len(vertices), dtype=np.float32))[:, None]
    view = front_view(performer.neutral, size=(size, size))
    images = render_views(prepare_look(performer), vertices, to_pixels=view[None], size=(size, size))[:, 0]
    points = synthetic_landmarks(performer).positions(vertices)[..., :2] @ view[:, :2].T + view[:, 2]
    points[lost] = np.nan
    np.save(beside(path), points[:, None])
    with FilmWriter(path, rate=rate) as film:
        for image in images:
            film.write(image)
    return path


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """What a whole run needs, so small that it takes seconds; nothing in it may be changed."""
    from facepatch.core.data.character import write_character
    from facepatch.landmarks.picks import write_picks
    from facepatch.synthetic.face import CARTOON_STYLE, make_character, synthetic_landmarks
    from facepatch.synthetic.performance import make_performance

    folder = tmp_path_factory.mktemp("tiny")
    made = SimpleNamespace(
        folder=folder, write_film=write_tiny_film, beside=beside, detect_beside=detect_beside
    )
    made.film = write_tiny_film(folder / "take.mp4")
    made.take2 = write_tiny_film(folder / "take2.mp4", seed=5)
    made.preset = folder / "tiny.toml"
    made.preset.write_text(TINY_PRESET)
    for name, style in (("hero", CARTOON_STYLE), ("double", None)):
        head = (
            make_character(style, name=name, detail="low")
            if style
            else make_character(name=name, detail="low")
        )
        setattr(made, name, folder / f"{name}.npz")
        setattr(made, f"{name}_picks", folder / f"{name}.json")
        write_character(folder / f"{name}.npz", head)
        write_picks(folder / f"{name}.json", synthetic_landmarks(head), head)
    clip = make_performance(head, seconds=2.0, rate=(15, 1), seed=2)
    made.motion = folder / "motion.npz"
    np.savez(made.motion, names=np.array(clip.names), weights=clip.weights, rate=np.array(clip.rate))
    return made


@pytest.fixture
def landmarks_beside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Films that have their landmarks beside them need no detector."""
    monkeypatch.setattr("facepatch.pipelines.performance.detect_landmarks", detect_beside)


@pytest.fixture(scope="session")
def tiny_run(tiny: SimpleNamespace, tmp_path_factory: pytest.TempPathFactory) -> SimpleNamespace:
    """A finished run on `tiny`: job, settings, clip and its folder, which nothing may change."""
    from facepatch.pipelines.run import Job, run
    from facepatch.pipelines.settings import read_settings

    out = tmp_path_factory.mktemp("run") / "OUT"
    job = Job(take=tiny.film, character=tiny.hero, motion=(tiny.motion,), picks=tiny.hero_picks)
    settings = read_settings(str(tiny.preset))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("facepatch.pipelines.performance.detect_landmarks", detect_beside)
        clip = run(job, settings, out)
    return SimpleNamespace(out=out, job=job, settings=settings, clip=clip)
