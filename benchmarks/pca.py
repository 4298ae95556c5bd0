"""PCA out of core: time, own memory and accuracy.

    python benchmarks/pca.py            4,000 x 30,000 against a float64 reference, and the blendshape path
    python benchmarks/pca.py --full     and 19,000 x 90,000 (writes 6.9 GB to a temporary folder, removed after)

Own memory is RssAnon of Linux: what the process allocated, without the pages of the memory map, which the kernel
takes back at will. Elsewhere it is given as nan.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import scipy.linalg

from facepatch.core.progress import Progress
from facepatch.pca import BlendshapeFrames, PcaFit, PcaSettings, fit_pca_with_report
from memory import PeakMemory

MODES = 120
NOISE_CM = 1e-4


def write_frames(path: Path, frames: int, columns: int) -> np.ndarray:
    """Frames as heads have them: a mean of 10 cm, 120 modes that fall from 1 cm to 1e-4 and a floor of noise."""
    rng = np.random.default_rng(1)
    out = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=(frames, columns // 3, 3))
    flat = out.reshape(frames, columns)
    mean = rng.standard_normal(columns, dtype=np.float32) * 10
    modes = rng.standard_normal((MODES, columns), dtype=np.float32)
    sizes = np.geomspace(1.0, 1e-4, MODES).astype(np.float32)
    noise = rng.standard_normal((64, columns), dtype=np.float32) * np.float32(NOISE_CM)
    for start in range(0, frames, 64):
        rows = min(64, frames - start)
        block = (rng.standard_normal((rows, MODES), dtype=np.float32) * sizes) @ modes
        # New noise for every frame costs more than the fit; turned and rolled noise is as independent.
        block += np.roll(noise[:rows], int(rng.integers(columns)), axis=1) * np.float32(rng.choice([-1, 1]))
        flat[start : start + rows] = block + mean
    out.flush()
    return np.load(path, mmap_mode="r")


def reference(frames: np.ndarray, count: int) -> np.ndarray:
    """Leading singular values by the float64 Gram matrix, columns in chunks."""
    flat = frames.reshape(len(frames), -1)
    gram = np.zeros((len(flat), len(flat)), order="F")
    (syrk,) = scipy.linalg.get_blas_funcs(("syrk",), dtype=np.float64)
    for start in range(0, flat.shape[1], 2000):
        part = flat[:, start : start + 2000].astype(np.float64, order="F")
        part -= part.mean(axis=0)
        gram = syrk(1.0, part, beta=1.0, c=gram, lower=1, overwrite_c=1)
    last = len(gram) - 1
    values = scipy.linalg.eigh(
        gram, lower=True, eigvals_only=True, overwrite_a=True, subset_by_index=[last - count + 1, last]
    )
    return np.sqrt(values[::-1])


def run(name: str, frames: np.ndarray | BlendshapeFrames, settings: PcaSettings) -> PcaFit:
    """Fit once and print time and memory."""
    read = 0

    def count(progress: Progress) -> None:
        nonlocal read
        read = max(read, progress.done)

    with PeakMemory(every_s=0.02) as memory:
        start, busy = time.perf_counter(), time.process_time()
        fit = fit_pca_with_report(frames, settings, on_progress=count)
        seconds, busy = time.perf_counter() - start, time.process_time() - busy
    total = len(frames) if isinstance(frames, np.ndarray) else frames.frame_count
    print(
        f"{name:34s} {seconds:7.1f} s   CPU {busy:6.1f} s   "
        f"own memory {memory.peak_mb:6.0f} MB (before: {memory.before_mb:.0f})   "
        f"passes {read / total:4.1f}   components {fit.pca.component_count}",
        flush=True,
    )
    return fit


def main() -> None:
    settings = PcaSettings(variance=1.0, max_components=60)
    folder = Path(tempfile.mkdtemp(prefix="facepatch_pca_"))
    try:
        frames = write_frames(folder / "small.npy", 4000, 30000)
        fit = run("4,000 x 30,000 randomised", frames, settings)
        found = np.sqrt(fit.pca.variance * len(frames))
        wanted = reference(frames, len(found))
        print(
            f"largest relative error of {len(found)} singular values: {np.abs(found / wanted - 1).max():.1e}"
        )
        skew = fit.pca.basis.astype(np.float64) @ fit.pca.basis.T.astype(np.float64) - np.eye(len(found))
        print(f"basis: largest deviation from orthonormal {np.abs(skew).max():.1e}")
        rng = np.random.default_rng(0)
        shapes = BlendshapeFrames(
            rng.standard_normal((10000, 3), dtype=np.float32) * 10,
            rng.standard_normal((52, 10000, 3), dtype=np.float32),
            rng.random((19000, 52), dtype=np.float32),
        )
        run("19,000 x 30,000, 52 blendshapes", shapes, settings)
        (folder / "small.npy").unlink()
        if "--full" in sys.argv[1:]:
            if shutil.disk_usage(folder).free < 10 * 2**30:
                print("under 10 GB free in the temporary folder: the full size is left out")
                return
            run("19,000 x 90,000 randomised", write_frames(folder / "full.npy", 19000, 90000), settings)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
