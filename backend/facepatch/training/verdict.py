"""Whether more training helps, told from the quality on validation frames."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

PATIENCE = 5
"""Checks in a row without improvement after which it is said that more training no longer helps."""
RECENT = 12
"""Checks that the noise is measured on."""
LEAST = 0.003
"""An improvement smaller than this cannot be seen in a clip."""
SETTLED = "More training no longer helps."


def noise(qualities: Sequence[float]) -> float:
    """Standard deviation of one check about a straight course, from the newest checks; `LEAST` where they are few.

    The second differences of a straight course with independent errors of deviation s have deviation sqrt(6) s.
    """
    recent = qualities[-RECENT:]
    bends = [abs(a - 2 * b + c) for a, b, c in zip(recent, recent[1:], recent[2:], strict=False)]
    return max(LEAST, 1.4826 * median(bends) / 6**0.5) if len(bends) >= 3 else LEAST


def without_improvement(qualities: Sequence[float]) -> int:
    """The number of newest checks that did not better the mark before them by more than the noise.

    Small steps add up: the mark moves only when it is beaten, so that a slow rise counts as soon as it is clear.
    """
    least, since = noise(qualities), 0
    mark = qualities[0] if qualities else 0.0
    for quality in qualities[1:]:
        if quality > mark + least:
            mark, since = quality, 0
        else:
            since += 1
    return since


def best_of(qualities: Sequence[float]) -> int:
    """Place of the best check, the later of equal ones."""
    return max(range(len(qualities)), key=lambda place: (qualities[place], place))


def verdict(iterations: Sequence[int], qualities: Sequence[float], *, planned: int) -> str:
    """What came of a training in a sentence: iterations and qualities of its checks, of `planned` iterations."""
    if not qualities:
        return ""
    best, since = best_of(qualities), without_improvement(qualities)
    quality, end = _short(qualities[best]), iterations[-1]
    stopped = f"; stopped after {end:,}, since more training did not help" if end < planned else ""
    if best < len(qualities) - 1:
        sure = best < len(qualities) - 2 or qualities[-1] < qualities[best] - noise(qualities)
        after = "; more training did not help after that" if sure else "; it hardly changed after that"
        return f"Best after {iterations[best]:,} of {planned:,} iterations (quality {quality}){stopped or after}."
    if stopped or since >= PATIENCE:
        return (
            f"Best at the end, after {end:,} of {planned:,} iterations (quality {quality}); since "
            f"{iterations[-1 - since]:,} it has hardly changed."
        )
    return f"Best at the end, after {end:,} iterations (quality {quality}); more training may help."


def _short(value: float) -> str:
    """.93, as it is said."""
    return f"{value:.2f}".replace("0.", ".", 1) if 0 <= value < 0.995 else f"{value:.2f}"
