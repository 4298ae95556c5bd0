"""Film agreement: how well characters follow filmed performers on the last third of each film, never trained on.

The first two thirds train and validate (`RunSettings.validation_share` of them, in pieces spread over it), the last
third judges. Correlations of mouth, eyes and brows, blinks, lips that meet, trembling at rest; per performer, and
averaged over those with more than 400 frames. The performer's rest and scales are those of his whole take.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from facepatch.core.data.character import Character
from facepatch.core.data.clip import Clip
from facepatch.core.data.landmarks import SurfaceLandmarks
from facepatch.core.errors import InputError
from facepatch.core.progress import OnProgress, silent
from facepatch.core.schema import to_dict
from facepatch.evaluation.diverged import Diverged
from facepatch.evaluation.film_pictures import film_sheet, read_picture
from facepatch.evaluation.film_table import film_tables
from facepatch.evaluation.methods import (
    CHANNELS,
    Budget,
    Fitted,
    Method,
    Size,
    columns,
    equal_frames,
    method,
    retarget_settings,
)
from facepatch.evaluation.page import Part, Picture, write_page
from facepatch.evaluation.pair import check_names
from facepatch.evaluation.pairs import belongings, remove
from facepatch.evaluation.results import Results
from facepatch.geometry.affine import transform
from facepatch.metrics.agreement import Agreement, agreement, blink_agreement, blink_events, eye_states
from facepatch.metrics.face_measures import face_measures
from facepatch.metrics.jitter import jitter, still_frames
from facepatch.metrics.lips import lip_agreement, lip_states
from facepatch.metrics.vertex_error import face_height
from facepatch.pipelines.lips import LipScale, lip_scale
from facepatch.pipelines.models import load_models
from facepatch.pipelines.outputs import mesh_measures, take_rows
from facepatch.pipelines.performance import Performance, Take
from facepatch.pipelines.retarget import FaceModels, predict, read_calibration
from facepatch.pipelines.run import (
    Job,
    check_take,
    kept_settings,
    make_performance,
    make_subject,
    models_folder,
)
from facepatch.pipelines.settings import RetargetSettings, RunSettings
from facepatch.pipelines.store import Store, fingerprint
from facepatch.training.pictures import write_picture

TRAIN_SHARE = 2 / 3


@dataclass(frozen=True)
class FilmJob:
    """Who is filmed, and who is animated."""

    performers: tuple[Path, ...]
    characters: tuple[Path, ...]
    motion: tuple[Path, ...] = ()
    """Motion of every character; none: a generated range of motion."""
    picks: Mapping[str, Path] = field(default_factory=dict)
    """Landmarks of characters, by the name of their file without suffix; of others they are proposed."""
    trained: Path | None = None
    """The out folder of an earlier run on one performer and one character, to be judged instead of training anew, as
    that run calibrates and finishes its clips; the run's name then stands for the method."""

    def one(self, performer: Path, character: Path) -> Job:
        """One performer on one character."""
        picks = self.picks.get(character.stem)
        return Job(take=performer, character=character, motion=self.motion, picks=picks)


def evaluate_films(
    job: FilmJob, out: Path, *, size: Size = "preview", seeds: Sequence[int] = (0,),
    methods: Sequence[str] = ("product",), values: Mapping[str, Any] | None = None, keep: bool = False,
    on_progress: OnProgress = silent,
) -> list[dict[str, Any]]:  # fmt: skip
    """Judge every performer on every character, method and seed. Returns the results, and writes them to
    `out/results/film`, a page `out/film.html` and a contact sheet of each. Goes on where an earlier call stopped.

    values: settings put over the preset. Several methods get as many frames. keep: leave patches and networks on disk.
    Raises InputError where two performers or characters have one name, or `job.trained` has seen the frames that judge;
    what cannot be read or judged is refused before the first training. Where a training diverges, the others go on and
    DivergedError is raised at the end.
    """
    for paths in (job.performers, job.characters):
        check_names(paths)
    results, store = Results(out, "film"), Store(out)
    budget = equal_frames(size, values=values) if len(methods) > 1 else Budget()
    found: list[dict[str, Any]] = []
    diverged = Diverged()
    characters = job.characters if job.trained is None else (job.trained,)
    share = {**(values or {}), "train_share": TRAIN_SHARE}
    retarget = retarget_settings(size, values)
    if job.trained is None:
        settings = method(methods[0], size=size, seed=seeds[0], values=share).settings
        jobs = [job.one(*both) for both in product(job.performers, characters)]
        check_inputs(jobs, settings, store)
        for one in {one.take: one for one in jobs}.values():
            first_judged(make_performance(one, settings, store, on_progress=on_progress))
    for performer, character, name, seed in product(job.performers, characters, methods, seeds):
        one = job.one(performer, character)
        made = method(name, size=size, seed=seed, values=share)
        leftovers: set[Path] = set()
        with diverged.passed_over(f"{performer.stem} on {character.stem}, {name}, seed {seed}"):
            found.append(
                _result(
                    one, made, job.trained, results, store, size=size, budget=budget, retarget=retarget,
                    leftovers=leftovers, on_progress=on_progress,
                )
            )  # fmt: skip
        if not keep:
            remove(leftovers)
        _write_page(results, out)
    diverged.tell()
    return found


def check_inputs(jobs: Sequence[Job], settings: RunSettings, store: Store) -> None:
    """Refuse films, characters and motions that cannot be read, before anything that takes long."""
    for job in {job.take: job for job in jobs}.values():
        check_take(job)
    for job in {job.character: job for job in jobs}.values():
        subject, _ = make_subject(job, settings, store)
        check_lids(subject.character, subject.landmarks)


def check_lids(character: Character, landmarks: SurfaceLandmarks) -> None:
    """Refuse a character whose eyes are not open at neutral: blinks are judged by how far they close from there.
    Raises InputError."""
    at_rest = face_measures(landmarks.positions(character.neutral[None])).at(0)
    gaps = {side: at_rest[f"eye_open_{side}"] for side in ("l", "r")}
    if not min(gaps.values()) > 0:
        raise InputError(
            f"{character.name}: at neutral its lids have gaps of {gaps['l']:.3f} (left) and {gaps['r']:.3f} (right), "
            "so blinks cannot be judged. Check its lid landmarks, and give them by --picks."
        )


def _write_page(results: Results, out: Path) -> None:
    whole = results.every()
    shown = [
        Picture(f"{one['performer']} on {one['character']}: film, character", read_picture(path))
        for one in whole
        if (path := results.folder / one["sheet"]).is_file()
    ]
    parts = [
        Part("Agreement on the last third", items=film_tables(whole)),
        Part("Pictures", items=tuple(shown)),
    ]
    write_page(out / "film.html", "Agreement with filmed performers", parts)


def _result(
    one: Job, made: Method, trained: Path | None, results: Results, store: Store, *, size: Size, budget: Budget,
    retarget: RetargetSettings, leftovers: set[Path], on_progress: OnProgress,
) -> dict[str, Any]:  # fmt: skip
    """One clip judged: kept from before, or made now. leftovers: gets the folders of patches and networks."""
    if trained is None:
        label, character, seed = made.name, one.character.stem, made.settings.seed
        names = (one.take.stem, character, label, budget.name, size, f"seed{seed}")
    else:
        folder = trained.resolve()
        label, seed = f"run {folder.parent.name}/{folder.name}", kept_settings(trained).seed
        character = load_models(models_folder(trained)).character.name
        names = (one.take.stem, character, label, f"seed{seed}")
    inputs = {
        "performer": fingerprint(one.take),
        "character": fingerprint(one.character if trained is None else models_folder(trained)),
        "motion": [fingerprint(path) for path in one.motion],
        "picks": None if one.picks is None else fingerprint(one.picks),
        "settings": to_dict(made.settings),
        "retarget": to_dict(retarget),
        "budget": to_dict(budget),
    }
    kept = results.kept(names, inputs)
    if kept is not None:
        return kept
    described: dict[str, Any] = {
        "performer": one.take.stem,
        "character": character,
        "method": label,
        "seed": seed,
        "sheet": results.path(*names).with_suffix(".png").name,
    }
    if trained is None:
        performance = make_performance(one, made.settings, store, on_progress=on_progress)
        first = first_judged(performance)
        fitted = train_on_film(one, performance, made, store, budget=budget, on_progress=on_progress)
        clips = fitted.columns(performance, performance, retarget)
        models = fitted.models
        leftovers |= belongings(fitted)
        described |= {
            "budget": budget.name, "size": size, "seconds": fitted.seconds, "iterations": fitted.iterations,
            "starts": fitted.starts, "doubts": list(fitted.doubts),
        }  # fmt: skip
    else:
        performance, models, clips, first = judged_run(trained, one, store, on_progress=on_progress)
    rows = np.arange(first, performance.take.frame_count)
    described |= {
        "take_frames": performance.take.frame_count,
        "frames": len(rows),
        "columns": {
            name: judge_clip(clip, models, performance, rows=rows) for name, clip in clips.items()
        },
    }  # fmt: skip
    write_picture(results.folder / described["sheet"], film_sheet(performance, clips[CHANNELS], models, rows))
    return results.keep(names, inputs, described)


def train_on_film(
    job: Job, performance: Performance, made: Method, store: Store, *, budget: Budget = Budget(),
    on_progress: OnProgress = silent,
) -> Fitted:  # fmt: skip
    """A method trained on a film; what it may see is in its settings (`train_share`)."""
    subject, stage = make_subject(job, made.settings, store)
    return made.train(performance, subject, stage, store=store, budget=budget, on_progress=on_progress)


def first_judged(performance: Performance) -> int:
    """The first frame of the last third. Raises InputError where it shows no face."""
    take = performance.take
    first = round(TRAIN_SHARE * take.frame_count)
    if not take.found[first:].any():
        raise InputError(
            f"{take.name}: no face was found in its last third, frames {first} to {take.frame_count - 1}, which "
            "judges. Cut the film so that it ends with the performer in sight."
        )
    return first


def judged_run(
    trained: Path, job: Job, store: Store, *, on_progress: OnProgress = silent
) -> tuple[Performance, FaceModels, dict[str, Clip], int]:
    """The take, models, clips by column and first unseen frame (of those after two thirds) of an earlier run."""
    settings: RunSettings = kept_settings(trained)
    folder = models_folder(trained)
    models, calibration = load_models(folder), read_calibration(folder / "calibration.json")
    check_lids(models.character, models.landmarks)
    reference = np.array(calibration.reference) if calibration.reference else None
    performance = make_performance(job, settings, store, reference=reference, on_progress=on_progress)
    first = round(max(TRAIN_SHARE, settings.train_share) * performance.take.frame_count)
    if first >= performance.take.frame_count:
        raise InputError(
            f"{trained}: was trained on the whole take, so nothing is left to judge by. Train with train_share "
            f"{TRAIN_SHARE:.2f}, or leave --trained out."
        )
    raw = predict(performance, models, store=store, on_progress=on_progress)
    if calibration.lips == LipScale():
        # Runs from before the lip channel have not measured the mouth.
        seen = performance.take.found & (np.arange(performance.take.frame_count) < first)
        calibration = replace(calibration, lips=lip_scale(performance.take.measures, seen))
    clips = columns(raw, performance.take, calibration, models=models, settings=settings.retarget)
    return performance, models, clips, first


def correlations(found: Agreement) -> dict[str, Any]:
    """Measure -> correlation and both ranges, as results keep them."""
    return {
        name: {"r": one.r, "range": one.performer_range, "character_range": one.character_range}
        for name, one in found.measures.items()
    }


def judge_clip(
    clip: Clip, models: FaceModels, performance: Performance, *, rows: np.ndarray, truth: Take | None = None
) -> dict[str, Any]:
    """All measures of agreement over the frames `rows` of the take.

    The performer's own scales (when an eye is shut, when lips touch) are those of his whole take.
    truth: the take whose landmarks judge, where it is not the one that was retargeted (the same film in another light).
    """
    take = truth or performance.take
    shown = take_rows(clip, take)
    chosen = np.flatnonzero(np.isin(shown, rows))
    points, measured, at_rest = mesh_measures(clip, models)
    performer = take.measures.select(shown)
    keep = take.found[shown]
    fps = clip.rate[0] / clip.rate[1]
    found = agreement(
        performer.select(chosen), measured.select(chosen), valid=keep[chosen],
        character_open={side: at_rest[f"eye_open_{side}"] for side in ("l", "r")},
    )  # fmt: skip
    out = correlations(found)
    for side in ("l", "r"):
        name = f"eye_open_{side}"
        eyes = eye_states(getattr(performer, name), valid=keep)
        eyes = eyes._replace(openness=eyes.openness[chosen], shut=eyes.shut[chosen], open=eyes.open[chosen])
        gaps = getattr(performer, name)[chosen], getattr(measured, name)[chosen]
        out[f"blinks_{side}"] = {
            **to_dict(blink_agreement(*gaps, character_open=at_rest[name], states=eyes)),
            **to_dict(blink_events(*gaps, character_open=at_rest[name], states=eyes)),
        }
    lips = lip_states(performer, valid=keep)
    lips = lips._replace(gap=lips.gap[chosen], touch=lips.touch[chosen], parted=lips.parted[chosen])
    out["lips"] = to_dict(
        lip_agreement(performer.select(chosen), measured.select(chosen), states=lips, rate_fps=fps)
    )
    aligned = transform(performance.align(models.plan.performer_neutral, 0.0), performance.take.points)
    still = still_frames(aligned[shown], valid=keep)[chosen]
    height = face_height(models.landmarks, models.character.neutral)
    out["jitter"] = to_dict(jitter(points[chosen], still, face_height=height, rate_fps=fps))
    return out
