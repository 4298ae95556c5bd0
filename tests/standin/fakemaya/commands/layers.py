"""Animation layers.

Nodes of their own, blend nodes in front of the attributes that they hold, and where keys go.
"""

from __future__ import annotations

from typing import Any, Dict, List, Optional

from fakemaya.active import Gap
from fakemaya.naming import things
from fakemaya.node import Node, Plug
from fakemaya.strict import command

BASE = "BaseAnimation"
BLENDS = {
    "double": "animBlendNodeAdditive",
    "doubleLinear": "animBlendNodeAdditiveDL",
    "doubleAngle": "animBlendNodeAdditiveDA",
    "float": "animBlendNodeAdditiveF",
    "long": "animBlendNodeAdditiveI32",
    "short": "animBlendNodeAdditiveI16",
    "byte": "animBlendNodeAdditiveI16",
    "bool": "animBlendNodeBoolean",
    "enum": "animBlendNodeEnum",
}
FLAGS = ("mute", "solo", "lock", "override", "weight", "preferred", "selected", "passthrough")
ROTATES = ("rotateX", "rotateY", "rotateZ")


def root(scene: Any) -> Optional[Node]:
    """Return the base layer, None where the scene has no layers."""
    return next(
        (node for node in scene.nodes.values() if node.type.name == "animLayer" and node.name == BASE), None
    )


def layers(scene: Any) -> List[Node]:
    """Return the layers above the base, the oldest first."""
    return [node for node in scene.nodes.values() if node.type.name == "animLayer" and node.name != BASE]


def named(scene: Any, name: str) -> Node:
    """Return a layer by name.

    Raises:
        RuntimeError: there is none.
    """
    found = [node for node in scene.find(name) if node.type.name == "animLayer"]
    if not found:
        raise RuntimeError(f"No object matches name: {name}")
    return found[0]


def part(node: Node, name: str) -> Plug:
    """Return a plug of a node by its attribute's name."""
    return Plug(node, node.find(name))


def blend_below(scene: Any, plug: Plug) -> Optional[Plug]:
    """Return the output of the blend node that drives a plug, None where none does."""
    source = scene.source(plug)
    return source if source is not None and source.node.isa("animBlendNodeBase") else None


def side(output: Plug, letter: str) -> Plug:
    """Return the input plug of a blend node on side A or B that belongs to an output (per axis for
    rotations).
    """
    return part(output.node, f"input{letter}{output.attr.name[len('output') :]}")


def layer_of(scene: Any, blend: Node) -> Optional[Node]:
    """Return the layer that a blend node belongs to."""
    source = scene.source(part(blend, "weightB"))
    return source.node if source is not None else None


def chain(scene: Any, plug: Plug) -> List[Plug]:
    """Return the outputs of the blend nodes of a plug, the topmost layer's first."""
    found = []
    output = blend_below(scene, plug)
    while output is not None:
        found.append(output)
        output = blend_below(scene, side(output, "A"))
    return found


def key_home(scene: Any, plug: Plug, layer: str) -> Plug:
    """Return where the keys of a plug go: itself, or an input of the blend node of `layer` (of the selected
    layer where none is named, else below all).

    Raises:
        RuntimeError: the named layer does not hold the plug.
    """
    outputs = chain(scene, plug)
    if not outputs:
        if layer and layer != BASE:
            raise RuntimeError(f"{scene.plug_name(plug)} is not in the animation layer {layer}.")
        return plug
    for output in outputs:
        owner = layer_of(scene, output.node)
        if owner is not None and (
            owner.full_name == layer
            if layer
            else scene.get(part(owner, "selected")) and not scene.get(part(owner, "lock"))
        ):
            return side(output, "B")
    if layer and layer != BASE:
        raise RuntimeError(f"{scene.plug_name(plug)} is not in the animation layer {layer}.")
    return side(outputs[-1], "A")


def add_to_layer(scene: Any, layer: Node, plug: Plug) -> None:
    """Put a blend node of a layer in front of a plug (recorded).

    What drove the plug, or its value, becomes side A.
    """
    if any(layer_of(scene, output.node) is layer for output in chain(scene, plug)):
        return
    if scene.is_locked(plug) or not plug.attr.writable:
        return
    rotation = plug.attr.name in ROTATES
    axis = plug.attr.name[-1] if rotation else ""
    blend = rotation_blend(scene, layer, plug) if rotation else None
    if blend is None:
        kind = "animBlendNodeAdditiveRotation" if rotation else BLENDS.get(plug.attr.kind)
        if kind is None:
            raise RuntimeError(f"{scene.plug_name(plug)} cannot be in an animation layer.")
        leaf = "rotate" if rotation else plug.attribute_name().replace("[", "_").replace("]", "")
        blend = scene.create(kind, f"{plug.node.name}_{leaf}_{layer.name}")
        scene.connect(part(layer, "foregroundWeight"), part(blend, "weightB"))
        scene.connect(part(layer, "backgroundWeight"), part(blend, "weightA"))
    below, value = scene.source(plug), scene.get(plug)
    if below is not None:
        scene.connect(below, part(blend, "inputA" + axis))
    else:
        scene.set(part(blend, "inputA" + axis), value)
    if scene.get(part(layer, "override")):
        scene.set(part(blend, "inputB" + axis), value)
    scene.connect(part(blend, "output" + axis), plug)


def rotation_blend(scene: Any, layer: Node, plug: Plug) -> Optional[Node]:
    """Return the blend node that the layer already has for another axis of the same node."""
    for name in ROTATES:
        for output in chain(scene, part(plug.node, name)):
            if layer_of(scene, output.node) is layer:
                return output.node
    return None


def remove_from_layer(scene: Any, layer: Node, plug: Plug) -> None:
    """Take a layer's blend node out from in front of a plug (recorded)."""
    above = plug
    for output in chain(scene, plug):
        if layer_of(scene, output.node) is layer:
            below = scene.source(side(output, "A"))
            scene.disconnect(output, above)
            if below is not None:
                scene.connect(below, above)
            return
        above = side(output, "A")


def held(scene: Any, layer: Node) -> List[Plug]:
    """Return the plugs that a layer holds."""
    found: List[Plug] = []
    for weight in scene.destinations(part(layer, "foregroundWeight")):
        for name in ("output", "outputX", "outputY", "outputZ"):
            attr = weight.node.find(name)
            found += final(scene, Plug(weight.node, attr)) if attr is not None else []
    return found


def final(scene: Any, output: Plug) -> List[Plug]:
    """Return the plugs at the end of a chain of blend nodes."""
    found: List[Plug] = []
    for destination in scene.destinations(output):
        if destination.node.isa("animBlendNodeBase"):
            axis = destination.attr.name[len("inputA") :]
            found += final(scene, part(destination.node, "output" + axis))
        else:
            found.append(destination)
    return found


def plugs(scene: Any, names: Any) -> List[Plug]:
    """Return the plugs of names, the numbers of compounds one by one."""
    from fakemaya.commands.keys import leaves

    found: List[Plug] = []
    for name in [names] if isinstance(names, str) else names:
        here = [each for each in things(scene, name) if isinstance(each, Plug)]
        if not here:
            raise RuntimeError(f"No object matches name: {name}")
        found += [leaf for plug in here for leaf in leaves(plug)]
    return found


@command("animLayer")
def anim_layer(maya: Any, *args: Any, query: bool = False, edit: bool = False, **flags: Any) -> Any:
    scene = maya.scene
    if query:
        return ask(scene, args, flags)
    if edit:
        layer = named(scene, args[0])
    else:
        if root(scene) is None:
            base = scene.create("animLayer", BASE)
            scene.set(part(base, "override"), False)
        layer = scene.create("animLayer", args[0] if args else "AnimLayer1")
        scene.connect(part(layer, "message"), scene.next_free(part(root(scene), "childrenLayers")))
    change(scene, layer, flags)
    return None if edit else layer.full_name


def change(scene: Any, layer: Node, flags: Dict[str, Any]) -> None:
    """Set what create and edit can set."""
    for flag, value in flags.items():
        if flag in FLAGS:
            scene.set(part(layer, flag), value)
    if "solo" in flags:
        soloed = any(scene.get(part(each, "solo")) for each in layers(scene))
        for each in layers(scene):
            scene.set(part(each, "siblingMute"), soloed and not scene.get(part(each, "solo")))
    for flag, value in flags.items():
        if flag in FLAGS:
            continue
        if flag == "attribute":
            for plug in plugs(scene, value):
                add_to_layer(scene, layer, plug)
        elif flag == "removeAttribute":
            for plug in plugs(scene, value):
                remove_from_layer(scene, layer, plug)
        else:
            raise Gap(f"animLayer(-{flag}) is not in the stand-in.")


def ask(scene: Any, args: Any, flags: Dict[str, Any]) -> Any:
    """Answer a query of one flag."""
    (asked,) = flags
    value = flags[asked]
    if asked == "root":
        base = root(scene)
        return base.full_name if base else None
    if asked == "exists":
        return any(node.type.name == "animLayer" for node in scene.find(args[0]))
    if asked in ("affectedLayers", "bestLayer"):
        found = [
            layer_of(scene, output.node)
            for name in args
            for plug in plugs(scene, name)
            for output in chain(scene, plug)
        ]
        names = [node.full_name for node in found if node is not None]
        base = root(scene)
        names += [base.full_name] if base and names else []
        return (names or None) if asked == "affectedLayers" else (names[0] if names else None)
    layer = named(scene, args[0])
    if asked in FLAGS:
        return scene.get(part(layer, asked))
    if asked == "attribute":
        return [scene.plug_name(plug) for plug in held(scene, layer)] or None
    if asked == "children":
        return [node.full_name for node in layers(scene)] if layer.name == BASE and layers(scene) else None
    if asked == "parent":
        return None if layer.name == BASE else BASE
    if asked == "blendNodes":
        return [
            scene.short(each.node) for each in scene.destinations(part(layer, "foregroundWeight"))
        ] or None
    if asked == "layeredPlug":
        return layered_plug(scene, layer, value)
    if asked == "findCurveForPlug":
        source = scene.source(scene.plug(layered_plug(scene, layer, value)))
        return [scene.short(source.node)] if source is not None else None
    raise Gap(f"animLayer(-query -{asked}) is not in the stand-in.")


def layered_plug(scene: Any, layer: Node, name: str) -> str:
    """Return the name of the blend node's input where the layer keeps the keys of a plug.

    "" where it does not hold it.
    """
    (plug,) = plugs(scene, name)
    outputs = chain(scene, plug)
    if layer.name == BASE:
        return scene.plug_name(side(outputs[-1], "A")) if outputs else ""
    for output in outputs:
        if layer_of(scene, output.node) is layer:
            return scene.plug_name(side(output, "B"))
    return ""
