"""A film in another light: shading, colour temperature and exposure changed where light adds up, in linear values.

The face's normals come from MediaPipe's mesh of 478 points with depth. The light that was there is measured: to first
order, what a matt surface sends back is a + b . n (Ramamoorthi and Hanrahan 2001, the terms of order 0 and 1), fitted
to the luminance of the face's pixels. The new light is one from a direction and one from everywhere (Lambert). Each
pixel is multiplied by new over old shading and by the colour of a black body over that of daylight, exposed, clipped
as a sensor clips, and encoded again. Left out: cast shadows, gloss, and light on anything but the face, which
changes as the face's edge does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from mediapipe.python.solutions import face_mesh
from scipy.interpolate import LinearNDInterpolator
from scipy.ndimage import gaussian_filter1d
from scipy.spatial import Delaunay

from facepatch.core.axes import Bool, Float32, Float64, Int32, UInt8
from facepatch.core.errors import NoFaceError
from facepatch.geometry.normals import vertex_normals
from facepatch.landmarks.mediapipe_mesh import quiet_stderr
from facepatch.render.video import Film, FilmWriter, open_film

RECIPE = 1
"""Raised when a film relit by the same light no longer looks the same."""
BALANCED_K = 5500.0
"""Colour temperature that the camera is taken to be balanced for: daylight."""
LUMA = np.array([0.2126, 0.7152, 0.0722])
"""Luminance of linear sRGB."""
DARKEST = 0.3
"""The old shading is nowhere taken to be darker than this share of its mean: what was black cannot be relit."""
STRONGEST = 2.5
"""Largest factor between new and old shading, either way."""
FIT_FRAMES = 24
SKIN = (0.15, 0.85)
"""Quantiles of the residual within which a pixel counts as skin while the light is fitted: not brows, eyes, teeth."""


@dataclass(frozen=True)
class Light:
    """One light from a direction over an even one from everywhere."""

    name: str
    direction: tuple[float, float, float] = (0.0, 0.3, 1.0)
    """Towards the light: the picture's right, up, towards the camera; any length."""
    key: float = 0.0
    """Share of the light that comes from there; 0 leaves the shading as filmed."""
    kelvin: float = BALANCED_K
    stops: float = 0.0
    """Exposure; 1 doubles the light."""


LIGHTS = (
    Light("as filmed"),
    Light("from the left", direction=(-0.8, 0.2, 0.55), key=0.75),
    Light("from the right", direction=(0.8, 0.2, 0.55), key=0.75),
    Light("from above", direction=(0.0, 0.9, 0.45), key=0.7),
    Light("lamp, dark", direction=(-0.5, -0.2, 0.8), key=0.5, kelvin=2900.0, stops=-1.5),
    Light("window, bright", direction=(0.6, 0.3, 0.7), key=0.6, kelvin=8000.0, stops=0.8),
)
"""The first is the control: written and read again like the others, and nothing else."""


@dataclass(frozen=True, eq=False)
class FaceShape:
    """Where the face of each frame is, and which way its skin looks."""

    points: Float32
    """(T, 478, 2) px"""
    normals: Float32
    """(T, 478, 3) x right, y up, z to the camera."""
    found: Bool
    """(T,)"""


def face_shape(film: Film, *, start: int = 0) -> FaceShape:
    """MediaPipe's mesh in every frame from `start` on, steadied by a Gaussian of one frame.

    Light must not flicker, and real light does not. Raises NoFaceError where no frame has a face.
    """
    found: list[bool] = []
    places: list[Float64] = []
    with quiet_stderr():
        graph: Any = face_mesh.FaceMesh(static_image_mode=False, max_num_faces=1, refine_landmarks=True)
        for image in frames_from(film, start):
            faces = graph.process(image).multi_face_landmarks
            found.append(bool(faces))
            height, width = image.shape[:2]
            scale = np.array([width, height, -width])
            if faces:
                places.append(np.array([(p.x, p.y, p.z) for p in faces[0].landmark], np.float64) * scale)
            elif places:
                places.append(places[-1])
            else:
                places.append(np.zeros((478, 3)))
        graph.close()
    if not any(found):
        raise NoFaceError(f"{film.path}: MediaPipe finds no face in it, so it cannot be relit.")
    first = found.index(True)
    places[:first] = [places[first]] * first
    solid = gaussian_filter1d(np.stack(places), 1.0, axis=0, mode="nearest").astype(np.float32)
    upright = solid * np.array([1.0, -1.0, 1.0], np.float32)
    return FaceShape(
        np.ascontiguousarray(solid[..., :2]),
        vertex_normals(upright, mesh_triangles(upright)),
        np.array(found),
    )


def mesh_triangles(solid: Float32) -> Int32:
    """(F, 3) of the median face seen from the front, all facing the camera. solid: (T, 478, 3), y up."""
    flat = solid[..., :2].astype(np.float64)
    flat = flat - flat.mean(axis=1, keepdims=True)
    middle = np.median(flat / np.abs(flat).mean(axis=(1, 2), keepdims=True), axis=0)
    triangles = Delaunay(middle).simplices.astype(np.int32)
    a, b, c = (middle[triangles[:, corner]] for corner in range(3))
    turned = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1]) < (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    triangles[turned] = triangles[turned][:, ::-1]
    return np.ascontiguousarray(triangles)


def normal_map(points: Float32, normals: Float32, image: UInt8) -> tuple[Float32, Bool]:
    """Unit normals (H, W, 3) between the points of one face in `image`, and (H, W) where there is face."""
    height, width = image.shape[:2]
    low = np.clip(np.floor(points.min(axis=0)).astype(int), 0, (width, height))
    high = np.clip(np.ceil(points.max(axis=0)).astype(int), 0, (width, height))
    out = np.zeros((height, width, 3), np.float32)
    x, y = np.meshgrid(np.arange(low[0], high[0]) + 0.5, np.arange(low[1], high[1]) + 0.5)
    if x.size:
        out[low[1] : high[1], low[0] : high[0]] = LinearNDInterpolator(
            Delaunay(points.astype(np.float64)), normals.astype(np.float64), fill_value=0.0
        )(x, y)
    length = np.linalg.norm(out, axis=2, keepdims=True)
    return np.where(length > 0, out / np.maximum(length, 1e-6), 0).astype(np.float32), length[..., 0] > 0


def measured_light(film: Film, shape: FaceShape, *, start: int = 0) -> Float64:
    """(4,) a and b of the light that was there: luminance of skin is a + b . n, up to the skin's own shade.

    Least squares over the face's pixels in frames spread over the film, three times, each time without those that
    fit worst: brows, eyes, mouth and highlights are no skin. No light makes |b| larger than 2 a; where make-up or gloss
    says so, b shrinks until it fits, and the mean stays.
    """
    rows = np.flatnonzero(shape.found)
    rows = rows[np.linspace(0, len(rows) - 1, min(FIT_FRAMES, len(rows))).astype(int)]
    sides: list[Float32] = []
    values: list[Float64] = []
    wanted = set(rows.tolist())
    for index, image in enumerate(frames_from(film, start)):
        if index in wanted:
            normals, face = normal_map(shape.points[index], shape.normals[index], image)
            sides.append(normals[face])
            values.append(linear(image[face]) @ LUMA)
    y = np.concatenate(values)
    a = np.concatenate([np.ones((len(y), 1)), np.concatenate(sides).astype(np.float64)], axis=1)
    keep = np.ones(len(y), bool)
    fit = np.zeros(4)
    for _ in range(3):
        fit = np.linalg.lstsq(a[keep], y[keep], rcond=None)[0]
        away = y - a @ fit
        keep = (away >= np.quantile(away, SKIN[0])) & (away <= np.quantile(away, SKIN[1]))
    middle, mean = a[keep, 1:].mean(axis=0), float(y[keep].mean())
    strength = float(np.linalg.norm(fit[1:]) + 2 * fit[1:] @ middle)
    b = fit[1:] * (min(1.0, 2 * mean / strength) if strength > 0 else 1.0)
    return np.concatenate([[mean - b @ middle], b])


def shading_ratio(normals: Float32, face: Bool, old: Float64, light: Light, *, feather: float) -> Float32:
    """(H, W) new over old shading: mean 1 over the face, carried on smoothly beyond its edge over `feather` px."""
    before = old[0] + normals @ old[1:]
    mean = float(before[face].mean())
    before = np.maximum(before / mean, DARKEST)
    toward = np.asarray(light.direction) / np.linalg.norm(light.direction)
    after = 1 - light.key + light.key * np.maximum(normals @ toward, 0.0)
    after = after / after[face].mean()
    ratio = np.clip(after / before, 1 / STRONGEST, STRONGEST)
    # The exposure is the light's own affair: here the mean factor is 1.
    log = np.where(face, np.log(ratio), 0.0).astype(np.float32)
    log = np.where(face, log - log[face].mean(), 0).astype(np.float32)
    # Where a turned cheek folds over its own edge, single pixels have the normals of what lies behind them.
    log = _within(face, log, 0.25 * feather)
    log = np.where(face, log - log[face].mean(), 0).astype(np.float32)
    share = cv2.GaussianBlur(face.astype(np.float32), (0, 0), feather)
    around = cv2.GaussianBlur(log, (0, 0), feather) / np.maximum(share, 1e-3)
    return np.exp(np.where(face, log, around * np.minimum(1.0, 2 * share))).astype(np.float32)


def _within(face: Bool, values: Float32, sigma: float) -> Float32:
    """`values` smoothed over the face alone."""
    share = cv2.GaussianBlur(face.astype(np.float32), (0, 0), sigma)
    mixed = cv2.GaussianBlur(np.where(face, values, 0).astype(np.float32), (0, 0), sigma)
    return np.where(face, mixed / np.maximum(share, 1e-3), 0).astype(np.float32)


def relit(image: UInt8, ratio: Float32 | None, light: Light) -> UInt8:
    """One picture in another light. ratio: (H, W) from `shading_ratio`, None leaves the shading."""
    values = linear(image) * black_body(light.kelvin) * 2.0**light.stops
    if ratio is not None:
        values = values * ratio[..., None]
    return encoded(values)


def relight_film(
    source: Film, target: Path, light: Light, *, shape: FaceShape, old: Float64, start: int = 0
) -> None:
    """The frames of `source` from `start` on in another light, as a film."""
    with FilmWriter(target, rate=source.rate) as film:
        for index, image in enumerate(frames_from(source, start)):
            ratio = None
            if light.key > 0:
                points = shape.points[index]
                normals, face = normal_map(points, shape.normals[index], image)
                feather = 0.06 * float(np.ptp(points[:, 0]))
                ratio = shading_ratio(normals, face, old, light, feather=feather) if face.any() else None
            film.write(image if light == LIGHTS[0] else relit(image, ratio, light))


def frames_from(film: Film, start: int) -> Iterator[UInt8]:
    """The pictures of a film from frame `start` on."""
    for frame in open_film(film.path).frames():
        if frame.index >= start:
            yield frame.image


def linear(image: UInt8) -> Float64:
    """sRGB bytes -> linear values 0..1 (IEC 61966-2-1)."""
    steps = np.arange(256) / 255
    table = np.where(steps <= 0.04045, steps / 12.92, ((steps + 0.055) / 1.055) ** 2.4)
    return np.asarray(table[image])


def encoded(values: Float64) -> UInt8:
    """Linear values -> sRGB bytes; above 1 the sensor is full."""
    full = np.clip(values, 0.0, 1.0)
    curve = np.where(full <= 0.0031308, 12.92 * full, 1.055 * full ** (1 / 2.4) - 0.055)
    return np.round(255 * curve).astype(np.uint8)


def black_body(kelvin: float) -> Float64:
    """(3,) linear sRGB gains of a black body's light on a camera balanced for 5500 K, of luminance 1.

    The locus as the cubic splines of Kim et al. (US patent 7024034), good from 1667 to 25000 K.
    """
    gains = _rgb(kelvin) / _rgb(BALANCED_K)
    return gains / (gains @ LUMA)


def _rgb(kelvin: float) -> Float64:
    t = 1e3 / kelvin
    if kelvin <= 4000:
        x = float(np.polyval([-0.2661239, -0.2343589, 0.8776956, 0.179910], t))
    else:
        x = float(np.polyval([-3.0258469, 2.1070379, 0.2226347, 0.240390], t))
    if kelvin <= 2222:
        y = float(np.polyval([-1.1063814, -1.34811020, 2.18555832, -0.20219683], x))
    elif kelvin <= 4000:
        y = float(np.polyval([-0.9549476, -1.37418593, 2.09137015, -0.16748867], x))
    else:
        y = float(np.polyval([3.0817580, -5.87338670, 3.75112997, -0.37001483], x))
    xyz = np.array([x / y, 1.0, (1 - x - y) / y])
    from_xyz = np.array(
        [[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]]
    )  # IEC 61966-2-1
    return np.maximum(from_xyz @ xyz, 1e-3)
