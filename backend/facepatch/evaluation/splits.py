"""Which frames train, validate and test: by take or by contiguous parts, never by shuffled frames.

Neighbouring frames are nearly the same picture; a shuffled split would put the answers into the training set.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from facepatch.core.axes import Int32
from facepatch.core.errors import InputError
from facepatch.pca.sources import sliced
from facepatch.pipelines.subject import Subject


@dataclass(frozen=True, eq=False)
class Split:
    """Frame numbers, each in order."""

    train: Int32
    validation: Int32
    """What settings are chosen on."""
    test: Int32
    """What judges, once."""


def contiguous(count: int, shares: Sequence[float], *, gap: int = 0) -> list[Int32]:
    """`count` frames as contiguous parts of the given shares, which make 1 together.

    gap: frames left out between two parts, so that no test frame is the neighbour of a training frame.
    Raises InputError where a part would have no frame.
    """
    if not np.isclose(sum(shares), 1.0):
        raise InputError(f"split: the shares {list(shares)} make {sum(shares):g} together, not 1.")
    edges = np.round(np.cumsum([0.0, *shares]) * count).astype(int)
    parts = [
        np.arange(start + (gap if index else 0), stop, dtype=np.int32)
        for index, (start, stop) in enumerate(pairwise(edges))
    ]
    if any(not len(part) for part in parts):
        raise InputError(
            f"split: {count} frames in shares {list(shares)} with {gap} between leave a part empty."
        )
    return parts


def thirds(count: int, *, gap: int = 0) -> list[Split]:
    """Each contiguous third is the test once; of the other two, the one that follows it round the take validates."""
    parts = contiguous(count, (1 / 3, 1 / 3, 1 / 3), gap=gap)
    return [Split(parts[(i + 2) % 3], parts[(i + 1) % 3], parts[i]) for i in range(3)]


def train_validation_test(count: int, *, validation: float = 0.2, test: float = 0.2, gap: int = 0) -> Split:
    """The first frames train, the next validate, the last test."""
    return Split(*contiguous(count, (1 - validation - test, validation, test), gap=gap))


def part(subject: Subject, start: int, stop: int) -> Subject:
    """The frames start..stop of a character's motion, as a subject of its own."""
    if not 0 <= start < stop <= subject.frames.frame_count:
        raise InputError(
            f"{subject.character.name}: frames {start}..{stop} are not within its {subject.frames.frame_count}."
        )
    return replace(subject, frames=sliced(subject.frames, start, stop), key=f"{subject.key}[{start}:{stop}]")
