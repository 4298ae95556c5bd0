"""Attributes and node types: a small part of what Maya's own nodes have, by Maya's own names."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Iterator, Optional, Sequence

NUMBERS = ("double", "float", "doubleLinear", "doubleAngle", "time", "long", "short", "byte", "bool", "enum")
DATA = (
    "string",
    "matrix",
    "mesh",
    "pointArray",
    "componentList",
    "doubleArray",
    "Int32Array",
    "vectorArray",
    "stringArray",
    "attributeAlias",
    "generic",
    "nurbsCurve",
    "lattice",
)


@dataclass(eq=False)
class Attr:
    """An attribute's definition. kind: one of NUMBERS, DATA, "message", or a compound ("double3", "TdataCompound")."""

    name: str
    short: str = ""
    kind: str = "double"
    default: Any = 0.0
    array: bool = False
    children: tuple[Attr, ...] = ()
    keyable: bool = False
    minimum: Optional[float] = None
    maximum: Optional[float] = None
    soft_minimum: Optional[float] = None
    soft_maximum: Optional[float] = None
    fields: tuple[str, ...] = ()
    writable: bool = True
    readable: bool = True
    hidden: bool = False
    storable: bool = True
    color: bool = False
    dynamic: bool = False
    category: str = ""
    parent: Optional[Attr] = field(default=None, repr=False)

    def __post_init__(self) -> None:
        self.short = self.short or self.name
        for child in self.children:
            child.parent = self

    @property
    def compound(self) -> bool:
        return bool(self.children)

    @property
    def chain(self) -> tuple[Attr, ...]:
        """From the root attribute to this one."""
        return (*(self.parent.chain if self.parent else ()), self)

    @property
    def index_count(self) -> int:
        """How many indices a plug of one element needs."""
        return sum(a.array for a in self.chain)

    def walk(self) -> Iterator[Attr]:
        yield self
        for child in self.children:
            yield from child.walk()


def triple(
    name: str,
    short: str,
    kind: str,
    default: float = 0.0,
    *,
    keyable: bool = False,
    suffixes: str = "XYZ",
    **options: Any,
) -> Attr:
    """A compound of three numbers such as translate, with its children."""
    lower = suffixes.lower()
    compound = "float3" if kind == "float" else "double3"
    children = tuple(
        Attr(name + s, short + low, kind, default, keyable=keyable) for s, low in zip(suffixes, lower)
    )
    return Attr(name, short, compound, None, children=children, **options)


@dataclass(eq=False)
class NodeType:
    """A node type: its own attributes and those of the type above it. api: the name of its MFn type."""

    name: str
    above: Optional[NodeType]
    attributes: Sequence[Attr]
    api: str = ""
    classification: str = ""

    def __post_init__(self) -> None:
        self.roots: dict[str, Attr] = dict(self.above.roots) if self.above else {}
        self.by_name: dict[str, Attr] = dict(self.above.by_name) if self.above else {}
        for root in self.attributes:
            self.roots[root.name] = root
            for attr in root.walk():
                self.by_name[attr.name] = attr
                self.by_name.setdefault(attr.short, attr)
        self.api = self.api or (self.above.api if self.above else "kDependencyNode")

    @property
    def lineage(self) -> tuple[str, ...]:
        """The types above and itself, the most general first."""
        return (*(self.above.lineage if self.above else ()), self.name)


TYPES: dict[str, NodeType] = {}


def define(
    name: str, above: str = "", attributes: Sequence[Attr] = (), api: str = "", classification: str = ""
) -> None:
    TYPES[name] = NodeType(name, TYPES[above] if above else None, attributes, api, classification)


def number(name: str, short: str = "", default: float = 0.0, kind: str = "double", **options: Any) -> Attr:
    return Attr(name, short, kind, default, **options)


def flag(name: str, short: str = "", default: bool = False, **options: Any) -> Attr:
    return Attr(name, short, "bool", default, **options)


def output(name: str, short: str, kind: str, **options: Any) -> Attr:
    return Attr(name, short, kind, None, writable=False, storable=False, **options)
