"""Follows a job of a running `facepatch serve` and prints what it says. Written from docs/protocol.md alone.

    python examples/listener.py CONNECTION_FILE [JOB]

Without JOB the newest one that runs. Needs pyzmq and NumPy, and nothing of facepatch.
"""

from __future__ import annotations

import json
import sys
import uuid
from pathlib import Path
from typing import Any

import numpy as np
import zmq


def listen(connection_file: str, job: str = "") -> int:
    """Print the partials of `job` until its end. 0: it is done; 1: it failed, or nobody is there."""
    connection = json.loads(Path(connection_file).read_text(encoding="utf-8"))
    with zmq.Context() as context, context.socket(zmq.DEALER) as socket:
        socket.linger = 0
        socket.connect(connection["address"])

        def send(kind: str, **body: Any) -> str:
            header = {"type": kind, "id": uuid.uuid4().hex, "token": connection["token"]}
            socket.send_multipart([b"FACEPATCH/1", json.dumps(header).encode(), json.dumps(body).encode()])
            return header["id"]

        asked, silent = send("hello", client="listener.py", minor=0), 0
        while silent < 3:
            if not socket.poll(2000):
                silent += 1
                send("ping")
                continue
            _, first, second, *frames = socket.recv_multipart()
            header, body, silent = json.loads(first), json.loads(second), 0
            if header["reply_to"] != asked:
                continue
            if "server" in body:
                print("server", body)
                asked = send("watch", job=job) if job else send("jobs", states=["running"], limit=1)
            elif body.get("jobs"):
                asked = send("watch", job=body["jobs"][0]["job"])
            else:
                print(header["type"], body)
                for array, frame in zip(header.get("arrays", []), frames):
                    values = np.frombuffer(frame, array["dtype"]).reshape(array["shape"])
                    print(" ", array["name"], values.shape, values.ravel()[:5].round(3))
                if header["type"] != "partial":
                    return int(header["type"] == "error" or "jobs" in body)
    return 1


if __name__ == "__main__":
    sys.exit(listen(*sys.argv[1:]))
