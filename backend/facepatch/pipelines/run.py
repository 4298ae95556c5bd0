"""The main job: take, character and motion -> models, clip, exports, film and report."""

from __future__ import annotations

import json
import logging
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from facepatch.core.axes import Float64
from facepatch.core.data.clip import Clip
from facepatch.core.data.pca import Pca
from facepatch.core.errors import CheckpointError, ConfigError, InputError
from facepatch.core.progress import OnProgress, Progress, silent
from facepatch.core.records import write_text
from facepatch.core.schema import to_dict
from facepatch.metrics.coverage import CoverageReport
from facepatch.pipelines.models import (
    Models,
    bundle,
    load_models,
    take_the_place_of,
    train_models,
    training_curves,
)
from facepatch.pipelines.outputs import report_data, write_exports, write_side_by_side
from facepatch.pipelines.performance import (
    FilmPerformance,
    Performance,
    RenderedPerformance,
    film_performance,
)
from facepatch.pipelines.prepare import prepare_training, train_rows
from facepatch.pipelines.retarget import (
    Calibration,
    calibrate,
    finish_clip,
    predict,
    read_calibration,
    write_calibration,
)
from facepatch.pipelines.settings import RetargetSettings, RunSettings, read_settings, toml_text
from facepatch.pipelines.store import Stage, Store
from facepatch.pipelines.subject import (
    Subject,
    fit_subject_pca,
    pca_inputs,
    prepare_character,
    read_subject,
)
from facepatch.render.video import open_film
from facepatch.report.page import write_report

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Job:
    """What the user hands in."""

    take: Path
    """A film, a folder of images, or another character that acts as the performer."""
    character: Path
    motion: tuple[Path, ...] = ()
    """Motion of the character; none: a generated range of motion."""
    picks: Path | None = None
    """Landmarks of the character."""
    take_motion: tuple[Path, ...] = ()
    """Motion of the take where the take is a character."""
    take_picks: Path | None = None
    rate: tuple[int, int] | None = None
    """Frame rate of the take, where it does not say it itself."""
    side_by_side: bool = True
    """Write the film."""


class Clock:
    """Seconds of each stage, also of stages that were kept from before."""

    def __init__(self, store: Store) -> None:
        self.path = store.out / "timings.json"
        self.seconds: dict[str, float] = {}
        if self.path.is_file():
            try:
                self.seconds = json.loads(self.path.read_text(encoding="utf-8"))
            except ValueError:
                log.warning("%s: is damaged; timings of earlier stages are lost.", self.path)
        self._last = time.monotonic()

    def lap(self, name: str) -> None:
        """The stage `name` ends here. What was kept from before took no time and keeps its old figure."""
        now = time.monotonic()
        spent, self._last = now - self._last, now
        if spent > 0.5 or name not in self.seconds:
            self.seconds[name] = round(spent, 2)
            write_text(self.path, json.dumps(self.seconds))


@dataclass(frozen=True, eq=False)
class Trained:
    """What training leaves behind in memory."""

    models: Models
    calibration: Calibration
    raw: np.ndarray
    """(T, M) the networks' output for the take."""
    stages: dict[str, Stage]
    coverage: CoverageReport
    sentences: tuple[str, ...]
    rows: np.ndarray
    """The frames that were trained on."""


def run(job: Job, settings: RunSettings, out: Path, *, on_progress: OnProgress = silent) -> Clip:
    """Do everything; goes on where an earlier run in `out` stopped. Returns the clip."""
    store = Store(out)
    clock = Clock(store)
    check_take(job)
    subject, character_stage = make_subject(job, settings, store)
    clock.lap("character")
    make_pca(subject, settings, store, on_progress=on_progress)
    clock.lap("pca")
    performance = make_performance(job, settings, store, on_progress=on_progress)
    clock.lap("landmarks")
    trained = train_all(performance, subject, character_stage, settings=settings, store=store, clock=clock,
                        on_progress=on_progress)  # fmt: skip
    clip = finish_clip(
        trained.raw, performance.take, trained.calibration, models=trained.models, settings=settings.retarget
    )
    clip = replace(clip, start_frame=0)
    write_text(out / "settings.toml", toml_text(settings))
    held_out = (
        None if settings.train_share >= 1.0 else round(settings.train_share * performance.take.frame_count)
    )
    write_outputs(
        performance, clip, trained.models, out=out, job=job, settings=to_dict(settings), clock=clock,
        held_out_start=held_out, coverage=trained.coverage, curves=dict(training_curves(trained.stages)),
        warnings=(*trained.sentences, *subject.warnings), on_progress=on_progress,
    )  # fmt: skip
    return clip


def check_take(job: Job) -> None:
    """Refuse what is no take, before anything that takes long."""
    if not job.take_motion and is_character(job.take):
        raise InputError(
            f"{job.take}: is a character, not a film. Give its motion with --take-motion to use it as performer."
        )
    if not job.take_motion:
        open_film(job.take, rate=job.rate)


def make_subject(job: Job, settings: RunSettings, store: Store) -> tuple[Subject, Stage]:
    """The character with landmarks and motion."""
    character, landmarks, stage = prepare_character(
        job.character, picks=job.picks, store=store, motions=job.motion
    )
    return read_subject(character, landmarks, stage=stage, motions=job.motion, seed=settings.seed), stage


def make_pca(
    subject: Subject, settings: RunSettings, store: Store, *, on_progress: OnProgress = silent
) -> tuple[Pca, Stage]:
    """The space of the character's motion. Before the film is looked at: a motion that never moves is told here."""
    stage = store.stage("pca", pca_inputs(subject, settings.pca))
    return fit_subject_pca(subject, settings.pca, stage=stage, on_progress=on_progress), stage


def make_performance(
    job: Job, settings: RunSettings, store: Store, *, reference: Float64 | None = None,
    on_progress: OnProgress = silent,
) -> Performance:  # fmt: skip
    """The take: a film, or a character rendered as the performer. reference: see `Take`; of a film.

    What is wrong with a film that can be used all the same is told at once, and again in the report."""
    check_take(job)
    if job.take_motion:
        character, landmarks, stage = prepare_character(
            job.take, picks=job.take_picks, store=store, motions=job.take_motion
        )
        subject = read_subject(character, landmarks, stage=stage, motions=job.take_motion)
        return RenderedPerformance(subject, makeup=settings.makeup, supersample=settings.supersample)
    made = film(job, settings, store, reference=reference, on_progress=on_progress)
    for sentence in made.take.warnings:
        log.warning("%s", sentence)
    return made


def film(
    job: Job, settings: RunSettings, store: Store, *, reference: Float64 | None = None,
    on_progress: OnProgress = silent,
) -> FilmPerformance:  # fmt: skip
    """The take as a film. reference: see `Take`."""
    return film_performance(
        job.take, landmarks=settings.landmarks, steadying=settings.steady, pose=settings.head_pose, store=store,
        rate=job.rate, reference=reference, on_progress=on_progress,
    )[0]  # fmt: skip


def is_character(path: Path) -> bool:
    """Whether a take is a character file rather than a film, by its suffix."""
    return path.suffix.lower() in (".npz", ".glb", ".gltf", ".ma", ".obj")


def train_all(
    performance: Performance, subject: Subject, character_stage: Stage, *, settings: RunSettings, store: Store,
    clock: Clock, on_progress: OnProgress = silent,
) -> Trained:  # fmt: skip
    """Data, networks and calibration; `out/models` is whole at the end."""
    pca, pca_stage = make_pca(subject, settings, store, on_progress=on_progress)
    clock.lap("pca")
    data = prepare_training(
        performance, subject, pca, settings=settings, store=store, on_progress=on_progress
    )
    rows = train_rows(performance, settings.train_share)
    for sentence in data.coverage.warnings:
        log.warning("%s", sentence)
    clock.lap("patches")
    stages = train_models(data, subject, pca, settings=settings, store=store, on_progress=on_progress)
    clock.lap("training")
    # Beside the models of an earlier run, which stay whole until these are.
    folder = store.out / ".models.part"
    bundle(folder, data=data, character=character_stage, pca=pca_stage, networks=stages)
    write_text(folder / "settings.toml", toml_text(settings))
    models = load_models(folder)
    raw = predict(performance, models, store=store, on_progress=on_progress)
    calibration = calibrate(
        raw,
        performance.take,
        rows,
        models=models,
        character_mean=data.weights[: data.motion_frames].mean(0),
        settings=settings.retarget,
    )
    write_calibration(folder / "calibration.json", calibration)
    take_the_place_of(store.out / "models", folder)
    clock.lap("retarget")
    doubts = [stage.values["doubt"] for stage in stages.values() if stage.values["doubt"]]
    return Trained(models, calibration, raw, stages, data.coverage, (*data.sentences, *doubts), rows)


def models_folder(trained: Path) -> Path:
    """The models of a run's out folder, or that folder itself. Raises CheckpointError where there are none."""
    folder = trained / "models" if (trained / "models").is_dir() else trained
    if not (folder / "settings.toml").is_file():
        raise CheckpointError(
            f"{trained}: holds no trained models. Give the --out folder of a finished facepatch run."
        )
    return folder


def kept_settings(trained: Path) -> RunSettings:
    """The settings that the models were trained with. Raises CheckpointError for those of another facepatch."""
    path = models_folder(trained) / "settings.toml"
    try:
        return read_settings(str(path))
    except ConfigError as error:
        raise CheckpointError(f"{path}: was written by another facepatch ({error}). Train again.") from error


def retarget(
    trained: Path,
    job: Job,
    out: Path,
    *,
    settings: RetargetSettings | None = None,
    on_progress: OnProgress = silent,
) -> Clip:
    """Another take of the performer with the models of an earlier run (`trained`: its out folder). No training."""
    folder, kept = models_folder(trained), kept_settings(trained)
    store = Store(out)
    clock = Clock(store)
    models = load_models(folder)
    calibration = read_calibration(folder / "calibration.json")
    reference = np.array(calibration.reference) if calibration.reference else None
    performance = make_performance(job, kept, store, reference=reference, on_progress=on_progress)
    clock.lap("landmarks")
    raw = predict(performance, models, store=store, on_progress=on_progress)
    clock.lap("retarget")
    used = settings or kept.retarget
    clip = finish_clip(raw, performance.take, calibration, models=models, settings=used)
    resolved = replace(kept, retarget=used)
    write_text(out / "settings.toml", toml_text(resolved))
    write_outputs(
        performance, clip, models, out=out, job=job, settings=to_dict(resolved), clock=clock, held_out_start=0,
        coverage=None, curves={}, warnings=(), on_progress=on_progress,
    )  # fmt: skip
    return clip


def write_outputs(
    performance: Performance, clip: Clip, models: Models, *, out: Path, job: Job, settings: dict[str, Any],
    clock: Clock, held_out_start: int | None, coverage: CoverageReport | None, curves: dict[str, dict[str, Any]],
    warnings: tuple[str, ...], on_progress: OnProgress,
) -> None:  # fmt: skip
    """Exports, film, report."""
    on_progress(Progress("export", 0, 1, "files"))
    write_exports(clip, models, out)
    on_progress(Progress("export", 1, 1, "files"))
    clock.lap("export")
    if job.side_by_side:
        write_side_by_side(out / "side_by_side.mp4", performance, clip, models, on_progress=on_progress)
        clock.lap("side by side")
    on_progress(Progress("report", 0, 1, "pages"))
    data = report_data(
        performance, clip, models, settings=settings, timings=clock.seconds, held_out_start=held_out_start,
        coverage=coverage, curves=curves, warnings=tuple(dict.fromkeys(warnings)), out=out,
    )  # fmt: skip
    write_report(data, out)
    on_progress(Progress("report", 1, 1, "pages"))
