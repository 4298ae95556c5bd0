"""A service in this process, without sockets and without networks: jobs do what a table says, at once.

    service = fakeservice.Service()
    monkeypatch.setattr(Client, "open", service.open)
    service.work["retarget"] = fakeservice.retarget

Jobs are named by the id of their request. A verb without work stays queued until the test tells more.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from facepatch.core.client import Client
from facepatch.core.data.character import read_character_record
from facepatch.core.data.clip import Clip, read_clip, write_clip
from facepatch.core.data.landmarks import LANDMARK_NAMES
from facepatch.core.data.pca import Pca, read_pca, write_pca
from facepatch.core.errors import FacepatchError, InputError, JobCancelledError, UnavailableError
from facepatch.core.protocol import Message, decode, encode, error_message, messages
from facepatch.core.transport import DirectTransport
from facepatch.core.vertex_picks import VertexPicks, write_vertex_picks

PICTURE = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
VERBS = ("character", "train", "retarget", "stream")

Work = Callable[[dict[str, Any]], dict[str, Any]]


class Service:
    """What a service would answer. `now` is the clock of clients and of `Backend`."""

    def __init__(self) -> None:
        self.now = 100.0
        self.there = True
        self.silent = False
        self.starts: list[list[Path]] = []
        self.code: int | None = None
        self.capabilities = VERBS
        self.records: list[messages.JobRecord] = []
        self.asked: list[Message] = []
        self.transport: Any = None
        self.refusal: Message | None = None
        self.work: dict[str, Work] = {}
        self.ended: dict[str, Message] = {}
        """Job -> its end, for those who watch it later."""
        self.followers: dict[str, list[str]] = {}
        """Job -> the requests that follow it."""

    # ------------------------------------------------------------------------------------------ for clients

    def open(self, *_: Any, **__: Any) -> Client:
        """In place of Client.open."""
        if not self.there:
            raise UnavailableError("No service of yours is running. Start it: facepatch serve")
        self.transport = DirectTransport(self.answer, idle=self.pass_time)
        return Client(self.transport, token="secret", clock=lambda: self.now)

    def pass_time(self, seconds: float) -> None:
        self.now += seconds

    def start(self, roots: Sequence[Path]) -> Any:
        """In place of starting a process."""
        self.starts.append(list(roots))
        return self

    def poll(self) -> int | None:
        """The exit code of that process."""
        return self.code

    def answer(self, frames: Sequence[Any]) -> list[Any]:
        message = decode(frames)
        if self.silent:
            return []
        self.asked.append(message)
        if self.refusal is not None:
            return [encode(Message("error", body=self.refusal.body, reply_to=message.id))]
        return [encode(reply) for reply in self.replies(message)]

    def replies(self, message: Message) -> list[Message]:
        job = message.body.get("job", "")
        if message.type == "hello":
            welcome = messages.Welcome((1, 1), "0.2.0", self.capabilities, ("cpu",), "first")
            return [welcome.to_message(message.id)]
        if message.type == "ping":
            return [messages.Pong("first").to_message(message.id)]
        if message.type == "jobs":
            rows = [row.to_body() for row in self.records]
            return [Message("result", body={"jobs": rows, "total": len(rows)}, reply_to=message.id)]
        if message.type == "cancel":
            if job not in self.ended:
                self.tell(job, messages.StateChange("cancelled"))
                self.end(job, error=JobCancelledError("Cancelled."))
            return [messages.JobState("cancelled").to_message(message.id)]
        if message.type == "previews":
            shown = messages.PreviewList((messages.Picture("reenactment", 400, PICTURE),))
            return [shown.to_message(message.id)]
        if message.type == "remove":
            return [messages.JobState("done").to_message(message.id)]
        if message.type == "watch":
            return self.watched(message.id, job)
        return self.submitted(message)

    def watched(self, request: str, job: str) -> list[Message]:
        self.followers.setdefault(job, [job]).append(request)
        end = self.ended.get(job)
        first = self.snapshot().to_message(request, job=job)
        return [first] if end is None else [first, Message(end.type, body=end.body, reply_to=request)]

    def submitted(self, message: Message) -> list[Message]:
        queued = messages.StateChange("queued").to_message(message.id, job=message.id)
        work = self.work.get(message.type)
        if work is None:
            return [queued]
        told: list[messages.Partial] = [
            messages.StateChange("running", 1),
            messages.ProgressReport(message.type, 1, 2, "steps", values={"loss": 0.5}),
        ]
        try:
            result = work(message.body["arguments"])
            end = Message("result", body={**result, "job": message.id}, reply_to=message.id)
        except FacepatchError as error:
            end = error_message(error, message.id)
        self.ended[message.id] = end
        return [queued, *(one.to_message(message.id, job=message.id) for one in told), end]

    def snapshot(self) -> messages.Snapshot:
        report = messages.ProgressReport("reenactment", 5, 10, "iterations", values={"loss": 0.5})
        curve = messages.Curve("reenactment", "loss", np.array([[1.0, 0.9], [5.0, 0.5]]))
        return messages.Snapshot(
            "running", "train", "hero", 1, "", (report,), (curve,), "reenactment", 4, PICTURE
        )

    # -------------------------------------------------------------------------------------------- for tests

    def tell(self, job: str, partial: messages.Partial) -> None:
        """A partial of a job."""
        for request in self.followers.get(job, [job]):
            self.transport.push(encode(partial.to_message(request, job=job)))

    def end(self, job: str, *, error: FacepatchError | None = None, **result: Any) -> None:
        """The end of a job."""
        if error is None:
            end = Message("result", body={**result, "job": job}, reply_to=job)
        else:
            end = error_message(error, job)
        self.ended[job] = end
        for request in self.followers.get(job, [job]):
            self.transport.push(encode(Message(end.type, body=end.body, reply_to=request)))

    def types(self) -> list[str]:
        """Types of the requests so far."""
        return [message.type for message in self.asked]

    def jobs(self, verb: str) -> list[dict[str, Any]]:
        """Arguments of the jobs of a verb."""
        return [message.body["arguments"] for message in self.asked if message.type == verb]


# ------------------------------------------------------------------------- work without networks, quick and exact


def character(arguments: dict[str, Any]) -> dict[str, Any]:
    """Landmarks on the first vertices; those that are picked stay."""
    out = Path(arguments["out"])
    found = read_character_record(Path(arguments["character"]))
    rows = {name: row for row, name in enumerate(LANDMARK_NAMES[: len(found.neutral)])}
    if arguments["picks"]:
        rows.update(json.loads(Path(arguments["picks"]).read_text(encoding="utf-8"))["landmarks"])
    path = out / "landmarks.json"
    write_vertex_picks(path, VertexPicks(rows, len(found.neutral), found.topology.topology_id, found.name))
    return {
        "out": str(out), "files": [str(path)], "landmarks": str(path), "doubts": ["chin: lies low. Look at it."],
        "coverage": {"frames": 9, "features": {}, "warnings": ["The character's motion never moves brow."]},
    }  # fmt: skip


def train(arguments: dict[str, Any], components: int = 3) -> dict[str, Any]:
    """`models` with the PCA of the motion."""
    out = Path(arguments["out"]) / "models"
    out.mkdir(parents=True, exist_ok=True)
    shutil.copy(arguments["character"], out / "character.npz")
    rows = np.concatenate([np.load(path) for path in arguments["motion"]])
    flat = rows.reshape(len(rows), -1).astype(np.float64)
    mean = flat.mean(0)
    _, values, basis = np.linalg.svd(flat - mean, full_matrices=False)
    variances = values**2 / len(flat)
    write_pca(
        out / "pca.npz",
        Pca(
            mean.astype(np.float32),
            basis[:components].astype(np.float32),
            variances[:components],
            float(variances.sum()),
        ),
    )
    return {"out": str(out.parent), "files": [str(out)]}


def retarget(arguments: dict[str, Any], frames: int = 12) -> dict[str, Any]:
    """`clip.npz` with weights that swing through both signs. A take named `bad...` has no face."""
    out, take = Path(arguments["out"]), Path(arguments["take"])
    if take.name.startswith("bad"):
        raise InputError(f"{take.name}: no face was found in it. Film it again.")
    pca = read_pca(Path(arguments["trained"]) / "models" / "pca.npz")
    write_clip(out / "clip.npz", swinging(pca, frames))
    return {"out": str(out), "files": [str(out / "clip.npz")]}


def swinging(pca: Pca, frames: int) -> Clip:
    """Weights of both signs."""
    time = np.arange(frames)[:, None] / 5.0
    weights = np.sin(time + np.arange(pca.component_count)) * np.sqrt(pca.variance)
    names = tuple(f"pc_{index:03d}" for index in range(pca.component_count))
    return Clip(names, weights.astype(np.float32), (24, 1), pca=pca, name="take")


def the_clip(out: Path) -> Clip:
    """The clip of a retargeting."""
    return read_clip(Path(out) / "clip.npz")
