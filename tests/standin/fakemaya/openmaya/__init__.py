"""maya.api.OpenMaya and the little that is needed of maya.OpenMaya; importing this package registers all classes."""

from fakemaya.openmaya import (
    api1,
    attributes,
    bridge,
    data,
    depend,
    events,
    globals,
    mesh,
    modifiers,
    objects,
    plug,
    plugin,
    rotations,
    units,
    values,
)

__all__ = [
    "api1",
    "attributes",
    "bridge",
    "data",
    "depend",
    "events",
    "globals",
    "mesh",
    "modifiers",
    "objects",
    "plug",
    "plugin",
    "rotations",
    "units",
    "values",
]
