"""How much memory of its own this process takes (Linux: RssAnon; elsewhere nothing is measured)."""

from __future__ import annotations

import threading
from pathlib import Path

STATUS = Path("/proc/self/status")


def own_memory_mb() -> float:
    """Anonymous memory now; NaN where the system does not tell."""
    if not STATUS.is_file():
        return float("nan")
    lines = STATUS.read_text(encoding="utf-8").splitlines()
    return next(float(line.split()[1]) / 1024 for line in lines if line.startswith("RssAnon"))


class PeakMemory:
    """The most own memory while the block runs, in MB."""

    def __init__(self, every_s: float = 0.1) -> None:
        self.every_s = every_s

    def __enter__(self) -> PeakMemory:
        self.before_mb = self.peak_mb = own_memory_mb()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._stop.wait(self.every_s):
            self.peak_mb = max(self.peak_mb, own_memory_mb())
