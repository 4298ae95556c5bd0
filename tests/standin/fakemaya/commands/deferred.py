"""What waits for Maya to be idle.

EvalDeferred, maya.utils.executeDeferred, scriptJobs for idle and events.
"""

from __future__ import annotations

from typing import Any, Callable, List, Tuple

from fakemaya.strict import command

LAST = 2
ROUNDS = 50
"""After this many rounds something queues itself again and again."""


def queue(maya: Any, function: Callable[[], Any], priority: int = 0) -> None:
    """Run a function when Maya is idle; a larger priority number later."""
    maya.state.setdefault("deferred", []).append((priority, function))


def run_idle(maya: Any) -> int:
    """Run all that waits, in its order, until nothing does.

    What one raises is shown as an error, as Maya does, and the rest goes on. Returns how many ran.
    """
    count = 0
    for _ in range(ROUNDS):
        waiting: List[Tuple[int, Callable[[], Any]]] = maya.state.get("deferred", [])
        if not waiting:
            return count
        maya.state["deferred"] = []
        for _, function in sorted(waiting, key=lambda each: each[0]):
            count += 1
            run_script(maya, function)
    raise RuntimeError(f"Something still queues itself after {ROUNDS} rounds of idle time.")


def run_script(maya: Any, script: Any, *args: Any) -> Any:
    """Run a script of a user-interface element.

    A callable, or Python text. An exception becomes an error message, never the caller's.
    """
    try:
        if callable(script):
            return script(*args)
        exec(compile(script, "<maya>", "exec"), maya.state.setdefault("__main__", {"__name__": "__main__"}))
    except Exception as error:  # noqa: BLE001 - Maya prints what a callback raises and goes on
        show(maya, "error", f"{type(error).__name__}: {error}")
        maya.state.setdefault("failures", []).append(error)
    return None


def show(maya: Any, kind: str, text: str) -> None:
    """Put a line into the script editor: `maya.state["messages"]` holds (kind, text)."""
    maya.state.setdefault("messages", []).append((kind, text))


@command("evalDeferred")
def eval_deferred(
    maya: Any, *args: Any, lowestPriority: bool = False, lowPriority: bool = False, evaluateNext: bool = False
) -> None:
    script = args[0]
    if not (callable(script) or isinstance(script, str)):
        raise TypeError("evalDeferred: needs a function or a string.")
    priority = LAST if lowestPriority else 1 if lowPriority else -1 if evaluateNext else 0
    queue(maya, script if callable(script) else lambda: run_script(maya, script), priority)


@command("scriptJob")
def script_job(
    maya: Any,
    *,
    event: Any = None,
    kill: Any = None,
    exists: Any = None,
    listJobs: bool = False,
    idleEvent: Any = None,
    timeChange: Any = None,
    runOnce: bool = False,
    protected: bool = False,
    parent: str = "",
    killWithScene: bool = False,
    force: bool = False,
    attributeChange: Any = None,
    replacePrevious: bool = False,
    uiDeleted: Any = None,
    nodeDeleted: Any = None,
    compressUndo: bool = False,
) -> Any:
    jobs = maya.state.setdefault("jobs", {})
    if exists is not None:
        return exists in jobs
    if kill is not None:
        for number in kill if isinstance(kill, (list, tuple)) else [kill]:
            if number in jobs and jobs[number]["protected"] and not force:
                raise RuntimeError(f"Job {number} is protected; kill it with force=True.")
            jobs.pop(number, None)
        return None
    if listJobs:
        return [f"{number}: {job['what']}" for number, job in sorted(jobs.items())]
    what = event or (
        ("idle", idleEvent)
        if idleEvent
        else ("timeChanged", timeChange)
        if timeChange
        else attributeChange or uiDeleted or nodeDeleted
    )
    if not what:
        raise RuntimeError("scriptJob: nothing to wait for.")
    number = maya.state["next_job"] = maya.state.get("next_job", 0) + 1
    jobs[number] = {
        "what": tuple(what),
        "once": runOnce,
        "protected": protected,
        "parent": parent,
        "with_scene": killWithScene,
    }
    return number


def fire(maya: Any, event: str) -> None:
    """Run the scriptJobs of an event such as "SelectionChanged" or "timeChanged"."""
    for number, job in sorted(maya.state.get("jobs", {}).items()):
        if job["what"][0] == event:
            if job["once"]:
                maya.state["jobs"].pop(number)
            run_script(maya, job["what"][1])
