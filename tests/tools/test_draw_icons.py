"""tools/draw_icons.py: the pictures that Maya shows are those that were drawn."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PySide6 import QtGui

ROOT = Path(__file__).parents[2]
ICONS = sorted((ROOT / "maya_module" / "icons").glob("*.svg"))
NAMES = [svg.stem for svg in ICONS]
SIZES = {"": 32, "_150": 48, "_200": 64}


@pytest.fixture(scope="module")
def tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("draw_icons", ROOT / "tools" / "draw_icons.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def pixels(image: QtGui.QImage) -> np.ndarray:
    """(H, W, 4) as 0..255."""
    image = image.convertToFormat(QtGui.QImage.Format.Format_RGBA8888_Premultiplied)
    memory = np.frombuffer(image.constBits(), np.uint8)
    return memory.reshape(image.height(), image.width(), 4).astype(int)


@pytest.mark.parametrize("suffix", list(SIZES))
@pytest.mark.parametrize("svg", ICONS, ids=NAMES)
def test_every_picture_is_drawn_from_its_svg(svg: Path, suffix: str, tool: ModuleType) -> None:
    assert tool.SIZES == SIZES
    written = QtGui.QImage(str(svg.with_name(f"{svg.stem}{suffix}.png")))
    assert (written.width(), written.height()) == (SIZES[suffix],) * 2
    # Another Qt draws edges a little differently.
    assert np.abs(pixels(written) - pixels(tool.draw(svg, SIZES[suffix]))).mean() < 2.0


@pytest.mark.parametrize("svg", ICONS, ids=NAMES)
def test_it_shows_on_mayas_grey_and_leaves_the_corners_free(svg: Path, tool: ModuleType) -> None:
    drawn = pixels(tool.draw(svg, 20))
    on_grey = drawn[..., :3] + 0x44 * (255 - drawn[..., 3:]) // 255
    assert (np.abs(on_grey - 0x44).max(axis=-1) > 60).mean() > 0.15
    assert drawn[0, -1, 3] == drawn[-1, 0, 3] == 0


@pytest.mark.parametrize("svg", ICONS, ids=NAMES)
def test_the_drawing_says_what_it_shows_and_is_whole_by_itself(svg: Path) -> None:
    text = svg.read_text(encoding="utf-8")
    assert re.search(r"<title>[A-Z].+</title>", text)
    assert re.findall(r"href|<image|<style|<text|url\(", text) == []


def test_what_is_no_drawing_is_refused(tool: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "bad.svg").write_text("<svg")
    with pytest.raises(ValueError, match=r"bad\.svg: Qt cannot read this as SVG"):
        tool.draw(tmp_path / "bad.svg", 20)
