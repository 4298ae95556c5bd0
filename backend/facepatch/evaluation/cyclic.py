"""Cyclic retargeting: what is lost on the way from the performer to the character and back (the paper's 4.4, Fig. 12).

The performer's patches go through the networks; the character is rendered as they say; its patches go through the
shared encoder and the *performer's* decoder; what comes out takes the way to the character once more. A trained run is
judged, nothing is trained. The paper shows pictures only. Here the drift of every PCA component is measured, and the
same for two shorter ways, which tell whose loss it is: the weight estimation alone reading the render, and the
character's own decoder in between.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from facepatch.core.axes import Axes, Float32, UInt8
from facepatch.core.data.pca import Pca
from facepatch.core.errors import InputError
from facepatch.core.progress import OnProgress, silent
from facepatch.core.schema import to_dict
from facepatch.evaluation.cyclic_page import cyclic_picture, cyclic_tables
from facepatch.evaluation.film_pictures import read_picture
from facepatch.evaluation.page import Part, Picture, write_page
from facepatch.evaluation.results import Results
from facepatch.metrics.agreement import pearson
from facepatch.metrics.vertex_error import RegionError, face_regions, inter_ocular, vertex_error
from facepatch.patches.makeup import wears_makeup
from facepatch.pca.sources import ArrayFrames
from facepatch.pipelines.models import Models, load_models
from facepatch.pipelines.performance import BLOCK, Performance, Take, render_rows, tracked
from facepatch.pipelines.retarget import calibrated, neutral_weights, read_calibration
from facepatch.pipelines.run import Job, kept_settings, make_performance, models_folder
from facepatch.pipelines.settings import RunSettings
from facepatch.pipelines.store import Store
from facepatch.pipelines.subject import Subject
from facepatch.render.phong import prepare_look
from facepatch.training.losses import ssim
from facepatch.training.pictures import write_picture

READ, OWN, CYCLE = "weight estimation alone", "through the character's decoder", "cycle"
WAYS = (READ, OWN, CYCLE)
"""From the render back to weights; the last is the experiment, the others say where it loses."""
ABOUT = (
    "The performer is retargeted, the character rendered, its patches decoded as the performer's and retargeted again. "
    "Nothing would be lost if the second time gave what the first did."
)


TRAINED_ON = "The run learned from the whole take, so these frames were trained on."


@dataclass(frozen=True)
class ComponentDrift:
    """How far one PCA component is from where it started. mm are root mean square over the vertices."""

    spread_mm: float
    """Standard deviation over the character's training motion."""
    drift_mm: float
    """Root mean square difference over the frames."""
    constant_mm: float
    """The part of it that is the same in every frame."""
    moving_mm: float
    """The part that is not."""
    drift_of_spread: float | None
    """drift_mm / spread_mm."""
    r: float
    """Pearson correlation of the component before and after."""


def component_drift(before: Float32, after: Float32, pca: Pca) -> tuple[ComponentDrift, ...]:
    """One entry per component. before, after: (T, M) PCA weights, cm; distances in them are distances in vertices."""
    check = Axes()
    first = check("weights before", before, "T M", np.float64)
    second = check("weights after", after, "T M", np.float64)
    spread = np.sqrt(check("variance", pca.variance, "M", np.float64))
    unit = 10.0 / np.sqrt(pca.basis.shape[1] / 3)
    difference = second - first
    return tuple(
        ComponentDrift(
            spread_mm=float(unit * spread[index]),
            drift_mm=float(unit * np.sqrt(np.mean(column**2))),
            constant_mm=float(unit * abs(column.mean())),
            moving_mm=float(unit * column.std()),
            drift_of_spread=float(np.sqrt(np.mean(column**2)) / spread[index]) if spread[index] > 0 else None,
            r=pearson(first[:, index], second[:, index]),
        )
        for index, column in enumerate(difference.T)
    )


@dataclass(frozen=True, eq=False)
class Cycle:
    """One turn. T frames, each as bytes of patches (T, P, H, W, 3) or PCA weights (T, M)."""

    start: Float32
    """What the character is rendered with."""
    shown: UInt8
    """The character's patches as rendered."""
    back: UInt8
    """The performer's patches as rebuilt from them."""
    ways: dict[str, Float32]
    """Way -> the weights at its end."""


class Turner:
    """Trained models with what is needed to render their character and to go back to the performer."""

    def __init__(self, models: Models, settings: RunSettings) -> None:
        self.models, self.supersample = models, settings.supersample
        self.look = prepare_look(models.character)
        self.makeup = settings.makeup if wears_makeup(models.character, settings.makeup) else None

    def turn(self, start: Float32) -> Cycle:
        """Render the weights `start` (T, M) and find them again. The weights on all ways are the networks' own."""
        shown = np.concatenate([self.render(part) for part in _parts(start)])
        back = np.concatenate([self.as_performer(part) for part in _parts(shown)])
        ways = {
            READ: np.concatenate([self.models.read(part) for part in _parts(shown)]),
            OWN: np.concatenate([self.models.predict(part)[1] for part in _parts(shown)]),
            CYCLE: np.concatenate([self.models.predict(part)[1] for part in _parts(back)]),
        }
        return Cycle(start, shown, back, ways)

    def render(self, weights: Float32) -> UInt8:
        """(B, M) -> the character's patches (B, P, H, W, 3), as it was trained on."""
        models = self.models
        frames = ArrayFrames(models.pca.vertices(weights))
        subject = Subject(models.character, models.landmarks, frames, (1, 1), key="")
        size = models.plan.settings.size
        return render_rows(
            subject, self.look, np.arange(len(weights)), views=models.plan.views, size=(size, size),
            supersample=self.supersample, points=subject.landmark_motion()[..., :2], makeup=self.makeup,
        )  # fmt: skip

    @torch.no_grad()
    def as_performer(self, patches: UInt8) -> UInt8:
        """D_performer(E(patches)): any patches (B, P, H, W, 3) as the performer's."""
        networks = self.models.reenactment
        device = self.models.weights.scale.device
        images = _to_tensor(patches).to(device)
        out: list[Tensor] = []
        for index, region in enumerate(networks.regions):
            patch = images[:, index].contiguous(memory_format=torch.channels_last)
            out.append(networks.performer[region](networks.encoders[region](patch)))
        rebuilt = torch.stack(out, 1).permute(0, 1, 3, 4, 2)
        return (rebuilt * 255).round().clamp(0, 255).byte().cpu().numpy()


def evaluate_cyclic(
    trained: Path, job: Job, out: Path, *, frames: int = 600, on_progress: OnProgress = silent
) -> dict[str, Any]:
    """Turn `frames` frames of the take, spread over those that were not trained on, with the models in `trained`.

    trained: the out folder of a finished run; job: the take (its `character` and `motion` are not read).
    Writes and returns `results/cyclic/TAKE--CHARACTER--seedS.json`, beside it a picture, and `cyclic.html`.
    """
    folder, kept = models_folder(trained), kept_settings(trained)
    store = Store(out)
    models, calibration = load_models(folder), read_calibration(folder / "calibration.json")
    performance = make_performance(job, kept, store, on_progress=on_progress)
    take = performance.take
    rows = judged_rows(take, share=kept.train_share, count=frames)
    source = cut_rows(performance, models, rows, on_progress=on_progress)
    raw = np.concatenate([models.predict(part)[1] for part in _parts(source)])
    results, names = Results(out, "cyclic"), (take.name, models.character.name, f"seed{kept.seed}")
    inputs = {"models": models.key, "take": take.key, "frames": frames}
    turner, rest = Turner(models, kept), neutral_weights(models)
    turns = {"raw": turner.turn(raw)}
    turns["calibrated"] = turner.turn(calibrated(raw, calibration, rest))
    # The second time round the same is done to the output as the first time.
    ended = turns["calibrated"].ways[CYCLE]
    turns["calibrated"].ways[CYCLE] = calibrated(ended, calibration, rest)
    described: dict[str, Any] = {
        "take": take.name,
        "character": models.character.name,
        "models": models.key,
        "seed": kept.seed,
        "frames": len(rows),
        "trained_on": kept.train_share >= 1.0,
        "components": models.pca.component_count,
        "drift": {name: _drift(turn, models) for name, turn in turns.items()},
        "patches": patch_losses(source, turner.as_performer, turns),
    }
    described = results.keep(names, inputs, described)
    turn = turns["calibrated"]
    image = cyclic_picture(
        performance, models, rows=rows, patches=(source, turn.shown, turn.back),
        weights=(turn.start, turn.ways[CYCLE]),
    )  # fmt: skip
    write_picture(_picture(results, described), image)
    parts = [
        Part(
            f"{one['take']} on {one['character']}",
            TRAINED_ON if one["trained_on"] else "",
            (*cyclic_tables(one, cycle=CYCLE), *_pictures(_picture(results, one))),
        )
        for one in results.every()
    ]
    write_page(out / "cyclic.html", "Cyclic retargeting", parts, about=ABOUT)
    return described


def _pictures(path: Path) -> list[Picture]:
    return [Picture("the calibrated cycle", read_picture(path))] if path.is_file() else []


def _picture(results: Results, one: Mapping[str, Any]) -> Path:
    return results.path(one["take"], one["character"], f"seed{one['seed']}").with_suffix(".png")


def judged_rows(take: Take, *, share: float, count: int) -> np.ndarray:
    """At most `count` frames with a face, evenly spread over the part of the take behind the trained `share`."""
    first = 0 if share >= 1.0 else round(share * take.frame_count)
    rows = first + np.flatnonzero(take.found[first:])
    if min(rows.size, count) < 2:
        raise InputError(
            f"{take.name}: {count} of {rows.size} frames with a face that were not trained on are to be sent round, "
            "and it takes 2 at least. Ask for more by --frames, or give a take that shows the face for longer."
        )
    return rows[np.unique(np.linspace(0, len(rows) - 1, min(count, len(rows))).round().astype(int))]


def cut_rows(
    performance: Performance, models: Models, rows: np.ndarray, *, on_progress: OnProgress = silent
) -> UInt8:
    """(T, P, H, W, 3) the performer's patches of the frames `rows`."""
    plan = models.plan
    to_patch = plan.frame_to_patch(performance.align(plan.performer_neutral, plan.settings.align_sigma))
    blocks = performance.patches(to_patch, plan.settings.size, rows=rows)
    return np.concatenate([images for _, images in tracked(blocks, "patches", len(rows), on_progress)])


def _drift(turn: Cycle, models: Models) -> dict[str, Any]:
    """Per way: the components, and the vertices at its end against those at its start."""
    neutral = models.character.neutral
    start = models.pca.vertices(turn.start)
    found: dict[str, Any] = {}
    for way, weights in turn.ways.items():
        constant = (weights - turn.start).mean(axis=0)
        errors: dict[str, dict[str, RegionError]] = {
            name: vertex_error(
                models.pca.vertices(values),
                start,
                inter_ocular_cm=inter_ocular(models.landmarks, neutral),
                mean_shape=models.pca.mean.reshape(-1, 3),
                regions=face_regions(models.landmarks, neutral),
            )
            for name, values in (("vertices", weights), ("without the constant part", weights - constant))
        }
        found[way] = {
            "components": [to_dict(one) for one in component_drift(turn.start, weights, models.pca)],
            **{
                name: {region: to_dict(error) for region, error in by_region.items()}
                for name, by_region in errors.items()
            },
        }
    return found


def patch_losses(source: UInt8, as_performer: Any, turns: dict[str, Cycle]) -> dict[str, dict[str, float]]:
    """L1 (0..1) and SSIM of the performer's patches against themselves rebuilt, and against what came back.

    "mean patch" is what a decoder that ignores its input would reach.
    """
    mean = source.mean(axis=0, keepdims=True).round().astype(np.uint8)
    others = {
        "rebuilt from the performer": np.concatenate([as_performer(part) for part in _parts(source)]),
        **{f"back from the character, {name}": turn.back for name, turn in turns.items()},
        "mean patch": np.broadcast_to(mean, source.shape),
    }
    losses: dict[str, dict[str, float]] = {}
    for name, patches in others.items():
        difference, likeness = [], []
        for ours, theirs in zip(_parts(source), _parts(patches), strict=True):
            first, second = _to_tensor(ours).flatten(0, 1), _to_tensor(theirs).flatten(0, 1)
            difference.append((first - second).abs().mean(dim=(1, 2, 3)))
            likeness.append(ssim(first, second))
        losses[name] = {"l1": float(torch.cat(difference).mean()), "ssim": float(torch.cat(likeness).mean())}
    return losses


def _parts(rows: Any) -> Iterator[Any]:
    for start in range(0, len(rows), BLOCK):
        yield rows[start : start + BLOCK]


def _to_tensor(patches: UInt8) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(patches)).permute(0, 1, 4, 2, 3).float() / 255
