"""Which face: the chosen one is followed through the film and never exchanged for another person's.

All faces in sight are followed, each by where it was and how large. A face that is someone else's in this frame cannot
become the chosen one, and the chosen one, once lost, is only found again by a face of like size that nobody else
is, in a reach that grows with the time lost. Lost for long, as after a cut to another framing, it may be of any size
and anywhere, if it is the only face that was not there before.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from facepatch.core.errors import ConfigError
from facepatch.landmarks.detector import DetectedFace

Detections = tuple[float, list[DetectedFace]]

REACH = 0.5
"""Face sizes that a face may move between two frames."""
REACH_PER_S = 2.0
LONGEST_REACH = 4.5
SIZE_RATIO = 1.6
FORGET_S = 2.0
"""Other people are forgotten when they were out of sight for so long, and the chosen one's size and place, too."""


@dataclass
class _Person:
    x: float
    y: float
    size: float
    time: float
    """Last seen."""
    since: float
    """First seen."""

    def distance(self, face: DetectedFace, time: float) -> float | None:
        """In face sizes; None where it cannot be the same face."""
        x, y, size = _place(face)
        if not 1 / SIZE_RATIO <= size / self.size <= SIZE_RATIO:
            return None
        away = float(np.hypot(x - self.x, y - self.y)) / max(self.size, size)
        reach = min(REACH + REACH_PER_S * abs(time - self.time), LONGEST_REACH)
        return away if away <= reach else None


def _place(face: DetectedFace) -> tuple[float, float, float]:
    left, top, right, bottom = face.box
    return (left + right) / 2, (top + bottom) / 2, max(float(np.sqrt((right - left) * (bottom - top))), 1.0)


def _person(face: DetectedFace, time: float, since: float | None = None) -> _Person:
    return _Person(*_place(face), time, time if since is None else since)


class FaceFollower:
    """Follows one face, starting from where it was seen at `time` among `others`."""

    def __init__(self, chosen: DetectedFace, time: float, *, others: Iterable[DetectedFace] = ()) -> None:
        self._chosen = _person(chosen, time)
        self._others = [_person(face, time) for face in others]

    def choose(self, faces: list[DetectedFace], time: float) -> DetectedFace | None:
        """The chosen one among `faces` at `time`, or None where it is not in sight."""
        self._others = [person for person in self._others if abs(time - person.time) <= FORGET_S]
        people = [self._chosen, *self._others]
        pairs = sorted(
            (away, who, which)
            for who, person in enumerate(people)
            for which, face in enumerate(faces)
            if (away := person.distance(face, time)) is not None
        )
        face_of: dict[int, int] = {}
        for _, who, which in pairs:
            if who not in face_of and which not in face_of.values():
                face_of[who] = which
        for who, which in face_of.items():
            seen = _person(faces[which], time, people[who].since)
            if who == 0:
                self._chosen = seen
            else:
                self._others[who - 1] = seen
        taken = set(face_of.values())
        self._others += [_person(face, time) for which, face in enumerate(faces) if which not in taken]
        if 0 in face_of:
            return faces[face_of[0]]
        return self._found_again(faces, time)

    def _found_again(self, faces: list[DetectedFace], time: float) -> DetectedFace | None:
        """The only face in sight that came after the chosen one was lost, where that is long ago."""
        lost = self._chosen.time
        # Films are followed backwards, too.
        new = [one for one in self._others if one.time == time and (one.since - lost) * (time - lost) > 0]
        if abs(time - lost) <= FORGET_S or len(new) != 1:
            return None
        self._others.remove(new[0])
        self._chosen = new[0]
        return next(face for face in faces if _place(face) == (new[0].x, new[0].y, new[0].size))


def follow(
    detections: Iterable[Detections], *, face: str = "largest", settle_s: float = 1.0
) -> Iterator[DetectedFace | None]:
    """The chosen face of each (time, faces) of `detections`, in order; None where it is not in sight.

    The choice is made in the frame with the most faces among those of `settle_s` seconds from the first face on,
    so that a bystander who is found one frame earlier is not taken for the performer; it is then followed both ways.
    Raises ConfigError on a `face` that is neither largest, left, right nor "x,y".
    """
    picker = parse_choice(face)
    source = iter(detections)
    waiting: list[Detections] = []
    first: float | None = None
    for time, faces in source:
        if not faces and first is None:
            yield None
            continue
        first = time if first is None else first
        waiting.append((time, faces))
        if time - first >= settle_s:
            break
    if not waiting:
        return
    start = max(range(len(waiting)), key=lambda row: (len(waiting[row][1]), -row))
    time, faces = waiting[start]
    chosen = _pick(faces, picker)
    others = [other for other in faces if other is not chosen]
    backward = FaceFollower(chosen, time, others=others)
    before = [backward.choose(faces, time) for time, faces in reversed(waiting[:start])]
    yield from reversed(before)
    yield chosen
    forward = FaceFollower(chosen, time, others=others)
    for time, faces in waiting[start + 1 :]:
        yield forward.choose(faces, time)
    for time, faces in source:
        yield forward.choose(faces, time)


def parse_choice(face: str) -> str | tuple[float, float]:
    """largest, left, right or (x, y). Raises ConfigError on anything else."""
    if face in ("largest", "left", "right"):
        return face
    try:
        x, y = (float(part) for part in face.split(","))
    except ValueError as error:
        raise ConfigError(
            f"face: '{face}' is no choice. Say largest, left or right (as seen in the picture), or a pixel of the "
            "face such as 640,360."
        ) from error
    return x, y


def _pick(faces: list[DetectedFace], choice: str | tuple[float, float]) -> DetectedFace:
    if choice == "largest":
        return max(faces, key=lambda face: _place(face)[2])
    if choice == "left":
        return min(faces, key=lambda face: _place(face)[0])
    if choice == "right":
        return max(faces, key=lambda face: _place(face)[0])
    x, y = choice  # type: ignore[misc]
    return min(
        faces, key=lambda face: float(np.hypot(_place(face)[0] - float(x), _place(face)[1] - float(y)))
    )
