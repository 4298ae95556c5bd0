"""All settings of a run, from defaults, a preset and the caller's own."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, Literal

from facepatch.core.errors import ConfigError, UnknownNameError
from facepatch.core.schema import check_least, merged, to_dict
from facepatch.landmarks.detector import LandmarkSettings
from facepatch.landmarks.head_pose import HeadPoseSettings
from facepatch.landmarks.steady import SteadySettings
from facepatch.metrics.selection import SelectionSettings
from facepatch.patches.makeup import MakeupSettings
from facepatch.patches.regions import PatchSettings
from facepatch.pca.choose import PcaSettings
from facepatch.pipelines.one_euro import OneEuroSettings
from facepatch.reenactment.config import ReenactmentSettings
from facepatch.weights.config import WeightSettings


@dataclass(frozen=True)
class LidSettings:
    """The lid-closing channel: the performer's lids, as landmarks see them, close the character's (method 6.1)."""

    strength: float = 1.0
    """0 leaves the lids to the networks."""
    closed_under: float = 0.35
    """Below this openness (0 shut, 1 open) the channel has full say."""
    open_above: float = 0.75
    """Above this openness it has `open_share` of the say."""
    open_share: float = 0.5
    """Its say on open eyes: holds wide, squinting and resting lids to the performer's."""
    overshoot: float = 0.04
    """How far past touching shut lids are driven, as a fraction of the open gap."""


@dataclass(frozen=True)
class BrowSettings:
    """The brow channel: the performer's brow landmarks lift the character's brows."""

    strength: float = 0.7
    """0 leaves the brows to the networks, 1 to the landmarks."""
    gain: float = 1.0
    """Character motion over performer motion, both in inter-ocular distances."""
    smoothing: float = 2.0
    """Zero-phase Gaussian over the performer's brow height, in 1/24 s; brows move slowly, landmarks tremble."""


@dataclass(frozen=True)
class LipSettings:
    """The lip-closing channel: lips that touch on the performer meet on the character. It never opens a mouth."""

    strength: float = 1.0
    """0 leaves the lips to the networks."""
    touch_under: float = 0.015
    """Up to this gap of the performer's lips, in widths of his mouth, they touch and the channel has full say."""
    open_above: float = 0.05
    """From this gap on it has none."""


@dataclass(frozen=True)
class MouthSettings:
    """The mouth channel: opening and width of the character's mouth go towards the performer's."""

    strength: float = 1.0
    """Of what is missing beyond the allowance; 0 leaves the mouth to the networks."""
    allowance: float = 0.6
    """How far the networks may be beyond the two gains, over how far they are on the frames that they know, in so far
    as they follow the performer there (docs/log.md)."""
    smoothing: float = 1.0
    """Zero-phase Gaussian over the performer's opening and width, in 1/24 s."""

    def __post_init__(self) -> None:
        check_least("retarget.mouth", {"allowance": self.allowance}, 0)


@dataclass(frozen=True)
class RetargetSettings:
    """From the networks' output to the clip."""

    calibration: Literal["neutral", "mean", "none"] = "neutral"
    """How the constant offset between the domains is removed: so that the performer's rest frames give the
    character's neutral, or so that the mean over the training frames is the character's."""
    smoothing: float = 1.0
    """Zero-phase Gaussian over the weights, in 1/24 s; 0 for none."""
    lids: LidSettings = field(default_factory=LidSettings)
    brows: BrowSettings = field(default_factory=BrowSettings)
    mouth: MouthSettings = field(default_factory=MouthSettings)
    lips: LipSettings = field(default_factory=LipSettings)
    hold_s: float = 0.3
    """A lost face is held this long, then eased to neutral; shorter gaps are bridged."""
    ease_s: float = 0.5
    """Time of easing to neutral and back."""


@dataclass(frozen=True)
class LiveRigSettings:
    """The controls of a rig in a stream: what is weighed against the distance, mean squared mm per vertex."""

    follow: float = 0.05
    """Squared change of the share of each control's range since the frame before: higher is steadier, and later."""
    sparsity: float = 0.1
    """L1 on the share of each control's range, divided by the number of controls: fewer controls at once."""
    lips_and_lids: float = 3.0
    """Weight of the vertices around lips and lids in the distance, over that of the others."""

    def __post_init__(self) -> None:
        check_least("live.rig", {"follow": self.follow, "sparsity": self.sparsity}, 0)
        check_least("live.rig", {"lips_and_lids": self.lips_and_lids}, 1)


@dataclass(frozen=True)
class LiveSettings:
    """The live path: what is smoothed from the past alone, and by how much. docs/methods/live.md."""

    retarget: RetargetSettings = field(default_factory=RetargetSettings)
    """Channels, hold and ease; its zero-phase smoothing is not used, since it needs the future."""
    head: OneEuroSettings = field(default_factory=lambda: OneEuroSettings(3.0, 40.0))
    """The alignment of the patches; speed in inter-ocular distances per second."""
    points: OneEuroSettings = field(default_factory=lambda: OneEuroSettings(1.0, 100.0))
    """The landmarks in the face's plane that lids and brows follow; inter-ocular distances per second."""
    weights: OneEuroSettings = field(default_factory=lambda: OneEuroSettings(2.0, 120.0))
    """The networks' weights; root mean square over the vertices, in inter-ocular distances per second."""
    head_pose: OneEuroSettings = field(default_factory=lambda: OneEuroSettings(1.5, 4.0))
    """The head's turn and place; radians, or inter-ocular distances, per second."""
    rig: LiveRigSettings = field(default_factory=LiveRigSettings)
    """Where the stream is asked for the controls of a rig."""
    neutral_s: float = 1.0
    """The head's neutral is its mean pose over the first seconds with a face."""
    threads: int = 2
    """Of the networks on a CPU, where a stream has a process of its own; 0 leaves them as they are."""

    def __post_init__(self) -> None:
        if not 0 <= self.neutral_s <= 60:
            raise ConfigError(f"live.neutral_s: {self.neutral_s} lies outside 0..60 s.")
        if not 0 <= self.threads <= 256:
            raise ConfigError(f"live.threads: {self.threads} lies outside 0..256.")


@dataclass(frozen=True)
class RunSettings:
    """Everything that decides the result of a run, in the order of the pipeline."""

    seed: int = 0
    """Of every random choice; set in each part that has a seed of its own."""
    train_share: float = 1.0
    """The first part of the take is trained on; the rest judges only."""
    validation_share: float = 0.04
    """This share of what may be trained on, of the take and of the motion, is held out to judge the networks while they
    train, so that the best of them are kept: 40 to 160 frames, and none of a take or motion of under 400. 0 trains on
    all of it and keeps the last."""
    landmarks: LandmarkSettings = field(default_factory=LandmarkSettings)
    steady: SteadySettings = field(default_factory=SteadySettings)
    head_pose: HeadPoseSettings = field(default_factory=HeadPoseSettings)
    pca: PcaSettings = field(default_factory=PcaSettings)
    patches: PatchSettings = field(default_factory=PatchSettings)
    makeup: MakeupSettings = field(default_factory=MakeupSettings)
    supersample: int = 2
    """Samples per pixel and axis of the training renders."""
    recombined: float = 1.0
    """Renders of expressions made of different frames' shapes, per frame of the motion, for the weight estimation."""
    selection: SelectionSettings = field(default_factory=SelectionSettings)
    reenactment: ReenactmentSettings = field(default_factory=ReenactmentSettings)
    weights: WeightSettings = field(default_factory=WeightSettings)
    retarget: RetargetSettings = field(default_factory=RetargetSettings)

    def __post_init__(self) -> None:
        if not 0.05 <= self.train_share <= 1.0:
            raise ConfigError(f"train_share: {self.train_share} lies outside 0.05..1.")
        if not 0.0 <= self.validation_share <= 0.5:
            raise ConfigError(f"validation_share: {self.validation_share} lies outside 0..0.5.")
        if not 1 <= self.supersample <= 4:
            raise ConfigError(f"supersample: {self.supersample} lies outside 1..4.")
        if not 0.0 <= self.recombined <= 8.0:
            raise ConfigError(f"recombined: {self.recombined} lies outside 0..8.")
        self.weights.halved(self.patches.size)


def preset_names() -> list[str]:
    """The presets that come with the package."""
    folder = resources.files("facepatch") / "presets"
    return sorted(item.name.removesuffix(".toml") for item in folder.iterdir() if item.name.endswith(".toml"))


def read_settings(preset: str, values: Mapping[str, Any] | None = None) -> RunSettings:
    """Settings from a preset's name or a TOML file's path, with `values` (nested) put over them.

    Raises ConfigError for a preset that is not there, and for keys or values that do not fit.
    """
    try:
        settings = merged(RunSettings(), read_preset(preset), preset)
        settings = merged(settings, values or {})
    except UnknownNameError as error:
        # A name that a setting gives and nobody knows is a wrong setting.
        raise ConfigError(str(error)) from error
    return seeded(settings, settings.seed)


def read_preset(name: str) -> dict[str, Any]:
    """What the preset `name`, or the TOML file at the path `name`, sets: nested values.

    Raises UnknownNameError for a preset that is not there, ConfigError for a file that is no TOML.
    """
    if name.endswith(".toml"):
        path: Path | Traversable = Path(name)
    elif name in preset_names():
        path = resources.files("facepatch") / "presets" / f"{name}.toml"
    else:
        raise UnknownNameError("preset", name, preset_names(), "Or give the path of a .toml file.")
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be read ({error.strerror}). Give the path of a TOML file."
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: is no TOML ({error}).") from error


def seeded(settings: RunSettings, seed: int) -> RunSettings:
    """`settings` with one seed everywhere."""
    return replace(
        settings,
        seed=seed,
        pca=replace(settings.pca, seed=seed),
        selection=replace(settings.selection, seed=seed),
        reenactment=replace(settings.reenactment, loop=replace(settings.reenactment.loop, seed=seed)),
        weights=replace(settings.weights, loop=replace(settings.weights.loop, seed=seed)),
    )


def toml_text(settings: RunSettings) -> str:
    """The resolved settings as TOML; `read_settings` of it gives the same settings."""
    lines: list[str] = []
    _table(lines, "", to_dict(settings))
    return "\n".join(lines).strip() + "\n"


def _table(lines: list[str], name: str, values: Mapping[str, Any]) -> None:
    if name:
        lines += ["", f"[{name}]"]
    nested: list[tuple[str, Mapping[str, Any]]] = []
    for key, value in values.items():
        if isinstance(value, Mapping):
            nested.append((f"{name}.{key}" if name else key, value))
        else:
            lines.append(f"{key} = {_value(value)}")
    for key, table in nested:
        _table(lines, key, table)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_value(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(_value(item) for item in value) + "]"
    return repr(value)
