"""The sections of the report, each from the document (numbers) and the data (pictures and curves)."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

from facepatch.report.charts import (
    Line,
    Span,
    bar,
    busiest,
    line_chart,
    normalised,
    quality_chart,
    training_chart,
)
from facepatch.report.data import Agreement, Figure, PatchRow, Quality, ReportData
from facepatch.report.html_text import (
    cell,
    duration,
    head,
    image,
    number,
    section,
    settings_text,
    sign,
    table,
)
from facepatch.report.images import data_uri

EXCERPT_SECONDS = 12
Document = Mapping[str, Any]


def opening(document: Document) -> str:
    """Title, what was made from what, and the verdict."""
    rate = document["rate"]
    fps = f"{rate[0]}" if rate[1] == 1 else f"{rate[0]}/{rate[1]} ({rate[0] / rate[1]:.3f})"
    about = [
        f"take {document['take']}",
        f"character {document['character']}",
        f"{document['frame_count']} frames, {duration(document['seconds'] or 0.0)} at {fps} frames/s",
        document["when"],
    ]
    verdict = document["verdict"]
    lines = "".join(
        f"<li>{sign(finding['level'])}<span>{escape(finding['text'])}</span></li>"
        for finding in verdict["findings"]
    )
    return (
        f"<header><h1>{escape(document['title'])}</h1>"
        f'<p class="about">{escape(" · ".join(text for text in about if text))}</p></header>'
        f'<section class="verdict {verdict["level"]}" aria-label="verdict">'
        f"<h2>{escape(verdict['headline'])}</h2><ul>{lines}</ul></section>"
    )


def files(document: Document) -> str:
    """What lies beside the report."""
    rows = [
        f'<th scope="row"><a href="{escape(name, quote=True)}">{escape(name)}</a></th>{cell(text)}'
        for name, text in document["files"].items()
    ]
    return section("Files", table("Beside this page", ["file", "what it is for"], rows)) if rows else ""


def film_strip(data: ReportData) -> str:
    """Moments of the take."""
    return section("The take", _strip(data.film_strip, 400), about="Moments through the take, in order.")


def patches(data: ReportData) -> str:
    """Patches before and after, by region."""
    regions: dict[str, list[PatchRow]] = {}
    for row in data.patches:
        regions.setdefault(row.region, []).append(row)
    parts = []
    for region, rows in regions.items():
        lines = [_patch_cells(row, data.start_frame) for row in rows]
        columns = ["frame", "performer", "reenacted", "character"]
        parts.append(table(_spoken(region), columns, lines))
    grid = f'<div class="regions">{"".join(parts)}</div>' if parts else ""
    return section(
        "Patches, before and after",
        grid,
        about="What the camera saw, the same patch remade as the character's, and the character as retargeted. "
        "The last two should show the same expression.",
    )


def overlays(data: ReportData) -> str:
    """Landmarks and patch boxes on the film, landmarks on the character."""
    return section(
        "Landmarks and patches",
        _strip(data.overlays, 340),
        about="Points must lie on lids, lips and brows; boxes must hold the whole eye and the whole mouth.",
    )


def agreement(document: Document, data: ReportData) -> str:
    """Table of Pearson r with bars, and both curves of every measure."""
    if not data.agreement:
        return ""
    rows = []
    for k, row in enumerate(data.agreement):
        key = ("agreement", k)
        counted = row.r
        label = f"{row.measure}: r {'not measured' if counted is None else f'{counted:.2f}'}, {row.wanted:.2f} wanted"
        rows.append(
            head(row.measure)
            + f"<td>{bar(counted, wanted=row.wanted, label=label)}</td>"
            + number(document, *key, "r_held_out", form=".3f", level=_passed(row.r_held_out, row.wanted))
            + number(document, *key, "r_train", form=".3f")
            + number(document, *key, "wanted")
            + number(document, *key, "n_held_out", form="d")
            + number(document, *key, "n_train", form="d")
            + f"<td>{sign(_passed(counted, row.wanted) or 'look')}</td>"
        )
    columns = [
        "measure",
        "r",
        "#held-out r",
        "#training r",
        "#wanted",
        "#held-out frames",
        "#training frames",
        "",
    ]
    caption = (
        "Pearson r between performer and character, 1 is perfect; the mark on each bar is the value wanted."
    )
    curves = "".join(_measure(row, data) for row in data.agreement)
    return section(
        "Does the character follow the performer?", table(caption, columns, rows), _key(data), curves
    )


def blinks(document: Document) -> str:
    """Shut and open eyes."""
    rows = [
        head(f"{row['eye']} eye")
        + number(document, "blinks", k, "shut_frames", form="d")
        + number(
            document,
            "blinks",
            k,
            "shut_share",
            form=".0%",
            level=_passed(row["shut_share"], row["wanted_shut"]),
        )
        + number(document, "blinks", k, "wanted_shut", form=".0%")
        + number(document, "blinks", k, "open_frames", form="d")
        + number(document, "blinks", k, "open_deviation", form=".1%")
        + number(document, "blinks", k, "wanted_open", form=".0%")
        for k, row in enumerate(document["blinks"])
    ]
    columns = [
        "character's",
        "#performer shut, frames",
        "#character shut too",
        "#wanted",
        "#performer open, frames",
        "#off its open gap by",
        "#allowed",
    ]
    caption = "Shut means that the gap between the lids is under 15 % of the character's open gap."
    return section("Blinks", table(caption, columns, rows)) if rows else ""


def coverage(document: Document) -> str:
    """Whether the training motion reaches what the performer does."""
    rows = [
        head(row["feature"])
        + f"<td>{bar(row['overlap'], wanted=row['wanted'], label=row['verdict'])}</td>"
        + number(document, "coverage", k, "overlap", form=".0%", level=_passed(row["overlap"], row["wanted"]))
        + number(document, "coverage", k, "wanted", form=".0%")
        + cell(row["verdict"])
        for k, row in enumerate(document["coverage"])
    ]
    caption = "Share of the performer's range that the character's training motion covers."
    return (
        section("Range of motion", table(caption, ["feature", "", "#overlap", "#wanted", ""], rows))
        if rows
        else ""
    )


def jitter(document: Document) -> str:
    """Trembling while the performer is still."""
    found = document["jitter"]
    if found is None:
        return ""
    level = "good" if found["percent"] < found["wanted"] else "look"
    row = (
        number(document, "jitter", "frames", form="d")
        + number(document, "jitter", "percent", form=".3f", level=level)
        + number(document, "jitter", "wanted")
        + number(document, "jitter", "worst_percent", form=".3f")
        + cell(str(found["worst"]).replace("_", " "))
    )
    caption = "How far the character strays from its own slow motion, in % of the face height."
    columns = ["#still frames", "#trembling", "#allowed", "#most", "there"]
    return section("Jitter", table(caption, columns, [row]))


def special_frames(document: Document) -> str:
    """Frames without a face and what was done there."""
    names = {"no_face": "no face found", "held": "values held", "eased": "eased to or from neutral"}
    rows = []
    for name, text in names.items():
        entry = document["frames"][name]
        ranges = [f"{a}" if a == b else f"{a}–{b}" for a, b in entry["ranges"]]
        shown = ", ".join(ranges[:40]) + (f" and {len(ranges) - 40} more" if len(ranges) > 40 else "")
        if entry["count"]:
            rows.append(head(text) + number(document, "frames", name, "count", form="d") + cell(shown))
    if not rows:
        return ""
    return section("Frames to check", table("Frame numbers of the take", ["what", "#frames", "which"], rows))


def metrics(document: Document) -> str:
    """Errors and bounds."""
    rows = [head(name) + number(document, "metrics", name, form=".4g") for name in document["metrics"]]
    return (
        section("Errors and bounds", table("As measured in this run", ["what", "#value"], rows))
        if rows
        else ""
    )


def training(document: Document, data: ReportData) -> str:
    """How good the networks were in the course of their training, and their losses."""
    judged = "".join(_quality(document, name, quality) for name, quality in data.quality.items())
    charts = [
        f'<div class="measure"><h3>{escape(name)}</h3>'
        f"{training_chart(curve.iterations, curve.values, name=name)}</div>"
        for name, curve in data.training.items()
        if curve.values.size
    ]
    losses = f'<h3>Losses</h3><div class="cards">{"".join(charts)}</div>' if charts else ""
    about = "Quality, 0 to 1, on frames that judge. The networks of the marked iteration became the model."
    cards = f'<div class="cards">{judged}</div>' if judged else ""
    return section("Training", cards, losses, about=about if judged else "")


def _quality(document: Document, name: str, quality: Quality) -> str:
    """The course of one training's quality, what came of it, and the parts."""
    rows = [head(part) + number(document, "quality", name, "parts", part) for part in quality.parts]
    chart = quality_chart(quality.curve.iterations, quality.curve.values, best=quality.best, name=name)
    parts = table(f"At iteration {quality.best:,}", ["part", "#quality"], rows)
    said = f'<p>{escape(quality.verdict)}</p><p class="soft">{escape(quality.meaning)}</p>'
    return f'<div class="measure"><h3>{escape(name)}</h3>{said}{chart}{parts}</div>'


def how(document: Document) -> str:
    """Timings, rates, versions and settings."""
    times = [
        head(name) + number(document, "timings", name, form=".1f") + cell(duration(value or 0.0))
        for name, value in document["timings"].items()
    ]
    if times:
        times.append(
            head("all")
            + number(document, "total_seconds", form=".1f")
            + cell(duration(document["total_seconds"]))
        )
    rates = [head(name) + number(document, "rates", name, form=".4g") for name in document["rates"]]
    versions = [head(name) + cell(text) for name, text in document["versions"].items()]
    parts = [
        table("Time per stage", ["stage", "#seconds", ""], times) if times else "",
        table("Rates", ["what", "#value"], rates) if rates else "",
        table("Versions", ["what", "version"], versions) if versions else "",
    ]
    text = settings_text(document["settings"])
    settings = f"<details open><summary>Settings</summary><pre>{escape(text)}</pre></details>" if text else ""
    cards = "".join(f"<div>{part}</div>" for part in parts if part)
    return section("How it was made", f'<div class="cards">{cards}</div>' if cards else "", settings)


def _strip(figures: tuple[Figure, ...], column: int) -> str:
    items = "".join(
        f"<figure>{image(data_uri(figure.image), figure.caption)}"
        f"<figcaption>{escape(figure.caption)}</figcaption></figure>"
        for figure in figures
    )
    return f'<div class="strip" style="--column: {column}px">{items}</div>' if items else ""


def _patch_cells(row: PatchRow, start_frame: int) -> str:
    number_of_frame = row.frame + start_frame
    out = head(str(number_of_frame))
    for name, picture in (
        ("performer", row.performer),
        ("reenacted", row.reenacted),
        ("character", row.rendered),
    ):
        text = f"{_spoken(row.region)} of the {name} in frame {number_of_frame}"
        out += f"<td>{'–' if picture is None else image(data_uri(picture, longest=256), text)}</td>"
    return out


def _measure(row: Agreement, data: ReportData) -> str:
    """The liveliest seconds of a measure, and below it the whole take."""
    lines = [
        Line("performer", "performer", normalised(row.performer)),
        Line("character", "character", normalised(row.character)),
    ]
    length = max(48, round(EXCERPT_SECONDS * data.rate[0] / data.rate[1]))
    first, stop = busiest(lines[0].values, length, data.held_out_start or 0)
    spans = _spans(data)
    near = [
        Span(max(span.start, first) - first, min(span.stop, stop) - first, span.style)
        for span in spans
        if span.style == "no-face" and span.stop > first and span.start < stop
    ]
    excerpt = [Line(line.name, line.style, line.values[first:stop]) for line in lines]
    title = f"{row.measure}, frames {first + data.start_frame} to {stop - 1 + data.start_frame}"
    close = line_chart(excerpt, label=title, height=150, first=first + data.start_frame, spans=near)
    whole = ""
    if stop - first < data.frame_count:
        whole = "".join(
            line_chart(
                [line],
                label=f"{row.measure} of the {line.name}, whole take",
                height=34,
                first=data.start_frame,
                spans=spans,
                numbers=line is lines[-1],
            )
            for line in lines
        )
        whole = f'<div class="thin">{whole}</div>'
    verdict = "" if row.r is None else f'<span class="soft">r = {row.r:.3f}</span>'
    return f'<div class="measure"><h3>{escape(row.measure)} {verdict}</h3>{close}{whole}</div>'


def _spans(data: ReportData) -> list[Span]:
    """The held-out part and every stretch without a face."""
    spans = [] if data.held_out_start is None else [Span(data.held_out_start, data.frame_count, "held-out")]
    lost = sorted(set(data.no_face))
    while lost:
        stop = 1
        while stop < len(lost) and lost[stop] == lost[stop - 1] + 1:
            stop += 1
        spans.append(Span(lost[0], lost[stop - 1] + 1, "no-face"))
        lost = lost[stop:]
    return spans


def _key(data: ReportData) -> str:
    shade = '<span><i class="box" style="background: var(--held)"></i>not trained on</span>'
    lost = '<span><i class="box" style="background: var(--shade)"></i>no face</span>'
    return (
        "<p>Each curve runs from 0 (its lowest) to 1 (its highest), so that shapes can be compared and not sizes. "
        f"Above the liveliest {EXCERPT_SECONDS} seconds, below the whole take.</p>"
        '<div class="key"><span class="performer"><i></i>performer</span>'
        f'<span class="character"><i></i>character</span>{shade if data.held_out_start is not None else ""}'
        f"{lost if data.no_face else ''}</div>"
    )


def _spoken(region: str) -> str:
    """ "eye_r" -> "right eye"."""
    for suffix, side in (("_r", "right "), ("_l", "left ")):
        if region.endswith(suffix):
            return side + region.removesuffix(suffix).replace("_", " ")
    return region.replace("_", " ")


def _passed(value: float | None, wanted: float) -> str:
    if value is None:
        return ""
    return "good" if value >= wanted else "look"
