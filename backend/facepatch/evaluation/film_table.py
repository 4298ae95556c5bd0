"""The tables of film agreement and of its cost in another light."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from facepatch.evaluation.methods import CALIBRATED, CHANNELS
from facepatch.evaluation.networks import BUDGETS
from facepatch.evaluation.page import Table, mean_and_spread, mean_of

LONG = 400
"""Performers with more frames than this count in the average."""
STILL = 0.02
"""A measure that moves by less than this in the frames that judge (in inter-ocular distances) says nothing: on film its
landmarks tremble by as much."""

Read = Callable[[Mapping[str, Any]], float | None]
_MEASURES = {
    "mouth open r": ("mouth_open", 0.95),
    "width r": ("mouth_width", 0.90),
    "eye l r": ("eye_open_l", 0.88),
    "eye r r": ("eye_open_r", 0.88),
    "brow r": ("brow", 0.75),
}


def film_tables(results: Sequence[Mapping[str, Any]], column: str = CHANNELS) -> tuple[Table, ...]:
    """One table per method, budget and size: a row for each performer and character (mean over seeds), their average,
    the aim."""
    return tuple(_table(title, ones, column) for title, ones in _by_training(results).items())


def reads() -> dict[str, Read]:
    """Column -> how it is read from the judgement of one clip; None where the frames say nothing."""
    out: dict[str, Read] = {label: _moving(name) for label, (name, _) in _MEASURES.items()}
    out["blinks"] = lambda one: _shared(one, "blinks", "closed")
    out["open error"] = lambda one: mean_of(one[f"blinks_{side}"]["open_error"] for side in "lr")
    out["lips meet"] = lambda one: one["lips"]["meet"]
    out["closures"] = lambda one: one["lips"]["closures_met"]
    out["meet wrongly"] = lambda one: one["lips"]["meet_wrongly"]
    out["jitter %"] = lambda one: one["jitter"]["percent"]
    return out


AIMS = {label: f">= {aim:.2f}" for label, (_, aim) in _MEASURES.items()} | {
    "blinks": ">= 0.90",
    "open error": "<= 0.10",
    "lips meet": ">= 0.85",
    "jitter %": "< 0.15",
}


def averages(results: Sequence[Mapping[str, Any]], column: str = CHANNELS) -> dict[str, float | None]:
    """Column -> mean over the performers with more than 400 frames: over seeds, then characters, then performers."""
    out: dict[str, float | None] = {}
    for label, read in reads().items():
        performers: dict[str, dict[str, list[float | None]]] = {}
        for one in results:
            if one["take_frames"] > LONG:
                each = performers.setdefault(one["performer"], {}).setdefault(one["character"], [])
                each.append(read(one["columns"][column]))
        out[label] = mean_of(mean_of(mean_of(v) for v in each.values()) for each in performers.values())
    return out


def light_tables(results: Sequence[Mapping[str, Any]]) -> tuple[Table, ...]:
    """Per method, budget, size and column, a row for each light and the second take, with and without colour
    augmentation: mean correlation of the five measures, what it costs against the film as filmed, and each measure."""
    return tuple(
        _light_table(title, ones, column)
        for title, ones in _by_training(results).items()
        for column in (CALIBRATED, CHANNELS)
    )


def _by_training(results: Sequence[Mapping[str, Any]]) -> dict[str, list[Mapping[str, Any]]]:
    """Results by method, budget and size, in words; of a run that was only judged, by its name."""
    groups: dict[str, list[Mapping[str, Any]]] = {}
    for one in results:
        trained = f", {BUDGETS[one['budget']]}, size {one['size']}" if "size" in one else ""
        groups.setdefault(f"{one['method']}{trained}", []).append(one)
    return groups


def _light_table(title: str, results: Sequence[Mapping[str, Any]], column: str) -> Table:
    rows: list[tuple[str, ...]] = []
    groups: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
    for one in results:
        groups.setdefault((one["performer"], one["character"], one["colour"]), []).append(one)
    for (performer, character, colour), ones in groups.items():
        lights = {light: [one["lights"][light][column] for one in ones] for light in ones[0]["lights"]}
        control = next(iter(lights.values()))
        means: list[list[float | None]] = []
        followed: list[list[float | None]] = []
        for light, judged in lights.items():
            costs = [cost(first, one) for first, one in zip(control, judged, strict=True)]
            means.append(costs)
            followed.append([_followed(one, light) for one in ones])
            rows.append(
                _light_row(f"{performer} -> {character}, {colour}: {light}", judged, costs, followed[-1])
            )
        relit, landmarks = (
            [mean_of(seed) for seed in zip(*some[1:], strict=True)] for some in (means, followed)
        )
        rows.append((f"{performer} -> {character}, {colour}: mean of the relit", "", mean_and_spread(relit),
                     mean_and_spread(landmarks), *("" for _ in _MEASURES)))  # fmt: skip
        if all(one["second_take"] for one in ones):
            judged = [one["second_take"][column] for one in ones]
            costs = [cost(first, one) for first, one in zip(control, judged, strict=True)]
            label = f"{performer}, {colour}: judged on {ones[0]['second_take_name']}"
            rows.append(_light_row(label, judged, costs, []))
    return Table(
        f"{title}, {column}. Cost: agreement as filmed minus agreement there; to reach: at most .03. Landmarks: "
        "agreement of the relit film's own with those that judge, the film's as filmed.",
        (
            "film, augmentation, light",
            *(f"#{label}" for label in ("mean r", "cost", "landmarks", *_MEASURES)),
        ),
        tuple(rows),
    )


def _light_row(
    label: str,
    judged: Sequence[Mapping[str, Any]],
    costs: Sequence[float | None],
    followed: Sequence[float | None],
) -> tuple[str, ...]:
    every = reads()
    return (
        label,
        mean_and_spread(agreement_of(one) for one in judged),
        mean_and_spread(costs),
        mean_and_spread(followed),
        *(mean_and_spread(every[name](one) for one in judged) for name in _MEASURES),
    )


def _followed(one: Mapping[str, Any], light: str) -> float | None:
    """How well the landmarks of a light agree with those that judge; None in results from before it was kept."""
    return agreement_of(one["landmarks"][light]) if "landmarks" in one else None


def agreement_of(one: Mapping[str, Any]) -> float | None:
    """Mean correlation of the five measures, of those that move."""
    every = reads()
    return mean_of(every[name](one) for name in _MEASURES)


def cost(first: Mapping[str, Any], second: Mapping[str, Any]) -> float | None:
    """By how much the correlations of `second` are below those of `first`: mean over the measures that move in both."""
    pairs = [(read(first), read(second)) for name, read in reads().items() if name in _MEASURES]
    return mean_of(a - b for a, b in pairs if a is not None and b is not None)


def _table(title: str, results: Sequence[Mapping[str, Any]], column: str) -> Table:
    rows: list[tuple[str, ...]] = []
    groups: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for one in results:
        groups.setdefault((one["performer"], one["character"]), []).append(one)
    for (performer, character), ones in groups.items():
        cells = [mean_and_spread(read(one["columns"][column]) for one in ones) for read in reads().values()]
        counts = str(ones[0]["frames"]), str(len(ones))
        rows.append((f"{performer} -> {character}", *counts, *cells))
    characters = list(dict.fromkeys(one["character"] for one in results))
    for character in characters if len(characters) > 1 else ():
        ones = [one for one in results if one["character"] == character]
        rows.append(_mean_row(f"mean of performers over {LONG} frames, {character}", averages(ones, column)))
    mean = averages(results, column)
    rows.append(_mean_row(f"mean of performers over {LONG} frames", mean))
    rows.append(("to reach", "", "", *(AIMS.get(label, "") for label in mean)))
    return Table(
        f"{title}, {column}. A dash: nothing to judge by (no blink, lips never touch, a measure that moves by under "
        f"{STILL} inter-ocular distances).",
        ("film", "#frames", "#seeds", *(f"#{label}" for label in mean)),
        tuple(rows),
    )


def _mean_row(label: str, mean: Mapping[str, float | None]) -> tuple[str, ...]:
    return (label, "", "", *(mean_and_spread([value]) for value in mean.values()))


def _moving(name: str) -> Read:
    return lambda one: one[name]["r"] if one[name]["range"] >= STILL else None


def _shared(one: Mapping[str, Any], what: str, value: str) -> float | None:
    """Of both eyes together: each blink of each eye counts once."""
    both = [one[f"{what}_{side}"] for side in "lr"]
    count = sum(eye["blinks"] for eye in both)
    return sum(eye["blinks"] * eye[value] for eye in both if eye["blinks"]) / count if count else None
