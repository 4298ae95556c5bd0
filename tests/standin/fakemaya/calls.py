"""The checks that every call of a command goes through before it runs.

Does real Maya 2022-2025 take these flags, in this mode, with these values?
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

from fakemaya.allowances import COMMAND_FLAGS

TABLES = Path(__file__).resolve().parent / "tables"
MODES = {"c": "create", "e": "edit", "q": "query"}


class Call(NamedTuple):
    """One call as it arrived: the name, the positional arguments, and the flags under their long names."""

    name: str
    args: Tuple[Any, ...]
    kwargs: Dict[str, Any]


@cache
def command_tables() -> Dict[str, Any]:
    """Return the tables of commands, read once."""
    return json.loads((TABLES / "commands.json").read_text(encoding="utf-8"))


@cache
def known_commands() -> frozenset:
    """Return the names of all commands that Maya 2022, 2023, 2024 and 2025 all have."""
    return frozenset(command_tables()["names"])


@cache
def short_names(name: str) -> Dict[str, str]:
    """Return short flag name -> long flag name of one command.

    "e" and "q" are edit and query wherever the command has those modes.
    """
    flags = command_tables()["commands"][name]["flags"]
    short = {flag["short"]: long for long, flag in flags.items() if flag["short"]}
    short.update({mode[0]: mode for mode in ("edit", "query") if mode in flags})
    return short


def checked_flags(name: str, args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> Dict[str, Any]:
    """Return the flags under their long names, or refuse the call as some Maya of the tables would.

    Raises:
        TypeError: an unknown flag, a flag given twice, a flag in a mode that it does not have, a value of the
            wrong type or count, or a NumPy value anywhere.
    """
    for index, value in enumerate(args):
        refuse_foreign(value, f"{name}: argument {index + 1}")
    table = command_tables()["commands"][name]
    flags: Dict[str, Any] = {}
    for given, value in kwargs.items():
        long = long_name(name, table, given)
        if long in flags:
            raise TypeError(f"{name}: flag '{long}' is passed twice, by its short and by its long name.")
        refuse_foreign(value, f"{name}: flag '{given}'")
        flags[long] = value
    mode = mode_of(name, flags)
    for long, value in flags.items():
        if long not in ("query", "edit"):
            check_flag(name, table["flags"][long], long, value, mode)
    return flags


def long_name(name: str, table: Dict[str, Any], given: str) -> str:
    """Return the long name of a flag that every version has."""
    long = short_names(name).get(given, given)
    if long in table["partial"]:
        versions = ", ".join(map(str, table["partial"][long]))
        raise TypeError(
            f"Invalid flag '{given}': {name} has it only in Maya {versions}, "
            f"and the module runs in all of {command_tables()['versions']}."
        )
    if long not in table["flags"]:
        raise TypeError(f"Invalid flag '{given}': {name} has no such flag.")
    return long


def mode_of(name: str, flags: Dict[str, Any]) -> str:
    """Return the letter of the call's mode: c, e or q."""
    if flags.get("query") and flags.get("edit"):
        raise TypeError(f"{name}: query and edit cannot be given together.")
    return "q" if flags.get("query") else "e" if flags.get("edit") else "c"


def check_flag(name: str, flag: Dict[str, Any], long: str, value: Any, mode: str) -> None:
    """Refuse a flag whose mode, number of arguments or type does not fit."""
    allowed = COMMAND_FLAGS.get((name, long))
    modes = flag["modes"] + (allowed.modes if allowed else "")
    if flag.get("dropped") and not (allowed and allowed.dropped):
        raise TypeError(f"Invalid flag '{long}': {name} no longer has it after Maya 2025.")
    if modes.strip("mv") and mode not in modes:
        raise TypeError(f"{name}: flag '{long}' cannot be used in {MODES[mode]} mode.")
    if value is None:
        raise TypeError(f"Invalid arguments for flag '{long}' of {name}: None.")
    if mode == "q" and isinstance(value, (bool, int)) and value in (True,):
        return
    if mode == "q" and not (flag.get("value") or "v" in modes or not modes):
        raise TypeError(
            f"{name}: flag '{long}' must be passed a boolean argument when the query flag is set."
        )
    for kinds in [flag["args"], *flag.get("also", [])]:
        problem = misfit(kinds, value, "m" in modes)
        if problem:
            raise TypeError(
                f"Invalid arguments for flag '{long}' of {name}. Expected {problem}, got {shown(value)}."
            )


def misfit(kinds: List[str], value: Any, many: bool) -> str:
    """Return what was expected where the value does not fit; "" where it fits."""
    if not kinds:
        return "" if fits("bool", value) else "True or False"
    if one_use(kinds, value):
        return ""
    if many and isinstance(value, (list, tuple)) and all(one_use(kinds, each) for each in value):
        return ""
    words = kinds[0] if len(kinds) == 1 else "(" + ", ".join(kinds) + ")"
    return words + (", or a list of them" if many else "")


def one_use(kinds: List[str], value: Any) -> bool:
    """Return whether a value fits one use of a flag."""
    if len(kinds) == 1 and fits(kinds[0], value):
        return True
    return isinstance(value, (list, tuple)) and len(value) == len(kinds) and all(map(fits, kinds, value))


def fits(kind: str, value: Any) -> bool:
    """Return whether one value is of a kind of the tables."""
    if kind == "bool":
        return isinstance(value, bool) or (isinstance(value, int) and value in (0, 1))
    if kind == "int":
        return isinstance(value, int) and not isinstance(value, bool)
    if kind == "float":
        return isinstance(value, (int, float)) and not isinstance(value, bool)
    if kind == "str":
        return isinstance(value, str)
    if kind == "script":
        return isinstance(value, str) or callable(value)
    if kind == "time":
        return fits("float", value) or isinstance(value, str)
    if kind == "range":
        pair = (
            isinstance(value, (list, tuple))
            and 1 <= len(value) <= 2
            and all(fits("time", each) for each in value)
        )
        return pair or fits("time", value)
    return True


def refuse_foreign(value: Any, where: str) -> None:
    """Refuse NumPy values at any depth, and None.

    Whether real Maya takes numpy.float32 is one of the open questions of the design; code that passes
    float(x) needs no answer.
    """
    if isinstance(value, (list, tuple)):
        for each in value:
            refuse_foreign(each, where)
    elif type(value).__module__.split(".")[0] == "numpy":
        raise TypeError(f"{where} is {shown(value)}: pass plain Python numbers and lists to Maya.")
    elif value is None:
        raise TypeError(f"{where} is None.")


def shown(value: Any) -> str:
    """Return a value and its type, short enough for a sentence."""
    text = repr(value)
    return f"{text if len(text) < 60 else text[:57] + '...'} ({type(value).__module__}.{type(value).__name__})".replace(
        "builtins.", ""
    )


def command_kind(name: str) -> Optional[str]:
    """Return the group of a command in Maya's documentation ("windows", "animation" ...), None where its
    table is not kept.
    """
    entry = command_tables()["commands"].get(name)
    return None if entry is None else entry["kind"]
