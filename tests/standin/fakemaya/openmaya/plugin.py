"""MPxCommand, MFnPlugin, MSyntax, MArgList, MArgParser, MArgDatabase."""

from __future__ import annotations

import traceback
from typing import Any, Callable, Optional

from fakemaya.active import active
from fakemaya.api_contract import api
from fakemaya.calls import refuse_foreign
from fakemaya.commands import deferred
from fakemaya.openmaya.depend import MFnBase
from fakemaya.openmaya.objects import MSelectionList
from fakemaya.openmaya.values import MODULE, plain


@api(MODULE)
class MSyntax:
    """What flags and objects a command takes."""

    def __init__(self) -> None:
        self._flags: dict[str, dict[str, Any]] = {}
        self._short: dict[str, str] = {}
        self._args: list[int] = []
        self._objects = (1, 0, None)
        self._use_selection = False
        self._query = self._edit = False

    def addFlag(self, shortName: str, longName: str, *types: Any) -> Any:
        short, long = shortName.lstrip("-"), longName.lstrip("-")
        if len(short) > 3 or len(long) < 4:
            raise ValueError(
                f"(kInvalidParameter): short flags have up to 3 letters, long ones at least 4: {shortName}, {longName}"
            )
        if short in self._short or long in self._flags:
            raise RuntimeError(f"(kFailure): the flag {longName} is there already")
        kinds = [t for each in types for t in (each if isinstance(each, (tuple, list)) else [each])]
        self._flags[long] = {
            "types": [k for k in kinds if k != MSyntax.kNoArg],
            "multi": False,
            "query_args": False,
        }
        self._short[short] = long
        return self

    def _long(self, name: str) -> str:
        bare = name.lstrip("-")
        return self._short.get(bare, bare)

    def makeFlagMultiUse(self, flag: str) -> Any:
        self._flags[self._long(flag)]["multi"] = True
        return self

    def makeFlagQueryWithFullArgs(self, flag: str, argumentsAreOptional: bool) -> Any:
        self._flags[self._long(flag)]["query_args"] = True
        return self

    def addArg(self, kind: int) -> Any:
        self._args.append(kind)
        return self

    def setObjectType(
        self, objectFormat: int, minimumObjects: int = 0, maximumObjects: Optional[int] = None
    ) -> Any:
        self._objects = (objectFormat, minimumObjects, maximumObjects)
        return self

    def useSelectionAsDefault(self, useIt: bool) -> Any:
        self._use_selection = bool(useIt)
        return self

    @property
    def enableQuery(self) -> bool:
        return self._query

    @enableQuery.setter
    def enableQuery(self, value: bool) -> None:
        self._query = bool(value)

    @property
    def enableEdit(self) -> bool:
        return self._edit

    @enableEdit.setter
    def enableEdit(self, value: bool) -> None:
        self._edit = bool(value)


@api(MODULE)
class MArgList:
    def __init__(self, source: Any = None) -> None:
        self._args: list[Any] = list(source._args) if source is not None else []
        self._uses: dict[str, list[list[Any]]] = {}
        self._query = self._edit = False

    def __len__(self) -> int:
        return len(self._args)

    def _at(self, index: int, kinds: tuple[type, ...]) -> Any:
        if not 0 <= index < len(self._args):
            raise IndexError("(kInvalidParameter): no such argument")
        return plain(self._args[index], kinds, "an argument of the right type")

    def asInt(self, index: int) -> int:
        return int(self._at(index, (int, float)))

    def asDouble(self, index: int) -> float:
        return float(self._at(index, (int, float)))

    def asFloat(self, index: int) -> float:
        return float(self._at(index, (int, float)))

    def asBool(self, index: int) -> bool:
        return bool(self._at(index, (int, float)))

    def asString(self, index: int) -> str:
        return self._at(index, (str,))

    def addArg(self, arg: Any) -> Any:
        self._args.append(arg)
        return self


def _value(kind: int, value: Any, flag: str) -> Any:
    """A flag's argument; TypeError where it does not fit its type."""
    s = MSyntax
    if kind == s.kBoolean and isinstance(value, (bool, int)):
        return bool(value)
    if kind in (s.kLong, s.kUnsigned) and isinstance(value, int):
        return int(value)
    if kind in (s.kDouble, s.kDistance, s.kAngle, s.kTime) and isinstance(value, (int, float)):
        return float(value)
    if kind in (s.kString, s.kSelectionItem) and isinstance(value, str):
        return value
    raise TypeError(f"Invalid arguments for flag '{flag}'. Got {value!r}.")


def parse(syntax: Optional[MSyntax], args: tuple[Any, ...], kwargs: dict[str, Any]) -> MArgList:
    """The arguments of a call from cmds or MEL; TypeError where the syntax does not have them."""
    out = MArgList()
    for value in (*args, *kwargs.values()):
        refuse_foreign(value, "argument")
    flat = [v for a in args for v in (a if isinstance(a, (list, tuple)) else [a])]
    out._args = flat
    if syntax is None:
        if kwargs:
            raise TypeError(f"Invalid flag '{next(iter(kwargs))}'")
        return out
    for given, value in kwargs.items():
        long = syntax._long(given)
        if long in ("query", "q") and syntax._query and "query" not in syntax._flags:
            out._query = bool(value)
            continue
        if long in ("edit", "e") and syntax._edit and "edit" not in syntax._flags:
            out._edit = bool(value)
            continue
        flag = syntax._flags.get(long)
        if flag is None:
            raise TypeError(f"Invalid flag '{given}'")
        if long in out._uses:
            raise TypeError(f"the flag '{long}' is passed twice, by its short and by its long name.")
        kinds = flag["types"]
        if (kwargs.get("query") or kwargs.get("q")) and not flag["query_args"] and value is True:
            out._uses[long] = [[]]
            continue
        if not kinds:
            if not isinstance(value, (bool, int)):
                raise TypeError(f"Invalid arguments for flag '{given}'. It takes no value.")
            if value:
                out._uses[long] = [[]]
            continue
        many = (
            value
            if flag["multi"]
            and isinstance(value, (list, tuple))
            and (len(kinds) == 1 or all(isinstance(v, (list, tuple)) for v in value))
            else [value]
        )
        out._uses[long] = []
        for use in many:
            parts = list(use) if isinstance(use, (list, tuple)) else [use]
            if len(parts) != len(kinds):
                raise TypeError(
                    f"Invalid arguments for flag '{given}'. It takes {len(kinds)} value(s), got {use!r}."
                )
            out._uses[long].append([_value(k, v, given) for k, v in zip(kinds, parts)])
    low, high = syntax._objects[1], syntax._objects[2]
    if syntax._args:
        if len(flat) > len(syntax._args):
            raise TypeError("Too many arguments.")
        out._args = [_value(k, v, "argument") for k, v in zip(syntax._args, flat)]
        return out
    if not flat and syntax._use_selection:
        scene = active().scene
        from fakemaya.commands.listing import text_of

        flat = out._args = [t for thing in scene.selection for t in text_of(scene, thing)]
    if len(flat) < low:
        raise RuntimeError(f"Too few objects: at least {low} are needed.")
    if high is not None and len(flat) > high:
        raise RuntimeError(f"Too many objects: at most {high} are taken.")
    if not all(isinstance(v, str) for v in flat):
        raise TypeError("Objects are named by strings.")
    return out


@api(MODULE)
class MArgParser:
    def __init__(self, syntax: MSyntax, argList: MArgList) -> None:
        self._syntax, self._list = syntax, argList

    @property
    def isQuery(self) -> bool:
        return self._list._query

    @property
    def isEdit(self) -> bool:
        return self._list._edit

    @property
    def numberOfFlagsUsed(self) -> int:
        return sum(len(uses) for uses in self._list._uses.values())

    def isFlagSet(self, flagName: str) -> bool:
        return self._known(flagName) in self._list._uses

    def _known(self, flag: str) -> str:
        long = self._syntax._long(flag)
        if long not in self._syntax._flags:
            raise RuntimeError(f"(kInvalidParameter): the syntax has no flag {flag}")
        return long

    def numberOfFlagUses(self, flagName: str) -> int:
        return len(self._list._uses.get(self._known(flagName), ()))

    def _flag(self, flag: str, index: int) -> Any:
        uses = self._list._uses.get(self._known(flag))
        if not uses or index >= len(uses[0]):
            raise RuntimeError(f"(kInvalidParameter): the flag {flag} has no argument {index}")
        return uses[0][index]

    def flagArgumentString(self, flagName: str, argIndex: int) -> str:
        return plain(self._flag(flagName, argIndex), (str,), "a string")

    def flagArgumentInt(self, flagName: str, argIndex: int) -> int:
        return int(plain(self._flag(flagName, argIndex)))

    def flagArgumentFloat(self, flagName: str, argIndex: int) -> float:
        return float(plain(self._flag(flagName, argIndex)))

    def flagArgumentDouble(self, flagName: str, argIndex: int) -> float:
        return float(plain(self._flag(flagName, argIndex)))

    def flagArgumentBool(self, flagName: str, argIndex: int) -> bool:
        return bool(plain(self._flag(flagName, argIndex)))

    def getFlagArgumentList(self, flagName: str, occurrence: int) -> MArgList:
        uses = self._list._uses.get(self._known(flagName), [])
        if occurrence >= len(uses):
            raise RuntimeError("(kInvalidParameter): the flag was not used so often")
        made = MArgList()
        made._args = list(uses[occurrence])
        return made

    def commandArgumentString(self, argIndex: int) -> str:
        return plain(self._list._args[argIndex], (str,), "a string")

    def commandArgumentInt(self, argIndex: int) -> int:
        return int(plain(self._list._args[argIndex]))

    def commandArgumentFloat(self, argIndex: int) -> float:
        return float(plain(self._list._args[argIndex]))

    def commandArgumentBool(self, argIndex: int) -> bool:
        return bool(plain(self._list._args[argIndex]))

    def getObjectStrings(self) -> tuple[str, ...]:
        if self._syntax._objects[0] != MSyntax.kStringObjects:
            raise RuntimeError("(kFailure): the objects are not strings")
        return tuple(self._list._args)


@api(MODULE)
class MArgDatabase(MArgParser):
    def __init__(self, syntax: MSyntax, argList: MArgList) -> None:
        super().__init__(syntax, argList)
        if syntax._objects[0] == MSyntax.kSelectionList:
            self.getObjectList()

    def getObjectList(self) -> MSelectionList:
        out = MSelectionList()
        for name in self._list._args:
            out.add(name)
        return out


@api(MODULE)
class MPxCommand:
    """Base of plug-in commands."""

    def __init__(self) -> None:
        self._result: Any = None

    def doIt(self, args: MArgList) -> None:
        raise NotImplementedError("doIt")

    def undoIt(self) -> None:
        """Nothing to take back."""

    def redoIt(self) -> None:
        """Nothing to do again."""

    def isUndoable(self) -> bool:
        return False

    def hasSyntax(self) -> bool:
        return self._syntax_of() is not None

    def _syntax_of(self) -> Optional[MSyntax]:
        return getattr(type(self), "_registered_syntax", None) or getattr(self, "_own_syntax", None)

    def syntax(self) -> Any:
        return self._syntax_of()

    def setResult(self, value: Any) -> None:
        kind = value if not isinstance(value, (list, tuple)) else None
        for each in [kind] if kind is not None else value:
            plain(each, (bool, int, float, str), "a result")
        self.__dict__["_result"] = list(value) if isinstance(value, (list, tuple)) else value

    def appendToResult(self, value: Any) -> None:
        self.__dict__["_result"] = [
            *(self.__dict__.get("_result") or []),
            plain(value, (bool, int, float, str), "a result"),
        ]

    def clearResult(self) -> None:
        self.__dict__["_result"] = None

    def currentResult(self) -> Any:
        return self.__dict__.get("_result")

    @staticmethod
    def displayInfo(message: str) -> None:
        deferred.show(active(), "info", message)

    @staticmethod
    def displayWarning(message: str) -> None:
        deferred.show(active(), "warning", message)

    @staticmethod
    def displayError(message: str) -> None:
        deferred.show(active(), "error", message)


def command_runner(
    name: str, creator: Callable[[], Any], syntax_creator: Optional[Callable[[], MSyntax]]
) -> Callable[..., Any]:
    """What cmds.NAME runs."""
    syntax = syntax_creator() if syntax_creator else None

    def run(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        maya = active()
        parsed = parse(syntax, args, kwargs)
        instance = creator()
        instance.__dict__["_own_syntax"] = syntax
        queue = maya.scene.queue
        with maya.scene.command(name):
            try:
                instance.doIt(parsed)
            except Exception as error:
                # Maya prints the trace and tells the caller nothing.
                deferred.show(
                    maya,
                    "error",
                    "".join(traceback.format_exception(type(error), error, error.__traceback__)),
                )
                raise RuntimeError("") from error
            if instance.isUndoable() and queue.on:
                queue.keep(instance.redoIt, instance.undoIt)
        return instance.__dict__.get("_result")

    run.syntax = syntax  # type: ignore[attr-defined] # for MEL, which splits words into flags by it
    return run


@api(MODULE)
class MFnPlugin(MFnBase):
    """What a plug-in's initializePlugin gets; registers its commands while it is being loaded."""

    def __init__(
        self, obj: Any = None, vendor: str = "Unknown", version: str = "Unknown", apiVersion: str = "Any"
    ) -> None:
        self._held = obj
        self._name = active().state.get("loading_plugin") or ""
        from fakemaya.commands.plugins import plugins

        kept = plugins(active()).get(self._name)
        if kept is not None and (vendor, version) != ("Unknown", "Unknown"):
            kept["vendor"], kept["version"] = vendor, version

    def registerCommand(
        self, name: str, creator: Callable[[], Any], createSyntaxFunc: Optional[Callable[[], MSyntax]] = None
    ) -> Any:
        maya = active()
        if name in maya.plugin_commands:
            raise RuntimeError(f"(kFailure): the command {name} is registered already")
        maya.plugin_commands[name] = command_runner(name, creator, createSyntaxFunc)
        maya.state.setdefault("command_owners", {})[name] = self._name
        return self

    def deregisterCommand(self, name: str) -> Any:
        maya = active()
        if maya.plugin_commands.pop(name, None) is None:
            raise RuntimeError(f"(kFailure): there is no command {name}")
        maya.state.get("command_owners", {}).pop(name, None)
        return self

    def name(self) -> str:
        return self._name

    def loadPath(self) -> str:
        from pathlib import Path

        from fakemaya.commands.plugins import plugins

        return str(Path(plugins(active())[self._name]["path"]).parent)
