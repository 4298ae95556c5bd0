"""Runs at every start of Maya, among those of others, and must never stop one: it only asks for the menu, later."""


def _facepatch_start():
    import os

    from maya import cmds

    if cmds.about(batch=True) or os.environ.get("FACEPATCH_MENU") == "0":
        return

    def build_menu():
        try:
            from facepatch_maya import menu

            menu.build()
        except Exception as error:  # noqa: BLE001  whatever it is, Maya starts
            from maya.api import OpenMaya

            OpenMaya.MGlobal.displayWarning(f"facepatch: no menu. {error}")

    cmds.evalDeferred(build_menu, lowestPriority=True)


try:
    _facepatch_start()
except Exception as _facepatch_error:  # noqa: BLE001  whatever it is, Maya starts
    import sys

    sys.stderr.write(f"facepatch: nothing was started. {_facepatch_error}\n")
# All files of this name run in one namespace.
del _facepatch_start
