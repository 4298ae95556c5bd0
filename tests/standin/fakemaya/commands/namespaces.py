"""namespace and namespaceInfo."""

from __future__ import annotations

from typing import Any

from fakemaya.commands.nodes import delete_tree
from fakemaya.node import Node
from fakemaya.scene import Scene
from fakemaya.strict import command


@command("namespace")
def namespace(
    maya: Any,
    *args: str,
    addNamespace: str = "",
    parent: str = "",
    setNamespace: str = "",
    exists: str = "",
    removeNamespace: str = "",
    mergeNamespaceWithParent: bool = False,
    mergeNamespaceWithRoot: bool = False,
    deleteNamespaceContent: bool = False,
    rename: Any = None,
    moveNamespace: Any = None,
    force: bool = False,
    isRootNamespace: str = "",
    collapseAncestors: str = "",
    validateName: str = "",
    absoluteName: bool = False,
    relativeNames: bool = False,
) -> Any:
    scene: Scene = maya.scene
    if exists:
        return (
            exists.lstrip(":") in scene.namespaces
            or exists == ":"
            or f"{scene.namespace}:{exists}".lstrip(":") in scene.namespaces
        )
    if addNamespace:
        add = addNamespace
        full = (
            f"{(parent or scene.namespace).strip(':')}:{add}".lstrip(":")
            if not add.startswith(":")
            else add.lstrip(":")
        )
        if full in scene.namespaces:
            raise RuntimeError(f"The namespace '{add}' already exists.")
        made = [":".join(full.split(":")[: i + 1]) for i in range(full.count(":") + 1)]
        made = [n for n in made if n not in scene.namespaces]

        def undo() -> None:
            for each in made:
                if each in scene.namespaces:
                    scene.namespaces.remove(each)

        scene.record(lambda: scene.namespaces.extend(made), undo)
        return add
    if setNamespace:
        target = "" if setNamespace == ":" else setNamespace.lstrip(":")
        if target and target not in scene.namespaces:
            raise RuntimeError(f"The namespace '{setNamespace}' does not exist.")
        old = scene.namespace
        scene.record(lambda: setattr(scene, "namespace", target), lambda: setattr(scene, "namespace", old))
        return setNamespace
    if isRootNamespace:
        return isRootNamespace == ":"
    if removeNamespace:
        return _remove_namespace(
            scene,
            removeNamespace.strip(":"),
            mergeNamespaceWithParent,
            mergeNamespaceWithRoot,
            deleteNamespaceContent,
        )
    if rename:
        return _rename_namespace(scene, rename[0].strip(":"), rename[1], parent)
    raise RuntimeError("namespace: nothing was asked.")


def _inside(scene: Scene, name: str) -> list[Node]:
    return [n for n in scene.nodes.values() if n.namespace == name or n.namespace.startswith(f"{name}:")]


def _remove_namespace(scene: Scene, name: str, to_parent: bool, to_root: bool, contents: bool) -> None:
    if name not in scene.namespaces:
        raise RuntimeError(f"The namespace '{name}' does not exist.")
    inside = _inside(scene, name)
    if any(n.referenced for n in inside):
        raise RuntimeError(f"The namespace '{name}' holds referenced nodes and cannot be removed.")
    if inside and not (to_parent or to_root or contents):
        raise RuntimeError(f"The namespace '{name}' is not empty.")
    for node in inside:
        if contents:
            delete_tree(scene, node)
        else:
            above = "" if to_root else name.rpartition(":")[0]
            scene.rename(node, f":{above}:{node.name}" if above else f":{node.name}")
    gone = [n for n in scene.namespaces if n == name or n.startswith(f"{name}:")]

    def do() -> None:
        for each in gone:
            scene.namespaces.remove(each)

    scene.record(do, lambda: scene.namespaces.extend(gone))


def _rename_namespace(scene: Scene, old: str, new: str, parent: str) -> str:
    if old not in scene.namespaces:
        raise RuntimeError(f"The namespace '{old}' does not exist.")
    above = parent.strip(":") if parent else old.rpartition(":")[0]
    full = f"{above}:{new}".lstrip(":")
    before = list(scene.namespaces)
    after = [full + n[len(old) :] if n == old or n.startswith(f"{old}:") else n for n in before]
    scene.record(lambda: setattr(scene, "namespaces", after), lambda: setattr(scene, "namespaces", before))
    for node in _inside(scene, old):
        scene.rename(node, f":{full}{node.namespace[len(old) :]}:{node.name}")
    for entry in scene.references:
        if entry.namespace == old:
            entry.namespace = full
    return full


@command("namespaceInfo")
def namespace_info(
    maya: Any,
    *args: str,
    currentNamespace: bool = False,
    listNamespace: bool = False,
    listOnlyNamespaces: bool = False,
    listOnlyDependencyNodes: bool = False,
    recurse: bool = False,
    fullName: bool = False,
    absoluteName: bool = False,
    parent: bool = False,
    shortName: bool = False,
    baseName: bool = False,
    dagPath: bool = False,
    isRootNamespace: bool = False,
    internal: bool = False,
) -> Any:
    scene: Scene = maya.scene
    start = args[0].strip(":") if args else scene.namespace
    if currentNamespace:
        return f":{scene.namespace}" if absoluteName else scene.namespace or ":"
    depth = start.count(":") + 1 if start else 0
    spaces = [
        n
        for n in scene.namespaces
        if (not start or n.startswith(f"{start}:")) and (recurse or n.count(":") == depth)
    ]
    nodes = [
        n
        for n in scene.nodes.values()
        if n.namespace == start or (recurse and (not start or n.namespace.startswith(f"{start}:")))
    ]
    texts = [n.path if dagPath else n.full_name for n in nodes]
    if listOnlyNamespaces:
        return spaces or None
    if listOnlyDependencyNodes:
        return texts or None
    if listNamespace:
        return [*texts, *spaces] or None
    if parent:
        return start.rpartition(":")[0] or ":"
    return start.rpartition(":")[2] if shortName or baseName else start or ":"
