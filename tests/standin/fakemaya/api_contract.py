"""Keeps the stand-in's API classes to what a running Maya reported: no name that Maya lacks, no argument that
Maya does not take.

`@api("maya.api.OpenMaya")` above a class checks its public names against `tables/api.json` when the stand-in
is imported, checks and counts every call of its methods, gives constants their numbers, and
makes each member that Maya has and the class lacks raise `Gap`. `api_modules()` returns the modules made of
all classes so registered.
"""

from __future__ import annotations

import functools
import json
from types import FunctionType, ModuleType
from typing import Any, Callable, Dict, List, Optional, Tuple, TypeVar

from fakemaya.active import Gap, active
from fakemaya.allowances import API_NAMES
from fakemaya.calls import TABLES, Call

Kind = TypeVar("Kind", bound=type)
REGISTERED: Dict[str, Dict[str, Any]] = {}
RECORDED = frozenset(
    {
        "MFnAnimCurve.addKeys",
        "MFnAnimCurve.addKey",
        "MFnAnimCurve.create",
        "MFnMesh.setPoints",
        "MFnMesh.getPoints",
        "MFnMesh.getFloatPoints",
        "MFnMesh.getRawPoints",
    }
)
"""Methods whose calls land in `maya.calls` with their arguments; all calls are counted in `maya.counts`."""


@functools.cache
def api_table() -> Dict[str, Any]:
    """Return the table of API names, read once."""
    return json.loads((TABLES / "api.json").read_text(encoding="utf-8"))["modules"]


def class_members(module: str, name: str) -> Dict[str, Any]:
    """Return the members that a class has in real Maya, those of its bases included.

    Signatures, a constant's number, or None.
    """
    classes = {**api_table()[module]["classes"]}
    if module != "maya.api.OpenMaya" and module.startswith("maya.api."):
        classes = {**api_table()["maya.api.OpenMaya"]["classes"], **classes}
    elif module.startswith("maya.Open"):
        classes = {**api_table()["maya.OpenMaya"]["classes"], **classes}
    members: Dict[str, Any] = {}
    for base in classes[name]["bases"]:
        if base in classes:
            members.update(
                class_members(module, base)
                if base in api_table()[module]["classes"]
                else class_members("maya.api.OpenMaya" if ".api." in module else "maya.OpenMaya", base)
            )
    members.update(classes[name]["members"])
    members.update(API_NAMES.get(module, {}).get(name, {}))
    return members


def api(module: str) -> Callable[[Kind], Kind]:
    """Register a class of the stand-in as `module.ClassName`.

    Raises:
        AttributeError: Maya has no such class, or the class offers a public name that Maya's does not have.
    """

    def register(kind: Kind) -> Kind:
        name = kind.__name__
        if name not in api_table()[module]["classes"]:
            raise AttributeError(f"{module} has no class {name} in real Maya.")
        members = class_members(module, name)
        extra = sorted(
            each
            for base in kind.__mro__[:-1]
            for each in vars(base)
            if not each.startswith("_") and each not in members
        )
        if extra and not issubclass(kind, (BaseException, int)):
            raise AttributeError(f"{module}.{name} has no {', '.join(extra)} in real Maya.")
        for each, value in list(vars(kind).items()):
            if not each.startswith("_"):
                setattr(kind, each, counted(f"{name}.{each}", value, members.get(each)))
        for each, value in members.items():
            if not any(each in vars(base) for base in kind.__mro__):
                setattr(kind, each, value if type(value) is int else MissingMember(f"{module}.{name}.{each}"))
        kind.__init__ = first_instance_checked(kind, members)  # type: ignore[misc]
        REGISTERED.setdefault(module, {})[name] = kind
        return kind

    return register


def api_function(module: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a function of the stand-in as `module.name`, checked against the table like a class."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        if function.__name__ not in api_table()[module]["names"]:
            raise AttributeError(f"{module} has no {function.__name__} in real Maya.")
        REGISTERED.setdefault(module, {})[function.__name__] = function
        return function

    return register


class MissingMember:
    """A member that Maya's class has and the stand-in's lacks."""

    def __init__(self, name: str) -> None:
        self.name = name

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        raise Gap(f"{self.name} exists in Maya; the stand-in does not have it yet.")


def counted(name: str, value: Any, forms: Optional[List[List[str]]], skip: int = 1) -> Any:
    """Return a method that checks its arguments against the documented forms and counts its calls.

    Other values as they are. `skip` is 1 where the first argument is the instance or class.
    """
    if isinstance(value, (staticmethod, classmethod)):
        return type(value)(counted(name, value.__func__, forms, 0 if isinstance(value, staticmethod) else 1))
    if not isinstance(value, FunctionType):
        return value

    @functools.wraps(value)
    def run(*args: Any, **kwargs: Any) -> Any:
        if isinstance(forms, list):
            check_form(name, forms, args[skip:], kwargs)
        maya = active()
        maya.counts[name] += 1
        if name in RECORDED:
            maya.calls.append(Call(name, args[skip:], kwargs))
        return value(*args, **kwargs)

    return run


def check_form(name: str, forms: List[List[str]], args: Tuple[Any, ...], kwargs: Dict[str, Any]) -> None:
    """Refuse a call that fits none of the documented forms."""
    for form in forms:
        names = [each.rstrip("=") for each in form]
        given = names[: len(args)] + list(kwargs)
        needed = {each for each in form if not each.endswith("=")}
        if (
            len(args) <= len(names)
            and set(given) <= set(names)
            and len(given) == len(set(given))
            and needed <= set(given)
        ):
            return
    texts = " or ".join("(" + ", ".join(form) + ")" for form in forms)
    raise TypeError(
        f"{name} takes {texts} in Maya, not {len(args)} argument(s) by place and {sorted(kwargs)} by name."
    )


def first_instance_checked(kind: type, members: Dict[str, Any]) -> Callable[..., None]:
    """Return `__init__` that looks once whether the instances carry public attributes that Maya's do not
    have.
    """
    original = kind.__init__
    done: List[bool] = []

    @functools.wraps(original)
    def run(self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        if not done:
            done.append(True)
            extra = sorted(
                each
                for each in getattr(self, "__dict__", {})
                if not each.startswith("_") and each not in members
            )
            if extra and type(self) is kind:
                raise Gap(
                    f"The stand-in's {kind.__name__} shows {', '.join(extra)}, which Maya's does not have: "
                    "begin the names with an underscore."
                )

    return run


class ApiModule(ModuleType):
    """A module of the API: a name that Maya's has and this lacks is a `Gap`, any other an AttributeError."""

    def __getattr__(self, name: str) -> Any:
        table = api_table()[self.__name__]
        if name in table["classes"] or name in table["names"]:
            raise Gap(f"{self.__name__}.{name} exists in Maya; the stand-in does not have it yet.")
        raise AttributeError(f"module '{self.__name__}' has no attribute '{name}'")


def api_modules() -> Dict[str, ModuleType]:
    """Return the modules of the API, filled with what is registered."""
    modules: Dict[str, ModuleType] = {}
    for name in api_table():
        modules[name] = ApiModule(name)
        vars(modules[name]).update(REGISTERED.get(name, {}))
    return modules
