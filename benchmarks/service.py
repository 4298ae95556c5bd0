"""The service: round trips, frames, streams, watchers, queues.

    python benchmarks/service.py --models OUT/models --take TAKE.mp4 [--parts ping frames stream watchers queue import]

--models: trained models (of a finished `facepatch run`), and --take a film of the same performer, for `stream` and
`watchers`. Prints tables in Markdown. Everything runs on the loopback of this machine, the server and its worker in
processes of their own.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("GOMP_SPINCOUNT", "0")

import av
import numpy as np

from facepatch.core.client import Client
from facepatch.core.connection import read_connection
from facepatch.core.protocol.message import Message
from facepatch.core.protocol.messages import JOB_VERBS
from facepatch.core.request import Request
from facepatch.service import verbs

if TYPE_CHECKING:
    from facepatch.service.task import Task

PARTS = ("ping", "frames", "queue", "import", "watchers", "stream")
WEIGHTS = 20


def say(text: str) -> None:
    """One line of a table."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def spread(values: Any, unit: str = "ms") -> str:
    """Median and 99th percentile."""
    middle, high = np.percentile(values, [50, 99])
    return f"median {middle:.3f} {unit}, p99 {high:.3f} {unit}, largest {np.max(values):.3f} {unit}"


# ------------------------------------------------------------------------------------------- the server's side


def frames(task: Task) -> dict[str, Any]:
    """Instead of a film: frames of 20 weights, one every 2 ms."""
    count = int(task.arguments["source"].removeprefix("camera:"))
    start = {"names": [f"pc_{i:03d}" for i in range(WEIGHTS)], "rate": [500, 1], "policy": "all"}
    task.emit("stream", start)
    pose, weights = np.eye(4), np.linspace(0, 1, WEIGHTS, dtype=np.float32)
    for index in range(count):
        time.sleep(0.002)
        now = time.time()
        body = {"frame": index, "frame_seq": index, "captured_s": now, "decoded_s": now, "sent_s": now}
        task.emit("frame", body, {"weights": weights, "head_pose": pose})
    return {"frames": count, "dropped": 0}


QUICK = {**verbs.VERBS, "stream": verbs.Verb("service:frames", {}, resumes=False)}


@contextmanager
def server(folder: Path, *, table: str = "facepatch.service.verbs:VERBS") -> Generator[Path, None, None]:
    """A server in a process of its own; gives its connection file."""
    code = (
        "import sys; from pathlib import Path; from facepatch.service.server import Server; "
        "from facepatch.service.settings import ServeSettings; "
        f"Server(ServeSettings(state=Path({str(folder / 'state')!r}), roots=(Path('/'),), verbs={table!r}, "
        f"connection=Path({str(folder / 'connection.json')!r}))).serve()"
    )
    here = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    process = subprocess.Popen([sys.executable, "-c", code], env={**os.environ, "PYTHONPATH": here})
    path = folder / "connection.json"
    try:
        while not path.exists():
            if process.poll() is not None:
                raise SystemExit("The server did not start.")
            time.sleep(0.05)
        yield path
    finally:
        process.terminate()
        process.wait(30)


def connect(path: Path) -> Client:
    """A client of that server."""
    return Client.connect(read_connection(path), timeout_s=20)


def own_memory_mb(pid: int) -> float:
    """Anonymous memory of another process (Linux)."""
    text = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return next(float(line.split()[1]) / 1024 for line in text.splitlines() if line.startswith("RssAnon"))


def worker_pids(pid: int) -> list[int]:
    """The children of a process (Linux)."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


# ------------------------------------------------------------------------------------------------- the parts


def ping(arguments: argparse.Namespace, folder: Path) -> None:
    """Round trips through the router."""
    with server(folder) as path, connect(path) as client:
        for name, arrays in (
            ("ping", None),
            ("20 floats", {"weights": np.zeros(20, np.float32)}),
            ("30,000 vertices", {"vertices": np.zeros((30000, 3), np.float32)}),
        ):
            took: list[float] = []
            for _ in range(2200):
                began = time.perf_counter()
                client.ping(arrays)
                took.append(1e3 * (time.perf_counter() - began))
            say(f"| round trip, {name} | {spread(took[200:])} |")


def frames_part(arguments: argparse.Namespace, folder: Path) -> None:
    """From the worker's send to the client's callback, through the server."""
    with server(folder, table="service:QUICK") as path, connect(path) as client:
        ages: list[float] = []
        seen: list[int] = []

        def take(message: Message) -> None:
            if message.body["kind"] == "frame":
                ages.append(1e3 * (time.time() - message.body["sent_s"]))
                seen.append(message.body["frame_seq"])

        client.submit("stream", {"source": "camera:3000", "models": "/"}).wait(120, take)
        say(
            f"| frame of {WEIGHTS} floats, worker to callback | {spread(ages[100:])}, lost {3000 - len(seen)} |"
        )


def queue(arguments: argparse.Namespace, folder: Path) -> None:
    """1,000 jobs submitted, listed and cancelled."""
    with server(folder, table="service:QUICK") as path, connect(path) as client:
        blocking = client.submit("stream", {"source": "camera:100000", "models": "/"})
        blocking.wait_for_job()
        began = time.perf_counter()
        requests = [
            client.submit("stream", {"source": "camera:1", "models": "/"}, label=f"job {i}")
            for i in range(1000)
        ]
        for request in requests:
            request.wait_for_job()
        submitted = time.perf_counter() - began
        began = time.perf_counter()
        listed = client.jobs()
        say(f"| 1,000 jobs queued | {submitted:.2f} s |")
        say(f"| {len(listed.jobs)} jobs listed | {time.perf_counter() - began:.3f} s |")


def import_part(arguments: argparse.Namespace, folder: Path) -> None:
    """Importing the client in a new process, NumPy included and without it."""
    code = (
        "import time, sys; a = time.perf_counter(); import numpy; b = time.perf_counter(); "
        "import facepatch.core.client; c = time.perf_counter(); print(c - a, c - b)"
    )
    runs = [
        [
            float(x)
            for x in subprocess.run(
                [sys.executable, "-c", code], capture_output=True, check=True
            ).stdout.split()
        ]
        for _ in range(9)
    ]
    whole, alone = np.median(np.array(runs), axis=0)
    say(f"| import facepatch.core.client | {whole:.3f} s, of that NumPy {whole - alone:.3f} s |")


def watch(path: Path, job: str, stop: threading.Event) -> None:
    """One client that follows a job."""
    with connect(path) as client:
        client.watch(job)
        while not stop.is_set():
            client.poll(0.2)


def watchers(arguments: argparse.Namespace, folder: Path) -> None:
    """Speed of a training with one client and with nine, in turns."""
    assets = arguments.assets
    job = {
        "take": str(assets / "perf-liveportrait-driving" / "d9.mp4"),
        "character": str(assets / "char-makehuman-stylised" / "mh_bigeyes.npz"),
        "motion": [str(assets / "anim-livelinkface-csv" / "alex_rom_3.csv")],
        "preset": "preview",
        "out": str(folder / "out"),
    }
    with server(folder) as path, connect(path) as client:
        request = client.submit("train", job)
        at: list[tuple[int, float]] = []

        def take(message: Message) -> None:
            if message.body["kind"] == "progress" and message.body["stage"] == "reenactment":
                at.append((message.body["done"], time.perf_counter()))

        request.on_partial(take)
        while not at or at[-1][0] < 20:
            client.poll(0.5)
        speeds: dict[bool, list[float]] = {False: [], True: []}
        for turn in range(6):
            crowd, stop = turn % 2 == 1, threading.Event()
            threads = [
                threading.Thread(target=watch, args=(path, request.job, stop)) for _ in range(8 * crowd)
            ]
            for thread in threads:
                thread.start()
            follow(client, 3)  # let them connect
            begin = at[-1]
            follow(client, 15)
            speeds[crowd].append((at[-1][0] - begin[0]) / (at[-1][1] - begin[1]))
            stop.set()
            for thread in threads:
                thread.join()
        client.cancel(request.job)
    alone, crowded = np.mean(speeds[False]), np.mean(speeds[True])
    each = ", ".join(
        f"{speed:.3f}" for pair in zip(speeds[False], speeds[True], strict=True) for speed in pair
    )
    say(
        f"| training, one client / nine clients | {alone:.3f} / {crowded:.3f} iterations/s: "
        f"{100 * (1 - crowded / alone):+.1f} % slower (in turns: {each}) |"
    )


def follow(client: Client, seconds: float) -> None:
    """Handle what comes for so long."""
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        client.poll(0.2)


def sixty_a_second(take: Path, to: Path, minutes: float) -> None:
    """The film again and again, at 60 frames per second."""
    with av.open(str(take)) as source:
        images = [frame.to_ndarray(format="yuv420p") for frame in source.decode(video=0)]
    with av.open(str(to), "w") as out:
        stream: Any = out.add_stream("libx264", rate=60, options={"preset": "ultrafast", "crf": "18"})
        stream.height, stream.width = images[0].shape[0] * 2 // 3, images[0].shape[1]
        for index in range(round(60 * 60 * minutes)):
            image = images[index % len(images)]
            for packet in stream.encode(av.VideoFrame.from_ndarray(image, format="yuv420p")):
                out.mux(packet)
        for packet in stream.encode():
            out.mux(packet)


def stream(arguments: argparse.Namespace, folder: Path) -> None:
    """A source of 60 frames per second through the networks, at its own rate."""
    film = folder / "sixty.mp4"
    sixty_a_second(arguments.take, film, arguments.minutes)
    with server(folder) as path, connect(path) as client:
        pid = read_connection(path).pid
        arrived: list[tuple[float, float, float]] = []
        numbers: list[int] = []
        dropped = 0
        memory: list[tuple[float, float]] = []
        began = time.perf_counter()

        def take(message: Message) -> None:
            nonlocal dropped
            body = message.body
            if body["kind"] != "frame":
                return
            now = time.time()
            arrived.append((1e3 * (now - body["decoded_s"]), 1e3 * (now - body["sent_s"]), body["age_ms"]))
            numbers.append(body["frame_seq"])
            dropped = body["dropped"]
            if len(numbers) % 600 == 0:
                workers = sum(own_memory_mb(child) for child in worker_pids(pid))
                memory.append((own_memory_mb(pid), workers))
                say(
                    f"    {time.perf_counter() - began:5.0f} s: server {memory[-1][0]:.1f} MB, worker {workers:.1f} MB"
                )

        job: Request = client.submit(
            "stream", {"source": str(film), "models": str(arguments.models), "rate": "own"}
        )
        result = job.wait(None, take).body
    ages = np.array(arrived[60:])
    say(f"| frames made by the stream / received | {result['frames']} / {len(numbers)} |")
    say(f"| lost between server and client | {numbers[-1] + 1 - len(numbers)} |")
    say(f"| dropped before the networks, since they were busy | {dropped} |")
    say(f"| frame decoded -> weights at the client | {spread(ages[:, 0])} |")
    say(f"| of that on the way | {spread(ages[:, 1])} |")
    if len(memory) > 2:
        first, last = memory[1], memory[-1]
        say(f"| memory growth, server / worker | {last[0] - first[0]:+.1f} / {last[1] - first[1]:+.1f} MB |")


def main() -> int:
    """Run the parts."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--models", type=Path, help="trained models, for stream")
    parser.add_argument("--take", type=Path, help="a film of their performer, for stream")
    parser.add_argument("--minutes", type=float, default=10.0, help="length of the stream")
    parser.add_argument(
        "--assets", type=Path, default=Path(os.environ.get("FACEPATCH_ASSETS", "../shared/assets")).resolve()
    )
    arguments = parser.parse_args()
    if "stream" in arguments.parts and not (arguments.models and arguments.take):
        parser.error("the part stream needs --models and --take")
    assert set(QUICK) <= set(JOB_VERBS)
    made = {
        "ping": ping, "frames": frames_part, "queue": queue, "import": import_part, "watchers": watchers,
        "stream": stream,
    }  # fmt: skip
    for part in arguments.parts:
        with tempfile.TemporaryDirectory(prefix="facepatch_service_") as folder:
            made[part](arguments, Path(folder))
    return 0


if __name__ == "__main__":
    sys.exit(main())
