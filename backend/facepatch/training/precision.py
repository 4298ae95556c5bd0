"""Which number type to train in on this machine."""

from __future__ import annotations

import functools
import logging
import os
import subprocess
import sys
from typing import TypeVar

import torch

log = logging.getLogger(__name__)

PROBE = (
    "import torch; x = torch.randn(32, 512).bfloat16(); w = torch.randn(512, 512).bfloat16(); "
    "y = torch.nn.functional.linear(x, w); c = torch.nn.Conv2d(16, 32, 3).bfloat16(); "
    "z = c(torch.randn(4, 16, 32, 32).bfloat16()); raise SystemExit(0 if bool(y.isfinite().all()) else 1)"
)
PROBE_S = 120


def device_for(name: str = "auto") -> torch.device:
    """The device to train on: a CUDA GPU where there is one."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    return torch.device(name)


Module = TypeVar("Module", bound=torch.nn.Module)


def on_device(module: Module, device: torch.device) -> Module:
    """`module` on `device`, its convolutions in the memory order that is fastest on CPUs and tensor cores alike."""
    return module.to(device).to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]


def autocast_dtype(precision: str, device: torch.device) -> torch.dtype:
    """The type of the networks' arithmetic: "bfloat16", "float32", or "auto".

    auto is bfloat16 on a GPU and on CPUs whose AMX units work (elsewhere it is 2-3 times slower), else float32.
    """
    if precision == "auto":
        fast = device.type == "cuda" or cpu_bfloat16_works()
        return torch.bfloat16 if fast else torch.float32
    return torch.bfloat16 if precision == "bfloat16" else torch.float32


@functools.cache
def cpu_bfloat16_works() -> bool:
    """Whether this CPU has AMX that can be used.

    Some virtual machines announce AMX and then kill the process that touches it, so a child process goes first.
    """
    if not torch.cpu._is_amx_tile_supported():  # pyright: ignore[reportPrivateUsage]
        return False
    try:
        probe = subprocess.run(
            [sys.executable, "-c", PROBE],
            capture_output=True,
            timeout=PROBE_S,
            check=False,
            env={**os.environ, "OMP_NUM_THREADS": "1"},
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    if probe.returncode != 0:
        log.info(
            "This CPU announces AMX but cannot run it (probe ended with %d); using float32.", probe.returncode
        )
    return probe.returncode == 0
