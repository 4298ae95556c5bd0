"""`facepatch doctor`: what is installed, what is missing, and what to do about it."""

from __future__ import annotations

import importlib
import importlib.metadata
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple

from packaging.requirements import Requirement

from facepatch.cli.console import Common, Console

Status = Literal["ok", "missing", "note"]

LIBRARIES = {
    "av": "av",
    "matplotlib": "matplotlib",
    "mediapipe": "mediapipe",
    "numba": "numba",
    "numpy": "numpy",
    "onnxruntime": "onnxruntime",
    "opencv-contrib-python-headless": "cv2",
    "safetensors": "safetensors",
    "scipy": "scipy",
    "torch": "torch",
    "usd-core": "pxr.Usd",
}
"""Package -> the module that shows whether it loads here: compiled code needs the right system libraries."""

OTHER_OPENCV = ("opencv-python", "opencv-contrib-python", "opencv-python-headless")
MODEL = Path("modules", "face_landmark", "face_landmark_with_attention.tflite")
ENOUGH_DISK_GB = 5.0
ENOUGH_MEMORY_GB = 6.0


@dataclass(frozen=True, kw_only=True)
class Arguments(Common):
    """The flags of `facepatch doctor`."""

    out: Path = Path()
    """Folder that results will go to; its disk is looked at."""


class Finding(NamedTuple):
    """One thing looked at. `note` is for what facepatch does without."""

    subject: str
    status: Status
    detail: str
    advice: str = ""


def run(arguments: Arguments, console: Console) -> int:
    """Report every finding; 1 where something is missing."""
    missing = 0
    for finding in look(arguments.out):
        missing += finding.status == "missing"
        advice = f"  -> {finding.advice}" if finding.advice else ""
        console.result(
            f"{finding.status:<8}{finding.subject:<32}{finding.detail}{advice}", **finding._asdict()
        )
    if missing:
        console.result(f"{missing} missing: facepatch will not run before that is mended.", missing=missing)
    else:
        console.result("All that facepatch needs is here.", missing=0)
    return 1 if missing else 0


def look(out: Path) -> Iterator[Finding]:
    """All findings, cheap ones first."""
    yield python()
    yield from packages()
    yield from libraries()
    yield landmark_model()
    yield video_encoder()
    yield processor()
    yield memory()
    yield graphics()
    yield disk(out)
    yield writable(out)
    yield test_assets()


def python() -> Finding:
    """The interpreter."""
    version = platform.python_version()
    if sys.version_info[:2] in ((3, 11), (3, 12)):
        return Finding("Python", "ok", version)
    return Finding("Python", "missing", version, "Use Python 3.11 or 3.12, then: make env")


def packages() -> Iterator[Finding]:
    """Every pinned package against its pin."""
    try:
        lines = importlib.metadata.requires("facepatch") or []
    except importlib.metadata.PackageNotFoundError:
        yield Finding("packages", "missing", "facepatch itself is not installed", "Run: make env")
        return
    pins = [pin for pin in map(Requirement, lines) if pin.marker is None or pin.marker.evaluate()]
    strange = 0
    for pin in sorted(pins, key=lambda pin: pin.name.lower()):
        finding = package(pin)
        strange += finding.status != "ok"
        if finding.status != "ok" or pin.name in LIBRARIES:
            yield finding
    if not strange:
        yield Finding("packages", "ok", f"all {len(pins)} in their pinned versions")
    for name in OTHER_OPENCV:
        if installed(name):
            yield Finding(
                name, "note", "overlaps opencv-contrib-python-headless and may need libGL", "Run: make env"
            )


def package(pin: Requirement) -> Finding:
    """One package against its pin."""
    found = installed(pin.name)
    if not found:
        return Finding(pin.name, "missing", f"not installed, {pin.specifier} is needed", "Run: make env")
    if pin.specifier.contains(found, prereleases=True):
        return Finding(pin.name, "ok", found)
    return Finding(pin.name, "note", f"{found}, tested with {pin.specifier}", "Run: make env")


def installed(name: str) -> str:
    """The version of the package `name`, "" where there is none."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def libraries() -> Iterator[Finding]:
    """Whether what is installed also loads."""
    failed = 0
    for name, module in LIBRARIES.items():
        try:
            importlib.import_module(module)
        except (ImportError, OSError) as error:  # OSError: a shared library that the system lacks
            failed += 1
            yield Finding(f"import {module}", "missing", f"{error}", f"Run make env, or reinstall {name}")
    if not failed:
        yield Finding("imports", "ok", f"{', '.join(LIBRARIES.values())} load without system libraries")


def landmark_model() -> Finding:
    """The face mesh inside the mediapipe wheel."""
    try:
        folder = importlib.metadata.distribution("mediapipe").locate_file("mediapipe")
    except importlib.metadata.PackageNotFoundError:
        return Finding("landmark model", "missing", "mediapipe is not installed", "Run: make env")
    path = Path(str(folder)) / MODEL
    if path.is_file():
        return Finding("landmark model", "ok", path.name)
    return Finding(
        "landmark model", "missing", f"{path} is not there", "Only mediapipe 0.10.21 has it: make env"
    )


def video_encoder() -> Finding:
    """What side_by_side.mp4 is written with."""
    try:
        import av
        from av.codec.codec import UnknownCodecError
    except (ImportError, OSError):
        return Finding("H.264 encoder", "missing", "av does not load", "Run: make env")
    try:
        av.Codec("libx264", "w")
    except UnknownCodecError:
        return Finding(
            "H.264 encoder", "missing", "this av has no libx264", "Run make env: av's own wheel has it"
        )
    return Finding("H.264 encoder", "ok", "libx264")


def processor() -> Finding:
    """Cores, and whether bfloat16 pays off: without AMX it is slower than float32."""
    cores = f"{os.cpu_count()} cores"
    info = Path("/proc/cpuinfo")
    if not info.is_file():
        return Finding("CPU", "ok", f"{cores}, {platform.machine()}; whether it has AMX is not known here")
    flags = info.read_text(encoding="utf-8", errors="replace")
    speed = "AMX: trains in bfloat16" if "amx_bf16" in flags else "no AMX: trains in float32"
    return Finding("CPU", "ok", f"{cores}, {speed}")


def memory() -> Finding:
    """Physical memory."""
    if not hasattr(os, "sysconf"):
        return Finding("memory", "ok", f"not known here; {ENOUGH_MEMORY_GB:.0f} GB are enough")
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    if total < ENOUGH_MEMORY_GB:
        return Finding("memory", "note", f"{total:.1f} GB", f"Training may need {ENOUGH_MEMORY_GB:.0f} GB")
    return Finding("memory", "ok", f"{total:.1f} GB")


def graphics() -> Finding:
    """A GPU that torch can use."""
    try:
        import torch
    except (ImportError, OSError):
        return Finding("GPU", "note", "torch does not load")
    if torch.cuda.is_available():
        name, size = torch.cuda.get_device_name(0), torch.cuda.get_device_properties(0).total_memory / 1e9
        return Finding("GPU", "ok", f"{name}, {size:.0f} GB, CUDA {torch.version.cuda}")
    if shutil.which("nvidia-smi"):
        why = f"there is an NVIDIA driver, but torch {torch.__version__} does not use it"
        return Finding("GPU", "note", why, "For the GPU build: rm -r .venv; make env FACEPATCH_TORCH_INDEX=")
    return Finding("GPU", "note", "none: use --preset preview; paper and full would take days")


def disk(out: Path) -> Finding:
    """Room for results."""
    folder = next(parent for parent in (out.resolve(), *out.resolve().parents) if parent.is_dir())
    free = shutil.disk_usage(folder).free / 1e9
    if free < ENOUGH_DISK_GB:
        advice = f"A long take needs up to {ENOUGH_DISK_GB:.0f} GB: free some, or give another --out"
        return Finding("disk", "note", f"{free:.1f} GB free in {folder}", advice)
    return Finding("disk", "ok", f"{free:.0f} GB free in {folder}")


def writable(out: Path) -> Finding:
    """Whether results can be written."""
    folder = next(parent for parent in (out.resolve(), *out.resolve().parents) if parent.is_dir())
    try:
        with tempfile.TemporaryFile(dir=folder) as stream:
            stream.write(b"facepatch")
    except OSError as error:
        return Finding("output", "missing", f"{folder}: {error.strerror}", "Give a folder of yours as --out")
    return Finding("output", "ok", f"{folder} can be written")


def test_assets() -> Finding:
    """Real performers and characters, for those who develop facepatch."""
    beside = Path(__file__).resolve().parents[4] / "shared" / "assets"
    folder = Path(os.environ.get("FACEPATCH_ASSETS") or beside)
    if folder.is_dir():
        return Finding("test assets", "ok", str(folder))
    return Finding("test assets", "note", f"none at {folder}; tests on real films are skipped")
