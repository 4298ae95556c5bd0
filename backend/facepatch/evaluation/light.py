"""What another light costs: the last third of a film relit, and a second take of the same person on another day.

Trained on the first two thirds, with and without colour augmentation; judged on the last third as filmed and in each of
`relight.LIGHTS`, always by the landmarks of the film as filmed. Everything else, landmarks included, sees the relit
pictures, as it would see a real film. Cost is agreement as filmed minus agreement relit; beside it stands how well the
landmarks of the relit film agree with those that judge. Paper 4.6.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from facepatch import __version__
from facepatch.core.axes import UInt8
from facepatch.core.progress import OnProgress, Progress, silent
from facepatch.core.schema import to_dict
from facepatch.evaluation.diverged import Diverged
from facepatch.evaluation.film import TRAIN_SHARE, check_inputs, correlations, judge_clip, train_on_film
from facepatch.evaluation.film_pictures import PICTURE, film_sheet, read_picture
from facepatch.evaluation.film_table import light_tables
from facepatch.evaluation.methods import (
    CHANNELS,
    Budget,
    Fitted,
    Method,
    Size,
    equal_frames,
    method,
    retarget_settings,
)
from facepatch.evaluation.page import Part, Picture, write_page
from facepatch.evaluation.pairs import belongings, remove
from facepatch.evaluation.relight import LIGHTS, RECIPE, Light, face_shape, measured_light, relight_film
from facepatch.evaluation.results import Results
from facepatch.metrics.agreement import agreement
from facepatch.pipelines.performance import Performance
from facepatch.pipelines.run import Job, make_performance
from facepatch.pipelines.settings import RetargetSettings
from facepatch.pipelines.store import Store, fingerprint, key_of
from facepatch.render.sheet import contact_sheet
from facepatch.render.video import open_film
from facepatch.training.pictures import write_picture

AUGMENTED = "with colour augmentation"
PLAIN = "without"


@dataclass(frozen=True)
class LightJob:
    """Who is filmed, and who is animated."""

    performer: Path
    character: Path
    motion: tuple[Path, ...] = ()
    picks: Path | None = None
    """Landmarks of the character; none: proposed."""
    second_take: Path | None = None
    """Another film of the performer, from another day; judged as a whole."""


def evaluate_light(
    job: LightJob, out: Path, *, size: Size = "preview", seeds: Sequence[int] = (0,),
    methods: Sequence[str] = ("product",), lights: Sequence[Light] = LIGHTS,
    values: Mapping[str, Any] | None = None, keep: bool = False, on_progress: OnProgress = silent,
) -> list[dict[str, Any]]:  # fmt: skip
    """Judge every method with and without colour augmentation. Returns the results, and writes them to
    `out/results/light`, the relit films to `out/relit`, and a page `out/light.html`. Goes on where it stopped.

    lights: the first is the control that the others are compared with. values: settings put over the preset. Several
    methods get as many frames. keep: leave patches and networks on disk. What cannot be read or judged is refused at
    the start; where a training diverges, DivergedError is raised at the end.
    """
    results, store = Results(out, "light"), Store(out)
    budget = equal_frames(size, values=values) if len(methods) > 1 else Budget()
    retarget = retarget_settings(size, values)
    takes = (job.performer,) if job.second_take is None else (job.performer, job.second_take)
    settings = method(methods[0], size=size, seed=seeds[0], values=values).settings
    jobs = [Job(take=take, character=job.character, motion=job.motion, picks=job.picks) for take in takes]
    check_inputs(jobs, settings, store)
    films = relit_films(job.performer, out / "relit", lights, on_progress=on_progress)
    relit = Picture("Frames as filmed and relit", relit_sheet(films))
    found: list[dict[str, Any]] = []
    diverged = Diverged()
    for name in methods:
        for seed in seeds:
            for colour in (AUGMENTED, PLAIN):
                made = method(
                    name, size=size, seed=seed, values={**(values or {}), "train_share": TRAIN_SHARE}
                )
                made = made if colour == AUGMENTED else without_color(made)
                leftovers: set[Path] = set()
                with diverged.passed_over(f"{job.performer.stem}, {name} {colour}, seed {seed}"):
                    found.append(
                        _result(job, made, colour, films, results, store, size=size, budget=budget,
                                retarget=retarget, leftovers=leftovers, on_progress=on_progress)
                    )  # fmt: skip
                if not keep:
                    remove(leftovers)
                _write_page(results, relit, out)
    diverged.tell()
    return found


def _write_page(results: Results, relit: Picture, out: Path) -> None:
    whole = results.every()
    second = [
        Picture(f"{one['second_take_name']}, {one['colour']}: film, character", read_picture(path))
        for one in whole
        if "sheet" in one and (path := results.folder / one["sheet"]).is_file()
    ]
    parts = [
        Part("Cost of another light", items=light_tables(whole)),
        Part("Pictures", items=(relit, *second)),
    ]
    write_page(out / "light.html", "Another light, another day", parts)


def without_color(made: Method) -> Method:
    """The same method, whose networks see every training picture in the colours that it has."""
    plain = {
        part: replace(
            getattr(made.settings, part),
            augment=replace(getattr(made.settings, part).augment, color=1.0, hue=0.0),
        )
        for part in ("reenactment", "weights")
    }
    return replace(made, settings=replace(made.settings, **plain))


def relit_films(
    performer: Path, folder: Path, lights: Sequence[Light] = LIGHTS, *, on_progress: OnProgress = silent
) -> dict[str, Path]:
    """The last third of a film in each light, by the name of the light. Those that lie there from before are kept."""
    film = open_film(performer)
    folder.mkdir(parents=True, exist_ok=True)
    about = {"film": fingerprint(performer), "facepatch": __version__, "recipe": RECIPE, "share": TRAIN_SHARE}
    key = key_of(about)[:8]
    out = {light.name: folder / f"{performer.stem}-{key}-{_slug(light)}.mp4" for light in lights}
    if all(path.is_file() for path in out.values()):
        return out
    start = held_out_start(performer)
    shape = face_shape(film, start=start)
    old = measured_light(film, shape, start=start)
    for index, light in enumerate(lights):
        on_progress(Progress("relight", index, len(lights), "films"))
        if not out[light.name].is_file():
            relight_film(film, out[light.name], light, shape=shape, old=old, start=start)
    on_progress(Progress("relight", len(lights), len(lights), "films"))
    return out


def held_out_start(performer: Path) -> int:
    """The first frame of a film that is not trained on."""
    return round(TRAIN_SHARE * sum(1 for _ in open_film(performer).frames()))


def _slug(light: Light) -> str:
    words = "-".join(light.name.replace(",", "").split())
    return f"{words}-{key_of(to_dict(light))[:6]}"


def _result(
    job: LightJob, made: Method, colour: str, films: Mapping[str, Path], results: Results, store: Store, *,
    size: Size, budget: Budget, retarget: RetargetSettings, leftovers: set[Path], on_progress: OnProgress,
) -> dict[str, Any]:  # fmt: skip
    names = (
        job.performer.stem,
        job.character.stem,
        made.name,
        colour,
        budget.name,
        size,
        f"seed{made.settings.seed}",
    )
    inputs = {
        "performer": fingerprint(job.performer),
        "character": fingerprint(job.character),
        "second take": None if job.second_take is None else fingerprint(job.second_take),
        "motion": [fingerprint(path) for path in job.motion],
        "picks": None if job.picks is None else fingerprint(job.picks),
        "films": {name: fingerprint(path) for name, path in films.items()},
        "settings": to_dict(made.settings),
        "retarget": to_dict(retarget),
        "budget": to_dict(budget),
    }
    kept = results.kept(names, inputs)
    if kept is not None:
        return kept
    one = Job(take=job.performer, character=job.character, motion=job.motion, picks=job.picks)
    performance = make_performance(one, made.settings, store, on_progress=on_progress)

    def later(path: Path) -> Performance:
        """Another film of the performer, measured as `facepatch retarget` does."""
        film = Job(take=path, character=job.character)
        return make_performance(film, made.settings, store, reference=performance.take.reference)

    takes = {name: later(path) for name, path in films.items()}
    control = takes[next(iter(films))]
    other = None if job.second_take is None else later(job.second_take)
    fitted = train_on_film(one, performance, made, store, budget=budget, on_progress=on_progress)
    leftovers |= belongings(fitted)
    sheet = results.path(*names).with_suffix(".png")
    judged = {
        name: judge(fitted, performance, take, truth=control, retarget=retarget)
        for name, take in takes.items()
    }
    second = None
    if other is not None:
        second = judge(fitted, performance, other, truth=other, retarget=retarget)
        clips = fitted.columns(performance, other, retarget)
        write_picture(
            sheet, film_sheet(other, clips[CHANNELS], fitted.models, np.arange(other.take.frame_count))
        )
    return results.keep(
        names,
        inputs,
        {
            "performer": job.performer.stem,
            "character": job.character.stem,
            "method": made.name,
            "colour": colour,
            "budget": budget.name,
            "seed": made.settings.seed,
            "size": size,
            "seconds": fitted.seconds,
            "iterations": fitted.iterations,
            "starts": fitted.starts,
            "doubts": list(fitted.doubts),
            "frames": control.take.frame_count,
            "lights": judged,
            "landmarks": {name: seen_alike(control, take) for name, take in takes.items()},
            "second_take": second,
            "second_take_name": None if job.second_take is None else job.second_take.stem,
            "sheet": sheet.name,
        },
    )


def judge(
    fitted: Fitted,
    performance: Performance,
    take: Performance,
    *,
    truth: Performance,
    retarget: RetargetSettings,
) -> dict[str, Any]:
    """Column -> agreement of a take, all of whose frames are new, by the landmarks of `truth`."""
    rows = np.arange(take.take.frame_count)
    return {
        name: judge_clip(clip, fitted.models, take, rows=rows, truth=truth.take)
        for name, clip in fitted.columns(performance, take, retarget).items()
    }


def seen_alike(judging: Performance, take: Performance) -> dict[str, Any]:
    """Measure -> agreement of a take's landmarks with those that judge: what following landmarks alone would give."""
    both = judging.take.found & take.take.found
    return correlations(agreement(judging.take.measures, take.take.measures, valid=both))


def relit_sheet(films: Mapping[str, Path], count: int = 4) -> UInt8:
    """A few frames of every film, one row per film."""
    images: list[UInt8] = []
    labels: list[str] = []
    for name, path in films.items():
        last = sum(1 for _ in open_film(path).frames()) - 1
        rows = {int(row) for row in np.linspace(0, last, count + 2)[1:-1]}
        for row, frame in enumerate(open_film(path).frames()):
            if row in rows:
                height, width = frame.image.shape[:2]
                size = (round(width * PICTURE / height), PICTURE)
                images.append(
                    np.asarray(cv2.resize(frame.image, size, interpolation=cv2.INTER_AREA), np.uint8)
                )
                labels.append(f"{row}: {name}")
    return contact_sheet(images, columns=count, labels=labels)
