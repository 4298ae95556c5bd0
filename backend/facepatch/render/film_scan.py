"""What the packets of a film say about its frames, without decoding them: how many, when, at what rate."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av.error
import numpy as np

from facepatch.core.axes import Float64
from facepatch.render.film_decode import open_container, video_stream

SCAN_BYTES = 1 << 29
"""Films up to this size are read through to their end; of larger ones, the first frames."""
SCAN_FRAMES = 2000
STANDARD_RATES = tuple(
    Fraction(*rate)
    for rate in (
        (24000, 1001), (24, 1), (25, 1), (30000, 1001), (30, 1), (48, 1), (50, 1), (60000, 1001), (60, 1), (120, 1),
    )
)  # fmt: skip


@dataclass
class Scan:
    """The packets of a film."""

    whole: bool
    """Whether the file was read to its end."""
    tick: float
    """Unit of the time stamps, s."""
    nominal: Fraction
    """The rate in the header."""
    declared: int
    """Frames that the header promises; 0 where it does not say."""
    length: float
    """Seconds, by the header; 0 where it does not say."""
    stamps: list[int | None] = field(default_factory=list)
    hidden: int = 0
    """Frames that an edit list cuts away."""
    damage: str = ""

    @property
    def times(self) -> Float64 | None:
        """(T,) seconds, ascending; None where the stamps are missing or not distinct."""
        known = np.unique(np.array([stamp for stamp in self.stamps if stamp is not None], dtype=np.int64))
        return known * self.tick if len(known) == len(self.stamps) > 0 else None

    @property
    def first_pts(self) -> int | None:
        """Time stamp of the first frame shown."""
        return min(stamp for stamp in self.stamps if stamp is not None) if self.times is not None else None


def scan_film(path: Path) -> Scan:
    """Read the packets of the film's pictures."""
    with open_container(path) as container:
        stream = video_stream(container, path)
        seconds = stream.duration * stream.time_base if stream.duration else (container.duration or 0) / 1e6
        scan = Scan(
            whole=path.stat().st_size <= SCAN_BYTES,
            tick=float(stream.time_base),
            nominal=Fraction(stream.guessed_rate or stream.average_rate or 25),
            declared=stream.frames,
            length=float(seconds),
        )
        try:
            for packet in container.demux(stream):
                if packet.size and packet.is_discard:
                    scan.hidden += 1
                elif packet.size:
                    scan.stamps.append(packet.pts)
                    scan.damage = "it has a damaged piece" if packet.is_corrupt else scan.damage
                if not scan.whole and len(scan.stamps) >= SCAN_FRAMES:
                    break
        except (av.error.FFmpegError, OSError) as error:
            scan.damage = str(error.strerror or error)
    missing = scan.declared - len(scan.stamps) - scan.hidden
    if scan.whole and missing > 0:
        scan.damage = (
            f"its header promises {scan.declared - scan.hidden} frames, {len(scan.stamps)} are there"
        )
    return scan


def film_rate(scan: Scan) -> tuple[tuple[int, int], bool]:
    """Frames per second, and whether they vary.

    The header's rate is taken where every frame lies within a quarter of a frame of its place at that rate, then the
    mean rate; otherwise the rate varies, and the most common one is named.
    """
    times = scan.times
    if times is None or len(times) < 2:
        return _plain(scan.nominal), False
    mean = Fraction((len(times) - 1) / float(times[-1] - times[0]))
    places = np.arange(len(times))
    for rate in (scan.nominal, _snapped(mean, 0.002), mean.limit_denominator(1001)):
        away = np.abs((times - times[0]) * float(rate) - places).max()
        if rate > 0 and away <= 0.25 + scan.tick * float(rate):
            return _plain(rate), False
    return _plain(_snapped(Fraction(1.0 / float(np.median(np.diff(times)))), 0.01)), True


def _plain(rate: Fraction) -> tuple[int, int]:
    return rate.numerator, rate.denominator


def _snapped(rate: Fraction, tolerance: float) -> Fraction:
    near = min(STANDARD_RATES, key=lambda standard: abs(standard - rate))
    return near if abs(near / rate - 1) <= tolerance else rate.limit_denominator(1001)
