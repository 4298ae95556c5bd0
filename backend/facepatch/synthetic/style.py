"""What makes one generated face differ from another: proportions, colours, hair."""

from __future__ import annotations

from dataclasses import dataclass, fields

from facepatch.core.errors import ConfigError

Rgb = tuple[float, float, float]


@dataclass(frozen=True)
class HairStyle:
    """A cap of hair. Angles in degrees, seen from the middle of the head."""

    color: Rgb = (0.24, 0.15, 0.10)
    volume: float = 0.9
    """Thickness over the skull, cm. 0 for a bald head."""
    quiff: float = 0.8
    """How much thicker it is above the forehead, as a share of the volume."""
    fringe: float = 0.0
    """How far it hangs into the forehead."""
    part: float = 0.0
    """How much of the fringe is combed to the right side, 0..1."""
    sides: float = 0.0
    """How far it hangs down beside and behind the ears."""
    tips: float = 1.2
    """How far the strands' ends differ along the hairline."""
    rise: float = 0.45
    """Share of the way to the crown over which it reaches its volume: small gives a thick rim."""
    locks: int = 14
    """Number of strands that stand out around the head."""
    lock_depth: float = 0.12
    """Depth of the furrows between them, as a share of the volume."""
    sweep: float = 18.0
    """How much the strands turn on their way down."""


@dataclass(frozen=True)
class FaceStyle:
    """A face. Ratios are to the average head: 1.0 leaves it as it is."""

    head_width: float = 1.0
    skull: float = 1.0
    """Size of the head above the brows."""
    jaw_width: float = 1.0
    chin_length: float = 1.0
    cheeks: float = 0.0
    """Fullness of the cheeks, cm."""
    eye_size: float = 1.0
    eye_height: float = 1.0
    """Height of the eyes over their width."""
    eye_spacing: float = 1.0
    eye_open: float = 0.0
    """Weight of eyeWide at rest."""
    nose_size: float = 1.0
    mouth_width: float = 1.0
    lip_height: float = 1.0
    smile: float = 0.0
    """Weight of mouthSmile at rest."""
    brow_height: float = 0.0
    """How far the brows lie above the average, cm."""
    brow_width: float = 0.6
    """Thickness of the painted brows, cm."""
    ear_size: float = 1.0
    neck_width: float = 1.0
    body: float = 1.0
    """Size of the shoulders."""
    skin: Rgb = (0.86, 0.66, 0.56)
    blush: float = 0.5
    """Redness of cheeks, nose and ears, 0..1."""
    mottle: float = 0.5
    """Unevenness of the skin, 0..1."""
    freckles: int = 0
    lips: Rgb = (0.74, 0.42, 0.40)
    brows: Rgb = (0.24, 0.15, 0.10)
    lashes: Rgb = (0.10, 0.06, 0.05)
    lash_length: float = 0.3
    """cm"""
    iris: Rgb = (0.35, 0.45, 0.35)
    iris_degrees: float = 27.0
    """Radius of the iris, as an angle from the eyeball's centre."""
    pupil: float = 0.4
    """Radius of the pupil as a share of the iris."""
    shirt: Rgb = (0.25, 0.33, 0.45)
    hair: HairStyle = HairStyle()

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.type == "float" and field.default == 1.0 and not 0.3 <= value <= 2.5:
                raise ConfigError(f"face style: {field.name} is {value}, but ratios run from 0.3 to 2.5.")
            if field.type == "Rgb" and not all(0.0 <= part <= 1.0 for part in value):
                raise ConfigError(f"face style: {field.name} is {value}, but colours run from 0 to 1.")


PERFORMER_STYLE = FaceStyle(
    jaw_width=0.97, eye_open=0.15, eye_size=1.04, smile=0.06, lip_height=1.08, freckles=160,
    skin=(0.87, 0.67, 0.57), iris=(0.33, 0.42, 0.36), body=1.3,
    hair=HairStyle(volume=0.7, quiff=2.6, fringe=-3.0, part=0.5, sides=-3.0, tips=1.2, rise=0.7, locks=17, sweep=30.0),
)  # fmt: skip
"""A human performer."""

CARTOON_STYLE = FaceStyle(
    head_width=1.06, skull=1.10, jaw_width=0.88, chin_length=0.76, cheeks=0.7,
    eye_size=1.86, eye_height=1.20, eye_spacing=1.15, eye_open=0.70, nose_size=0.60, mouth_width=0.80, lip_height=1.05,
    smile=0.42, brow_height=0.5, brow_width=0.8, ear_size=1.15, neck_width=0.60, body=0.62,
    skin=(1.0, 0.79, 0.67), blush=0.9, mottle=0.12, freckles=26, lips=(0.83, 0.42, 0.42), brows=(0.11, 0.33, 0.38),
    lashes=(0.09, 0.08, 0.12), lash_length=0.62, iris=(0.30, 0.62, 0.30), iris_degrees=34.0, pupil=0.46,
    shirt=(0.94, 0.66, 0.22),
    hair=HairStyle(
        color=(0.10, 0.48, 0.52), volume=1.9, quiff=1.2, fringe=8.0, part=1.0, sides=4.0, tips=4.0, rise=0.3, locks=11,
        lock_depth=0.2,
    ),
)  # fmt: skip
"""A stylised child: huge eyes, small nose and mouth, big skull on a narrow neck."""
