"""The strict front of the stand-in: `maya.cmds` and the modules of the API, where nothing passes that real
Maya would refuse.

A command call is checked against the tables of Maya 2022-2025 (`calls.py`), recorded in `maya.calls`, and
then handed to its implementation with LONG flag names. An API class is checked against the
names and signatures that a running Maya reported (`api_contract.py`). What real Maya has and the stand-in
does not is a `Gap`, which no `except Exception` of the tested code can swallow.
"""

from __future__ import annotations

import difflib
import inspect
from types import ModuleType
from typing import Any, Callable, Dict, NamedTuple, Tuple

from fakemaya.active import Gap, active
from fakemaya.calls import Call, checked_flags, command_kind, known_commands


class Implementation(NamedTuple):
    """How the stand-in runs one command."""

    run: Callable[..., Any]
    flags: frozenset
    every_flag: bool
    in_batch: bool


IMPLEMENTATIONS: Dict[str, Implementation] = {}


def command(name: str, *, in_batch: bool = True) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register the implementation of a command: `def run(maya, *args, **flags)`, flags by their long names,
    `query=True` and `edit=True` among them.

    Flags that the implementation does not name are a `Gap`, unless it takes `**flags`. Commands of the
    documentation's group "windows", and those with `in_batch=False`, refuse to run in batch.
    """

    def register(run: Callable[..., Any]) -> Callable[..., Any]:
        parameters = inspect.signature(run).parameters.values()
        every = any(each.kind is each.VAR_KEYWORD for each in parameters)
        named = frozenset(
            each.name for each in parameters if each.kind in (each.KEYWORD_ONLY, each.POSITIONAL_OR_KEYWORD)
        )
        IMPLEMENTATIONS[name] = Implementation(run, named, every, in_batch)
        return run

    return register


RUNS_IN_BATCH = frozenset({"lsUI"})
"""Commands of the documentation's group "windows" that only ask, and are let through in batch."""


def call(name: str, args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> Any:
    """Check, record and run one call of a command.

    Raises:
        TypeError: real Maya refuses the call.
        RuntimeError: the command failed, or cannot run in batch.
        Gap: real Maya takes the call, the stand-in has no answer.
    """
    maya = active()
    plugin_command = maya.plugin_commands.get(name)
    if plugin_command is not None:
        maya.calls.append(Call(name, args, kwargs))
        return plugin_command(args, kwargs)
    kind = command_kind(name)
    if kind is None:
        raise Gap(
            f"cmds.{name} exists, but its table is not in commands.json: "
            "add it to tables/extra_commands.txt and run tools/derive_maya_tables.py."
        )
    flags = checked_flags(name, args, kwargs)
    maya.calls.append(Call(name, args, flags))
    implementation = IMPLEMENTATIONS.get(name)
    if implementation is None:
        raise Gap(
            f"cmds.{name} exists in Maya; the stand-in does not have it yet. Called with {args!r} {flags!r}."
        )
    if maya.batch and not (implementation.in_batch and (kind != "windows" or name in RUNS_IN_BATCH)):
        raise RuntimeError(f"{name}: no user interface in batch mode.")
    missing = () if implementation.every_flag else sorted(set(flags) - implementation.flags)
    if missing:
        raise Gap(
            f"cmds.{name} has the flags {', '.join(missing)} in Maya; the stand-in does not have them yet."
        )
    with maya.scene.command(name):
        return implementation.run(maya, *args, **flags)


class CommandModule(ModuleType):
    """`maya.cmds`: every name is looked up when it is used, so that plug-in commands come and go."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name not in known_commands() and name not in active().plugin_commands:
            near = difflib.get_close_matches(name, known_commands(), n=3)
            raise AttributeError(
                f"module 'maya.cmds' has no attribute '{name}'"
                + (f": did you mean {', '.join(near)}?" if near else ".")
            )

        def run(*args: Any, **kwargs: Any) -> Any:
            return call(name, args, kwargs)

        run.__name__ = name
        return run


def cmds_module() -> ModuleType:
    """Return a fresh `maya.cmds`."""
    return CommandModule("maya.cmds", "The commands of the stand-in of Maya.")
