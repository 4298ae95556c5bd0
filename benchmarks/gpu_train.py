"""Train the presets `full` and `paper` for a while and time them: on a GPU where there is one, else on the CPU.

    PYTHONPATH=backend python benchmarks/gpu_train.py [--iterations 200] [--presets full paper] [--frames 2000]

Needs torch, NumPy and safetensors, nothing else of facepatch's environment: run it from the root of a checkout.
Patches are made up (moving blobs), resident on the device; networks, losses, augmentation and optimiser are real.
"""

import argparse
import json
import tempfile
import time
import tomllib
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch

from facepatch.core.schema import merged
from facepatch.reenactment.config import ReenactmentSettings
from facepatch.reenactment.train import ReenactmentTraining
from facepatch.training.data import PatchSet
from facepatch.training.loop import Training
from facepatch.training.precision import autocast_dtype, device_for
from facepatch.weights.config import WeightSettings
from facepatch.weights.readouts import Readouts
from facepatch.weights.train import WeightTraining

ROOT = Path(__file__).resolve().parents[1]
REGIONS = ("eye_r", "eye_l", "mouth")
COMPONENTS = 20


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--iterations", type=int, default=200)
    parser.add_argument("--presets", nargs="+", default=["full", "paper"])
    parser.add_argument("--frames", type=int, default=2000)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--batch", type=int, default=0, help="0: the preset's own")
    arguments = parser.parse_args()
    device = device_for()
    if device.type == "cuda":
        torch.backends.cudnn.benchmark = True
    name = torch.cuda.get_device_name() if device.type == "cuda" else "CPU"
    print(f"{datetime.now(UTC).date()}, {name}, torch {torch.__version__}")
    print(
        "| preset | network | type | batch | it/s | ms/it | whole training, min | loss first -> last | peak GB |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    rows = [row for preset in arguments.presets for row in time_preset(preset, arguments, device)]
    print(json.dumps(rows))


def time_preset(preset, arguments, device):
    table = tomllib.loads((ROOT / "backend/facepatch/presets" / f"{preset}.toml").read_text(encoding="utf-8"))
    loop = {"batch": arguments.batch} if arguments.batch else {}
    reenactment = merged(merged(ReenactmentSettings(), table.get("reenactment", {})), {"loop": loop})
    weights = merged(merged(WeightSettings(), table.get("weights", {})), {"loop": loop})
    performer, codes = blobs(arguments.frames, arguments.size, seed=1)
    character, _ = blobs(arguments.frames, arguments.size, seed=2)
    sets = PatchSet(performer, device), PatchSet(character, device)
    rm = ReenactmentTraining(reenactment, *sets, regions=REGIONS)
    yield time_training(preset, rm, reenactment.loop, arguments.iterations, device)
    readouts = Readouts(np.eye(COMPONENTS, dtype=np.float32), np.eye(COMPONENTS, 9, dtype=np.float32))
    wem = WeightTraining(weights, sets[0], codes, readouts=readouts)
    yield time_training(preset, wem, weights.loop, arguments.iterations, device)


def time_training(preset, trainee, loop, iterations, device):
    with tempfile.TemporaryDirectory() as folder:
        training = Training(trainee, loop, Path(folder), "benchmark")
        warm = max(1, min(20, iterations // 4))
        first = training.step()["loss"]
        for _ in range(warm - 1):
            training.step()
        synchronise(device)
        started = time.perf_counter()
        for _ in range(iterations - warm):
            last = training.step()["loss"]
        synchronise(device)
        seconds = (time.perf_counter() - started) / max(1, iterations - warm)
    peak = torch.cuda.max_memory_allocated() / 2**30 if device.type == "cuda" else 0.0
    dtype = str(autocast_dtype(loop.precision, device)).removeprefix("torch.")
    minutes = seconds * loop.iterations / 60
    print(
        f"| {preset} | {trainee.name} | {dtype} | {loop.batch} | {1 / seconds:.2f} | {1000 * seconds:.1f} "
        f"| {minutes:.1f} | {first:.3f} -> {last:.3f} | {peak:.1f} |",
        flush=True,
    )
    return {
        "preset": preset,
        "network": trainee.name,
        "ms": 1000 * seconds,
        "minutes": minutes,
        "peak_gb": peak,
    }


def synchronise(device):
    if device.type == "cuda":
        torch.cuda.synchronize()


def blobs(frames, size, seed):
    """(T, P, size, size, 3) patches with a bright spot that moves with (T, COMPONENTS) codes."""
    rng = np.random.default_rng(seed)
    codes = rng.normal(size=(frames, COMPONENTS)).astype(np.float32)
    grid = (np.arange(size) + 0.5) / size * 2 - 1
    images = np.empty((frames, len(REGIONS), size, size, 3), np.uint8)
    for patch in range(len(REGIONS)):
        for frame in range(frames):
            x, y = np.tanh(codes[frame, 2 * patch : 2 * patch + 2]) * 0.6
            spot = (
                np.exp(-((grid[None] - x) ** 2) / 0.1)[0][None, :]
                * np.exp(-((grid - y) ** 2) / 0.05)[:, None]
            )
            images[frame, patch] = (90 + 40 * seed + 90 * spot[..., None] * np.array([1.0, 0.7, 0.6])).clip(
                0, 255
            )
    return images, codes


if __name__ == "__main__":
    main()
