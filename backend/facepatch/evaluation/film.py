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

from facepatch.core.axes import Float32
from facepatch.core.data.clip import Clip
from facepatch.core.errors import InputError
from facepatch.core.progress import OnProgress, silent
from facepatch.core.schema import to_dict
from facepatch.evaluation.film_pictures import film_sheet, read_picture
from facepatch.evaluation.film_table import film_tables
from facepatch.evaluation.methods import Budget, Fitted, Method, Size, method, retarget_settings
from facepatch.evaluation.page import Part, Picture, Results, write_page
from facepatch.geometry.affine import transform
from facepatch.metrics.agreement import agreement, blink_agreement, blink_events, eye_states
from facepatch.metrics.jitter import jitter, still_frames
from facepatch.metrics.lips import lip_agreement, lip_states
from facepatch.metrics.vertex_error import face_height
from facepatch.pipelines.lips import LipScale, lip_scale
from facepatch.pipelines.models import load_models
from facepatch.pipelines.outputs import mesh_measures, take_rows
from facepatch.pipelines.performance import Performance, Take
from facepatch.pipelines.retarget import FaceModels, finish_clip, predict, read_calibration, without_channels
from facepatch.pipelines.run import Job, kept_settings, make_performance, make_subject, models_folder
from facepatch.pipelines.settings import RetargetSettings, RunSettings
from facepatch.pipelines.store import Store, fingerprint
from facepatch.training.pictures import write_picture

TRAIN_SHARE = 2 / 3
COLUMNS = ("raw", "calibrated", "product")


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
    """The out folder of an earlier run on one performer and one character, to be judged instead of training anew."""


def evaluate_films(
    job: FilmJob, out: Path, *, size: Size = "preview", seeds: Sequence[int] = (0,),
    methods: Sequence[str] = ("product",), budget: Budget = Budget(), values: Mapping[str, Any] | None = None,
    on_progress: OnProgress = silent,
) -> list[dict[str, Any]]:  # fmt: skip
    """Judge every performer on every character, method and seed. Returns the results, and writes them to
    `out/results/film`, a page `out/film.html` and a contact sheet of each. Goes on where an earlier call stopped.

    values: settings put over the preset. Raises InputError where `job.trained` has seen the frames that judge.
    """
    results, store = Results(out, "film"), Store(out)
    found: list[dict[str, Any]] = []
    characters = job.characters if job.trained is None else (job.trained,)
    share = {**(values or {}), "train_share": TRAIN_SHARE}
    retarget = retarget_settings(size, values)
    for performer, character, name, seed in product(job.performers, characters, methods, seeds):
        picks = job.picks.get(character.stem)
        one = Job(take=performer, character=character, motion=job.motion, picks=picks)
        made = method(name, size=size, seed=seed, values=share)
        found.append(
            _result(
                one,
                made,
                job.trained,
                results,
                store,
                size=size,
                budget=budget,
                retarget=retarget,
                on_progress=on_progress,
            )
        )
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
    return found


def _result(
    one: Job, made: Method, trained: Path | None, results: Results, store: Store, *, size: Size, budget: Budget,
    retarget: RetargetSettings, on_progress: OnProgress,
) -> dict[str, Any]:  # fmt: skip
    names = (one.take.stem, one.character.stem, made.name, budget.name, f"seed{made.settings.seed}")
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
        "character": one.character.stem,
        "method": made.name,
        "budget": budget.name,
        "seed": made.settings.seed,
        "size": size,
        "sheet": results.path(*names).with_suffix(".png").name,
    }
    if trained is None:
        fitted, performance = train_on_film(one, made, store, budget=budget, on_progress=on_progress)
        clips = fitted.columns(performance, performance, retarget)
        models, first = fitted.models, round(TRAIN_SHARE * performance.take.frame_count)
        described |= {
            "seconds": fitted.seconds, "iterations": fitted.iterations, "starts": fitted.starts,
            "doubts": list(fitted.doubts),
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
    write_picture(
        results.folder / described["sheet"], film_sheet(performance, clips["product"], models, rows)
    )
    return results.keep(names, inputs, described)


def train_on_film(
    job: Job, made: Method, store: Store, *, budget: Budget = Budget(), on_progress: OnProgress = silent
) -> tuple[Fitted, Performance]:
    """A method trained on a film; what it may see is in its settings (`train_share`)."""
    subject, stage = make_subject(job, made.settings, store)
    performance = make_performance(job, made.settings, store, on_progress=on_progress)
    fitted = made.train(performance, subject, stage, store=store, budget=budget, on_progress=on_progress)
    return fitted, performance


def judged_run(
    trained: Path, job: Job, store: Store, *, on_progress: OnProgress = silent
) -> tuple[Performance, FaceModels, dict[str, Clip], int]:
    """The take, models, clips by column and first unseen frame (of those after two thirds) of an earlier run."""
    settings: RunSettings = kept_settings(trained)
    folder = models_folder(trained)
    models, calibration = load_models(folder), read_calibration(folder / "calibration.json")
    performance = make_performance(job, settings, store, on_progress=on_progress)
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
    clips = columns(raw, performance.take, calibration, models, settings.retarget)
    return performance, models, clips, first


def columns(
    raw: Float32, take: Take, calibration: Any, models: FaceModels, settings: RetargetSettings
) -> dict[str, Clip]:
    """The clips of a take as the networks give them, calibrated, and as the product writes them."""
    nothing = replace(calibration, offset=tuple([0.0] * raw.shape[1]), reach=0.0)
    bare = replace(without_channels(settings), smoothing=0.0)
    each = zip(COLUMNS, (nothing, calibration, calibration), (bare, bare, settings), strict=True)
    return {name: finish_clip(raw, take, c, models=models, settings=s) for name, c, s in each}


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
    out: dict[str, Any] = {
        name: {"r": one.r, "range": one.performer_range, "character_range": one.character_range}
        for name, one in found.measures.items()
    }
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
