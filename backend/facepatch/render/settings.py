"""How a character is lit and coloured."""

from __future__ import annotations

from dataclasses import dataclass

from facepatch.core.errors import ConfigError

Rgb = tuple[float, float, float]

KINDS = ("skin", "eye", "teeth", "tongue", "mouth", "lash", "brow", "hair", "other")
"""Kinds of parts, in the order of the materials."""


@dataclass(frozen=True)
class LookSettings:
    """Light and colours. Colours are sRGB, 0..1."""

    ambient: float = 0.3
    """Light from everywhere, as a share of the base colour."""
    diffuse: float = 0.7
    """Light from the lamp that the surface scatters."""
    specular: float = 0.06
    """Height of the highlight on skin; eyes and tongue have four times as much."""
    shininess: float = 16.0
    """Exponent of the highlight: larger is smaller and harder."""
    light: Rgb = (0.2, 0.45, 1.0)
    """Direction to the lamp, x to the character's left, y up, z to the camera."""
    background: Rgb = (0.5, 0.5, 0.5)
    """Mid-grey, so that a closed eye and an empty picture do not look alike."""
    sclera: Rgb = (0.96, 0.96, 0.95)
    """White of eyes without a texture."""
    iris: Rgb = (0.28, 0.17, 0.1)
    """Iris of eyes without a texture."""
    iris_degrees: float = 27.0
    """Radius of that iris, as an angle from the eyeball's centre."""
    pupil: float = 0.45
    """Radius of its pupil as a share of the iris."""
    teeth: Rgb = (0.95, 0.93, 0.87)
    """Teeth without a texture."""
    tongue: Rgb = (0.72, 0.3, 0.3)
    """Tongue without a texture."""
    mouth: Rgb = (0.3, 0.09, 0.09)
    """Inside of the mouth, and the back of the skin where it shows."""
    lash: Rgb = (0.08, 0.06, 0.05)
    """Lashes, and the line along the lids."""
    lid_line: float = 0.85
    """Strength of the dark line along the rim of the lids; 0 for none."""
    lid_line_width: float = 0.12
    """Its width as a share of the eyeball's radius; at least about one edge of the mesh."""
    cavity: float = 0.45
    """How much darker skin is that sees no light at rest, such as the lip line; 0 for no such shading."""
    hidden_parts: tuple[str, ...] = (
        "occlusion", "eyeblend", "eye_blend", "lacrimal", "cornea", "tear", "eyewet", "eyeshell", "eyeedge",
        "saliva",
    )  # fmt: skip
    """A part whose name holds one of these is not drawn: they are clear in the original."""
    largest_texture: int = 1024
    """Textures start at the first level with no side above this many texels."""

    def __post_init__(self) -> None:
        for name in ("ambient", "diffuse", "specular", "lid_line", "lid_line_width", "cavity"):
            if not getattr(self, name) >= 0.0:
                raise ConfigError(f"look.{name}: is {getattr(self, name)}; it must be 0 or more.")
        for name in ("shininess", "iris_degrees", "largest_texture"):
            if not getattr(self, name) > 0:
                raise ConfigError(f"look.{name}: is {getattr(self, name)}; it must be above 0.")
        if not any(self.light):
            raise ConfigError("look.light: is (0, 0, 0); give a direction such as (0.2, 0.45, 1).")
