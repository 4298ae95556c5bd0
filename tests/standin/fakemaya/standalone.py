"""maya.standalone: starting and ending Maya without a user interface."""

from __future__ import annotations

from fakemaya.active import active
from fakemaya.api_contract import api_function


@api_function("maya.standalone")
def initialize(name: str = "python") -> None:
    maya = active()
    if not maya.batch:
        raise RuntimeError("maya.standalone.initialize: never call it inside Maya.")
    maya.state["standalone"] = name


@api_function("maya.standalone")
def uninitialize() -> None:
    active().state.pop("standalone", None)
