from __future__ import annotations

import errno
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from facepatch.core.errors import ConfigError, ExportError, InputError, StorageError, VideoError
from facepatch.render import film_writer, video
from facepatch.render.film_scan import SCAN_BYTES
from facepatch.render.video import FilmWriter, constant_rate_samples, open_film, read_frames

WIDTH, HEIGHT = 128, 64
BITS = 8


def numbered(number: int, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """An image that carries its number as eight black or white columns; its upper half is a bit redder."""
    image = np.zeros((height, width, 3), np.uint8)
    for bit in range(BITS):
        if number >> bit & 1:
            image[:, bit * width // BITS : (bit + 1) * width // BITS] = 230
    image[: height // 2, :, 0] = np.maximum(image[: height // 2, :, 0], 60)
    return image


def number_of(image: np.ndarray) -> int:
    columns = image[image.shape[0] * 3 // 4].mean(axis=1)
    middles = [columns[int((bit + 0.5) * image.shape[1] / BITS)] for bit in range(BITS)]
    return sum(int(value > 128) << bit for bit, value in enumerate(middles))


def make_film(
    path: Path,
    *,
    stamps: list[int] | None = None,
    count: int = 40,
    rate: Fraction = Fraction(24),
    time_base: Fraction | None = None,
    prepare: Callable[[Any], None] = lambda stream: None,
    image: Callable[[int], np.ndarray] = numbered,
    pixels: str = "yuv420p",
    options: dict[str, str] | None = None,
    b_frames: int = 3,
    codec: str = "libx264",
) -> Path:
    stamps = list(range(count)) if stamps is None else stamps
    with av.open(str(path), "w", options=options or {}) as container:
        stream: Any = container.add_stream(codec, rate=rate)
        stream.height, stream.width = image(0).shape[:2]
        stream.pix_fmt = pixels
        if codec == "libx264":
            stream.options = {
                "crf": "12",
                "bf": str(b_frames),
                "g": "250",
                "preset": "ultrafast",
                "threads": "1",
            }
        stream.codec_context.time_base = time_base or 1 / rate
        prepare(stream)
        for index, stamp in enumerate(stamps):
            frame = av.VideoFrame.from_ndarray(image(index), format="rgb24").reformat(format=pixels)
            frame.pts, frame.time_base = stamp, time_base or 1 / rate
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def all_numbers(path: Path, **keywords: Any) -> list[int]:
    return [number_of(frame.image) for frame in read_frames(open_film(path), **keywords)]


def test_every_frame_comes_once_in_order_with_its_time(tmp_path: Path) -> None:
    film = open_film(make_film(tmp_path / "a.mp4", count=60))
    frames = list(read_frames(film))
    assert [number_of(frame.image) for frame in frames] == list(range(60))
    assert [frame.index for frame in frames] == list(range(60))
    np.testing.assert_allclose([frame.time for frame in frames], np.arange(60) / 24, atol=1e-6)
    assert (film.size, film.rate, film.frame_count, film.frame_count_exact) == ((128, 64), (24, 1), 60, True)
    assert not film.variable_rate
    assert film.warnings == ()
    assert film.duration == pytest.approx(2.5)
    assert frames[0].image.dtype == np.uint8
    assert frames[0].image.flags.c_contiguous


def test_a_film_can_be_read_from_any_start_to_any_stop(tmp_path: Path) -> None:
    path = make_film(tmp_path / "a.mp4", count=60)
    for start, stop in ((0, 1), (37, 41), (58, None), (5, 5), (60, None)):
        assert all_numbers(path, start=start, stop=stop) == list(range(60))[start:stop]
    frame = next(read_frames(open_film(path), start=37))
    assert (frame.index, frame.time) == (37, pytest.approx(37 / 24))
    with pytest.raises(InputError, match="frames count from 0"):
        list(read_frames(open_film(path), start=-1))


def test_variable_rate_keeps_the_exact_times(tmp_path: Path) -> None:
    steps = [33] * 15 + [50] * 5 + [33] * 10 + [67, 33, 33]
    stamps = np.concatenate([[0], np.cumsum(steps)]).tolist()
    path = make_film(tmp_path / "a.mp4", stamps=stamps, rate=Fraction(30), time_base=Fraction(1, 1000))
    film = open_film(path)
    frames = list(read_frames(film))
    assert film.variable_rate
    assert film.rate == (30, 1)
    assert [number_of(frame.image) for frame in frames] == list(range(len(stamps)))
    np.testing.assert_allclose([frame.time for frame in frames], np.array(stamps) / 1000, atol=1e-4)


def test_times_that_only_tremble_are_a_constant_rate(tmp_path: Path) -> None:
    stamps = [round(index * 1001 / 30) for index in range(45)]  # as Matroska rounds them
    path = make_film(
        tmp_path / "a.mkv", stamps=stamps, rate=Fraction(30000, 1001), time_base=Fraction(1, 1000)
    )
    film = open_film(path)
    assert not film.variable_rate
    assert film.rate == (30000, 1001)
    assert film.frame_count == 45


def test_rows_at_variable_times_become_rows_at_a_constant_rate() -> None:
    times = np.array([0.0, 0.1, 0.2, 0.6, 0.7])
    before, fraction = constant_rate_samples(times, (10, 1))
    rows = (1 - fraction) * times[before] + fraction * times[before + 1]
    np.testing.assert_allclose(rows, np.arange(8) / 10, atol=1e-9)


def test_rows_at_a_constant_rate_are_left_alone() -> None:
    times = np.arange(50) / 24 + np.random.default_rng(0).uniform(-0.005, 0.005, 50)
    before, fraction = constant_rate_samples(times - times[0], (24, 1))
    assert before.tolist() == list(range(50))
    assert not fraction.any()
    assert constant_rate_samples(np.zeros(1), (24, 1))[0].tolist() == [0]


@pytest.mark.parametrize(("turn", "stored_corner"), [(0, (0, 0)), (90, (1, 0)), (180, (1, 1)), (270, (0, 1))])
def test_phone_films_are_turned_upright(tmp_path: Path, turn: int, stored_corner: tuple[int, int]) -> None:
    # The white quarter is stored where the upright top-left corner lies when the phone is turned.
    def picture(index: int) -> np.ndarray:
        image = np.zeros((64, 96, 3), np.uint8)
        row, column = stored_corner
        image[row * 32 : row * 32 + 32, column * 48 : column * 48 + 48] = 235
        return image

    path = make_film(
        tmp_path / "a.mp4", count=3, image=picture, prepare=lambda stream: stream.set_display_rotation(-turn)
    )
    film = open_film(path)
    image = next(read_frames(film)).image
    width, height = film.size
    assert film.size == ((64, 96) if turn in (90, 270) else (96, 64))
    assert film.rotation == turn
    assert image.shape == (height, width, 3)
    assert image[: height // 2 - 4, : width // 2 - 4].min() > 180
    assert image[height // 2 + 4 :].max() < 60
    assert image[:, width // 2 + 4 :].max() < 60


def test_mirrored_films_are_mirrored_back(tmp_path: Path) -> None:
    path = make_film(
        tmp_path / "a.mp4", prepare=lambda stream: stream.set_display_rotation(0, hflip=True),
        image=lambda index: numbered(index)[:, ::-1].copy(),
    )  # fmt: skip
    assert all_numbers(path) == list(range(40))


def test_pixels_that_are_not_square_are_made_square(tmp_path: Path) -> None:
    def squeeze(stream: Any) -> None:
        stream.codec_context.sample_aspect_ratio = Fraction(3, 2)

    film = open_film(make_film(tmp_path / "a.mp4", prepare=squeeze))
    assert film.size == (192, 64)
    frames = list(read_frames(film))
    assert frames[0].image.shape == (64, 192, 3)
    assert [number_of(frame.image) for frame in frames] == list(range(40))


def test_times_count_from_the_first_frame_whatever_the_file_says(tmp_path: Path) -> None:
    path = make_film(tmp_path / "a.ts", stamps=list(range(240, 270)))
    frames = list(read_frames(open_film(path)))
    assert [number_of(frame.image) for frame in frames] == list(range(30))
    np.testing.assert_allclose([frame.time for frame in frames], np.arange(30) / 24, atol=1e-4)


def test_frames_cut_away_by_an_edit_list_are_not_shown(tmp_path: Path) -> None:
    path = make_film(
        tmp_path / "a.mp4", stamps=list(range(-10, 30)), options={"avoid_negative_ts": "disabled"}, b_frames=0
    )
    film = open_film(path)
    frames = list(read_frames(film))
    assert [number_of(frame.image) for frame in frames] == list(range(10, 40))
    assert film.frame_count == 30
    assert film.frame_count_exact
    assert frames[0].time == 0
    assert film.warnings == ()


def test_a_given_rate_replaces_the_files_own(tmp_path: Path) -> None:
    path = make_film(tmp_path / "a.mp4", stamps=[0, 1, 5, 6, 20, 21])
    film = open_film(path, rate=(12, 1))
    assert (film.rate, film.variable_rate, film.duration) == ((12, 1), False, 0.5)
    assert [frame.time for frame in read_frames(film)] == pytest.approx(np.arange(6) / 12)
    with pytest.raises(ConfigError, match="0/1 is no frame rate"):
        open_film(path, rate=(0, 1))


def test_grey_films_become_rgb(tmp_path: Path) -> None:
    grey = np.repeat(np.linspace(20, 220, WIDTH).astype(np.uint8)[None], HEIGHT, axis=0)

    def whole_range(stream: Any) -> None:
        stream.codec_context.color_range = 2

    path = make_film(
        tmp_path / "a.mp4",
        count=3,
        pixels="gray",
        prepare=whole_range,
        image=lambda index: np.dstack([grey] * 3),
    )
    image = next(read_frames(open_film(path))).image
    assert image.shape == (HEIGHT, WIDTH, 3)
    assert (image.max(axis=2) == image.min(axis=2)).all()
    assert np.abs(image[:, :, 0].astype(int) - grey).mean() < 4


@pytest.mark.parametrize(("space", "number"), [("ITU601", 6), ("ITU709", 1)])
def test_colours_are_read_by_the_matrix_that_the_film_names(tmp_path: Path, space: str, number: int) -> None:
    colour = np.array([200, 60, 90], np.uint8)
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        stream: Any = container.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt, stream.options = 64, 64, "yuv420p", {"crf": "5"}
        stream.codec_context.colorspace = number
        frame = av.VideoFrame.from_ndarray(np.tile(colour, (64, 64, 1)), format="rgb24")
        frame = frame.reformat(format="yuv420p", dst_colorspace=space)
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    image = next(read_frames(open_film(tmp_path / "a.mp4"))).image
    assert np.abs(image[32, 32].astype(int) - colour).max() <= 4


def test_tiny_films_are_read(tmp_path: Path) -> None:
    path = make_film(
        tmp_path / "a.mp4", count=4, image=lambda index: np.full((16, 18, 3), 40 * index, np.uint8)
    )
    film = open_film(path)
    assert film.size == (18, 16)
    assert [round(frame.image.mean() / 40) for frame in read_frames(film)] == [0, 1, 2, 3]


def test_what_is_no_film_is_refused(tmp_path: Path) -> None:
    text = tmp_path / "notes.mp4"
    text.write_text("this is a shopping list\n" * 50)
    with pytest.raises(
        VideoError, match=r"notes\.mp4: is not a film that FFmpeg can read .*convert it to mp4"
    ):
        open_film(text)
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(VideoError, match="the file is empty"):
        open_film(tmp_path / "empty.mp4")
    with pytest.raises(InputError, match="no such film"):
        open_film(tmp_path / "absent.mp4")


def test_a_film_without_pictures_is_refused(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        stream: Any = container.add_stream("aac", rate=48000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 48000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(VideoError, match="has no pictures, only audio"):
        open_film(tmp_path / "a.mp4")


def test_a_film_without_frames_is_refused(tmp_path: Path) -> None:
    path = make_film(tmp_path / "a.mp4", options={"movflags": "+empty_moov+frag_keyframe"})
    content = path.read_bytes()
    path.write_bytes(content[: content.index(b"moof") - 4])
    with pytest.raises(VideoError, match=r"not one frame of it can be decoded \(h264\)"):
        open_film(path)


def test_a_film_of_which_nothing_decodes_is_refused(tmp_path: Path) -> None:
    path = make_film(tmp_path / "a.mp4", options={"movflags": "+faststart"})
    content = path.read_bytes()
    body = content.index(b"mdat") + 4
    path.write_bytes(content[:body] + bytes(len(content) - body))
    with pytest.raises(VideoError, match="not one frame of it can be decoded"):
        open_film(path)


def test_a_film_cut_off_before_its_index_is_refused(tmp_path: Path) -> None:
    path = make_film(tmp_path / "a.mp4")
    path.write_bytes(path.read_bytes()[:-800])
    with pytest.raises(
        VideoError, match=r"a\.mp4: is not a film .* cut off at its end, export or copy it again"
    ):
        open_film(path)


def test_of_a_film_cut_off_later_the_rest_is_used_and_it_is_said(tmp_path: Path) -> None:
    path = make_film(tmp_path / "a.mp4", count=100, options={"movflags": "+faststart"})
    content = path.read_bytes()
    path.write_bytes(content[: content.index(b"mdat") + (len(content) - content.index(b"mdat")) // 2])
    film = open_film(path)
    told: list[str] = []
    numbers = [number_of(frame.image) for frame in read_frames(film, on_warning=told.append)]
    assert 20 < len(numbers) < 90
    assert numbers[:-2] == list(range(len(numbers) - 2))  # the last ones may lack what they refer to
    assert not film.frame_count_exact
    assert len(film.warnings) == 1
    assert "cut off or damaged (its header promises 100 frames" in film.warnings[0]


def test_a_damaged_piece_is_skipped_and_it_is_said(tmp_path: Path) -> None:
    path = make_film(tmp_path / "a.mp4", count=90, b_frames=0, options={"movflags": "+faststart"})
    content = bytearray(path.read_bytes())
    middle = (content.index(b"mdat") + len(content)) // 2
    content[middle : middle + 60] = np.random.default_rng(1).bytes(60)
    path.write_bytes(bytes(content))
    told: list[str] = []
    frames = list(read_frames(open_film(path), on_warning=told.append))
    assert len(frames) > 60
    assert [frame.index for frame in frames] == list(range(len(frames)))
    assert (np.diff([frame.time for frame in frames]) > 0).all()
    assert any("damaged" in sentence for sentence in told)


def test_larger_films_are_not_read_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_film(tmp_path / "a.mp4", count=30)
    monkeypatch.setattr("facepatch.render.film_scan.SCAN_BYTES", 10)
    monkeypatch.setattr("facepatch.render.film_scan.SCAN_FRAMES", 5)
    film = open_film(path)
    assert SCAN_BYTES > 10
    assert (film.frame_count, film.frame_count_exact, film.rate) == (30, False, (24, 1))
    assert [number_of(frame.image) for frame in read_frames(film)] == list(range(30))


def test_a_reader_that_stops_early_leaves_no_thread(tmp_path: Path) -> None:
    frames = read_frames(open_film(make_film(tmp_path / "a.mp4", count=60)))
    next(frames)
    frames.close()  # type: ignore[attr-defined]
    assert not [thread for thread in threading.enumerate() if thread.name == "facepatch-decode"]


def test_decoding_runs_ahead_by_a_few_frames_only() -> None:
    made: list[int] = []

    def source() -> Iterator[int]:
        for number in range(1000):
            made.append(number)
            yield number

    reader = video._ahead(source(), 4)
    taken = [next(reader) for _ in range(10)]
    assert taken == list(range(10))
    assert len(made) <= 10 + 4 + 2
    reader.close()  # type: ignore[attr-defined]


def test_an_error_while_decoding_reaches_the_reader(tmp_path: Path) -> None:
    path = make_film(tmp_path / "a.mp4")
    film = open_film(path)
    path.unlink()
    with pytest.raises(VideoError, match="is not a film that FFmpeg can read"):
        next(read_frames(film))


# ---------------------------------------------------------------------------------------------- writing


@pytest.mark.parametrize("size", [(64, 48), (63, 47)])
def test_what_is_written_can_be_read(tmp_path: Path, size: tuple[int, int]) -> None:
    width, height = size
    path = tmp_path / "deep" / "a.mp4"
    with FilmWriter(path, rate=(30000, 1001)) as film:
        for number in range(20):
            film.write(numbered(number, width, height))
    again = open_film(path)
    frames = list(read_frames(again))
    assert again.rate == (30000, 1001)
    assert again.size == (64, 48)
    assert again.codec == "h264"
    assert [number_of(frame.image) for frame in frames] == list(range(20))
    assert np.abs(frames[5].image[:height, :width].astype(int) - numbered(5, width, height)).mean() < 8
    assert [file.name for file in path.parent.iterdir()] == ["a.mp4"]


def test_colours_survive_writing(tmp_path: Path) -> None:
    colour = np.array([190, 80, 60], np.uint8)
    with FilmWriter(tmp_path / "a.mp4", rate=(24, 1)) as film:
        film.write(np.tile(colour, (64, 64, 1)))
    image = next(read_frames(open_film(tmp_path / "a.mp4"))).image
    assert np.abs(image[20, 20].astype(int) - colour).max() <= 4


def test_without_h264_another_codec_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(film_writer, "CODECS", ("no_such_codec", "mpeg4"))
    with FilmWriter(tmp_path / "a.mp4", rate=(24, 1)) as film:
        for number in range(5):
            film.write(numbered(number))
    again = open_film(tmp_path / "a.mp4")
    assert again.codec == "mpeg4"
    assert [number_of(frame.image) for frame in read_frames(again)] == list(range(5))


def test_an_error_while_writing_keeps_the_older_film(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(b"older")
    with pytest.raises(KeyError, match="mine"), FilmWriter(path, rate=(24, 1)) as film:
        film.write(numbered(0))
        raise KeyError("mine")
    assert path.read_bytes() == b"older"
    assert len(list(tmp_path.iterdir())) == 1


def test_an_error_of_the_caller_is_not_taken_for_one_of_the_disk(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), FilmWriter(tmp_path / "a.mp4", rate=(24, 1)):
        (tmp_path / "absent").read_bytes()


def test_images_that_cannot_be_written_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    with (
        pytest.raises(InputError, match=r"must be \(H, W, 3\) uint8"),
        FilmWriter(path, rate=(24, 1)) as film,
    ):
        film.write(np.zeros((4, 4, 3), np.float32))  # type: ignore[arg-type]
    with (
        pytest.raises(InputError, match="image 1 is 32 x 32, the first 64 x 64"),
        FilmWriter(path, rate=(24, 1)) as film,
    ):
        film.write(np.zeros((64, 64, 3), np.uint8))
        film.write(np.zeros((32, 32, 3), np.uint8))
    with pytest.raises(ExportError, match="no image was given"), FilmWriter(path, rate=(24, 1)):
        pass
    assert not list(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    path = tmp_path / "file" / "a.mp4"
    with pytest.raises(StorageError, match="cannot be written"), FilmWriter(path, rate=(24, 1)) as film:
        film.write(numbered(0))


def test_a_full_disk_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class FullDisk:
        def __init__(self) -> None:
            self.place = 0

        def write(self, data: bytes) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

        def seek(self, place: int, whence: int = 0) -> int:
            return place

        def tell(self) -> int:
            return 0

    @contextmanager
    def full(path: Path) -> Iterator[FullDisk]:
        yield FullDisk()

    monkeypatch.setattr(film_writer, "atomic_write", full)
    with (
        pytest.raises(StorageError, match="the disk is full"),
        FilmWriter(tmp_path / "a.mp4", rate=(24, 1)) as film,
    ):
        for number in range(20):
            film.write(numbered(number))


# --------------------------------------------------------------------------------------- folders of images


def write_images(
    folder: Path, numbers: list[int], name: str = "shot.{:04d}.png", depth: type = np.uint8
) -> Path:
    folder.mkdir(exist_ok=True)
    for number in numbers:
        image = numbered(number)[:, :, ::-1].astype(depth)
        cv2.imwrite(str(folder / name.format(number)), image * (257 if depth is np.uint16 else 1))
    return folder


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_a_folder_of_numbered_images_is_a_film(tmp_path: Path, depth: type) -> None:
    film = open_film(write_images(tmp_path / "shot", list(range(8, 12)), depth=depth), rate=(25, 1))
    frames = list(film.frames())
    assert (film.size, film.frame_count, film.frame_count_exact) == ((WIDTH, HEIGHT), 4, True)
    assert [number_of(frame.image) for frame in frames] == [8, 9, 10, 11]
    np.testing.assert_array_equal(frames[1].image, numbered(9))
    assert [frame.time for frame in frames] == pytest.approx([0, 0.04, 0.08, 0.12])
    assert [frame.index for frame in film.frames(start=1, stop=3)] == [1, 2]


def test_missing_images_keep_the_place_of_the_others(tmp_path: Path) -> None:
    film = open_film(write_images(tmp_path / "shot", [1, 2, 5]), rate=(10, 1))
    assert [frame.time for frame in film.frames()] == pytest.approx([0, 0.1, 0.4])
    assert film.variable_rate
    assert film.warnings == ("shot: 2 image numbers are missing, the first 3; times keep their place.",)


def test_of_two_image_sequences_the_longer_is_read(tmp_path: Path) -> None:
    folder = write_images(tmp_path / "shot", [1, 2, 3])
    write_images(folder, [1], name="still_{}.png")
    film = open_film(folder, rate=(24, 1))
    assert film.frame_count == 3
    assert "only shot.*.png is read" in film.warnings[0]


def test_folders_that_are_no_film_are_refused(tmp_path: Path) -> None:
    with pytest.raises(VideoError, match="holds no numbered images"):
        open_film(tmp_path, rate=(24, 1))
    folder = write_images(tmp_path / "shot", [1, 2])
    with pytest.raises(VideoError, match="does not say its frame rate"):
        open_film(folder)
    (folder / "shot.0003.png").write_bytes(b"no image")
    with pytest.raises(VideoError, match=r"shot\.0003\.png: cannot be read as an image"):
        list(open_film(folder, rate=(24, 1)).frames())
    cv2.imwrite(str(folder / "shot.0003.png"), np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(VideoError, match=r"is 8 x 8, the first image 128 x 64"):
        list(open_film(folder, rate=(24, 1)).frames())
    write_images(folder, [2], name="shot.{}.png")
    with pytest.raises(VideoError, match="two images have the number 2"):
        open_film(folder, rate=(24, 1))


def test_linear_light_of_exr_images_gets_the_srgb_curve(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENCV_IO_ENABLE_OPENEXR", "1")
    light = np.full((8, 8, 3), 0.2140, np.float32)  # sRGB 0.5
    light[0, 0] = (4.0, np.nan, -1.0)
    cv2.imwrite(str(tmp_path / "a.1.exr"), light[:, :, ::-1])
    image = next(open_film(tmp_path, rate=(24, 1)).frames()).image
    assert abs(int(image[4, 4, 0]) - 128) <= 1
    assert image[0, 0].tolist() == [255, 0, 0]
