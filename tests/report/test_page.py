from __future__ import annotations

import errno
import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest

from facepatch.core import records
from facepatch.core.errors import ExportError, ShapeError, StorageError
from facepatch.report.data import Figure, ReportData
from facepatch.report.page import write_report


class Page(HTMLParser):
    """Number cells by JSON pointer, headings, texts, and every address that the page would load."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.numbers: dict[str, str] = {}
        self.shown: dict[str, str] = {}
        self.addresses: list[str] = []
        self.alts: list[str] = []
        self.open: list[str] = []
        self.headings: list[str] = []
        self.text = ""
        self._cell = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag not in {"meta", "img", "rect", "line", "path", "circle", "br"}:
            self.open.append(tag)
        self._cell = ""
        if "data-json" in values:
            self._cell = values["data-json"]
            self.numbers[self._cell] = values["data-value"]
        if tag == "img":
            self.addresses.append(values["src"])
            self.alts.append(values.get("alt", ""))
        self.addresses += [values[name] for name in ("href", "xlink:href", "srcset") if name in values]

    def handle_startendtag(self, tag: str, attrs) -> None:
        self.handle_starttag(tag, attrs)
        if self.open and self.open[-1] == tag:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        self._cell = ""

    def handle_data(self, data: str) -> None:
        if "style" in self.open:
            return
        self.text += data
        if self._cell:
            self.shown[self._cell] = data
        if self.open and self.open[-1] in {"h1", "h2"}:
            self.headings.append(data)


def resolve(document, pointer: str):
    for key in pointer.split("/")[1:]:
        key = key.replace("~1", "/").replace("~0", "~")
        document = document[int(key)] if isinstance(document, list) else document[key]
    return document


@pytest.fixture
def written(tmp_path):
    """Writes a report and reads both files back."""

    def write(data: ReportData):
        write_report(data, tmp_path / "out")
        document = json.loads((tmp_path / "out" / "report.json").read_text(encoding="utf-8"))
        return Page((tmp_path / "out" / "report.html").read_text(encoding="utf-8")), document

    return write


def test_every_number_of_the_page_is_the_one_in_the_json(data, written):
    page, document = written(data)
    assert len(page.numbers) > 30
    for pointer, value in page.numbers.items():
        assert json.loads(value) == resolve(document, pointer), pointer


def test_the_text_of_a_number_is_that_number_rounded(data, written):
    page, document = written(data)
    for pointer, shown in page.shown.items():
        value = resolve(document, pointer)
        if shown == "–":
            assert value is None
        elif shown.endswith("%"):
            assert float(shown[:-1]) / 100 == pytest.approx(value, abs=0.006)
        else:
            digits = len(shown.partition(".")[2])
            assert float(shown) == pytest.approx(value, abs=0.51 * 10.0**-digits), pointer


SHOWN = (
    "/agreement/0/r_held_out",
    "/agreement/1/r_train",
    "/blinks/0/shut_share",
    "/blinks/1/open_deviation",
    "/coverage/0/overlap",
    "/jitter/percent",
    "/frames/no_face/count",
    "/timings/training",
    "/total_seconds",
    "/rates/retargeting, frames~1s",
    "/metrics/PCA error at the lids, mm",
    "/quality/reenactment/parts/mouth opening",
)


def test_each_kind_of_number_is_shown(data, written):
    page, document = written(data)
    assert {pointer: json.loads(page.numbers[pointer]) for pointer in SHOWN} == {
        pointer: resolve(document, pointer) for pointer in SHOWN
    }


def test_the_values_are_the_ones_given(data, written):
    _, document = written(data)
    assert document["agreement"][1]["r_held_out"] == 0.7254321
    assert document["total_seconds"] == 112.75
    assert document["frames"]["no_face"] == {"count": 4, "ranges": [[1004, 1006], [1010, 1010]]}
    assert document["curves"]["mouth opening"]["performer"] == pytest.approx(
        data.agreement[0].performer.tolist(), rel=1e-4
    )


def test_the_page_needs_nothing_but_itself(data, written, tmp_path):
    page, _ = written(data)
    assert all(
        address.startswith("data:image/jpeg;base64,") or address in data.files for address in page.addresses
    )
    text = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    assert not re.search(r"<script|<link|<iframe|@import|url\(|https?://", text)


def test_every_picture_is_described(data, written):
    page, _ = written(data)
    assert len(page.alts) == 5
    assert all(page.alts)
    assert "right eye of the reenacted in frame 1006" in page.alts


def test_every_tag_is_closed(data, written):
    page, _ = written(data)
    assert page.open == []


def test_the_verdict_stands_first(data, written):
    page, document = written(data)
    assert document["verdict"]["level"] == "good"
    assert page.headings[:2] == ["take 7 → Bob", "Good to use: Bob follows the performer through take7.mp4."]


def test_a_report_of_nothing_still_says_so(written):
    page, document = written(ReportData("t", "take.mp4", "Bob", "", 0, (24, 1)))
    assert document["verdict"]["level"] == "look"
    assert page.headings == ["t", "Look at it before use: Bob follows the performer, but not everywhere."]
    assert "not compared" in page.text


def test_names_cannot_break_the_page(data, written, changed):
    evil = '<script>alert("x")</script>&'
    page, document = written(
        changed(
            data,
            title=evil,
            take=evil,
            settings={evil: evil},
            warnings=(evil,),
            files={evil: evil},
            metrics={evil: 1.0},
            film_strip=(Figure(data.film_strip[0].image, evil),),
        )
    )
    assert "script" not in page.open
    assert page.text.count(evil) >= 6
    assert document["title"] == evil


def test_numbers_that_are_not_finite_become_dashes(data, written, changed):
    rows = (changed(data.agreement[0], r_train=float("nan")), *data.agreement[1:])
    page, document = written(changed(data, agreement=rows, metrics={"error": float("inf")}))
    assert document["agreement"][0]["r_train"] is None
    assert page.shown["/agreement/0/r_train"] == "–"
    assert page.shown["/metrics/error"] == "–"


def test_numpy_numbers_and_paths_are_written(data, written, changed, tmp_path):
    settings = {"rate": np.float32(0.5), "steps": np.int64(3), "sizes": (1, 2), "film": tmp_path, "on": True}
    _, document = written(changed(data, settings=settings))
    assert document["settings"] == {
        "rate": 0.5,
        "steps": 3,
        "sizes": [1, 2],
        "film": tmp_path.as_posix(),
        "on": True,
    }


def test_a_long_take_makes_a_page_of_bounded_size(data, written, changed, tmp_path):
    count = 20_000
    curve = np.random.default_rng(1).random(count).astype(np.float32)
    rows = tuple(changed(row, performer=curve, character=curve) for row in data.agreement)
    written(changed(data, frame_count=count, agreement=rows))
    assert (tmp_path / "out" / "report.html").stat().st_size < 500_000


def test_curves_of_another_length_are_refused(data, changed):
    with pytest.raises(ShapeError, match="mouth opening: 600 values for 601 frames"):
        changed(data, frame_count=601)


def test_a_picture_of_another_shape_is_refused():
    with pytest.raises(ShapeError, match="figure 'grey'"):
        Figure(np.zeros((4, 4), np.uint8), "grey")


def test_a_picture_without_pixels_is_refused(data, changed, tmp_path):
    empty = changed(data, overlays=(Figure(np.zeros((0, 4, 3), np.uint8), "nothing"),))
    with pytest.raises(ExportError, match="4 x 0 pixels"):
        write_report(empty, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_full_disk_is_a_sentence_and_the_old_report_stays(data, tmp_path, monkeypatch):
    (tmp_path / "report.html").write_text("before")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(records.os, "fsync", full)
    with pytest.raises(StorageError, match="the disk is full"):
        write_report(data, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert (tmp_path / "report.html").read_text() == "before"


def test_how_a_training_went_is_told_with_its_parts(data, changed, written):
    page, _ = written(data)
    assert "Best after 200 of 300 iterations (quality .93)." in page.text
    assert "How far the character follows." in page.text
    assert "At iteration 200" in page.text
    assert page.shown["/quality/reenactment/parts/mouth opening"] == "0.97"
    page, _ = written(changed(data, quality={}))
    assert "on frames that judge" not in page.text
    assert "Training" in page.headings
