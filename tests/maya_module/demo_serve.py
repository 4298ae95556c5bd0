"""The command `facepatch serve --roots ...` with the verbs of demo_verbs; a script, since Maya starts a command."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent
PLACES = [str(HERE), str(HERE.parents[1] / "backend")]


def main() -> None:
    sys.path[:0] = PLACES
    # Workers are processes of their own.
    os.environ["PYTHONPATH"] = os.pathsep.join(PLACES)
    from facepatch.cli.serve import stopped_by_signals
    from facepatch.service.server import Server
    from facepatch.service.settings import ServeSettings, state_folder

    assert sys.argv[1:3] == ["serve", "--roots"]
    settings = ServeSettings(
        state=state_folder(), roots=tuple(map(Path, sys.argv[3:])), devices=("cpu",), verbs="demo_verbs:VERBS"
    )
    with Server(settings) as server, stopped_by_signals(server.stop):
        tests = int(os.environ["FACEPATCH_TEST_PID"])
        threading.Thread(target=stop_after, args=(tests, server.stop), daemon=True).start()
        server.serve()


def stop_after(process: int, stop: Callable[[], None]) -> None:
    """Call `stop` once `process` is gone: tests that are killed cannot end the service themselves."""
    pause = threading.Event()
    while True:
        try:
            os.kill(process, 0)
        except OSError:
            stop()
            return
        pause.wait(1.0)


if __name__ == "__main__":
    main()
