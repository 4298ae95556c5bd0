"""Real runs through the service: the same to the bit as here, whatever is killed meanwhile."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from facepatch.core.data.clip import read_clip
from facepatch.core.protocol import Message
from facepatch.pipelines.run import Job, retarget

pytestmark = pytest.mark.skipif(os.name != "posix", reason="kills processes")

DEADLINE_S = 240.0
VERBS = "tiny_verbs:VERBS"


def run_arguments(tiny: SimpleNamespace, out: Path, **others: Any) -> dict[str, Any]:
    return {
        "take": str(tiny.film), "character": str(tiny.hero), "motion": [str(tiny.motion)],
        "picks": str(tiny.hero_picks), "preset": str(tiny.preset), "out": str(out), **others,
    }  # fmt: skip


def networks(out: Path) -> dict[str, bytes]:
    return {
        name: (out / "models" / name / "weights.safetensors").read_bytes()
        for name in ("reenactment", "weights")
    }


def same_run(out: Path, tiny_run: SimpleNamespace) -> None:
    clip = read_clip(out / "clip.npz")
    np.testing.assert_array_equal(clip.weights, tiny_run.clip.weights)
    np.testing.assert_array_equal(clip.flags, tiny_run.clip.flags)
    assert networks(out) == networks(tiny_run.out)
    assert {path.name for path in out.iterdir()} == {path.name for path in tiny_run.out.iterdir()}


class Follower:
    """What a client hears of a job."""

    def __init__(self, client: Any, request: Any, wait_until: Callable[..., Any]) -> None:
        self.client, self.request, self.wait_until = client, request, wait_until
        self.seen: list[Message] = []
        request.on_partial(self.seen.append)

    def until_held(self, out: Path, stage: str) -> None:
        self.wait_until(lambda: Path(f"{out}.holds/{stage}").exists() or self.request.done, self.client)
        if self.request.done:
            self.request.result()

    def began(self, stage: str) -> list[int]:
        """The first count of `stage` in each attempt."""
        begun: dict[int, int] = {}
        attempt = 0
        for message in self.seen:
            body = message.body
            if body["kind"] == "state" and body["state"] == "running":
                attempt = body["attempt"]
            if body["kind"] == "progress" and body["stage"] == stage:
                begun.setdefault(attempt, body["done"])
        return list(begun.values())


def children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children")
    if not found.exists():
        pytest.skip("needs /proc")
    return [int(child) for child in found.read_text().split()]


def test_a_run_and_a_retarget_with_everything_killed_meanwhile_give_what_they_give_here(
    tiny: SimpleNamespace, tiny_run: SimpleNamespace, tmp_path: Path, serve_apart: Callable[..., Any],
    wait_until: Callable[..., Any], landmarks_beside: None,
) -> None:  # fmt: skip
    server = serve_apart(VERBS, (tiny.folder, tiny_run.out.parent))
    out, second = tmp_path / "OUT", tmp_path / "SECOND"
    with server.client() as client:
        holds = [["weights", 10], ["reenactment", 10], ["retarget", 1]]
        follower = Follower(client, client.submit("run", run_arguments(tiny, out, holds=holds)), wait_until)

        follower.until_held(out, "weights")
        (worker,) = children(server.popen.pid)
        os.kill(worker, signal.SIGKILL)  # the worker, in training

        follower.until_held(out, "reenactment")
        server.kill()  # the server, in training
        server.start()

        follower.until_held(out, "retarget")
        assert not (out / "models").exists()
        server.kill()  # the server, while the take is retargeted
        server.start()
        assert follower.request.wait(DEADLINE_S).body["out"] == str(out)
        assert follower.began("weights")[1] == 9
        same_run(out, tiny_run)

        arguments = {"trained": str(out), "take": str(tiny.take2), "out": str(second), "no_film": True}
        request = client.submit("retarget", {**arguments, "holds": [["retarget", 1]]})
        follower = Follower(client, request, wait_until)
        follower.until_held(second, "retarget")
        (worker,) = children(server.popen.pid)
        os.kill(worker, signal.SIGKILL)  # the worker, while a take is retargeted
        files = request.wait(DEADLINE_S).body["files"]
        assert str(second / "clip.npz") in files

    job = Job(take=tiny.take2, character=out, side_by_side=False)
    here = retarget(out, job, tmp_path / "HERE")
    np.testing.assert_array_equal(read_clip(second / "clip.npz").weights, here.weights)
