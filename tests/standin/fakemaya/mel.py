"""maya.mel: runs the MEL that `mel_parser` reads, with the same strict commands as Python."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Dict, List, Optional

from fakemaya import calls, strict
from fakemaya.active import Gap, active
from fakemaya.api_contract import api_function
from fakemaya.commands.deferred import show
from fakemaya.commands.elements import MAIN_WINDOW, SHELVES
from fakemaya.mel_parser import MelError, Parser, Procedure

OPERATIONS = {
    "+": lambda a, b: f"{text(a)}{text(b)}" if isinstance(a, str) or isinstance(b, str) else a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "%": lambda a, b: a % b,
    "/": lambda a, b: a // b if isinstance(a, int) and isinstance(b, int) else a / b,
    "==": lambda a, b: int(a == b),
    "!=": lambda a, b: int(a != b),
    "<": lambda a, b: int(a < b),
    ">": lambda a, b: int(a > b),
    "<=": lambda a, b: int(a <= b),
    ">=": lambda a, b: int(a >= b),
}
EMPTY = {"string": "", "int": 0, "float": 0.0}


class Returned(Exception):
    """Carries the value of a return statement out of a procedure."""

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value


@api_function("maya.mel")
def eval(script: str) -> Any:
    return run(active(), script)


def run(maya: Any, script: str) -> Any:
    """Run MEL text and return the value of its last statement.

    Raises:
        MelError: a RuntimeError, as real maya.mel.eval raises it.
    """
    statements = Parser(script).script()
    before = maya.state.get("language", "python")
    maya.state["language"] = "mel"
    try:
        return Interpreter(maya).top(statements)
    except (MelError, Returned):
        raise
    except Exception as error:
        raise MelError(f"Error occurred during execution of MEL script\n{error}") from error
    finally:
        maya.state["language"] = before


def source(maya: Any, file: Any) -> None:
    """Run a MEL file, given by its path or by a name that is looked for on MAYA_SCRIPT_PATH.

    Raises:
        MelError: there is no such file.
    """
    path = Path(file)
    if not path.is_file():
        path = find_script(path.stem) or path
    if not path.is_file():
        raise MelError(f'Cannot find file "{file}" for source statement.')
    run(maya, path.read_text(encoding="utf-8"))


def procedures(maya: Any) -> Dict[str, Procedure]:
    """Return the procedures that exist, by name."""
    return maya.state.setdefault("procedures", {})


def variables(maya: Any) -> Dict[str, Any]:
    """Return MEL's global variables; those that Maya's start-up scripts make are there."""
    return maya.state.setdefault(
        "mel_globals",
        {}
        if maya.batch
        else {
            "gMainWindow": MAIN_WINDOW,
            "gShelfTopLevel": f"{MAIN_WINDOW}|{SHELVES}",
            "gMainWindowMenu": "mainWindowMenu",
        },
    )


def find_script(name: str) -> Optional[Path]:
    """Return NAME.mel on MAYA_SCRIPT_PATH: Maya finds a procedure by the name of its file."""
    for folder in os.environ.get("MAYA_SCRIPT_PATH", "").split(os.pathsep):
        path = Path(folder, name + ".mel")
        if folder and path.is_file():
            return path
    return None


class Interpreter:
    """One scope of variables.

    Of the top level (all global) or of a running procedure (global only where declared).
    """

    def __init__(self, maya: Any, scope: Optional[Dict[str, Any]] = None) -> None:
        self.maya = maya
        self.globals = variables(maya)
        self.scope = self.globals if scope is None else scope
        self.declared: set = set()

    def top(self, statements: List[Any]) -> Any:
        value = None
        for statement in statements:
            if statement[0] == "procedure":
                procedures(self.maya)[statement[1].name] = statement[1]
        for statement in statements:
            value = self.run(statement)
        return value

    def run(self, statement: Any) -> Any:
        return getattr(self, "do_" + statement[0])(*statement[1:])

    # ------------------------------------------------------------------------------------------------
    # statements

    def do_procedure(self, procedure: Procedure) -> None:
        procedures(self.maya)[procedure.name] = procedure

    def do_block(self, body: List[Any]) -> None:
        for statement in body:
            self.run(statement)

    def do_run(self, expression: Any) -> Any:
        return self.run(expression)

    def do_return(self, value: Any) -> None:
        raise Returned(self.run(value))

    def do_if(self, test: Any, then: Any, otherwise: Any) -> None:
        self.run(then if self.run(test) else otherwise)

    def do_while(self, test: Any, body: Any) -> None:
        while self.run(test):
            self.run(body)

    def do_for(self, name: str, values: Any, body: Any) -> None:
        for value in self.run(values) or []:
            self.store(name, value)
            self.run(body)

    def do_declare(self, is_global: bool, found: List[Any]) -> None:
        for name, kind, value in found:
            empty = [] if kind.endswith("[]") else EMPTY.get(kind, 0)
            if is_global:
                self.declared.add(name)
                self.globals.setdefault(name, empty)
            else:
                self.scope[name] = empty
            if value is not None:
                self.store(name, cast(kind, self.run(value)))

    def do_assign(self, name: str, index: Any, operator: str, value: Any) -> Any:
        result = self.run(value)
        if index is not None:
            held, at = self.load(name), self.run(index)
            held.extend([""] * (at + 1 - len(held)))
            held[at] = result
            return result
        if operator != "=":
            result = OPERATIONS[operator[0]](self.load(name), result)
        self.store(name, result)
        return result

    # -----------------------------------------------------------------------------------------------
    # expressions

    def store(self, name: str, value: Any) -> None:
        (self.globals if name in self.declared else self.scope)[name] = value

    def load(self, name: str) -> Any:
        place = self.globals if name in self.declared else self.scope
        if name not in place:
            raise MelError(f'"${name}" is an undeclared variable.')
        return place[name]

    def do_value(self, value: Any) -> Any:
        return value

    def do_variable(self, name: str) -> Any:
        return self.load(name)

    def do_index(self, held: Any, index: Any) -> Any:
        values, at = self.run(held), self.run(index)
        return values[at] if at < len(values) else ""

    def do_list(self, items: List[Any]) -> List[Any]:
        return [self.run(item) for item in items]

    def do_not(self, value: Any) -> int:
        return int(not self.run(value))

    def do_cast(self, kind: str, value: Any) -> Any:
        return cast(kind, self.run(value))

    def do_operate(self, operator: str, left: Any, right: Any) -> Any:
        if operator == "&&":
            return int(bool(self.run(left)) and bool(self.run(right)))
        if operator == "||":
            return int(bool(self.run(left)) or bool(self.run(right)))
        return OPERATIONS[operator](self.run(left), self.run(right))

    # -------------------------------------------------------------------------------------------------- calls

    def do_call(self, name: str, arguments: List[Any]) -> Any:
        if name in ("catch", "catchQuiet"):
            try:
                self.run(arguments[0])
            except Exception as error:  # noqa: BLE001 - what catch is for
                show(self.maya, "error", str(error))
                return 1
            return 0
        return self.call(name, [self.run(argument) for argument in arguments])

    def do_command(self, name: str, words: List[Any]) -> Any:
        if name in procedures(self.maya) or name in BUILTINS or not any(word[0] == "flag" for word in words):
            return self.call(name, [self.run(word) for word in words])
        return self.command(
            name, [word if word[0] == "flag" else ("value", self.run(word)) for word in words]
        )

    def call(self, name: str, values: List[Any]) -> Any:
        if name in BUILTINS:
            return BUILTINS[name](self.maya, *values)
        procedure = procedures(self.maya).get(name)
        if procedure is None and find_script(name) is not None:
            source(self.maya, find_script(name))  # type: ignore[arg-type]
            procedure = procedures(self.maya).get(name)
        if procedure is not None:
            return self.procedure(procedure, values)
        return self.command(name, [("value", value) for value in values])

    def procedure(self, procedure: Procedure, values: List[Any]) -> Any:
        if len(values) != len(procedure.parameters):
            raise MelError(f"Wrong number of arguments on call to {procedure.name}.")
        scope = {name: cast(kind, value) for (kind, name), value in zip(procedure.parameters, values)}
        try:
            Interpreter(self.maya, scope).run(procedure.body)
        except Returned as returned:
            return cast(procedure.returns, returned.value)
        return None

    def command(self, name: str, words: List[Any]) -> Any:
        if name not in calls.known_commands() and name not in self.maya.plugin_commands:
            raise MelError(f'Cannot find procedure "{name}".')
        return strict.call(name, *python_call(self.maya, name, words))


def python_call(maya: Any, name: str, words: List[Any]) -> Any:
    """Return (args, kwargs) of a command written in MEL.

    Each flag takes as many words as the tables, or the plug-in's syntax, say.
    """
    arguments: List[Any] = []
    flags: Dict[str, Any] = {}
    query = any(word[0] == "flag" and word[1] in ("q", "query") for word in words)
    waiting = list(words)
    while waiting:
        kind, value = waiting.pop(0)
        if kind == "value":
            arguments.append(value)
            continue
        long, kinds, many = flag_arguments(maya, name, value, query)
        if query and waiting and waiting[0][0] == "flag":
            kinds = []
        taken = [cast(each, waiting.pop(0)[1]) for each in kinds]
        one = True if not taken else taken[0] if len(taken) == 1 else tuple(taken)
        if many and taken:
            flags.setdefault(long, []).append(one)
        else:
            flags[long] = one
    return tuple(arguments), flags


def flag_arguments(maya: Any, name: str, flag: str, query: bool) -> Any:
    """Return a flag's long name, the kinds of its arguments (none in query mode unless it needs a value
    there), and whether it can be given several times.
    """
    if name in maya.plugin_commands:
        return plugin_flag(name, maya.plugin_commands[name].syntax, flag, query)
    table = calls.command_tables()["commands"].get(name)
    if table is None:
        raise Gap(f"MEL: the flags of {name} are not in commands.json.")
    long = calls.long_name(name, table, flag)
    found = table["flags"][long]
    return long, [] if query and not found.get("value") else found["args"], "m" in found["modes"]


SYNTAX_KINDS = {
    2: "bool",
    3: "int",
    4: "float",
    5: "str",
    6: "int",
    7: "float",
    8: "float",
    9: "time",
    10: "str",
}
"""MSyntax.kBoolean and so on, as the kinds of the tables."""


def plugin_flag(name: str, syntax: Any, flag: str, query: bool) -> Any:
    """Return what `flag_arguments` does, of a plug-in's command by its MSyntax.

    Raises:
        MelError: the command has no such flag.
    """
    if flag in ("q", "query", "e", "edit"):
        return {"q": "query", "e": "edit"}.get(flag, flag), [], False
    long = syntax._long(flag) if syntax is not None else flag
    entry = syntax._flags.get(long) if syntax is not None else None
    if entry is None:
        raise MelError(f"{name}: Invalid flag '-{flag}'.")
    kinds = [SYNTAX_KINDS[kind] for kind in entry["types"]]
    return long, [] if query and not entry["query_args"] else kinds, entry["multi"]


def cast(kind: str, value: Any) -> Any:
    """Return a value as MEL converts it to a type."""
    if kind in ("int", "bool"):
        if value in ("true", "on", "yes", "false", "off", "no"):
            value = value in ("true", "on", "yes")
        return bool(value) if kind == "bool" else int(value or 0)
    if kind in ("float", "time"):
        return float(value or 0)
    if kind in ("string", "str"):
        return text(value)
    return value


def text(value: Any) -> str:
    """Return a value as MEL prints it."""
    if isinstance(value, bool):
        return str(int(value))
    return (
        ""
        if value is None
        else str(int(value))
        if isinstance(value, float) and value.is_integer()
        else str(value)
    )


def run_python(maya: Any, script: str) -> Any:
    """Run Python text as MEL's python() does: an expression gives its value, statements give nothing."""
    space = maya.state.setdefault("__main__", {"__name__": "__main__"})
    before, maya.state["language"] = maya.state.get("language", "python"), "python"
    try:
        try:
            code = compile(script, "<mel python>", "eval")
        except SyntaxError:
            exec(compile(script, "<mel python>", "exec"), space)
            return None
        import builtins

        return builtins.eval(code, space)
    finally:
        maya.state["language"] = before


def what_is(maya: Any, name: str) -> str:
    """Return what MEL's whatIs says of a name."""
    if name in procedures(maya):
        return "Mel procedure entered interactively."
    path = find_script(name)
    if path is not None:
        return f"Mel procedure found in: {path}"
    return "Command" if name in calls.known_commands() or name in maya.plugin_commands else "Unknown"


BUILTINS = {
    "python": run_python,
    "eval": run,
    "evalEcho": run,
    "size": lambda maya, value: len(value),
    "exists": lambda maya, name: int(what_is(maya, name) != "Unknown"),
    "whatIs": what_is,
    "getenv": lambda maya, name: os.environ.get(name, ""),
    "print": lambda maya, value: show(maya, "print", text(value)),
    "trace": lambda maya, value: show(maya, "trace", text(value)),
    "source": source,
    "error": lambda maya, value: strict.call("error", (text(value),), {}),
    "warning": lambda maya, value: strict.call("warning", (text(value),), {}),
    "encodeString": lambda maya, value: value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n"),
    "stringArrayContains": lambda maya, value, values: int(value in values),
    "rehash": lambda maya: None,
}
