"""Time, its range and its unit."""

from __future__ import annotations

from typing import Any

from fakemaya.active import Gap
from fakemaya.scene import LINEAR, LINEAR_SHORT, ticks_per_frame
from fakemaya.strict import command

SECONDS = {"sec": 1.0, "min": 60.0, "hour": 3600.0, "millisec": 0.001}


def to_ticks(maya: Any, value: Any) -> int:
    """Return a time given in frames, or as text with a unit ("1.5sec"), in ticks."""
    if isinstance(value, str):
        for unit, seconds in sorted(SECONDS.items(), key=lambda each: -len(each[0])):
            if value.endswith(unit):
                return round(float(value[: -len(unit)]) * seconds * ticks_per_frame("sec"))
        value = float(value)
    return round(value * maya.scene.ticks_per_frame)


@command("currentTime")
def current_time(
    maya: Any, *args: Any, query: bool = False, edit: bool = False, update: bool = True
) -> float:
    scene = maya.scene
    if query or not args:
        return scene.frame
    before, after = scene.time, to_ticks(maya, args[0])
    scene.queue.record(lambda: scene.go_to(after), lambda: scene.go_to(before))
    return scene.frame


@command("playbackOptions")
def playback_options(
    maya: Any,
    *,
    query: bool = False,
    edit: bool = False,
    minTime: Any = None,
    maxTime: Any = None,
    animationStartTime: Any = None,
    animationEndTime: Any = None,
    **others: Any,
) -> Any:
    held = maya.scene.playback
    names = {
        "minTime": "min",
        "maxTime": "max",
        "animationStartTime": "animation_min",
        "animationEndTime": "animation_max",
    }
    given = {
        names[flag]: value
        for flag, value in (
            ("minTime", minTime),
            ("maxTime", maxTime),
            ("animationStartTime", animationStartTime),
            ("animationEndTime", animationEndTime),
        )
        if value is not None
    }
    extra = maya.state.setdefault(
        "playback",
        {"by": 1.0, "loop": "continuous", "playbackSpeed": 1.0, "maxPlaybackSpeed": 0.0, "view": "active"},
    )
    if query:
        (asked,) = [*given, *others]
        if asked == "framesPerSecond":
            return ticks_per_frame("sec") / maya.scene.ticks_per_frame
        if asked not in held and asked not in extra:
            raise Gap(f"playbackOptions(-{asked}) is not in the stand-in.")
        return held[asked] if asked in held else extra[asked]
    for name, value in given.items():
        held[name] = to_ticks(maya, value) / maya.scene.ticks_per_frame
    extra.update(others)
    held["animation_min"], held["animation_max"] = (
        min(held["animation_min"], held["min"]),
        max(held["animation_max"], held["max"]),
    )
    return None


@command("currentUnit")
def current_unit(
    maya: Any,
    *,
    query: bool = False,
    time: Any = None,
    linear: Any = None,
    angle: Any = None,
    updateAnimation: bool = True,
    fullName: bool = False,
) -> Any:
    scene = maya.scene
    full = {short: long for long, short in LINEAR_SHORT.items()}
    if query:
        if time:
            return scene.time_unit
        if linear:
            return full.get(scene.linear_unit, scene.linear_unit) if fullName else scene.linear_unit
        return {"deg": "degree", "rad": "radian"}[scene.angular_unit] if fullName else scene.angular_unit
    if linear is not None:
        if linear not in LINEAR:
            raise RuntimeError(f"Invalid linear unit: {linear}")
        scene.linear_unit = LINEAR_SHORT.get(linear, linear)
    if angle is not None:
        scene.angular_unit = {"deg": "deg", "degree": "deg", "rad": "rad", "radian": "rad"}[angle]
    if time is not None:
        change_rate(maya, time, updateAnimation)
    return None


def change_rate(maya: Any, unit: str, keep_seconds: bool) -> None:
    """Change the unit of time.

    Keys keep their time in seconds, and so get other frame numbers, unless updateAnimation is off.
    """
    scene = maya.scene
    before, after = scene.ticks_per_frame, ticks_per_frame(unit)
    scene.time_unit = unit
    if keep_seconds:
        scene.playback = {name: value * before / after for name, value in scene.playback.items()}
        scene.dirty()
        return
    for node in scene.nodes.values():
        if node.isa("animCurve") and len(node.keys):
            node.keys.ticks = (node.keys.ticks // before) * after + (
                node.keys.ticks % before
            ) * after // before
    scene.go_to(scene.time * after // before)
