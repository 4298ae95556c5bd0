"""Numbers -> what a supervisor does next: use the take, look at it, or do it again."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from facepatch.report.data import ReportData

Level = Literal["good", "look", "redo"]
ORDER: tuple[Level, ...] = ("good", "look", "redo")

FAR_BELOW = 0.35
"""An r this far below what is wanted means redo."""
BLINKS_LOST = 0.5
"""Fewer shut frames followed than this means redo."""
NO_FACE_LOOK, NO_FACE_REDO = 0.02, 0.4
"""Share of frames without a face."""


@dataclass(frozen=True)
class Finding:
    """One observation, as a sentence."""

    level: Level
    text: str


@dataclass(frozen=True)
class Verdict:
    """The whole: as bad as the worst finding."""

    level: Level
    headline: str
    findings: tuple[Finding, ...]
    """Worst first."""


def judge(data: ReportData) -> Verdict:
    """Read all numbers of a report by fixed limits; each row brings its own wanted value."""
    findings = [*_agreement(data), *_blinks(data), *_frames(data), *_coverage(data), *_jitter(data)]
    findings += [Finding("look", text) for text in data.warnings]
    findings.sort(key=lambda finding: -ORDER.index(finding.level))
    level = findings[0].level if findings else "look"
    return Verdict(level, _headline(level, data), tuple(findings))


def _headline(level: Level, data: ReportData) -> str:
    return {
        "good": f"Good to use: {data.character} follows the performer through {data.take}.",
        "look": f"Look at it before use: {data.character} follows the performer, but not everywhere.",
        "redo": f"Do it again: {data.character} does not follow the performer well enough in {data.take}.",
    }[level]


def _agreement(data: ReportData) -> Iterator[Finding]:
    if not data.agreement:
        yield Finding("look", "Performer and character were not compared, so only the film can tell.")
    good: list[str] = []
    for row in data.agreement:
        if row.r is None:
            yield Finding("look", f"{_start(row.measure)} could not be measured.")
            continue
        where = "frames not trained on" if row.r_held_out is not None else "the frames trained on"
        text = f"r = {row.r:.3f} on {where}, {row.wanted:.2f} wanted"
        if row.r >= row.wanted:
            good.append(row.measure)
        elif row.r < row.wanted - FAR_BELOW:
            yield Finding("redo", f"{_start(row.measure)} does not follow the performer ({text}).")
        else:
            yield Finding("look", f"{_start(row.measure)} follows only partly ({text}).")
    if good:
        yield Finding(
            "good", f"{_start(_listed(good))} {'follows' if len(good) == 1 else 'follow'} the performer."
        )


def _blinks(data: ReportData) -> Iterator[Finding]:
    good: list[str] = []
    for row in data.blinks:
        eye, fine = f"{row.eye} eye", True
        if row.shut_frames and row.shut_share is not None and row.shut_share < row.wanted_shut:
            fine = False
            level: Level = "redo" if row.shut_share < BLINKS_LOST else "look"
            yield Finding(
                level, f"The {eye} shuts in only {row.shut_share:.0%} of the performer's shut frames."
            )
        if row.open_deviation is not None and row.open_deviation > row.wanted_open:
            fine = False
            yield Finding("look", f"The open {eye} is off its own opening by {row.open_deviation:.0%}.")
        if not row.shut_frames:
            fine = False
            yield Finding("good", f"The performer never shuts the {eye}, so its blinks are unproven.")
        if fine:
            good.append(eye)
    if good:
        yield Finding(
            "good", f"The {_listed(good)} {'blinks' if len(good) == 1 else 'blink'} with the performer."
        )


def _frames(data: ReportData) -> Iterator[Finding]:
    lost = len(set(data.no_face))
    if not data.frame_count or not lost:
        return
    share = lost / data.frame_count
    level: Level = "redo" if share > NO_FACE_REDO else "look" if share > NO_FACE_LOOK else "good"
    what = "frame has" if lost == 1 else "frames have"
    yield Finding(
        level, f"{lost} of {data.frame_count} {what} no face ({share:.1%}); values are held or eased there."
    )


def _coverage(data: ReportData) -> Iterator[Finding]:
    low = [row for row in data.coverage if not row.overlap >= row.wanted]
    for row in low:
        yield Finding("look", f"{_start(row.feature)}: {row.verdict}")
    if data.coverage and not low:
        yield Finding("good", "The training motion covers what the performer does.")


def _jitter(data: ReportData) -> Iterator[Finding]:
    found = data.jitter
    if found is not None and found.percent >= found.wanted:
        yield Finding(
            "look",
            f"While the performer is still the character trembles by {found.percent:.2f} % of its face height "
            f"(most at {found.worst.replace('_', ' ')}): raise the smoothing.",
        )


def _start(text: str) -> str:
    return text[:1].upper() + text[1:]


def _listed(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
