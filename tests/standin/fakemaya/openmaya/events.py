"""API callbacks: MMessage and its kin, and what the scene's own events mean to them."""

from __future__ import annotations

from typing import Any, Callable

from fakemaya.active import active
from fakemaya.api_contract import api
from fakemaya.commands import deferred
from fakemaya.openmaya.objects import MObject, living
from fakemaya.openmaya.plug import MPlug
from fakemaya.openmaya.units import MTime
from fakemaya.openmaya.values import MODULE

EVENT_NAMES = {"selection": "SelectionChanged", "time": "timeChanged", "undo": "Undo", "redo": "Redo"}
EVENTS = (
    "SelectionChanged",
    "timeChanged",
    "Undo",
    "Redo",
    "NewSceneOpened",
    "SceneOpened",
    "SceneSaved",
    "PostSceneRead",
    "quitApplication",
    "timeUnitChanged",
    "linearUnitChanged",
    "angularUnitChanged",
    "NameChanged",
    "DagObjectCreated",
    "idle",
    "playbackRangeChanged",
)


def fire(maya: Any, event: str, arguments: tuple[Any, ...]) -> None:
    """Called by the scene; runs what is registered for it. What a callback raises is shown, as Maya does."""
    if event in EVENT_NAMES:
        named(maya, EVENT_NAMES[event])
    if event == "time":
        _run(maya, "time_change", None, MTime._from_ticks(maya.scene.time))
    if not maya.callbacks:
        return
    if event == "attribute":
        plug = arguments[0]
        _run(maya, "attribute_changed", plug.node, 8 | 2048, MPlug._of(plug), MPlug())
    elif event == "connection":
        source, destination, made = arguments
        _run(
            maya,
            "attribute_changed",
            destination.node,
            (1 if made else 2) | 2048,
            MPlug._of(destination),
            MPlug._of(source),
        )
    elif event == "renamed":
        _run(maya, "name_changed", arguments[0], MObject._of(arguments[0]), arguments[1])
    elif event == "removing":
        _run(maya, "pre_removal", arguments[0], MObject._of(arguments[0]))
        _run(maya, "node_removed", None, MObject._of(arguments[0]))
    elif event == "added":
        _run(maya, "node_added", None, MObject._of(arguments[0]))


def named(maya: Any, name: str) -> None:
    """An event by its name in Maya: API callbacks, then scriptJobs."""
    _run(maya, "event", name)
    deferred.fire(maya, name)


def scene_message(maya: Any, message: str) -> None:
    """A message of MSceneMessage by its constant's name, such as "kBeforeOpen"."""
    _run(maya, "scene", getattr(MSceneMessage, message))


def _run(maya: Any, kind: str, key: Any, *arguments: Any) -> None:
    for number, (its_kind, its_key, function, data) in list(maya.callbacks.items()):
        if (
            number in maya.callbacks
            and its_kind == kind
            and (its_key is None or its_key is key or its_key == key)
        ):
            maya.state["current_callback"] = number
            try:
                function(*arguments, data)
            except Exception as error:  # noqa: BLE001 - Maya prints what a callback raises and goes on
                deferred.show(maya, "error", f"{type(error).__name__}: {error}")
                maya.state.setdefault("failures", []).append(error)


def register(kind: str, key: Any, function: Callable[..., Any], data: Any) -> int:
    maya = active()
    if not callable(function):
        raise TypeError("a callback is a function")
    number = maya.state["next_callback"] = maya.state.get("next_callback", 100) + 1
    maya.callbacks[number] = (kind, key, function, data)
    return number


@api(MODULE)
class MMessage:
    @staticmethod
    def removeCallback(id: int) -> None:
        if active().callbacks.pop(id, None) is None:
            raise RuntimeError("(kFailure): there is no such callback")

    @staticmethod
    def removeCallbacks(ids: Any) -> None:
        for each in ids:
            MMessage.removeCallback(each)

    @staticmethod
    def currentCallbackId() -> int:
        return active().state.get("current_callback", 0)


@api(MODULE)
class MEventMessage(MMessage):
    @staticmethod
    def addEventCallback(eventName: str, function: Callable[..., Any], clientData: Any = None) -> int:
        if eventName not in EVENTS:
            raise RuntimeError(f"(kInvalidParameter): no event {eventName!r}")
        return register("event", eventName, lambda data: function(data), clientData)

    @staticmethod
    def getEventNames() -> tuple[str, ...]:
        return EVENTS


@api(MODULE)
class MUserEventMessage(MMessage):
    @staticmethod
    def registerUserEvent(eventName: str) -> None:
        active().state.setdefault("user_events", set()).add(eventName)

    @staticmethod
    def isUserEvent(eventName: str) -> bool:
        return eventName in active().state.get("user_events", ())

    @staticmethod
    def addUserEventCallback(eventName: str, function: Callable[..., Any], clientData: Any = None) -> int:
        return register("user", eventName, function, clientData)

    @staticmethod
    def postUserEvent(eventName: str, clientData: Any = None) -> None:
        _run(active(), "user", eventName)

    @staticmethod
    def deregisterUserEvent(eventName: str) -> None:
        active().state.get("user_events", set()).discard(eventName)


@api(MODULE)
class MSceneMessage(MMessage):
    @staticmethod
    def addCallback(message: int, function: Callable[..., Any], clientData: Any = None) -> int:
        return register("scene", message, function, clientData)


@api(MODULE)
class MNodeMessage(MMessage):
    @staticmethod
    def addAttributeChangedCallback(
        node: MObject, function: Callable[..., Any], clientData: Any = None
    ) -> int:
        return register("attribute_changed", living(node), function, clientData)

    @staticmethod
    def addNameChangedCallback(node: MObject, function: Callable[..., Any], clientData: Any = None) -> int:
        return register("name_changed", None if node.isNull() else living(node), function, clientData)

    @staticmethod
    def addNodePreRemovalCallback(node: MObject, function: Callable[..., Any], clientData: Any = None) -> int:
        return register("pre_removal", living(node), function, clientData)


@api(MODULE)
class MDGMessage(MMessage):
    @staticmethod
    def addTimeChangeCallback(function: Callable[..., Any], clientData: Any = None) -> int:
        return register("time_change", None, function, clientData)

    @staticmethod
    def addNodeAddedCallback(
        function: Callable[..., Any], nodeType: str = "dependNode", clientData: Any = None
    ) -> int:
        def wanted(node: MObject, data: Any) -> None:
            if nodeType == "dependNode" or node._thing.isa(nodeType):
                function(node, data)

        return register("node_added", None, wanted, clientData)

    @staticmethod
    def addNodeRemovedCallback(
        function: Callable[..., Any], nodeType: str = "dependNode", clientData: Any = None
    ) -> int:
        def wanted(node: MObject, data: Any) -> None:
            if nodeType == "dependNode" or node._thing.isa(nodeType):
                function(node, data)

        return register("node_removed", None, wanted, clientData)
