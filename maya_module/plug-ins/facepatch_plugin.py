"""The plug-in of facepatch: registers its commands, and nothing else. They are in facepatch_maya.commands."""

import maya.api.OpenMaya as om


def maya_useNewAPI():  # noqa: D103 - tells Maya which API this is for
    pass


def initializePlugin(plugin):  # noqa: D103
    import facepatch_maya
    from facepatch_maya import commands

    facepatch_maya.check()
    commands.register(om.MFnPlugin(plugin, "facepatch", facepatch_maya.__version__, "Any"))


def uninitializePlugin(plugin):  # noqa: D103
    from facepatch_maya import commands

    commands.deregister(om.MFnPlugin(plugin))
