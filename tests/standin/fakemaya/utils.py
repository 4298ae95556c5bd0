"""maya.utils: running functions when Maya is idle, and in its main thread."""

from __future__ import annotations

import threading
from typing import Any, Callable

from fakemaya.active import active
from fakemaya.api_contract import api_function
from fakemaya.commands.deferred import queue, run_idle, run_script


@api_function("maya.utils")
def executeDeferred(function: Any, *args: Any, **kwargs: Any) -> None:
    maya = active()
    queue(
        maya,
        (lambda: run_script(maya, function))
        if isinstance(function, str)
        else lambda: function(*args, **kwargs),
    )


@api_function("maya.utils")
def executeInMainThreadWithResult(function: Any, *args: Any, **kwargs: Any) -> Any:
    maya = active()
    if threading.current_thread() is threading.main_thread():
        return run_script(maya, function) if isinstance(function, str) else function(*args, **kwargs)
    done = threading.Event()
    answer: list = []

    def run(call: Callable[[], Any] = lambda: function(*args, **kwargs)) -> None:
        answer.append(call())
        done.set()

    queue(maya, run)
    done.wait()
    return answer[0]


@api_function("maya.utils")
def processIdleEvents() -> None:
    run_idle(active())
