"""A generated range of motion, for characters that come without motion.

It plays a written script (`actions.SCRIPT`): FACS-like actions with their co-activations, onset, apex and offset;
talk made of mouth shapes that blend into each other; rests; and through all of it blinks at a natural rate and
wandering gaze. Random activations are no substitute: retargeting then learns to hold still (design/method.md, 6.7).

Made in ARKit's names and brought to the character by `core.shape_names`; a character whose names say nothing has
each shape exercised alone and in mirrored pairs instead.
Talk blends by the dominance model of Cohen and Massaro (1993), "Modeling coarticulation in synthetic visual speech".
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from facepatch.blendshapes.actions import (
    ACTIONS,
    CONSONANTS,
    FOLLOWS,
    SCRIPT,
    VISEMES,
    VOWELS,
    Action,
    Pose,
    Step,
)
from facepatch.core.axes import Float32, Float64
from facepatch.core.data.character import Character
from facepatch.core.data.clip import Clip
from facepatch.core.errors import InputError
from facepatch.core.shape_names import ARKIT_NAMES, arkit_links

log = logging.getLogger(__name__)

_COLUMN = {name: index for index, name in enumerate(ARKIT_NAMES)}
_GAP_S = 0.25
"""Rest between two actions."""
_BLINKS_PER_MINUTE = 13.0
_BLINK_S = (0.10, 0.05, 0.17)
"""Closing, shut and opening. Real lids open about twice as slowly as they close."""
_SYLLABLE_S = (0.17, 0.27)
_TREMOR = 0.012
"""Standard deviation of the slow unrest that every face has."""


def generated_motion(
    character: Character, *, rate: tuple[int, int] = (30, 1), seed: int = 0, minutes: float = 4.0
) -> Clip:
    """A range of motion for `character`: `names == character.shape_names`, weights in 0..1.

    The same seed gives the same motion. Raises InputError for a character without shapes, and for a length of
    less than a second or a rate that is none.
    """
    if not character.shape_names:
        raise InputError(
            f"{character.name}: has no blendshapes, so no motion can be generated for it. "
            "Give its motion as vertices: an npz with 'vertices' (frames, vertices, 3)."
        )
    frames = round(minutes * 60.0 * rate[0] / max(rate[1], 1))
    if min(rate) < 1 or minutes * 60.0 < 1.0:
        raise InputError(
            f"generated motion: {minutes} minutes at {rate[0]}/{rate[1]} frames per second is no motion."
        )
    rng = np.random.default_rng(seed)
    try:
        match = arkit_links(character.shape_names)
    except InputError:
        log.warning(
            "%s: its shape names (%s, ...) tell nothing about a face; each shape is exercised alone and with its "
            "mirror. A captured motion gives better results.",
            character.name,
            ", ".join(character.shape_names[:4]),
        )
        weights = exercised(character, frames=frames, rate=rate, rng=rng)
    else:
        values = arkit_motion(frames=frames, rate=rate, rng=rng)
        weights = np.clip(values @ match.matrix(ARKIT_NAMES, character.shape_names), 0.0, 1.0)
    return Clip(
        names=character.shape_names,
        weights=weights,
        rate=rate,
        name=f"generated range of motion, seed {seed}",
    )


def arkit_motion(*, frames: int, rate: tuple[int, int], rng: np.random.Generator) -> Float32:
    """(frames, 52) weights of ARKIT_NAMES: the script, played for `frames`."""
    fps = rate[0] / rate[1]
    stage = _Stage(frames, fps, rng)
    start = 0.0
    for step in _steps(frames / fps):
        start = stage.play(step, start)
    values = stage.values
    _look_around(values, stage.busy_eyes, fps, rng)
    _follow(values)
    _blink(values, stage.busy_eyes, fps, rng)
    values += _unrest(frames, fps, rng)
    wide, shut = _columns("eyeWideBoth"), _columns("eyeBlinkBoth")
    values[:, wide] *= 1.0 - np.clip(values[:, shut], 0.0, 1.0)  # a shut lid is not raised
    close, jaw = _COLUMN["mouthClose"], _COLUMN["jawOpen"]
    values[:, close] = np.minimum(
        values[:, close], values[:, jaw]
    )  # lips cannot close further than the jaw opens
    return np.clip(values, 0.0, 1.0).astype(np.float32)


def exercised(
    character: Character, *, frames: int, rate: tuple[int, int], rng: np.random.Generator
) -> Float32:
    """(frames, K) weights: every shape alone, then every pair of mirrored shapes, over and over.

    Mirrored: the movement of one, reflected at x = 0, has nearly the extent and place of the other's.
    """
    fps = rate[0] / rate[1]
    lone = [(index,) for index in range(len(character.shape_names))]
    turns = [*lone, *_mirrored_pairs(character)]
    values = np.zeros((frames, len(character.shape_names)))
    each = max(0.5, min(1.6, frames / fps / len(turns)))
    start, number = 0.0, 0
    while start < frames / fps:
        amount = 1.0 if number < len(turns) else float(rng.uniform(0.4, 1.0))
        curve = _rise_and_fall(frames, fps, start, Action({}, 0.35 * each, 0.25 * each, 0.35 * each))
        for column in turns[number % len(turns)]:
            values[:, column] = np.maximum(values[:, column], amount * curve)
        start += each
        number += 1
    return values.astype(np.float32)


class _Stage:
    """The frames on which the script is played."""

    def __init__(self, frames: int, fps: float, rng: np.random.Generator) -> None:
        self.values: Float64 = np.zeros((frames, len(ARKIT_NAMES)))
        self.busy_eyes = np.zeros(frames, dtype=bool)
        """Frames in which an action moves the eyes or lids by itself."""
        self._fps = fps
        self._rng = rng

    def play(self, step: Step, start: float) -> float:
        """Play one step from `start` seconds; returns when the next one begins."""
        if step.kind == "rest":
            return start + step.seconds
        if step.kind == "talk":
            self._talk(step, start)
            return start + step.seconds + _GAP_S
        action = ACTIONS[step.what]
        pace = float(self._rng.uniform(0.8, 1.25))
        timed = Action(
            action.pose, action.onset * pace, action.apex * pace, action.offset * pace, action.sided
        )
        amount = step.amount * float(self._rng.uniform(0.85, 1.05))
        self._add(_posed(action.pose, self._sides(action.sided)) * amount, timed, start)
        return start + timed.onset + timed.apex + timed.offset + _GAP_S * pace

    def _add(self, pose: Float64, action: Action, start: float) -> None:
        curve = _rise_and_fall(len(self.values), self._fps, start, action)
        _mix(self.values, curve[:, None] * pose)
        if any(name.startswith("eye") and "Squint" not in name for name in action.pose):
            self.busy_eyes |= curve > 0.02

    def _sides(self, sided: bool) -> tuple[float, float]:
        """Factors of left and right: nearly even, or one side only."""
        uneven = self._rng.normal(0.0, 0.04)
        if not sided:
            return 1.0 + uneven, 1.0 - uneven
        other = float(self._rng.uniform(0.0, 0.25))
        return (1.0, other) if self._rng.random() < 0.5 else (other, 1.0)

    def _talk(self, step: Step, start: float) -> None:
        """Phrases and pauses, brows that stress a phrase, and a mood under all of it."""
        stop = start + step.seconds
        mood = ACTIONS[step.what]
        self._add(_posed(mood.pose, self._sides(False)), Action({}, 0.8, step.seconds - 1.4, 0.9), start)
        while start < stop - 0.6:
            length = min(float(self._rng.uniform(1.3, 3.6)), stop - start)
            energy = step.amount * float(self._rng.uniform(0.7, 1.3))
            self._phrase(start, length, energy)
            if self._rng.random() < 0.35:
                accent = ACTIONS["brows up" if self._rng.random() < 0.75 else "brows down"]
                size = float(self._rng.uniform(0.12, 0.45))
                timed = Action({}, 0.25, float(self._rng.uniform(0.1, 0.6)), 0.35)
                begin = start + float(self._rng.uniform(0.0, 0.6)) * length
                self._add(_posed(accent.pose, self._sides(False)) * size, timed, begin)
            start += length + float(self._rng.uniform(0.4, 1.6))

    def _phrase(self, start: float, length: float, energy: float) -> None:
        """Syllables of consonant and vowel, blended by dominance."""
        times, poses, widths = self._sounds(start, length, energy)
        first = max(0, int((start - 0.4) * self._fps))
        last = min(len(self.values), int((start + length + 0.5) * self._fps) + 1)
        if first >= last:
            return
        clock = np.arange(first, last) / self._fps
        distance = np.abs(clock[:, None] - np.array(times)) / np.array(widths)
        dominance = np.exp(-(distance**1.5))
        rest = 0.12  # the pull of the closed mouth, which wins in pauses
        blended = dominance @ np.stack(poses) / (dominance.sum(axis=1, keepdims=True) + rest)
        _mix(self.values[first:last], blended)

    def _sounds(
        self, start: float, length: float, energy: float
    ) -> tuple[list[float], list[Float64], list[float]]:
        times: list[float] = []
        poses: list[Float64] = []
        widths: list[float] = []
        place, stop = start, start + length
        while place < stop:
            syllable = float(self._rng.uniform(*_SYLLABLE_S))
            stress = energy * float(self._rng.choice((0.7, 1.0, 1.35), p=(0.45, 0.35, 0.20)))
            for table, share, size in ((CONSONANTS, 0.25, 1.0), (VOWELS, 0.7, stress)):
                names, odds = zip(*table, strict=True)
                sound = str(self._rng.choice(names, p=np.array(odds) / sum(odds)))
                pose = _posed(VISEMES[sound], self._sides(False))
                times.append(place + share * syllable)
                poses.append(pose * size if table is VOWELS else pose)
                widths.append(syllable * (0.34 if table is CONSONANTS else 0.48))
            place += syllable
        return times, poses, widths


def _steps(seconds: float) -> list[Step]:
    """The script, repeated or thinned so that it lasts about `seconds`; talk and rest give way first."""
    length = sum(_nominal(step) for step in SCRIPT)
    passes = max(1, round(seconds / length))
    steps = [step for _ in range(passes) for step in SCRIPT]
    share = seconds / (passes * length)
    if share < 0.75:  # too short for one pass: every n-th action, in the same proportions
        chosen = np.unique(np.linspace(0, len(steps) - 1, max(1, round(share * len(steps)))).astype(int))
        steps = [steps[index] for index in chosen]
    fixed = sum(_nominal(step) for step in steps if step.kind == "act")
    loose = sum(_nominal(step) for step in steps if step.kind != "act")
    stretch = max(0.3, (seconds - fixed) / loose) if loose else 1.0
    return [
        step if step.kind == "act" else Step(step.kind, step.what, step.amount, step.seconds * stretch)
        for step in steps
    ]


def _nominal(step: Step) -> float:
    if step.kind != "act":
        return step.seconds
    action = ACTIONS[step.what]
    return action.onset + action.apex + action.offset + _GAP_S


def _columns(name: str) -> list[int]:
    if name.endswith("Both"):
        return [_COLUMN[name[:-4] + side] for side in ("Left", "Right")]
    return [_COLUMN[name]]


def _posed(pose: Pose | Mapping[str, float], sides: Sequence[float]) -> Float64:
    """(52,) weights of a pose with factors for left and right."""
    out = np.zeros(len(ARKIT_NAMES))
    for name, value in pose.items():
        columns = _columns(name)
        for column, factor in zip(columns, sides if len(columns) == 2 else (1.0,), strict=True):
            out[column] = value * factor
    return out


def _mix(values: Float64, more: Float64) -> None:
    """Add activations in place so that two that meet stay under 1: 1 - (1 - a)(1 - b)."""
    values[:] = 1.0 - (1.0 - values) * (1.0 - np.clip(more, 0.0, 1.0))


def _rise_and_fall(frames: int, fps: float, start: float, action: Action) -> Float64:
    """(frames,) 0 to 1 and back, each way by minimum jerk (10 t^3 - 15 t^4 + 6 t^5; Flash and Hogan 1985)."""
    clock = np.arange(frames) / fps - start
    up = np.clip(clock / max(action.onset, 1e-6), 0.0, 1.0)
    down = np.clip((clock - action.onset - action.apex) / max(action.offset, 1e-6), 0.0, 1.0)
    return _minimum_jerk(up) * (1.0 - _minimum_jerk(down))


def _minimum_jerk(t: Any) -> Any:
    return t**3 * (10.0 - 15.0 * t + 6.0 * t * t)


def _follow(values: Float64) -> None:
    led = values.copy()
    for leader, follower, share in FOLLOWS:
        leaders, followers = _columns(leader), _columns(follower)
        for index, column in enumerate(followers):
            source = leaders[index] if len(leaders) == len(followers) else leaders[0]
            values[:, column] = np.maximum(values[:, column], 0.0) + share * led[:, source] * (
                1.0 - values[:, column]
            )


def _look_around(values: Float64, busy: Any, fps: float, rng: np.random.Generator) -> None:
    """Gaze jumps between places near the middle; lids follow it up and down. Left is the character's left."""
    frames = len(values)
    aim = np.zeros((frames, 2))
    place = 0
    while place < frames:
        hold = int(fps * float(np.clip(rng.lognormal(0.0, 0.6), 0.35, 4.0)))
        target = (rng.normal(0.0, 0.28), rng.normal(0.0, 0.18)) if rng.random() < 0.7 else (0.0, 0.0)
        aim[place : place + hold] = np.clip(target, -0.85, 0.85)
        place += max(hold, 1)
    aim[busy] = 0.0
    aim = _smoothed(aim, 0.02 * fps)
    left, right = np.clip(aim[:, 0], 0, 1), np.clip(-aim[:, 0], 0, 1)
    up, down = np.clip(aim[:, 1], 0, 1), np.clip(-aim[:, 1], 0, 1)
    more = np.zeros_like(values)
    for name, amount in (
        ("eyeLookOutLeft", left), ("eyeLookInRight", left), ("eyeLookOutRight", right), ("eyeLookInLeft", right),
        ("eyeLookUpLeft", up), ("eyeLookUpRight", up), ("eyeLookDownLeft", down), ("eyeLookDownRight", down),
        ("eyeWideLeft", 0.25 * up), ("eyeWideRight", 0.25 * up),
        ("eyeBlinkLeft", 0.3 * down), ("eyeBlinkRight", 0.3 * down),
    ):  # fmt: skip
        more[:, _COLUMN[name]] = amount
    _mix(values, more)


def _blink(values: Float64, busy: Any, fps: float, rng: np.random.Generator) -> None:
    """Blinks at log-normal intervals, also during other actions, but not where an action already uses the lids."""
    frames = len(values)
    both = _columns("eyeBlinkBoth")
    closing, shut, opening = _BLINK_S
    place = float(rng.uniform(0.5, 3.0))
    while place < frames / fps:
        pace = float(rng.uniform(0.85, 1.3))
        depth = float(rng.uniform(0.92, 1.0)) if rng.random() < 0.9 else float(rng.uniform(0.5, 0.8))
        if not busy[min(frames - 1, int(place * fps))]:
            curve = depth * _rise_and_fall(
                frames, fps, place, Action({}, closing * pace, shut * pace, opening * pace)
            )
            values[:, both] = np.maximum(values[:, both], curve[:, None])
        place += float(np.clip(rng.lognormal(np.log(52.0 / _BLINKS_PER_MINUTE), 0.55), 0.6, 15.0))


def _unrest(frames: int, fps: float, rng: np.random.Generator) -> Float64:
    """(frames, 52) slow noise, the same on both sides of a pair up to a fifth."""
    noise = _smoothed(rng.normal(size=(frames, len(ARKIT_NAMES))), 0.35 * fps)
    noise *= _TREMOR / max(float(noise.std()), 1e-9)
    for name in ARKIT_NAMES:
        if name.endswith("Right") and name[:-5] + "Left" in _COLUMN and len(name) > 10:
            noise[:, _COLUMN[name]] = (
                0.2 * noise[:, _COLUMN[name]] + 0.8 * noise[:, _COLUMN[name[:-5] + "Left"]]
            )
    return noise


def _smoothed(values: Float64, sigma: float) -> Float64:
    """Gaussian of `sigma` frames along the first axis, ends held."""
    reach = max(1, int(np.ceil(3.0 * sigma)))
    taps = np.exp(-0.5 * (np.arange(-reach, reach + 1) / max(sigma, 1e-6)) ** 2)
    padded = np.pad(values, ((reach, reach), (0, 0)), mode="edge")
    columns = [np.convolve(padded[:, c], taps / taps.sum(), mode="valid") for c in range(values.shape[1])]
    return np.stack(columns, axis=1)


def _mirrored_pairs(character: Character) -> list[tuple[int, ...]]:
    """Shapes whose movement has its centre at mirrored places and the same size."""
    size = np.linalg.norm(character.deltas, axis=2)
    total = size.sum(axis=1)
    moving = np.flatnonzero(total > 0.0)
    centre = np.zeros((len(total), 3))
    centre[moving] = (size[moving] @ character.neutral) / total[moving, None]
    reach = 0.03 * float(np.ptp(character.neutral, axis=0).max())
    pairs: list[tuple[int, ...]] = []
    taken: set[int] = set()
    for one in moving:
        if one in taken or abs(centre[one, 0]) < reach:
            continue
        gaps = np.linalg.norm(centre * (-1.0, 1.0, 1.0) - centre[one], axis=1)
        gaps += np.where((total > 0.5 * total[one]) & (total < 2.0 * total[one]), 0.0, np.inf)
        gaps[[*taken, one]] = np.inf
        other = int(np.argmin(gaps))
        if gaps[other] < reach:
            pairs.append((int(one), other))
            taken |= {int(one), other}
    return pairs
