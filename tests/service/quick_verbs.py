"""Verbs that are quick and do what tests need, in place of facepatch.service.verbs.VERBS."""

from __future__ import annotations

import errno
import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np

from facepatch.core.errors import InputError
from facepatch.core.progress import Progress
from facepatch.core.records import write_text
from facepatch.service.task import Task
from facepatch.service.verbs import Verb


def count(task: Task) -> dict[str, Any]:
    """Counts to `total`, one each `step_s`, keeping the count in OUT as a checkpoint. Stays at `hold` until OUT/go."""
    arguments = task.arguments
    total, hold = arguments.get("total", 3), arguments.get("hold")
    out = Path(arguments["out"]) if arguments.get("out") else None
    kept = out / "count" if out else None
    begun = int(kept.read_text()) if kept and kept.exists() else 0
    for done in range(begun, total + 1):
        task.on_progress(Progress("count", done, total, "steps", values={"loss": 1.0 / (done + 1)}))
        if kept:
            write_text(kept, str(done))
        while done == hold and out is not None and not (out / "go").exists():
            task.stopped.wait(0.02)
            task.check()
        task.stopped.wait(arguments.get("step_s", 0.0))
    if out:
        write_text(out / "result", f"counted to {total}")
    return {"out": str(out or ""), "begun": begun, "pid": os.getpid(), "torch": "torch" in sys.modules}


def stubborn(task: Task) -> dict[str, Any]:
    """Never asks whether it should stop."""
    task.on_progress(Progress("stubborn", 0, 1))
    threading.Event().wait(600)
    return {}


def dies(task: Task) -> dict[str, Any]:
    """As if the system had killed it, the first `times` times."""
    out = Path(task.arguments["out"])
    tried = len(list(out.glob("try*")))
    write_text(out / f"try{tried}", "")
    task.on_progress(Progress("dies", tried, 10))
    if tried < task.arguments.get("times", 99):
        os._exit(9)
    return {"tried": tried}


def full(task: Task) -> dict[str, Any]:
    """Meets a full disk while it writes its result."""
    raise OSError(errno.ENOSPC, "No space left on device", str(Path(task.arguments["out"]) / "clip.npz"))


def wrong(task: Task) -> dict[str, Any]:
    """Fails as its argument says."""
    if task.arguments.get("bug"):
        raise ZeroDivisionError("division by zero")
    raise InputError("take: cannot be used. Give another.")


def shows(task: Task) -> dict[str, Any]:
    """Writes preview pictures."""
    import cv2

    out = Path(task.arguments["out"])
    out.mkdir(parents=True, exist_ok=True)
    path = out / "picture.png"
    cv2.imwrite(str(path), np.full((8, 12, 3), (0, 0, 255), np.uint8))
    task.on_progress(Progress("train", 4, 4, "iterations", values={"loss": float("nan")}, picture=str(path)))
    return {}


def frames(task: Task) -> dict[str, Any]:
    """Sends `total` frames as fast as it can, by `policy`."""
    total = task.arguments.get("total", 300)
    policy = task.arguments.get("policy", "all")
    names = [str(index) for index in range(20)]
    task.emit("stream", {"names": names, "rate": [60, 1], "policy": policy}, {})
    for number in range(total):
        task.on_progress(Progress("stream", number + 1, total))
        task.emit(
            "frame",
            {"frame": number, "frame_seq": number, "dropped": 0, "sent_s": time.time()},
            {"weights": np.full(20, number, np.float32), "head_pose": np.eye(4)},
        )
        task.stopped.wait(task.arguments.get("step_s", 0.0))
    return {"frames": total, "dropped": 0}


OUT = {"out": "path"}
VERBS = {
    "character": Verb("quick_verbs:count", OUT),
    "run": Verb("quick_verbs:count", {**OUT, "take": "path"}),
    "train": Verb("quick_verbs:count", OUT),
    "retarget": Verb("quick_verbs:count", OUT),
    "solve_rig": Verb("quick_verbs:count", {**OUT, "clip": "path", "rig": "path"}),
    "stream": Verb("quick_verbs:frames", resumes=False),
    "stubborn": Verb("quick_verbs:stubborn", OUT),
    "dies": Verb("quick_verbs:dies", OUT),
    "full": Verb("quick_verbs:full", OUT),
    "wrong": Verb("quick_verbs:wrong", OUT),
    "shows": Verb("quick_verbs:shows", OUT),
    "lost": Verb("quick_verbs:nothing", OUT),
}
