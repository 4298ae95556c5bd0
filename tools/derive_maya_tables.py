"""Reduce what other people wrote down about Maya to the tables that the stand-in of Maya checks calls
against.

    python tools/derive_maya_tables.py --wheels FOLDER [--out tests/standin/fakemaya/tables]

Reads three wheels and writes two tables:

* `commands.json`: flags, arguments and modes of every command that `maya_module` calls or that is listed in
  `extra_commands.txt`, as Maya 2022 to 2025 have them
  (pymel 1.5.0, BSD: its cached command lists, dumped from those versions of Maya), with the flags that the
  documentation of later versions no longer has (types-maya, made from the documentation);
* `api.json`: classes, members and argument names of Maya's Python API (maya-stubs 0.4.1, MIT: it keeps the
  docstrings of the running Maya 2026).

Nothing of the wheels is imported or run except the literal data of pymel's cache files, which is parsed as
Python literals.
"""

from __future__ import annotations

import argparse  # noqa: TID251 - a tool by itself, without facepatch
import ast
import json
import re
import zipfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
TABLES = ROOT / "tests" / "standin" / "fakemaya" / "tables"
VERSIONS = (2022, 2023, 2024, 2025)
WHEELS = {"pymel": "pymel-1.5.0-*.whl", "stubs": "maya_stubs-0.4.1-*.whl", "types": "types_maya-0.6.1-*.whl"}
SOURCES = {
    "commands": "pymel 1.5.0 (BSD 3-clause, Copyright (c) 2009 Chad Dombrova), pymel/cache/mayaCmdsList2022..2025.py "
    "and mayaCmdsDocs2025.py; types-maya 0.6.1 (MIT) for what later versions dropped",
    "api": "maya-stubs 0.4.1 (MIT, Muream and contributors), docstrings of a running Maya",
}
API_MODULES = {
    "maya.api.OpenMaya": "maya-stubs/api/OpenMaya.pyi",
    "maya.api.OpenMayaAnim": "maya-stubs/api/OpenMayaAnim.pyi",
    "maya.api.OpenMayaUI": "maya-stubs/api/OpenMayaUI.pyi",
    "maya.api.MDGContextGuard": "maya-stubs/api/MDGContextGuard.pyi",
    "maya.OpenMaya": "maya-stubs/OpenMaya.pyi",
    "maya.OpenMayaAnim": "maya-stubs/OpenMayaAnim.pyi",
    "maya.OpenMayaUI": "maya-stubs/OpenMayaUI.pyi",
    "maya.utils": "maya-stubs/utils.pyi",
    "maya.standalone": "maya-stubs/standalone.pyi",
    "maya.mel": "maya-stubs/mel/__init__.pyi",
}
KINDS = {
    "<type bool>": "bool",
    "<type int>": "int",
    "<type float>": "float",
    "<type str>": "str",
    "PyNode": "str",
    "<type callable>": "script",
    "int64": "int",
}
RANGES = {"timerange", "timeRange", "floatrange", "floatRange", "indexRange"}
QUERY_VALUE = re.compile(r"In query mode, this flag (can accept|needs) a value", re.IGNORECASE)


def main(argv: list[str] | None = None) -> int:
    """Write both tables; with `--check`, only say whether they are up to date."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--wheels", type=Path, required=True, help="folder that holds the three wheels")
    parser.add_argument("--out", type=Path, default=TABLES)
    parser.add_argument(
        "--check", action="store_true", help="write nothing; end with 1 where a table would change"
    )
    given = parser.parse_args(argv)
    tables = derive(given.wheels)
    stale = [name for name, table in tables.items() if read_text(given.out / name) != as_text(table)]
    if not given.check:
        for name in stale:
            (given.out / name).write_text(as_text(tables[name]), encoding="utf-8", newline="\n")
    for name in stale:
        print(f"{name}: {'would change' if given.check else 'written'}")
    return 1 if given.check and stale else 0


def derive(wheels: Path) -> dict[str, dict[str, Any]]:
    """Return both tables by file name, made from the wheels in a folder."""
    wanted = wanted_commands()
    return {"commands.json": command_table(wheels, wanted), "api.json": api_table(wheels)}


def wanted_commands() -> set[str]:
    """Return the names of the commands to keep.

    Called in maya_module, registered by the stand-in, or listed by hand.
    """
    names = {line.split("#")[0].strip() for line in read_text(TABLES / "extra_commands.txt").splitlines()}
    for path in (ROOT / "maya_module").rglob("*.py"):
        names |= set(re.findall(r"\bcmds\.([A-Za-z]\w*)", read_text(path)))
    for path in TABLES.parent.rglob("*.py"):
        names |= set(re.findall(r"@command\(\s*\"(\w+)\"", read_text(path)))
    return names - {""}


# -------------------------------------------------------------------------------------------------- commands


def command_table(wheels: Path, wanted: set[str]) -> dict[str, Any]:
    """Return the table of commands, restricted to `wanted`, merged over the versions so that what one
    refuses is refused.
    """
    with open_wheel(wheels, "pymel") as wheel:
        lists = [literal(wheel, f"pymel/cache/mayaCmdsList{version}.py")[0] for version in VERSIONS]
        documents = literal(wheel, f"pymel/cache/mayaCmdsDocs{VERSIONS[-1]}.py")
    common = {name for name in set.intersection(*map(set, lists)) if lists[-1][name].get("type") != "runtime"}
    later = documented_flags(wheels, wanted & common)
    commands = {
        name: one_command(
            [found[name] for found in lists], documents.get(name, {}).get("flags", {}), later.get(name)
        )
        for name in sorted(wanted & common)
    }
    return {
        "source": SOURCES["commands"],
        "versions": list(VERSIONS),
        "names": sorted(common),
        "commands": commands,
    }


def one_command(
    found: list[dict[str, Any]], documents: dict[str, Any], later: set[str] | None
) -> dict[str, Any]:
    """Merge one command over the versions.

    `partial` names the flags that some version lacks, with the versions that have them.
    """
    flags: dict[str, Any] = {}
    partial: dict[str, list[int]] = {}
    for name in sorted(set().union(*(entry.get("flags", {}) for entry in found))):
        have = [entry.get("flags", {}).get(name) for entry in found]
        if None in have:
            partial[name] = [version for version, flag in zip(VERSIONS, have) if flag is not None]
            continue
        flags[name] = one_flag(have, bool(QUERY_VALUE.search(documents.get(name, {}).get("docstring") or "")))
        if later is not None and flags[name]["modes"] and name not in later:
            flags[name]["dropped"] = True
    return {"kind": found[-1].get("type") or "", "flags": flags, "partial": partial}


def one_flag(have: list[dict[str, Any]], query_value: bool) -> dict[str, Any]:
    """Merge one flag over the versions.

    Short name, argument kinds (several where versions differ), modes that every version allows ("" where none
    is documented).
    """
    arguments = unique([argument_kinds(flag) for flag in have])
    stated = [set(flag["modes"]) for flag in have if flag.get("modes")]
    letters = {"create": "c", "edit": "e", "query": "q", "multiuse": "m"}
    modes = "".join(
        letter for mode, letter in letters.items() if stated and all(mode in each for each in stated)
    )
    merged: dict[str, Any] = {"short": have[-1]["shortname"], "args": arguments[0], "modes": modes}
    if len(arguments) > 1:
        merged["also"] = arguments[1:]
    if query_value:
        merged["value"] = True
    return merged


def argument_kinds(flag: dict[str, Any]) -> list[str]:
    """Return the kinds of a flag's arguments, one word each; an empty list for a flag that is only set."""
    if not flag["numArgs"]:
        return []
    given = flag["args"] if isinstance(flag["args"], (list, tuple)) else [flag["args"]]
    kinds = [
        "range" if kind in RANGES else KINDS.get(kind, kind if kind in ("time", "script") else "any")
        for kind in given
    ]
    return kinds if len(kinds) == flag["numArgs"] else ["any"] * int(flag["numArgs"])


def documented_flags(wheels: Path, wanted: set[str]) -> dict[str, set[str]]:
    """Return the long flag names that types-maya (made from the documentation of a later Maya) has, by
    command.
    """
    with open_wheel(wheels, "types") as wheel:
        tree = ast.parse(wheel.read("maya-stubs/cmds.pyi").decode("utf-8"))
    found: dict[str, set[str]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name in wanted:
            arguments = node.args.posonlyargs + node.args.args + node.args.kwonlyargs
            found.setdefault(node.name, set()).update(argument.arg.rstrip("_") for argument in arguments)
    return found


# ------------------------------------------------------------------------------------------------------- API


def api_table(wheels: Path) -> dict[str, Any]:
    """Return the table of API names: per module its classes (bases, members, signatures) and functions."""
    with open_wheel(wheels, "stubs") as wheel:
        modules = {name: api_module(wheel.read(path).decode("utf-8")) for name, path in API_MODULES.items()}
    return {"source": SOURCES["api"], "modules": modules}


def api_module(text: str) -> dict[str, Any]:
    """Return classes and other public names of one stub file."""
    classes: dict[str, Any] = {}
    names: dict[str, Any] = {}
    for node in ast.parse(text).body:
        if isinstance(node, ast.ClassDef):
            classes[node.name] = api_class(node)
        elif isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            names[node.name] = signatures(node)
        elif (
            isinstance(node, ast.AnnAssign)
            and isinstance(node.target, ast.Name)
            and not node.target.id.startswith("_")
        ):
            names[node.target.id] = None
    return {"classes": dict(sorted(classes.items())), "names": dict(sorted(names.items()))}


def api_class(node: ast.ClassDef) -> dict[str, Any]:
    """Return bases and members of one class.

    A member is a list of signatures, the number of a constant, or None.
    """
    members: dict[str, Any] = {}
    for child in node.body:
        if isinstance(child, ast.FunctionDef) and not child.name.startswith("_"):
            members[child.name] = signatures(child)
        elif (
            isinstance(child, ast.AnnAssign)
            and isinstance(child.target, ast.Name)
            and not child.target.id.startswith("_")
        ):
            members[child.target.id] = (
                child.value.value
                if isinstance(child.value, ast.Constant) and type(child.value.value) is int
                else None
            )
    made = signatures(node, "__init__")
    bases = [ast.unparse(base).rsplit(".", 1)[-1] for base in node.bases]
    return {
        "bases": [base for base in bases if base != "object"],
        "init": made,
        "members": dict(sorted(members.items())),
    }


def signatures(node: Any, name: str = "") -> list[list[str]] | None:
    """Return the argument names of every form that the docstring gives ("=" behind an optional one), or
    None.
    """
    name = name or node.name
    found = []
    for line in (ast.get_docstring(node) or "").splitlines():
        match = re.match(rf"\s*(?:\w+\.)?{re.escape(name)}\s*\((.*?)\)\s*(?:->.*|\.)?\s*$", line)
        if match and (parsed := parameters(match.group(1))) is not None:
            found.append(parsed)
    return unique(found) or None


def parameters(text: str) -> list[str] | None:
    """Return the argument names of "a, b=1 [, c]" as ["a", "b=", "c="].

    None where the text is no list of arguments.
    """
    result = []
    depth = 0
    nested = 0
    for part in re.findall(r"[\[\](){}<>,]|[^\[\](){}<>,]+", text):
        if part == "[" and not nested:
            depth += 1
        elif part == "]" and depth and not nested:
            depth -= 1
        elif part in "([{<":
            nested += 1
        elif part in ")]}>":
            nested -= 1
        elif part == "," or nested:
            continue
        elif part.strip():
            match = re.fullmatch(
                r"(?:(?:const|unsigned)\s+)*(?:[A-Za-z_]\w*\s+)?[*&]?([A-Za-z_]\w*)\s*(=.*)?", part.strip()
            )
            if match is None:
                return None
            result.append(match.group(1) + ("=" if depth or match.group(2) else ""))
    return None if "..." in text else result


# ----------------------------------------------------------------------------------------------------- files


def open_wheel(folder: Path, key: str) -> zipfile.ZipFile:
    """Open one of the wheels.

    Raises:
        SystemExit: the folder does not hold it.
    """
    found = sorted(folder.glob(WHEELS[key]))
    if not found:
        raise SystemExit(
            f"There is no {WHEELS[key]} in {folder}. Get it with: pip download --no-deps -d {folder} "
            "pymel==1.5.0 maya-stubs==0.4.1 types-maya==0.6.1"
        )
    return zipfile.ZipFile(found[0])


def literal(wheel: zipfile.ZipFile, path: str) -> Any:
    """Return the value that one of pymel's cache files assigns to `data`, read as a literal (nothing is
    run).
    """
    for node in ast.parse(wheel.read(path).decode("utf-8").replace("<type '", "<type ")).body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "data":
            return ast.literal_eval(node.value)
    raise SystemExit(f"{path} in the pymel wheel assigns no `data`: is it another version?")


def unique(values: list[Any]) -> list[Any]:
    """Return the values without repetition, in their order."""
    return [value for index, value in enumerate(values) if value not in values[:index]]


def as_text(table: dict[str, Any]) -> str:
    """Return a table as the text of its file.

    One line per command or class, so that a difference can be read.
    """
    lines = []
    for key, value in table.items():
        if isinstance(value, dict):
            inner = ",\n".join(f"  {json.dumps(name)}: {compact(entry)}" for name, entry in value.items())
            lines.append(f" {json.dumps(key)}: {{\n{inner}\n }}")
        else:
            lines.append(f" {json.dumps(key)}: {compact(value)}")
    return "{\n" + ",\n".join(lines) + "\n}\n"


def compact(value: Any) -> str:
    """Return JSON on one line, except that the classes of an API module get a line each."""
    if isinstance(value, dict) and set(value) == {"classes", "names"}:
        inner = ",\n".join(
            f"   {json.dumps(name)}: {json.dumps(entry, separators=(',', ':'))}"
            for name, entry in value["classes"].items()
        )
        return (
            f'{{"classes": {{\n{inner}\n  }}, "names": {json.dumps(value["names"], separators=(",", ":"))}}}'
        )
    return json.dumps(value, separators=(",", ":"))


def read_text(path: Path) -> str:
    """Return a file's text, or nothing where there is no such file."""
    return path.read_text(encoding="utf-8") if path.is_file() else ""


if __name__ == "__main__":
    raise SystemExit(main())
