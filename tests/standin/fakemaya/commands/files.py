"""file and referenceQuery."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Optional

from fakemaya import naming, storage
from fakemaya.node import Node
from fakemaya.scene import Scene
from fakemaya.strict import command


def _tell(maya: Any, *names: str) -> None:
    from fakemaya.openmaya import events

    for name in names:
        if name.startswith("k"):
            events.scene_message(maya, name)
        else:
            events.named(maya, name)


def _path(text: str) -> Path:
    return Path(text).expanduser().absolute()


def _entry(scene: Scene, text: str) -> storage.Reference:
    """A reference by its node, its file or one of its nodes; RuntimeError where there is none."""
    for entry in scene.references:
        if text in (entry.node.full_name, entry.path, Path(entry.path).name, entry.namespace) or (
            text and _path(text) == Path(entry.path)
        ):
            return entry
    for node in naming.find(scene, text):
        for entry in scene.references:
            if node.reference is entry.node:
                return entry
    raise RuntimeError(f"'{text}' is not a reference file, reference node or referenced node.")


@command("file")
def file(
    maya: Any,
    *args: str,
    newFile: bool = False,
    open: bool = False,
    save: bool = False,
    rename: Any = None,
    type: Any = None,
    force: bool = False,
    reference: Any = None,
    namespace: Any = None,
    returnNewNodes: bool = False,
    query: bool = False,
    edit: bool = False,
    sceneName: bool = False,
    shortName: bool = False,
    modified: Any = None,
    exists: Any = None,
    list: bool = False,
    removeReference: Any = None,
    unloadReference: Any = None,
    loadReference: Any = None,
    importReference: Any = None,
    i: bool = False,
    referenceNode: Any = None,
    expandName: bool = False,
    anyModified: Any = None,
    prompt: bool = True,
    ignoreVersion: bool = False,
    mergeNamespacesOnClash: Any = None,
    options: Any = None,
    preserveReferences: bool = False,
    location: bool = False,
    deferReference: Any = None,
    executeScriptNodes: Any = None,
    loadReferenceDepth: Any = None,
) -> Any:
    scene: Scene = maya.scene
    if query:
        return _ask(scene, args, locals())
    if newFile:
        _refuse_unsaved(scene, force)
        _tell(maya, "kBeforeNew")
        scene.clear()
        _tell(maya, "kAfterNew", "NewSceneOpened")
        return "untitled"
    if open:
        return _open(maya, args, force, returnNewNodes)
    if rename is not None:
        scene.path = str(_path(rename))
        return scene.path
    if save:
        if not scene.path:
            raise RuntimeError("file: No filename specified for save.")
        _tell(maya, "kBeforeSave")
        storage.write(scene, Path(scene.path))
        scene.modified = False
        _tell(maya, "kAfterSave", "SceneSaved")
        return scene.path
    if modified is not None:
        scene.modified = bool(modified)
        return None
    if removeReference:
        entry = _entry(scene, args[0] if args else str(referenceNode))
        storage.unload(maya, entry)
        scene.references.remove(entry)
        scene.remove(entry.node)
        scene.namespaces = [
            n for n in scene.namespaces if n != entry.namespace and not n.startswith(f"{entry.namespace}:")
        ]
        scene.queue.flush()
        return None
    if unloadReference or loadReference:
        entry = _entry(scene, str(unloadReference or loadReference))
        if unloadReference:
            storage.unload(maya, entry)
        else:
            storage.load(maya, entry)
        scene.queue.flush()
        return entry.path
    if importReference:
        entry = _entry(scene, args[0] if args else str(referenceNode))
        for node in scene.nodes.values():
            if node.reference is entry.node:
                node.reference = None
        scene.references.remove(entry)
        scene.remove(entry.node)
        return entry.path
    if reference:
        return _reference(maya, args[0], namespace, returnNewNodes)
    if i:
        return _import(maya, args[0], namespace, returnNewNodes)
    raise RuntimeError("file: nothing was asked.")


def _refuse_unsaved(scene: Scene, force: bool) -> None:
    if scene.modified and not force:
        raise RuntimeError("Unsaved changes.")


def _open(maya: Any, args: tuple[str, ...], force: bool, new_nodes: bool) -> Any:
    scene: Scene = maya.scene
    _refuse_unsaved(scene, force)
    path = _path(args[0])
    data = storage.read(path)
    _tell(maya, "kBeforeOpen")
    scene.clear()
    scene.linear_unit, scene.angular_unit, scene.time_unit = data["units"]
    scene.up_axis = data["up_axis"]
    made = storage.place(maya, data)
    scene.time, scene.playback, scene.file_info = (
        data["time"],
        dict(data["playback"]),
        dict(data["file_info"]),
    )
    scene.path, scene.modified = str(path), False
    scene.dirty()
    _tell(maya, "kAfterOpen", "SceneOpened")
    return [scene.short(n) for n in made] if new_nodes else str(path)


def _reference(maya: Any, text: str, namespace: Optional[str], new_nodes: bool) -> Any:
    scene: Scene = maya.scene
    path = _path(text)
    data = storage.read(path)
    wanted = namespace or path.stem
    space, number = wanted, 0
    while space in scene.namespaces:
        number += 1
        space = f"{wanted}{number}"
    on, scene.queue.on = scene.queue.on, False
    try:
        node = scene.create("reference", f":{space}RN")
    finally:
        scene.queue.on = on
    node.locked = True
    entry = storage.Reference(node, str(path), space)
    scene.references.append(entry)
    scene.namespaces.append(space)
    made = storage.place(maya, data, namespace=space, reference=node)
    scene.modified = True
    scene.queue.flush()
    return [scene.short(n) for n in made] if new_nodes else str(path)


def _import(maya: Any, text: str, namespace: Optional[str], new_nodes: bool) -> Any:
    scene: Scene = maya.scene
    path = _path(text)
    made = storage.place(maya, storage.read(path), namespace=namespace or "")
    if namespace and namespace not in scene.namespaces:
        scene.namespaces.append(namespace)
    for node in made:
        node.memo.pop("locked_in_file", None)
        node.memo.pop("attributes_in_file", None)
    scene.modified = True
    return [scene.short(n) for n in made] if new_nodes else str(path)


def _ask(scene: Scene, args: tuple[str, ...], given: dict[str, Any]) -> Any:
    if given["sceneName"]:
        return Path(scene.path).name if given["shortName"] and scene.path else scene.path.replace("\\", "/")
    if given["modified"] or given["anyModified"]:
        return scene.modified
    if given["exists"]:
        return bool(args and _path(args[0]).exists())
    if given["reference"]:
        if args:
            return [e.path for e in scene.references if e is _entry(scene, args[0])]
        return [e.path for e in scene.references]
    if given["referenceNode"]:
        return _entry(scene, args[0]).node.full_name
    if given["namespace"]:
        return _entry(scene, args[0]).namespace
    if given["list"]:
        return [scene.path, *(e.path for e in scene.references)]
    if given["type"]:
        return ["mayaAscii" if scene.path.endswith(".ma") else "mayaBinary"]
    if given["expandName"] or given["location"]:
        return str(_path(args[0])) if args else scene.path
    raise RuntimeError("file: nothing was queried.")


@command("referenceQuery")
def reference_query(
    maya: Any,
    *args: str,
    isNodeReferenced: bool = False,
    filename: bool = False,
    namespace: bool = False,
    referenceNode: bool = False,
    isLoaded: bool = False,
    nodes: bool = False,
    withoutCopyNumber: bool = False,
    shortName: bool = False,
    unresolvedName: bool = False,
    dagPath: bool = False,
    parentNamespace: bool = False,
    topReference: bool = False,
) -> Any:
    scene: Scene = maya.scene
    if isNodeReferenced:
        return scene.node(args[0].partition(".")[0]).referenced
    entry = _entry(scene, args[0])
    if filename:
        return Path(entry.path).name if shortName else entry.path
    if namespace:
        return f":{entry.namespace}"
    if parentNamespace:
        return [entry.namespace.rpartition(":")[0]]
    if referenceNode:
        return entry.node.full_name
    if isLoaded:
        return entry.loaded
    if nodes:
        found: list[Node] = [n for n in scene.nodes.values() if n.reference is entry.node]
        return [n.path if dagPath else scene.short(n) for n in found] or None
    raise RuntimeError("referenceQuery: nothing was asked.")
