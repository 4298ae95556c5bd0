"""Parts of a character's motion: contiguous, never shuffled frames.

Neighbouring frames are nearly the same picture; a shuffled split would put the answers into the training set.
"""

from __future__ import annotations

from dataclasses import replace

from facepatch.core.errors import InputError
from facepatch.pca.sources import sliced
from facepatch.pipelines.subject import Subject


def part(subject: Subject, start: int, stop: int) -> Subject:
    """The frames start..stop of a character's motion, as a subject of its own."""
    if not 0 <= start < stop <= subject.frames.frame_count:
        raise InputError(
            f"{subject.character.name}: frames {start}..{stop} are not within its {subject.frames.frame_count}."
        )
    return replace(subject, frames=sliced(subject.frames, start, stop), key=f"{subject.key}[{start}:{stop}]")
