"""What it costs when the character's training motion is not the performer's (method 6.7; the paper's 5.1).

The networks meet the two faces in no common frame: the shared code aligns them only where they do the same things as
often. Here the source always plays captures, as a filmed performer would; the target is trained on

- matched: the same captures, so that the ranges of motion and their mix agree;
- generated: the written range of motion that is made up where a user has none (`blendshapes.motion_script`);
- random: some random shapes at random strengths, one pose after the other. With it the authors' own code hardly moved
  the lips (supplement of AnyTalk, method 6.7); it is known to fail.

All have as many frames, and all are judged on the same held-out capture. Errors are compared in mm: each motion has its
own space of shapes and its own mean expression.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from facepatch.blendshapes.motion_script import generated_motion
from facepatch.core.axes import Float32
from facepatch.core.data.character import Character
from facepatch.core.data.clip import Clip
from facepatch.core.errors import InputError, UnknownNameError
from facepatch.geometry.smoothstep import smoothstep
from facepatch.pca.sources import character_frames
from facepatch.pipelines.subject import Subject

MATCHED, GENERATED, RANDOM = "matched", "generated", "random"
MOTIONS = (MATCHED, GENERATED, RANDOM)
POSE_S = (0.3, 0.9)
"""Seconds from one random pose to the next."""
ACTIVE = (1, 4)
"""Shapes of a random pose, both ends included."""
STRENGTH = (0.2, 1.0)


def random_motion(character: Character, *, frames: int, rate: tuple[int, int], seed: int) -> Clip:
    """Random sparse activations: poses of a few shapes each, and smooth ways between them. Weights are within 0..1.

    Raises InputError for a character without shapes.
    """
    if not character.shape_names:
        raise InputError(
            f"{character.name}: has no blendshapes that could be activated. Compare the motions on another."
        )
    rng = np.random.default_rng(seed)
    fps, count = rate[0] / rate[1], len(character.shape_names)
    weights = np.zeros((frames, count), np.float32)
    start, pose = 0, np.zeros(count, np.float32)
    while start < frames:
        stop = start + max(2, round(fps * float(rng.uniform(*POSE_S))))
        following = _random_pose(count, rng)
        t = np.linspace(0.0, 1.0, stop - start, endpoint=False, dtype=np.float32)[:, None]
        way = pose + (following - pose) * smoothstep(t)
        weights[start:stop] = way[: frames - start]
        start, pose = stop, following
    return Clip(
        names=character.shape_names, weights=weights, rate=rate, name=f"random activations, seed {seed}"
    )


def _random_pose(count: int, rng: np.random.Generator) -> Float32:
    pose = np.zeros(count, np.float32)
    active = rng.choice(count, min(count, int(rng.integers(ACTIVE[0], ACTIVE[1] + 1))), replace=False)
    pose[active] = rng.uniform(*STRENGTH, len(active))
    return pose


def _generated(character: Character, *, frames: int, rate: tuple[int, int], seed: int) -> Clip:
    seconds = max(1.0, frames * rate[1] / rate[0])
    return generated_motion(character, rate=rate, seed=seed, minutes=seconds / 60)


OTHERS: Mapping[str, Callable[..., Clip]] = {GENERATED: _generated, RANDOM: random_motion}


def with_motion(kind: str, subject: Subject, *, seed: int) -> Subject:
    """`subject` trained on another kind of motion of as many frames. Raises UnknownNameError for one that is none."""
    if kind == MATCHED:
        return subject
    if kind not in OTHERS:
        raise UnknownNameError("motion", kind, MOTIONS)
    frames, rate = subject.frames.frame_count, subject.rate
    clip = OTHERS[kind](subject.character, frames=frames, rate=rate, seed=seed)
    return replace(
        subject,
        frames=character_frames(subject.character, [clip]),
        key=f"{subject.key}+{kind}{seed}x{frames}",
    )
