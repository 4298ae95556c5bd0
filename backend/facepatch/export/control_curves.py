"""Curves of rig controls as files: `.anim` and `.ma` for Maya, USD with custom attributes.

`.anim` is what Maya's own animImportExport plug-in reads: select the controls and import. `.ma` holds the same curves
on a node with one attribute per control, for rigs whose controls have other names. Keys are joined by linear tangents.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pxr import Sdf, Tf, Usd

from facepatch.core.axes import Float64
from facepatch.core.data.clip import Clip
from facepatch.core.data.control_curves import ControlCurve
from facepatch.core.errors import ExportError
from facepatch.core.records import atomic_write
from facepatch.export.maya_text import connect, curve_statements, quoted, statement_bytes
from facepatch.export.names import NameTable
from facepatch.export.timing import key_frames, maya_unit

ANIM_OUTPUT = {"": "unitless", "degrees": "angular", "centimetres": "linear"}
CURVE_KIND = {"": "TU", "degrees": "TA", "centimetres": "TL"}
NODE = "facepatch_controls"
DOUBLE = Sdf.ValueTypeNames.Double  # pyright: ignore[reportAttributeAccessIssue]


def write_anim(curves: Sequence[ControlCurve], path: Path, *, clip: Clip) -> None:
    """Write `curves` as a Maya `.anim` file; frames and rate are those of `clip`.

    Raises ExportError without curves, StorageError where `path` cannot be written.
    """
    _needs_curves(curves, path)
    unit, unit_name = maya_unit(clip.rate)
    frames = key_frames(clip, unit)
    with atomic_write(path) as stream:
        for piece in statement_bytes(_anim_lines(curves, frames, unit_name)):
            stream.write(piece)


def _anim_lines(curves: Sequence[ControlCurve], frames: Float64, unit_name: str) -> Iterator[str]:
    yield "animVersion 1.1;\nmayaVersion 2022;\n"
    yield f"timeUnit {unit_name};\nlinearUnit cm;\nangularUnit deg;\n"
    yield f"startTime {frames[0]:.9g};\nendTime {frames[-1]:.9g};\n"
    for curve in curves:
        node, attribute = split_name(curve.name)
        yield f"anim {attribute} {attribute} {node} 0 0 0;\n"
        yield (
            f"animData {{\n  input time;\n  output {ANIM_OUTPUT[curve.unit]};\n  weighted 0;\n"
            "  preInfinity constant;\n  postInfinity constant;\n  keys {\n"
        )
        for row, value in zip(curve.rows.astype(int).tolist(), curve.values.tolist(), strict=True):
            yield f"    {frames[row]:.15g} {value:.9g} linear linear 1 1 0;\n"
        yield "  }\n}\n"


def split_name(control: str) -> tuple[str, str]:
    """Node and attribute of a control; a name without a node stands for an attribute of `facepatch_controls`."""
    node, dot, attribute = control.rpartition(".")
    return (node.rpartition("|")[2].rpartition(":")[2], attribute) if dot else (NODE, control)


def write_controls_ma(curves: Sequence[ControlCurve], path: Path, *, clip: Clip) -> None:
    """Write `curves` on a node of their own as a `.ma` scene to import.

    Each control is an attribute of `facepatch_controls`: connect it to the rig's, or copy its curve. Raises
    ExportError without curves, StorageError where `path` cannot be written.
    """
    _needs_curves(curves, path)
    unit, unit_name = maya_unit(clip.rate)
    frames = key_frames(clip, unit)
    with atomic_write(path) as stream:
        for piece in statement_bytes(_ma_lines(curves, frames, unit_name, path.name)):
            stream.write(piece)


def _ma_lines(
    curves: Sequence[ControlCurve], frames: Float64, unit_name: str, file_name: str
) -> Iterator[str]:
    yield f'//Maya ASCII 2022 scene\n//Name: {file_name}\n//Codeset: UTF-8\nrequires maya "2022";\n'
    yield f"currentUnit -l centimeter -a degree -t {unit_name};\n"
    yield f'createNode network -n "{NODE}";\n'
    names = NameTable()
    attributes = [names.claim(curve.name) for curve in curves]
    kinds = {"": "double", "degrees": "doubleAngle", "centimetres": "doubleLinear"}
    for curve, attribute in zip(curves, attributes, strict=True):
        yield f'\taddAttr -ci true -k true -ln "{attribute}" -nn {quoted(curve.name)} -at "{kinds[curve.unit]}";\n'
    nodes = NameTable([NODE])
    connections: list[str] = []
    for curve, attribute in zip(curves, attributes, strict=True):
        name = nodes.claim(f"{attribute}_curve")
        at = frames[curve.rows.astype(int)]
        yield from curve_statements(CURVE_KIND[curve.unit], name, frames=at, values=curve.values)
        connections.append(connect(f"{name}.o", f"{NODE}.{attribute}"))
    yield from connections
    yield f"// End of {file_name}\n"


def write_controls_usd(curves: Sequence[ControlCurve], path: Path, *, clip: Clip) -> None:
    """Write `curves` as time samples of custom attributes `controls:NAME` of the prim `/controls`.

    The name of the control as its host has it stands in the attribute's display name. Raises ExportError without
    curves or where USD cannot write `path`.
    """
    _needs_curves(curves, path)
    frames = key_frames(clip)
    path.parent.mkdir(parents=True, exist_ok=True)
    stage: Any = Usd.Stage.CreateInMemory()  # pyright: ignore[reportAttributeAccessIssue]  USD ships no type stubs
    prim = stage.DefinePrim("/controls")
    stage.SetDefaultPrim(prim)
    stage.SetTimeCodesPerSecond(clip.rate[0] / clip.rate[1])
    stage.SetFramesPerSecond(clip.rate[0] / clip.rate[1])
    stage.SetStartTimeCode(float(frames[0]))
    stage.SetEndTimeCode(float(frames[-1]))
    names = NameTable()
    for curve in curves:
        attribute = prim.CreateAttribute(f"controls:{names.claim(curve.name)}", DOUBLE, custom=True)
        attribute.SetDisplayName(curve.name)
        attribute.SetCustomDataByKey("unit", curve.unit)
        for row, value in zip(curve.rows.astype(int).tolist(), curve.values.tolist(), strict=True):
            attribute.Set(value, float(frames[row]))
    try:
        stage.Export(str(path))
    except Tf.ErrorException as error:
        raise ExportError(f"{path}: USD cannot write it ({error}). Choose another --out.") from error


def _needs_curves(curves: Sequence[ControlCurve], path: Path) -> None:
    if not curves or not all(len(curve.rows) for curve in curves):
        raise ExportError(
            f"{path.name}: no control left its default, so there are no curves to write. "
            "Check that the clip moves and that the rig is the clip's."
        )


def held_rows(curve: ControlCurve, frame_count: int) -> Float64:
    """(T,) the curve's value at every row of its clip."""
    out: Float64 = np.interp(np.arange(frame_count), curve.rows, curve.values)
    return out
