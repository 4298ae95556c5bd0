from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from facepatch.core.errors import FacepatchError, FormatError, InputError, ShapeError
from facepatch.core.shape_names import ARKIT_NAMES
from facepatch.readers.livelink import frame_numbers, held, read_live_link_csv

Text = Callable[..., str]


def saved(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "take.csv"
    path.write_text(text)
    return path


def ramp(count: int) -> list[np.ndarray | None]:
    return [np.full(52, 0.01 * index) for index in range(count)]


def test_columns_are_taken_by_name_in_either_spelling(csv_text: Text, tmp_path: Path) -> None:
    names = list(ARKIT_NAMES)[::-1]
    rows = [np.arange(52) / 100.0, np.arange(52) / 50.0]
    take = read_live_link_csv(saved(tmp_path, csv_text(rows, columns=names)))
    assert take.columns == tuple(names)
    assert take.weights.shape == (2, 52)
    assert take.weights[1].tolist() == pytest.approx((np.arange(52) / 50).tolist())
    pascal = [name[0].upper() + name[1:] for name in names]
    assert read_live_link_csv(saved(tmp_path, csv_text(rows, columns=pascal))).columns == tuple(pascal)


def test_weights_above_one_are_not_clipped(csv_text: Text, tmp_path: Path) -> None:
    take = read_live_link_csv(saved(tmp_path, csv_text([np.full(52, 1.076)] * 2)))
    assert take.weights.max() == pytest.approx(1.076)


def test_rows_of_a_lost_face_hold_their_neighbours(csv_text: Text, tmp_path: Path) -> None:
    rows = ramp(8)
    rows[0] = rows[3] = rows[4] = None
    take = read_live_link_csv(saved(tmp_path, csv_text(rows)))
    assert take.valid.tolist() == [False, True, True, False, False, True, True, True]
    assert take.weights[:, 0] == pytest.approx([0.01, 0.01, 0.02, 0.02, 0.02, 0.05, 0.06, 0.07])


@pytest.mark.parametrize(
    ("base", "step", "rate"), [(60, 2.0, (30, 1)), (60, 1.0, (60, 1)), (30, 1.0, (30, 1)), (24, 1.0, (24, 1))]
)
def test_the_rate_is_told_by_the_timecode(
    csv_text: Text, tmp_path: Path, base: int, step: float, rate: tuple[int, int]
) -> None:
    take = read_live_link_csv(saved(tmp_path, csv_text(ramp(90), base=base, step=step)))
    assert take.rate == rate
    assert len(take.valid) == 90
    assert take.valid.all()


def test_missing_rows_keep_their_place_in_time(csv_text: Text, tmp_path: Path) -> None:
    lines = csv_text(ramp(60)).splitlines()
    take = read_live_link_csv(saved(tmp_path, "\n".join(lines[:21] + lines[26:])))
    assert len(take.valid) == 60
    assert not take.valid[20:25].any()
    assert take.valid[25:].all()
    assert take.weights[24, 0] == pytest.approx(0.19)
    assert take.weights[25, 0] == pytest.approx(0.25)


def test_midnight_and_unreadable_timecodes_do_not_break_the_take() -> None:
    codes = [f"23:59:59:{2 * i:02d}.000" for i in range(30)] + [
        f"00:00:00:{2 * i:02d}.000" for i in range(30)
    ]
    rate, frames = frame_numbers(codes)
    assert rate == (30, 1)
    assert frames.tolist() == list(range(60))
    assert frame_numbers(["", "x", "y"])[1].tolist() == [0, 1, 2]


def test_a_pause_of_hours_is_no_gap_of_frames() -> None:
    codes = [f"10:00:00:{2 * i:02d}.000" for i in range(30)] + [
        f"15:00:00:{2 * i:02d}.000" for i in range(30)
    ]
    assert frame_numbers(codes)[1].tolist() == list(range(60))


def test_held_starts_with_the_first_valid_row() -> None:
    values = np.array([[np.nan], [2.0], [np.nan]])
    assert held(values, np.array([False, True, False])).tolist() == [[2], [2], [2]]


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("", "is empty"),
        ("a,b,c\n1,2,3\n", r"only 0 of the 52 ARKit columns are there \(its columns: a, b, c"),
        ("Timecode,JawOpen,EyeBlinkLeft\n00:00:00:00.0,1,1\n", "only 2 of the 52"),
    ],
)
def test_tables_without_the_columns_are_refused(tmp_path: Path, text: str, match: str) -> None:
    with pytest.raises(FormatError, match=match):
        read_live_link_csv(saved(tmp_path, text))


def test_a_few_missing_columns_are_named_in_the_log(
    csv_text: Text, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    take = read_live_link_csv(saved(tmp_path, csv_text([np.zeros(51)] * 3, columns=ARKIT_NAMES[:-1])))
    assert len(take.columns) == 51
    assert "columns missing, taken as still: tongueOut" in caplog.text


def test_a_take_without_a_face_is_refused(csv_text: Text, tmp_path: Path) -> None:
    with pytest.raises(ShapeError, match="none of its 5 rows has values in all 52 weight columns"):
        read_live_link_csv(saved(tmp_path, csv_text([None] * 5)))
    with pytest.raises(ShapeError, match="has a header and no row"):
        read_live_link_csv(saved(tmp_path, csv_text([])))


def test_files_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "take.csv"
    path.write_bytes(b"\xff\xfe\x00\x80" * 30)
    with pytest.raises(FormatError, match="is not a text file"):
        read_live_link_csv(path)
    with pytest.raises(InputError, match="no such file"):
        read_live_link_csv(tmp_path / "none.csv")


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lines=st.lists(st.text(alphabet='0123456789:.,;-enaif"\t x', max_size=60), max_size=6), keep=st.booleans()
)
def test_any_text_gives_a_take_or_a_sentence(tmp_path: Path, lines: list[str], keep: bool) -> None:
    head = ["Timecode,BlendShapeCount," + ",".join(ARKIT_NAMES)]
    good = ["00:00:00:00.000,61" + ",0.5" * 52]
    (tmp_path / "fuzz.csv").write_text("\n".join(head + (good if keep else []) + lines))
    try:
        take = read_live_link_csv(tmp_path / "fuzz.csv")
    except FacepatchError as error:
        said = str(error)
        assert "fuzz.csv" in said
    else:
        assert np.isfinite(take.weights).all()
        assert len(take.weights) == len(take.valid)


@pytest.mark.assets
@pytest.mark.parametrize(
    ("name", "rows", "lost"),
    [("S07-001", 2028, 0), ("alex_rom_3", 4030, 0), ("apfel", 1926, 35), ("facial", 1913, 0)],
)
def test_real_takes_run_at_thirty_frames_per_second(assets: Path, name: str, rows: int, lost: int) -> None:
    take = read_live_link_csv(assets / "anim-livelinkface-csv" / f"{name}.csv")
    assert take.rate == (30, 1)
    assert len(take.columns) == 52
    assert int(take.valid.sum()) == rows - lost
    assert rows <= len(take.valid) <= rows + 8
    first, last = (
        line.split(",")[0].split(":") for line in _ends(assets / "anim-livelinkface-csv" / f"{name}.csv")
    )
    seconds = [int(h) * 3600 + int(m) * 60 + int(s) + float(f) / 60 for h, m, s, f in (first, last)]
    assert (len(take.valid) - 1) / 30 == pytest.approx(seconds[1] - seconds[0], abs=0.1)


def _ends(path: Path) -> list[str]:
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    return [line for line in itertools.chain(lines[1:2], lines[-1:]) if line]
