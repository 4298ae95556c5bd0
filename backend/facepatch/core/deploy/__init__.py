"""Puts the Maya module where Maya finds it, and takes it away again. Standard library only: Maya's Python runs it too.

`facepatch maya install` and the module's own install.py (dropped into Maya's viewport) are two doors to it.
"""
