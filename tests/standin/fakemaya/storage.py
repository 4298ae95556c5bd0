"""Scene files of the stand-in: JSON behind a first line that says so. Nothing but the stand-in reads them."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Optional

import numpy as np

from fakemaya import naming
from fakemaya.components import ComponentList
from fakemaya.curves import Keys
from fakemaya.node import MeshData, Node, Plug, new_node
from fakemaya.schema import Attr

if TYPE_CHECKING:
    from fakemaya import FakeMaya
    from fakemaya.scene import Scene

HEADER = "//Maya scene of the facepatch stand-in"
_ATTR = (
    "name",
    "short",
    "kind",
    "default",
    "array",
    "keyable",
    "minimum",
    "maximum",
    "soft_minimum",
    "soft_maximum",
    "fields",
    "hidden",
)


@dataclass(eq=False)
class Reference:
    """One referenced file of the open scene."""

    node: Node
    path: str
    namespace: str
    loaded: bool = True
    edits: dict[str, Any] = field(default_factory=dict)


def encode(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        data = np.ascontiguousarray(value)
        return {
            "array": str(data.dtype),
            "shape": data.shape,
            "bytes": base64.b64encode(data.tobytes()).decode(),
        }
    if isinstance(value, MeshData):
        uvs = None if value.uvs is None else [encode(np.asarray(v)) for v in value.uvs]
        return {"mesh": [encode(value.points), encode(value.counts), encode(value.corners)], "uvs": uvs}
    if isinstance(value, ComponentList):
        return {"components": encode(value.elements), "complete": value.complete}
    if isinstance(value, (list, tuple)):
        return {"list": [encode(v) for v in value]}
    return value.item() if isinstance(value, np.generic) else value


def decode(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if "array" in value:
        return np.frombuffer(base64.b64decode(value["bytes"]), value["array"]).reshape(value["shape"]).copy()
    if "mesh" in value:
        uvs = None if value["uvs"] is None else tuple(decode(v) for v in value["uvs"])
        return MeshData(*(decode(v) for v in value["mesh"]), uvs)
    if "components" in value:
        return ComponentList(decode(value["components"]), value["complete"])
    return [decode(v) for v in value["list"]]


def _attr_out(attr: Attr) -> dict[str, Any]:
    return {**{k: getattr(attr, k) for k in _ATTR}, "children": [_attr_out(c) for c in attr.children]}


def _attr_in(text: dict[str, Any]) -> Attr:
    fields = {
        **text,
        "fields": tuple(text["fields"]),
        "children": tuple(_attr_in(c) for c in text["children"]),
    }
    return Attr(**fields, dynamic=True)


def _values_out(values: dict[Any, Any]) -> list[Any]:
    return [[name, list(at), encode(v)] for (name, at), v in values.items()]


def _node_out(node: Node) -> dict[str, Any]:
    keys = node.keys
    return {
        "path": node.path,
        "type": node.type.name,
        "name": node.name,
        "namespace": node.namespace,
        "uuid": node.uuid,
        "parent": node.parent.path if node.parent else "",
        "default": node.default,
        "locked": node.locked,
        "extra": [_attr_out(a) for a in node.extra.values() if a.parent is None],
        "values": _values_out(node.values),
        "indices": [[name, list(at), sorted(found)] for (name, at), found in node.indices.items()],
        "locked_plugs": [[name, list(at)] for name, at in node.locked_plugs],
        "keyable": [[name, list(at), v] for (name, at), v in node.keyable.items()],
        "aliases": [[alias, name, list(at)] for alias, (name, at) in node.aliases.items()],
        "members": [
            [m[0].path, m[1], None if m[2] is None else encode(np.asarray(m[2]))] for m in node.members
        ],
        "keys": None
        if not len(keys)
        else [
            encode(keys.ticks),
            encode(keys.values),
            keys.tangents_in,
            keys.tangents_out,
            keys.pre_infinity,
            keys.post_infinity,
        ],
    }


def write(scene: Scene, path: Path) -> None:
    """Save everything; referenced nodes as their file and what was changed on them."""
    dag = [n for root in scene.world for n in (root, *root.descendants())]
    own = [
        n
        for n in [*(n for n in scene.nodes.values() if not n.is_dag), *dag]
        if not n.referenced and not n.do_not_write
    ]
    edits = {n.path: _changes(n) for n in scene.nodes.values() if n.referenced and _changes(n)}
    links = []
    for node in scene.nodes.values():
        for key, source in node.inputs.items():
            if (
                not node.do_not_write
                and not source.node.do_not_write
                and not (node.referenced and key in node.memo.get("links_in_file", {}))
            ):
                links.append(
                    [
                        source.node.path,
                        source.attr.name,
                        list(source.indices),
                        node.path,
                        key[0],
                        list(key[1]),
                    ]
                )
    data = {
        "nodes": [_node_out(n) for n in own],
        "links": links,
        "edits": edits,
        "units": [scene.linear_unit, scene.angular_unit, scene.time_unit],
        "time": scene.time,
        "playback": scene.playback,
        "namespaces": scene.namespaces,
        "file_info": scene.file_info,
        "up_axis": scene.up_axis,
        "references": [[r.node.path, r.path, r.namespace, r.loaded] for r in scene.references],
    }
    path.write_text(f"{HEADER}\n{json.dumps(data)}", encoding="utf-8")


def _changes(node: Node) -> list[Any]:
    before = node.memo.get("values_in_file", {})
    changed = {k: v for k, v in node.values.items() if k not in before or not _equal(before[k], v)}
    return _values_out({k: v for k, v in changed.items() if k not in node.inputs})


def _equal(a: Any, b: Any) -> bool:
    if a is b:
        return True
    if isinstance(a, (MeshData, ComponentList)) or isinstance(b, (MeshData, ComponentList)):
        return False
    return bool(np.array_equal(a, b)) if isinstance(a, np.ndarray) or isinstance(b, np.ndarray) else a == b


def read(path: Path) -> dict[str, Any]:
    """The content of a file; RuntimeError where it is missing or not the stand-in's."""
    if not path.is_file():
        raise RuntimeError(f"File not found: {path}")
    first, _, rest = path.read_text(encoding="utf-8", errors="replace").partition("\n")
    if first != HEADER:
        raise RuntimeError(f"Error reading file: {path} was not written by the stand-in.")
    return json.loads(rest)


def place(
    maya: FakeMaya, data: dict[str, Any], *, namespace: str = "", reference: Optional[Node] = None
) -> list[Node]:
    """Put the content of a file into the scene (not recorded); returns the new nodes."""
    scene = maya.scene
    made: dict[str, Node] = {}
    for name in data["namespaces"]:
        full = f"{namespace}:{name}" if namespace else name
        if name not in ("UI", "shared") and full not in scene.namespaces:
            scene.namespaces.append(full)
    for text in data["nodes"]:
        existing = scene.by_name.get(text["name"], ()) if text["default"] and not text["namespace"] else ()
        defaults = [n for n in existing if n.default and n.path == text["path"]]
        if defaults:
            made[text["path"]] = defaults[0]
            if not namespace:
                _fill(defaults[0], text)
            continue
        node = new_node(text["type"], text["name"], f"{namespace}:{text['namespace']}".strip(":"))
        if text["uuid"] not in scene.nodes:
            node.uuid = text["uuid"]
        node.parent = made[text["parent"]] if text["parent"] else None
        node.name = naming.free(scene, node, node.name, node.parent)
        _fill(node, text)
        node.animate = maya.animations.get(text["uuid"])
        if node.animate is not None:
            maya.animations[node.uuid] = node.animate
        node.reference = reference
        node.from_file = True
        node.locked = text["locked"]
        scene.insert(node)
        made[text["path"]] = node
    nested = [] if namespace else data["references"]
    for at, file, space, loaded in nested:
        entry = Reference(made[at], file, space, loaded)
        scene.references.append(entry)
        if loaded:
            load(maya, entry)
    for where, changes in data["edits"].items():
        for target in naming.find(scene, where):
            for name, at, value in changes:
                target.values[name, tuple(at)] = decode(value)
                target.touch(scene.attr_of(target, (name, tuple(at))), tuple(at))

    def found(path: str) -> Optional[Node]:
        return made.get(path) or next(iter(naming.find(scene, path)), None)

    for source, name, at, target, to, to_at in data["links"]:
        a, b = found(source), found(target)
        if a is not None and b is not None and (to, tuple(to_at)) not in b.inputs:
            if namespace and b.default:
                continue
            scene.link(
                Plug(a, scene.attr_of(a, (name, tuple(at))), tuple(at)),
                Plug(b, scene.attr_of(b, (to, tuple(to_at))), tuple(to_at)),
            )
    for text in data["nodes"]:
        owner = made[text["path"]]
        fresh = [(found(p), kind, None if e is None else decode(e)) for p, kind, e in text["members"]]
        owner.members += [
            (n, k, e)
            for n, k, e in fresh
            if n is not None and not any(m[0] is n and m[1] == k for m in owner.members)
        ]
    new = [n for n in made.values() if n.from_file]
    for node in new:
        node.memo["values_in_file"] = dict(node.values)
        node.memo["links_in_file"] = dict(node.inputs)
        node.memo["locked_in_file"] = set(node.locked_plugs)
        node.memo["attributes_in_file"] = set(node.extra)
    scene.dirty()
    return new


def _fill(node: Node, text: dict[str, Any]) -> None:
    for attr in map(_attr_in, text["extra"]):
        for each in attr.walk():
            node.extra[each.name] = each
    node.values.update({(name, tuple(at)): decode(v) for name, at, v in text["values"]})
    node.indices.update({(name, tuple(at)): dict.fromkeys(found) for name, at, found in text["indices"]})
    node.locked_plugs.update((name, tuple(at)) for name, at in text["locked_plugs"])
    node.keyable.update({(name, tuple(at)): v for name, at, v in text["keyable"]})
    node.aliases.update({alias: (name, tuple(at)) for alias, name, at in text["aliases"]})
    if text["keys"]:
        ticks, values, *rest = text["keys"]
        node.keys = Keys(decode(ticks), decode(values), *rest)


def load(maya: FakeMaya, entry: Reference) -> list[Node]:
    """Bring a reference's nodes in."""
    if entry.namespace not in maya.scene.namespaces:
        maya.scene.namespaces.append(entry.namespace)
    entry.loaded = True
    return place(maya, read(Path(entry.path)), namespace=entry.namespace, reference=entry.node)


def unload(maya: FakeMaya, entry: Reference) -> None:
    """Take a reference's nodes out."""
    scene = maya.scene
    for node in [n for n in scene.nodes.values() if n.reference is entry.node][::-1]:
        scene.unlink_all(node)
        for owner in scene.nodes.values():
            owner.members = [m for m in owner.members if m[0] is not node]
        scene.remove(node)
    entry.loaded = False
