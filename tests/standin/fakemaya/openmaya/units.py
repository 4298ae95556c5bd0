"""MTime, MDistance, MAngle."""

from __future__ import annotations

import re
from typing import Any

from fakemaya.active import active
from fakemaya.api_contract import api, class_members
from fakemaya.curves import TICKS_PER_SECOND
from fakemaya.openmaya.values import MODULE, List, plain
from fakemaya.scene import LINEAR, LINEAR_SHORT, ticks_per_frame

_NAMES = {
    "kGames": "game",
    "kFilm": "film",
    "kPALFrame": "pal",
    "kNTSCFrame": "ntsc",
    "kShowScan": "show",
    "kPALField": "palf",
    "kNTSCField": "ntscf",
    "kSeconds": "sec",
    "kMinutes": "min",
    "kHours": "hour",
    "kMilliseconds": "millisec",
    "k29_97DF": "29.97df",
}


def _time_units() -> dict[int, str]:
    out: dict[int, str] = {}
    for name, value in class_members(MODULE, "MTime").items():
        found = re.fullmatch(r"k(\d+(?:_\d+)?)FPS", name)
        if type(value) is int and name in _NAMES:
            out[value] = _NAMES[name]
        elif type(value) is int and found:
            out.setdefault(value, f"{found.group(1).replace('_', '.')}fps")
    return out


TIME_UNITS = _time_units()
_COMMON = {"15fps": 5, "24fps": 6, "25fps": 7, "30fps": 8, "48fps": 9, "50fps": 10, "60fps": 11}


def ui_time_unit() -> int:
    unit = active().scene.time_unit
    return next((number for number, name in TIME_UNITS.items() if name == unit), _COMMON.get(unit, 52))


@api(MODULE)
class MTime:
    """A moment: whole ticks and the unit that `value` is in."""

    __slots__ = ("_ticks", "_unit")

    def __init__(self, value: Any = 0.0, unit: Any = None) -> None:
        if isinstance(value, MTime):
            self._ticks, self._unit = value._ticks, value._unit if unit is None else unit
            return
        self._unit = ui_time_unit() if unit is None else int(plain(unit, (int,)))
        if self._unit not in TIME_UNITS:
            raise RuntimeError(f"(kInvalidParameter): {unit} is no unit of time.")
        self._ticks = round(float(plain(value)) * ticks_per_frame(TIME_UNITS[self._unit]))

    @classmethod
    def _from_ticks(cls, ticks: int) -> MTime:
        made = cls()
        made._ticks = int(ticks)
        return made

    @staticmethod
    def uiUnit() -> int:
        return ui_time_unit()

    @staticmethod
    def ticksPerSecond() -> int:
        return TICKS_PER_SECOND

    @property
    def unit(self) -> int:
        return self._unit

    @property
    def value(self) -> float:
        return self._ticks / ticks_per_frame(TIME_UNITS[self._unit])

    @value.setter
    def value(self, value: float) -> None:
        self._ticks = round(float(plain(value)) * ticks_per_frame(TIME_UNITS[self._unit]))

    def asUnits(self, unit: int) -> float:
        return self._ticks / ticks_per_frame(TIME_UNITS[unit])

    def _other(self, other: Any) -> int:
        return other._ticks if isinstance(other, MTime) else MTime(other, self._unit)._ticks

    def __add__(self, other: Any) -> MTime:
        made = MTime(self)
        made._ticks = self._ticks + self._other(other)
        return made

    def __sub__(self, other: Any) -> MTime:
        made = MTime(self)
        made._ticks = self._ticks - self._other(other)
        return made

    def __eq__(self, other: object) -> bool:
        return isinstance(other, MTime) and self._ticks == other._ticks

    def __lt__(self, other: MTime) -> bool:
        return self._ticks < self._other(other)

    def __le__(self, other: MTime) -> bool:
        return self._ticks <= self._other(other)

    def __gt__(self, other: MTime) -> bool:
        return self._ticks > self._other(other)

    def __ge__(self, other: MTime) -> bool:
        return self._ticks >= self._other(other)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"maya.api.OpenMaya.MTime({self.value!r}, {self._unit})"


@api(MODULE)
class MTimeArray(List):
    def __init__(self, *args: Any) -> None:
        if len(args) == 2:
            super().__init__([MTime(args[1]) for _ in range(args[0])])
        elif args and isinstance(args[0], int):
            super().__init__([MTime() for _ in range(args[0])])
        else:
            super().__init__(*args)

    def _checked(self, value: Any) -> MTime:
        if not isinstance(value, MTime):
            raise TypeError(f"MTimeArray holds MTime, not {type(value).__name__}.")
        return value


_LINEAR = {1: "in", 2: "ft", 3: "yd", 4: "mi", 5: "mm", 6: "cm", 7: "km", 8: "m"}


@api(MODULE)
class MDistance:
    def __init__(self, value: Any = 0.0, unit: Any = None) -> None:
        source = value if isinstance(value, MDistance) else None
        self._unit = (source._unit if source else MDistance.uiUnit()) if unit is None else int(unit)
        self._value = source.asUnits(self._unit) if source else float(plain(value))

    @staticmethod
    def uiUnit() -> int:
        short = LINEAR_SHORT.get(active().scene.linear_unit, active().scene.linear_unit)
        return next(k for k, v in _LINEAR.items() if v == short)

    @staticmethod
    def internalUnit() -> int:
        return 6

    @staticmethod
    def uiToInternal(value: float) -> float:
        return plain(value) * LINEAR[active().scene.linear_unit]

    @staticmethod
    def internalToUI(value: float) -> float:
        return plain(value) / LINEAR[active().scene.linear_unit]

    @property
    def unit(self) -> int:
        return self._unit

    @property
    def value(self) -> float:
        return self._value

    def asUnits(self, unit: int) -> float:
        return self._value * LINEAR[_LINEAR[self._unit]] / LINEAR[_LINEAR[unit]]

    def asCentimeters(self) -> float:
        return self.asUnits(6)

    def asMeters(self) -> float:
        return self.asUnits(8)


_ANGLES = {1: 1.0, 2: 0.017453292519943295, 3: 0.0002908882086657216, 4: 4.84813681109536e-06}


@api(MODULE)
class MAngle:
    def __init__(self, value: Any = 0.0, unit: int = 1) -> None:
        source = value if isinstance(value, MAngle) else None
        self._unit = source._unit if source else int(unit)
        self._value = source._value if source else float(plain(value))

    @staticmethod
    def uiUnit() -> int:
        return 2 if active().scene.angular_unit == "deg" else 1

    @staticmethod
    def internalUnit() -> int:
        return 1

    @staticmethod
    def uiToInternal(value: float) -> float:
        return plain(value) * _ANGLES[MAngle.uiUnit()]

    @staticmethod
    def internalToUI(value: float) -> float:
        return plain(value) / _ANGLES[MAngle.uiUnit()]

    @property
    def unit(self) -> int:
        return self._unit

    @property
    def value(self) -> float:
        return self._value

    def asUnits(self, unit: int) -> float:
        return self._value * _ANGLES[self._unit] / _ANGLES[unit]

    def asRadians(self) -> float:
        return self.asUnits(1)

    def asDegrees(self) -> float:
        return self.asUnits(2)
