"""The colour of a pixel from the triangles that its samples show: Phong's reflection, in numba.

A pixel is shaded once for each triangle that it shows, at the mean place of the samples that show it, and
weighted by their number. Everything is linear light until that mean is taken, so edges keep their brightness.
"""

from __future__ import annotations

import numba
import numpy as np

from facepatch.render.surface import POWERS, SHADES

# Functions here take and return numba scalars and arrays; those with inline="always" become part of `shade`.


@numba.njit(cache=True, error_model="numpy")
def shade(surface, screen, sums, face, mirrored, supersample, image):  # type: ignore[no-untyped-def]
    """Fill image (H, W, 3) from the triangle number of each sample, face (H * n, W * n).

    color = base * (ambient + diffuse * max(n . l, 0)) + specular * max(r . v, 0) ^ shininess,   Phong 1975,
    r = 2 (n . l) n - l, v = (0, 0, 1), n the normal interpolated over the triangle and brought to length 1.
    """
    # Each array by a name of its own: reading it from the tuple in the loop would count references.
    triangles, groups, material_of = surface.triangles, surface.normal_group, surface.triangle_material
    materials, specular, background = surface.materials, surface.specular, surface.background
    to_srgb = surface.to_srgb
    colors, texture_of, line_of = surface.corner_color, surface.triangle_texture, surface.triangle_line
    lx, ly, lz = surface.light[0], surface.light[1], surface.light[2]
    zero, half, one, two = np.float32(0.0), np.float32(0.5), np.float32(1.0), np.float32(2.0)
    samples = supersample * supersample
    share, middle = one / np.float32(samples), half * np.float32(supersample)
    row_of, column_of = np.arange(samples) // supersample, np.arange(samples) % supersample
    last = -1
    i = j = k = material = 0
    x0 = y0 = x1 = y1 = x2 = y2 = inverse = zero
    front = True
    for row in range(image.shape[0]):
        for column in range(image.shape[1]):
            top, left = row * supersample, column * supersample
            red = green = blue = zero
            alike = _alike(face, top, left, supersample)
            for sample in range(1 if alike else samples):
                f = face[top + row_of[sample], left + column_of[sample]]
                weight, x, y = one, np.float32(left) + middle, np.float32(top) + middle
                if not alike:
                    count, x, y = _samples_of(f, sample, face, top, left, row_of, column_of)
                    if count == 0:
                        continue
                    weight = np.float32(count) * share
                if f < 0:
                    red += weight * background[0]
                    green += weight * background[1]
                    blue += weight * background[2]
                    continue
                if f != last:
                    last = f
                    i, j, k = triangles[f, 0], triangles[f, 1], triangles[f, 2]
                    x0, y0, x1, y1 = screen[i, 0], screen[i, 1], screen[j, 0], screen[j, 1]
                    x2, y2 = screen[k, 0], screen[k, 1]
                    area = (x1 - x0) * (y2 - y0) - (x2 - x0) * (y1 - y0)
                    inverse, front = one / area, (area > zero) == mirrored
                    i, j, k = groups[i], groups[j], groups[k]
                    material = material_of[f]
                w0 = ((x1 - x) * (y2 - y) - (x2 - x) * (y1 - y)) * inverse
                w1 = ((x2 - x) * (y0 - y) - (x0 - x) * (y2 - y)) * inverse
                w2 = one - w0 - w1
                nx = w0 * sums[i, 0] + w1 * sums[j, 0] + w2 * sums[k, 0]
                ny = w0 * sums[i, 1] + w1 * sums[j, 1] + w2 * sums[k, 1]
                nz = w0 * sums[i, 2] + w1 * sums[j, 2] + w2 * sums[k, 2]
                length = np.sqrt(nx * nx + ny * ny + nz * nz)
                scale = one / length if length > zero else zero
                if not front:
                    scale = -scale
                facing = (nx * lx + ny * ly + nz * lz) * scale
                lit = weight * (materials[material, 0] + materials[material, 1] * max(facing, zero))
                if not front and materials[material, 2] == zero:
                    red += materials[material, 3] * lit
                    green += materials[material, 4] * lit
                    blue += materials[material, 5] * lit
                    continue
                r = w0 * colors[f, 0, 0] + w1 * colors[f, 1, 0] + w2 * colors[f, 2, 0]
                g = w0 * colors[f, 0, 1] + w1 * colors[f, 1, 1] + w2 * colors[f, 2, 1]
                b = w0 * colors[f, 0, 2] + w1 * colors[f, 1, 2] + w2 * colors[f, 2, 2]
                if texture_of[f] >= 0:
                    p, q, s = _texel(surface, f, w0, w1, w2, np.float32(samples) * abs(inverse))
                    r, g, b = r * p, g * q, b * s
                if line_of[f] >= 0:
                    r, g, b = _lined(surface, line_of[f], w0, w1, w2, r, g, b)
                toward = two * facing * nz * scale - lz
                shine = zero
                if facing > zero and toward > zero:
                    shine = weight * specular[material, int(min(toward, one) * np.float32(POWERS - 1) + half)]
                red += r * lit + shine
                green += g * lit + shine
                blue += b * lit + shine
            image[row, column, 0] = to_srgb[_shade_of(red)]
            image[row, column, 1] = to_srgb[_shade_of(green)]
            image[row, column, 2] = to_srgb[_shade_of(blue)]


@numba.njit(cache=True, inline="always")
def _alike(face, top, left, supersample):  # type: ignore[no-untyped-def]
    """Whether all samples of the pixel show one triangle."""
    first = face[top, left]
    alike = True
    for i in range(supersample):
        for j in range(supersample):
            alike = alike and face[top + i, left + j] == first
    return alike


@numba.njit(cache=True, error_model="numpy")
def _samples_of(f, sample, face, top, left, row_of, column_of):  # type: ignore[no-untyped-def]
    """Number of the pixel's samples that show f, and their mean position; 0 unless `sample` is the first."""
    count = across = down = 0
    for other in range(len(row_of)):
        i, j = row_of[other], column_of[other]
        if face[top + i, left + j] == f:
            if other < sample:
                return 0, np.float32(0.0), np.float32(0.0)
            count += 1
            across += j
            down += i
    half = np.float32(0.5)
    x = np.float32(left) + half + np.float32(across) / np.float32(count)
    return count, x, np.float32(top) + half + np.float32(down) / np.float32(count)


@numba.njit(cache=True, inline="always")
def _shade_of(value):  # type: ignore[no-untyped-def]
    """Index of a linear value in the linear -> sRGB table."""
    return int(min(value, np.float32(1.0)) * np.float32(SHADES - 1) + np.float32(0.5))


@numba.njit(cache=True)
def _lined(surface, line, w0, w1, w2, r, g, b):  # type: ignore[no-untyped-def]
    """The colour under the line along the lids: full in the inner half of its width, then fading."""
    far, color = surface.line_distance, surface.line_color
    away = w0 * far[line, 0] + w1 * far[line, 1] + w2 * far[line, 2]
    dark = color[3] * min(max(np.float32(2.0) - np.float32(2.0) * away, np.float32(0.0)), np.float32(1.0))
    rest = np.float32(1.0) - dark
    return r * rest + color[0] * dark, g * rest + color[1] * dark, b * rest + color[2] * dark


@numba.njit(cache=True, error_model="numpy")
def _texel(surface, f, w0, w1, w2, per_area):  # type: ignore[no-untyped-def]
    """Linear colour of triangle f's texture, which repeats: bilinear, of the level with about one texel a pixel.

    per_area: one over twice the triangle's area, in pixels.
    """
    texture, levels = surface.triangle_texture[f], surface.levels
    uv = surface.corner_uv
    u = w0 * uv[f, 0, 0] + w1 * uv[f, 1, 0] + w2 * uv[f, 2, 0]
    v = w0 * uv[f, 0, 1] + w1 * uv[f, 1, 1] + w2 * uv[f, 2, 1]
    density = surface.texel_area[f] * per_area
    level = 0
    while density > 2.0 and level + 1 < levels.shape[1] and levels[texture, level + 1, 1] > 0:
        density *= np.float32(0.25)
        level += 1
    first, high, wide = levels[texture, level, 0], levels[texture, level, 1], levels[texture, level, 2]
    x = (u - np.floor(u)) * np.float32(wide) - np.float32(0.5)
    y = (v - np.floor(v)) * np.float32(high) - np.float32(0.5)
    x = x + np.float32(wide) if x < 0.0 else x
    y = y + np.float32(high) if y < 0.0 else y
    left, top = min(int(x), wide - 1), min(int(y), high - 1)
    right, bottom = (left + 1) % wide, (top + 1) % high
    fx, fy = x - np.float32(left), y - np.float32(top)
    gx, gy = np.float32(1.0) - fx, np.float32(1.0) - fy
    a, b = first + top * wide + left, first + top * wide + right
    c, d = first + bottom * wide + left, first + bottom * wide + right
    texels, light = surface.texels, surface.to_linear
    red = (light[texels[a, 0]] * gx + light[texels[b, 0]] * fx) * gy
    red += (light[texels[c, 0]] * gx + light[texels[d, 0]] * fx) * fy
    green = (light[texels[a, 1]] * gx + light[texels[b, 1]] * fx) * gy
    green += (light[texels[c, 1]] * gx + light[texels[d, 1]] * fx) * fy
    blue = (light[texels[a, 2]] * gx + light[texels[b, 2]] * fx) * gy
    blue += (light[texels[c, 2]] * gx + light[texels[d, 2]] * fx) * fy
    return red, green, blue
