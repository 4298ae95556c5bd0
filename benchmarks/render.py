"""How fast patches are drawn: `python benchmarks/render.py [--threads 1] [--frames 60] [--rounds 5]`.

A head of about 20,000 vertices with eyeballs and the inside of a mouth, all moving; three patches of each frame
(two eyes with their brows, the mouth) at 128 px and 2 x 2 samples, and the whole head. The time is the processor's,
divided by the threads, or the clock's where that is less, so that other programs disturb it less; the best of the
rounds counts.
"""

from __future__ import annotations

import argparse
import platform
import time
from typing import Any

import numba
import numpy as np

from facepatch.core.data.character import Character, MeshSpan, Part
from facepatch.core.data.mesh import topology_from_padded
from facepatch.render.camera import box_view, front_view
from facepatch.render.phong import prepare_look
from facepatch.render.rasterize import check_not_empty, render_views


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--threads", type=int, default=1, help="threads that draw")
    parser.add_argument("--frames", type=int, default=60, help="frames a round")
    parser.add_argument("--rounds", type=int, default=5, help="rounds, of which the best counts")
    options = parser.parse_args()
    numba.set_num_threads(options.threads)
    character = head()
    started = time.perf_counter()
    look = prepare_look(character)
    prepared = time.perf_counter() - started
    sway = np.linspace(0.0, 0.3, options.frames, dtype=np.float32)[:, None, None]
    vertices = character.neutral + sway
    boxes = ([0.8, 0.0, 6.8, 6.0], [-6.8, 0.0, -0.8, 6.0], [-4.0, -9.0, 4.0, -1.0])
    patches = np.stack([box_view(box, (128, 128)) for box in boxes])
    whole = front_view(vertices, size=(512, 512))[np.newaxis]
    print(
        f"{len(character.neutral)} vertices, {len(look.surface.triangles)} triangles, {options.threads} threads"
    )
    print(f"Python {platform.python_version()} on {platform.machine()}; look ready in {prepared:.2f} s\n")
    print("| what | size | samples | ms/frame | views/s | views/s/thread |")
    print("|---|---|---|---|---|---|")
    cases: list[tuple[str, Any, tuple[int, int], int]] = [
        ("3 patches", patches, (128, 128), 1),
        ("3 patches", patches, (128, 128), 2),
        ("3 patches", patches, (128, 128), 4),
        ("whole head", whole, (512, 512), 2),
    ]
    for name, views, size, samples in cases:
        images = render_views(look, vertices[:2], to_pixels=views, size=size, supersample=samples)
        check_not_empty(images, look)
        seconds = []
        for _ in range(options.rounds):
            started, clock = time.perf_counter(), time.process_time()
            render_views(look, vertices, to_pixels=views, size=size, supersample=samples)
            cpu = (time.process_time() - clock) / options.threads
            seconds.append(min(cpu, time.perf_counter() - started))
        best = min(seconds)
        rate = options.frames * len(views) / best
        print(
            f"| {name} | {size[0]} | {samples} x {samples} | {1e3 * best / options.frames:.2f} "
            f"| {rate:.0f} | {rate / options.threads:.0f} |"
        )


def head() -> Character:
    """A round head with two eyeballs, teeth and a tongue: 20,000 vertices, three quarters of them skin."""
    pieces = [
        ("skin", *ball(96, 160, (0, 0, 0), (8, 11, 9))),
        ("eye", *ball(28, 40, (3.4, 1.6, 7.0), (1.6, 1.6, 1.6))),
        ("eye", *ball(28, 40, (-3.4, 1.6, 7.0), (1.6, 1.6, 1.6))),
        ("teeth", *ball(24, 40, (0, -5, 5.0), (2.5, 1.0, 2.0))),
        ("tongue", *ball(24, 40, (0, -6, 4.0), (2.0, 0.8, 3.0))),
    ]
    vertices = np.concatenate([points for _, points, _ in pieces]).astype(np.float32)
    starts = np.cumsum([0, *(len(points) for _, points, _ in pieces)])
    faces = np.concatenate(
        [polygons + start for (_, _, polygons), start in zip(pieces, starts[:-1], strict=True)]
    )
    topology = topology_from_padded(len(vertices), faces)
    return Character(
        name="benchmark head",
        neutral=vertices,
        topology=topology,
        shape_names=(),
        deltas=np.zeros((0, len(vertices), 3), dtype=np.float32),
        meshes=(MeshSpan("head", 0, len(vertices), 0, len(faces)),),
        parts=tuple(Part(f"{kind}_{number}", kind) for number, (kind, _, _) in enumerate(pieces)),  # type: ignore[arg-type]
        polygon_part=np.repeat(np.arange(len(pieces)), [len(polygons) for _, _, polygons in pieces]),
    )


def ball(rings: int, spokes: int, centre: tuple[float, ...], radii: tuple[float, ...]) -> tuple[Any, Any]:
    """Vertices and triangles of an ellipsoid with a bumpy surface."""
    angle = np.linspace(0.02, np.pi - 0.02, rings)[:, None]
    turn = np.arange(spokes) * 2.0 * np.pi / spokes
    shell = np.stack(
        np.broadcast_arrays(np.sin(angle) * np.cos(turn), np.cos(angle), np.sin(angle) * np.sin(turn)),
        axis=-1,
    )
    bumps = 1.0 + 0.02 * np.sin(9.0 * angle) * np.sin(7.0 * turn)
    here, after = np.arange(spokes), (np.arange(spokes) + 1) % spokes
    faces = []
    for ring in range(rings - 1):
        a, b = ring * spokes, (ring + 1) * spokes
        faces += [np.stack([a + here, a + after, b + after], 1), np.stack([a + here, b + after, b + here], 1)]
    points = (shell * bumps[..., None]).reshape(-1, 3) * np.asarray(radii) + np.asarray(centre)
    return points, np.concatenate(faces)


if __name__ == "__main__":
    main()
