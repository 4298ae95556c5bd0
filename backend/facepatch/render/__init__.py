"""Orthographic Phong pictures of a character, drawn on the CPU: the same pixels on every machine."""
