"""Film -> landmarks: frames per second and memory.

    python benchmarks/landmarks.py [FILM ...] [--hours 2]

Without a film: franck.mp4 of the assets (FACEPATCH_ASSETS, default ../shared/assets). `--hours` also reads the first
film again and again for so many hours of film, in one go, to show that memory does not grow with it.
"""

from __future__ import annotations

import os
import platform
import resource
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, TypeVar

import numpy as np
import tyro

from facepatch.core.progress import Progress
from facepatch.landmarks.detect import detect_landmarks
from facepatch.landmarks.head_pose import camera_pose, head_pose
from facepatch.landmarks.steady import steady
from facepatch.render.video import Film, FilmFrame, open_film, read_frames

Result = TypeVar("Result")
ASSETS = Path(os.environ.get("FACEPATCH_ASSETS") or Path(__file__).resolve().parents[2] / "shared" / "assets")


@dataclass
class LoopedFilm:
    """`film` again and again, as one film of `frame_count` frames."""

    film: Film
    frame_count: int
    warnings: tuple[str, ...] = ()
    path: Path = Path("looped.mp4")
    size: tuple[int, int] = field(init=False)
    rate: tuple[int, int] = field(init=False)

    def __post_init__(self) -> None:
        self.size, self.rate = self.film.size, self.film.rate

    def frames(self, *, on_warning: Callable[[str], None]) -> Iterator[FilmFrame]:
        index = 0
        while True:
            for frame in read_frames(self.film, on_warning=on_warning):
                if index == self.frame_count:
                    return
                yield FilmFrame(index, index * self.rate[1] / self.rate[0], frame.image)
                index += 1


def peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def timed(label: str, work: Callable[[], Result], frames: int) -> Result:
    wall, cpu = time.perf_counter(), time.process_time()
    result = work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(
        f"| {label} | {frames} | {wall:.1f} | {frames / wall:.0f} | {1000 * cpu / frames:.2f} | {peak_mb():.0f} |"
    )
    return result


def main(films: Annotated[tuple[Path, ...], tyro.conf.Positional] = (), hours: float = 0.0) -> None:
    paths = films or (ASSETS / "perf-fgnet-talking-face" / "franck.mp4",)
    print(
        f"{time.strftime('%Y-%m-%d')}, {platform.processor() or platform.machine()}, {os.cpu_count()} cores, ",
        end="",
    )
    print(f"load {os.getloadavg()[0]:.1f} before the run\n")
    print("| what | frames | s | frames/s | CPU ms/frame | peak MB |\n|---|---|---|---|---|---|")
    for path in paths:
        film = open_film(path)
        name = f"{path.name} {film.size[0]}x{film.size[1]}"
        timed(f"{name}: decode", lambda film=film: sum(1 for _ in film.frames()), film.frame_count)
        track = timed(
            f"{name}: film -> landmarks", lambda film=film: detect_landmarks(film), film.frame_count
        )
        timed(f"{name}: steady", lambda track=track: steady(track), film.frame_count)
        timed(
            f"{name}: head pose",
            lambda track=track: head_pose(camera_pose(track), track.found),
            film.frame_count,
        )
        print(f"| {name}: face found in {100 * np.mean(track.found):.1f} % of frames | | | | | |")
    if hours:
        film = open_film(paths[0])
        count = round(hours * 3600 * film.rate[0] / film.rate[1])

        def report(progress: Progress) -> None:
            if progress.done and progress.done % 20000 == 0:
                print(f"|   at frame {progress.done} | | | | | {peak_mb():.0f} |", flush=True)

        looped = LoopedFilm(film, count)
        long = timed(
            f"{hours:g} hours: landmarks", lambda: detect_landmarks(looped, on_progress=report), count
        )
        timed(f"{hours:g} hours: steady", lambda: steady(long), count)


if __name__ == "__main__":
    tyro.cli(main)
