"""What a generated performer does: talk mixed with clear expressions, dense enough to train on in half a minute.

The written range of motion of `blendshapes.motion_script` takes three minutes for one pass; a demo has less.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.random import Generator, default_rng
from scipy import ndimage

from facepatch.blendshapes.actions import ACTIONS, CONSONANTS, VISEMES, VOWELS, Pose
from facepatch.blendshapes.motion_script import generated_motion
from facepatch.core.axes import Float64
from facepatch.core.data.character import Character
from facepatch.core.data.clip import Clip
from facepatch.core.errors import ConfigError, InputError

Kind = Literal["conversation", "range_of_motion"]

PLAYED = (
    "smile", "brows up", "jaw wide open", "eyes closed", "surprise", "brows down", "broad smile", "corners down",
    "pucker", "eyes wide", "laugh", "squint", "corners wide", "jaw open", "one brow up", "eyes closed", "smirk",
    "lips pressed", "shout", "funnel", "teeth shown", "upper lip up", "sneer", "wink",
)  # fmt: skip
"""Actions of `blendshapes.actions` between the phrases, in this order, over and over."""
_MOODS = ("plainly", "happily", "doubting", "eagerly", "angrily", "sadly")
_BLINK_EVERY_S = 3.0
_TALK_BLUR_S = 0.040
_ACTION_BLUR_S = 0.090
_BLINK_BLUR_S = 0.028


def make_performance(
    character: Character,
    *,
    seconds: float = 40.0,
    rate: tuple[int, int] = (30, 1),
    seed: int = 0,
    kind: Kind = "conversation",
) -> Clip:
    """Weights over time for `character`: `names == character.shape_names`, values in 0..1, frames = seconds * rate.

    kind "conversation": phrases, with an expression after each, blinks and wandering eyes; "range_of_motion":
    `blendshapes.motion_script.generated_motion`. The same seed gives the same clip. Raises InputError for less than
    one second, ConfigError for another kind.
    """
    if seconds < 1.0 or min(rate) < 1:
        raise InputError(
            f"performance: {seconds} s at {rate[0]}/{rate[1]} frames per second is too short. Use 1 s."
        )
    if kind == "range_of_motion":
        return generated_motion(character, rate=rate, seed=seed, minutes=seconds / 60.0)
    if kind != "conversation":
        raise ConfigError(f"kind: '{kind}' is not one of conversation, range_of_motion.")
    fps = rate[0] / rate[1]
    stage = _Stage(character.shape_names, round(seconds * fps), fps, default_rng(seed))
    return Clip(
        names=character.shape_names,
        weights=stage.perform().astype(np.float32),
        rate=rate,
        name=f"conversation {seed}",
    )


class _Stage:
    """Targets per frame, steps at first; smoothing makes them motion."""

    def __init__(self, names: tuple[str, ...], frames: int, fps: float, rng: Generator) -> None:
        self._names, self._frames, self._fps, self._rng = names, frames, fps, rng
        self._column = {name: index for index, name in enumerate(names)}
        self._talk, self._act, self._mood = (np.zeros((frames, len(names))) for _ in range(3))
        self._lids_busy = np.zeros(frames, dtype=bool)

    def perform(self) -> Float64:
        self._play()
        rest = 1.0 - self._blurred(self._talk, _TALK_BLUR_S)
        rest *= 1.0 - self._blurred(self._act, _ACTION_BLUR_S)
        rest *= 1.0 - self._blurred(self._mood, 0.35)
        rest *= 1.0 - self._gaze()
        values = 1.0 - rest
        for side, blink in zip(("Left", "Right"), self._blinks().T):
            self._raise_to(values, "eyeBlink" + side, blink)
            if "eyeWide" + side in self._column:
                values[:, self._column["eyeWide" + side]] *= 1.0 - values[:, self._column["eyeBlink" + side]]
        values += 0.008 * self._blurred(self._rng.standard_normal(values.shape), 0.3) * np.sqrt(self._fps)
        return np.clip(values, 0.0, 1.0)

    def _play(self) -> None:
        length = self._frames / self._fps
        turn, start = 0, 0.5
        while start < length:
            phrase = min(float(self._rng.uniform(1.2, 2.2)), length - start)
            self._phrase(start, phrase, _MOODS[turn % len(_MOODS)])
            start += phrase + 0.25
            for _ in range(2):
                start += self._action(PLAYED[turn % len(PLAYED)], start) + 0.2
                turn += 1

    def _phrase(self, start: float, length: float, mood: str) -> None:
        energy = float(self._rng.uniform(0.75, 1.25))
        self._set(self._mood, ACTIONS[mood].pose, start - 0.3, start + length + 0.3, 1.0)
        if self._rng.random() < 0.6:
            self._set(
                self._mood, ACTIONS["brows up"].pose, start, start + 0.5 * length, self._rng.uniform(0.2, 0.6)
            )
        at = start
        while at < start + length:
            for table, seconds, size in ((CONSONANTS, 0.085, 1.0), (VOWELS, 0.145, energy)):
                sound = self._rng.choice([name for name, _ in table], p=_odds(table))
                last = at + seconds * float(self._rng.uniform(0.8, 1.4))
                self._set(self._talk, VISEMES[str(sound)], at, last, size * self._rng.uniform(0.7, 1.2))
                at = last

    def _action(self, name: str, start: float) -> float:
        """Play an action; returns its length in seconds."""
        action = ACTIONS[name]
        length = (0.5 * action.onset + action.apex + 0.5 * action.offset) * float(
            self._rng.uniform(0.85, 1.2)
        )
        sides = (1.0, 1.0 - self._rng.uniform(0.0, 0.1))
        if action.sided:
            sides = (1.0, 0.1)
        if self._rng.random() < 0.5:
            sides = (sides[1], sides[0])
        self._set(self._act, action.pose, start, start + length, self._rng.uniform(0.85, 1.05), sides)
        if any(shape.startswith(("eyeBlink", "eyeWide")) for shape in action.pose):
            first, last = self._span(start - 0.2, start + length + 0.2)
            self._lids_busy[first:last] = True
        return length

    def _set(
        self, values: Float64, pose: Pose, start: float, stop: float, amount: float,
        sides: tuple[float, float] = (1.0, 1.0),
    ) -> None:  # fmt: skip
        first, last = self._span(start, stop)
        for name, value in pose.items():
            shapes = [name[:-4] + "Left", name[:-4] + "Right"] if name.endswith("Both") else [name]
            for shape, factor in zip(shapes, sides):
                if shape in self._column:
                    values[first:last, self._column[shape]] = min(1.0, value * amount * factor)

    def _span(self, start: float, stop: float) -> tuple[int, int]:
        return max(0, round(start * self._fps)), max(0, round(stop * self._fps))

    def _blurred(self, values: Float64, seconds: float) -> Float64:
        blurred: Float64 = ndimage.gaussian_filter1d(values, seconds * self._fps, axis=0, mode="nearest")
        return blurred

    def _raise_to(self, values: Float64, name: str, least: Float64) -> None:
        if name in self._column:
            values[:, self._column[name]] = np.maximum(values[:, self._column[name]], least)

    def _blinks(self) -> Float64:
        """(T, 2) left and right, two to three frames fully shut at 30 frames a second."""
        # lids shut for an eighth of a second, drawn finer than the frames so that rates do not matter
        fine = 8
        shut = np.zeros((self._frames * fine, 2))
        at = 1.2
        while at < self._frames / self._fps:
            if not self._lids_busy[int(at * self._fps)]:
                first = round(at * self._fps * fine)
                shut[first : first + round(0.13 * self._fps * fine)] = 1.12
            at += float(np.clip(self._rng.lognormal(np.log(_BLINK_EVERY_S), 0.45), 1.0, 7.0))
        soft = ndimage.gaussian_filter1d(shut, _BLINK_BLUR_S * self._fps * fine, axis=0)
        return np.clip(soft.reshape(self._frames, fine, 2).mean(axis=1), 0.0, 1.0)

    def _gaze(self) -> Float64:
        """(T, K) eyeLook weights: jumps between places near the middle, held between a third and two seconds."""
        aim = np.zeros((self._frames, 2))
        at = 0
        while at < self._frames:
            hold = max(1, round(self._fps * float(self._rng.uniform(0.35, 2.0))))
            far = self._rng.random() < 0.35
            aim[at : at + hold] = self._rng.normal(0.0, (0.45, 0.30) if far else (0.10, 0.07))
            at += hold
        aim = np.clip(self._blurred(aim, 0.02), -0.9, 0.9)
        right, up = np.clip(aim[:, 0], 0, 1), np.clip(aim[:, 1], 0, 1)
        left, down = np.clip(-aim[:, 0], 0, 1), np.clip(-aim[:, 1], 0, 1)
        out = np.zeros((self._frames, len(self._names)))
        for name, amount in (
            ("eyeLookOutRight", right), ("eyeLookInLeft", right), ("eyeLookOutLeft", left), ("eyeLookInRight", left),
            ("eyeLookUpLeft", up), ("eyeLookUpRight", up), ("eyeLookDownLeft", down), ("eyeLookDownRight", down),
        ):  # fmt: skip
            self._raise_to(out, name, amount)
        return out


def _odds(table: tuple[tuple[str, float], ...]) -> Float64:
    odds = np.array([share for _, share in table])
    return odds / odds.sum()
