"""Draw maya_module/icons/*.png from the SVG files beside them: NAME.png for Maya, _150 and _200 for dense screens.

.venv/bin/python tools/draw_icons.py
"""

import sys
from pathlib import Path

from PySide6 import QtCore, QtGui, QtSvg

ICONS = Path(__file__).resolve().parents[1] / "maya_module" / "icons"
SIZES = {"": 32, "_150": 48, "_200": 64}
"""Maya's own rule for names (Autodesk: "Use a high resolution custom icon for a shelf item")."""


def draw(svg: Path, size: int) -> QtGui.QImage:
    """The picture in `svg`, `size` pixels square, on nothing. Raises ValueError where it is no SVG."""
    renderer = QtSvg.QSvgRenderer(str(svg))
    if not renderer.isValid():
        raise ValueError(f"{svg}: Qt cannot read this as SVG. Keep to paths, circles, rectangles and groups.")
    image = QtGui.QImage(size, size, QtGui.QImage.Format.Format_ARGB32)
    image.fill(QtCore.Qt.GlobalColor.transparent)
    painter = QtGui.QPainter(image)
    painter.setRenderHint(QtGui.QPainter.RenderHint.Antialiasing)
    renderer.render(painter)
    painter.end()
    return image


def main() -> int:
    """Write every size of every icon; 0."""
    for svg in sorted(ICONS.glob("*.svg")):
        for suffix, size in SIZES.items():
            draw(svg, size).save(str(svg.with_name(f"{svg.stem}{suffix}.png")))
    return 0


if __name__ == "__main__":
    sys.exit(main())
