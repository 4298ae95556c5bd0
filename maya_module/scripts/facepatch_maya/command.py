"""What the commands of the plug-in share: flags from a table, -help, errors as sentences, and undo."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Optional, Union

from maya.api import OpenMaya as om

from facepatch.core.errors import FacepatchError, InputError
from facepatch_maya import undo

Result = Union[None, str, int, float, bool, Sequence[str], Sequence[float]]
"""Becomes what MEL knows: a number, a string, or an array of one of them; nothing for None and an empty array."""

TEXT, NUMBER, WHOLE, SWITCH, NOTHING = "string", "double", "int", "boolean", ""
"""Kinds of flags; NOTHING takes no value."""

_SYNTAX = {TEXT: "kString", NUMBER: "kDouble", WHOLE: "kLong", SWITCH: "kBoolean"}
_READ = {
    TEXT: "flagArgumentString",
    NUMBER: "flagArgumentDouble",
    WHOLE: "flagArgumentInt",
    SWITCH: "flagArgumentBool",
}


@dataclass(frozen=True)
class Flag:
    """One flag. Maya wants short names of at most three letters and long ones of at least four."""

    short: str
    long: str
    kind: str
    text: str
    """For -help."""
    many: bool = False
    """May be given more than once."""
    query: bool = False
    """Is asked for with -query, and only so."""


HELP = Flag("h", "help", NOTHING, "Prints this and returns it.")


@dataclass(frozen=True)
class Given:
    """What a command was called with."""

    values: dict[str, Any]
    """Long name -> value, a list where it may come more than once; only flags that were given."""
    objects: tuple[str, ...]
    query: bool

    def __getitem__(self, name: str) -> Any:
        return self.values.get(name)

    def get(self, name: str, default: Any) -> Any:
        """The value of a flag, `default` where it was not given."""
        return self.values.get(name, default)

    def need(self, name: str, what: str) -> Any:
        """The value of a flag that must be there. Raises InputError, `what` saying what it means."""
        if not self.values.get(name):
            raise InputError(f"-{name} is missing: {what}.")
        return self.values[name]

    def one(self, what: str) -> str:
        """The only object. Raises InputError, `what` saying what it must be."""
        if len(self.objects) != 1:
            raise InputError(f"Give one {what}, got {len(self.objects)}.")
        return self.objects[0]

    @property
    def asked(self) -> str:
        """The flag that is queried. Raises InputError where there are none or several."""
        if len(self.values) != 1:
            raise InputError("A query asks for one flag. See -help.")
        return next(iter(self.values))


class Command(om.MPxCommand):
    """A command: subclasses have NAME, OBJECTS, FLAGS, a docstring for -help, and `run`.

    Operations that `run` performs (`facepatch_maya.undo`) are this command's own: it is undoable as a whole where
    there were any.
    """

    NAME: ClassVar[str] = ""
    OBJECTS: ClassVar[str] = ""
    """What its objects are, for -help; "" where it takes none."""
    SELECTION: ClassVar[bool] = False
    """Whether the selection stands in for objects that are not given."""
    FLAGS: ClassVar[tuple[Flag, ...]] = ()

    def __init__(self) -> None:
        om.MPxCommand.__init__(self)
        self._operations: list[Any] = []

    @classmethod
    def make_syntax(cls) -> Any:
        """MSyntax of FLAGS."""
        syntax = om.MSyntax()
        for flag in (HELP, *cls.FLAGS):
            if flag.kind:
                syntax.addFlag(f"-{flag.short}", f"-{flag.long}", getattr(om.MSyntax, _SYNTAX[flag.kind]))
            else:
                syntax.addFlag(f"-{flag.short}", f"-{flag.long}")
            if flag.many:
                syntax.makeFlagMultiUse(f"-{flag.short}")
        if cls.OBJECTS:
            syntax.setObjectType(om.MSyntax.kStringObjects, 0)
            syntax.useSelectionAsDefault(cls.SELECTION)
        syntax.enableQuery = any(flag.query for flag in cls.FLAGS)
        syntax.enableEdit = False
        return syntax

    @classmethod
    def help_text(cls) -> str:
        """What -help prints."""
        kinds = [f"{'-' + flag.short:<5}-{flag.long} {flag.kind}".rstrip() for flag in cls.FLAGS]
        width = max((len(words) for words in kinds), default=0)
        lines = [
            f"  {words:<{width}}  {flag.text}{' (may be repeated)' * flag.many}{' (query)' * flag.query}"
            for words, flag in zip(kinds, cls.FLAGS)
        ]
        objects = f" {cls.OBJECTS}" if cls.OBJECTS else ""
        about = textwrap.dedent(f"    {cls.__doc__}").strip()
        return "\n".join([f"{cls.NAME} [flags]{objects}", "", about, "", *lines])

    def run(self, given: Given) -> Result:
        """Do it. Raises FacepatchError."""
        raise NotImplementedError

    def query(self, given: Given) -> Result:
        """Answer a query. Raises FacepatchError."""
        raise InputError(f"{self.NAME}: cannot be queried.")

    def doIt(self, arguments: Any) -> None:
        """Called by Maya."""
        given = self._read(arguments)
        try:
            if HELP.long in given.values:
                om.MGlobal.displayInfo(self.help_text())
                self._answer(self.help_text())
            elif given.query:
                self._answer(self.query(given))
            else:
                with undo.collected() as self._operations:
                    result = self.run(given)
                self._answer(result)
        except FacepatchError as error:
            self._operations = []
            # Maya shows the trace of what is raised; the sentence belongs beside it.
            om.MGlobal.displayError(f"{self.NAME}: {error}")
            raise RuntimeError(f"{self.NAME}: {error}") from error

    def redoIt(self) -> None:
        """Called by Maya."""
        for operation in self._operations:
            operation.redo()

    def undoIt(self) -> None:
        """Called by Maya."""
        for operation in reversed(self._operations):
            operation.undo()

    def isUndoable(self) -> bool:
        """Called by Maya after `doIt`."""
        return bool(self._operations)

    def _read(self, arguments: Any) -> Given:
        database = om.MArgDatabase(self.syntax(), arguments)
        query = bool(database.isQuery)
        values: dict[str, Any] = {}
        for flag in (HELP, *self.FLAGS):
            name = f"-{flag.short}"
            if not database.isFlagSet(name):
                continue
            if not flag.kind or query:
                values[flag.long] = True
            elif flag.many:
                count = database.numberOfFlagUses(name)
                values[flag.long] = [
                    database.getFlagArgumentList(name, use).asString(0) for use in range(count)
                ]
            else:
                values[flag.long] = getattr(database, _READ[flag.kind])(name, 0)
        objects = tuple(database.getObjectStrings()) if self.OBJECTS else ()
        return Given(values, objects, query)

    def _answer(self, result: Result) -> None:
        if result is None or (isinstance(result, (list, tuple)) and not result):
            self.clearResult()
        else:
            self.setResult(list(result) if isinstance(result, tuple) else result)


def warn(name: str, sentences: Sequence[str], most: int = 10) -> None:
    """Sentences as warnings of command `name`."""
    for sentence in sentences[:most]:
        om.MGlobal.displayWarning(f"{name}: {sentence}")
    if len(sentences) > most:
        om.MGlobal.displayWarning(f"{name}: and {len(sentences) - most} more.")


def optional_number(given: Given, name: str) -> Optional[float]:
    """A number, None where it was not given."""
    value = given[name]
    return None if value is None else float(value)
