"""Two characters in the same motion: one plays the performer, the other is the answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from facepatch.core.errors import InputError
from facepatch.evaluation.splits import part
from facepatch.metrics.vertex_error import BROWS_WITHIN, brow_regions
from facepatch.pipelines.performance import RenderedPerformance
from facepatch.pipelines.settings import RunSettings
from facepatch.pipelines.store import Stage, Store, fingerprint
from facepatch.pipelines.subject import Subject, prepare_character, read_subject

HELD_OUT_SHARE = 0.2


@dataclass(frozen=True)
class PairJob:
    """What is compared."""

    source: Path
    """The character that plays the performer."""
    target: Path
    motion: tuple[Path, ...]
    """Captures to train on; they play on both characters."""
    held_out: tuple[Path, ...] = ()
    """Captures to judge on; none: the last fifth of the motion, which is then not trained on."""
    source_picks: Path | None = None
    target_picks: Path | None = None

    @property
    def name(self) -> str:
        """source -> target."""
        return f"{self.source.stem} -> {self.target.stem}"

    @property
    def captures(self) -> str:
        """What is trained on, and what judges."""
        judge = " + ".join(path.name for path in self.held_out) or "its last fifth"
        return f"{' + '.join(path.name for path in self.motion)}, judged on {judge}"

    def turned(self) -> PairJob:
        """The other direction."""
        return replace(
            self, source=self.target, target=self.source, source_picks=self.target_picks,
            target_picks=self.source_picks,
        )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Pair:
    """Both characters in motion."""

    name: str
    captures: str
    source: Subject
    """Trained on."""
    source_test: Subject
    """Judged."""
    target: Subject
    """Trained on; another motion may take its place."""
    truth: Subject
    """The target as it should move in the frames that are judged."""
    stage: Stage
    """Of the target character."""
    _performances: dict[str, RenderedPerformance] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """Hash of all that it was made from."""
        return "|".join(one.key for one in (self.source, self.source_test, self.target, self.truth))

    def performance(self, settings: RunSettings) -> RenderedPerformance:
        """The source in the motion that is trained on, made up as `settings` say."""
        return self._rendered("train", self.source, settings)

    def judged(self, settings: RunSettings) -> RenderedPerformance:
        """The source in the frames that are judged."""
        return self._rendered("test", self.source_test, settings)

    def _rendered(self, name: str, subject: Subject, settings: RunSettings) -> RenderedPerformance:
        key = f"{name} {settings.makeup} {settings.supersample}"
        if key not in self._performances:
            self._performances[key] = RenderedPerformance(
                subject, makeup=settings.makeup, supersample=settings.supersample
            )
        return self._performances[key]


def check_names(paths: Iterable[Path]) -> None:
    """Raises InputError where two different files have one name without suffix, since results are called by it."""
    seen: dict[str, Path] = {}
    for path in paths:
        if seen.setdefault(path.stem, path).resolve() != path.resolve():
            raise InputError(
                f"{seen[path.stem]} and {path} would have results of one name, '{path.stem}'. Rename one of them."
            )


def open_pair(job: PairJob, store: Store) -> Pair:
    """Read both characters and their motions. Raises InputError where the motion is not as long on both, or a capture
    that judges also trains."""
    seen = {fingerprint(path) for path in job.motion}
    known = [path.name for path in job.held_out if fingerprint(path) in seen]
    if known:
        raise InputError(
            f"{', '.join(known)}: judges and is trained on. Judge on another capture, or name none: then the last "
            "fifth of the motion judges, and is not trained on."
        )
    source, source_test, _ = _split(job.source, job.source_picks, job, store)
    target, truth, stage = _split(job.target, job.target_picks, job, store)
    if not brow_regions(truth.landmarks, truth.character.neutral)["brows"].size:
        raise InputError(
            f"{job.target.name}: no vertex lies within {BROWS_WITHIN:g} brow lengths of a brow landmark, so brows "
            "cannot be judged. Check its picks, or take a denser mesh."
        )
    if source_test.frames.frame_count != truth.frames.frame_count:
        raise InputError(
            f"{job.source.name} moves in {source_test.frames.frame_count} frames, {job.target.name} in "
            f"{truth.frames.frame_count}. Both must play the same captures."
        )
    return Pair(job.name, job.captures, source, source_test, target, truth, stage)


def _split(path: Path, picks: Path | None, job: PairJob, store: Store) -> tuple[Subject, Subject, Stage]:
    character, marks, stage = prepare_character(path, picks=picks, store=store, motions=job.motion)
    whole = read_subject(character, marks, stage=stage, motions=job.motion)
    if job.held_out:
        return whole, read_subject(character, marks, stage=stage, motions=job.held_out), stage
    count = whole.frames.frame_count
    cut = round((1 - HELD_OUT_SHARE) * count)
    return part(whole, 0, cut), part(whole, cut, count), stage
