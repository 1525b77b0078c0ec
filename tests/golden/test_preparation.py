# SPDX-License-Identifier: BSD-2-Clause
"""Photos become digits: reading, each step, and pictures made from digits."""

import io
import tracemalloc

import numpy as np
import pytest
from PIL import Image

from firstspike.golden import bundled_test_set, encode, infer, load_network
from firstspike.golden.data import photos
from firstspike.golden.data.dataset import DataError
from firstspike.golden.data.jpeg import MOST_SCANS, count_scans
from firstspike.golden.data.photos import read_photo
from firstspike.golden.data.preparation import (
    LEAST_CONTRAST,
    SIDE,
    centred,
    cleaned,
    opaque,
    otsu,
    prepare_photo,
    scaled,
    stretched,
)
from firstspike.golden.data.typical_digits import RARE, TypicalDigits, takes_digits
from tests.support.photos import rendered, rgba_of

PAPER, INK = 200, 60


def drawing(height=200, width=160):
    """A stroke on paper, uint8 [height, width]."""
    grey = np.full((height, width), PAPER, np.uint8)
    grey[60:140, 70:90] = INK
    return grey


def saved(image, kind="PNG", **options):
    """The image as `read_photo` gives it, out of a file."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return read_photo(file)


STROKE = prepare_photo(rgba_of(drawing()), SIDE).pixels


def test_a_stroke_fills_the_box_and_is_in_the_middle():
    expected = np.zeros((SIDE, SIDE), int)
    expected[5:25, 12:17] = 255
    assert np.array_equal(STROKE[:, 12:17], expected[:, 12:17])
    assert not STROKE[:, :12].any()
    assert not STROKE[:, 17:].any()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize(
    ("change", "ink"),
    [
        (lambda grey: grey, "dark"),
        (lambda grey: 255 - grey, "light"),
        (lambda grey: grey // 2, "dark"),
        (lambda grey: np.stack([grey, np.full_like(grey, 99), 255 - grey], 2), "dark"),
    ],
)
def test_ink_is_found_whatever_its_colour(kind, change, ink):
    photo = prepare_photo(saved(Image.fromarray(change(drawing())), kind), SIDE)
    if change(drawing()).ndim == 2:
        assert photo.ink == ink
    assert np.array_equal(photo.pixels > 127, STROKE > 127)


@pytest.mark.parametrize(
    ("line", "ink"), [((0, 0, 0), "dark"), ((255, 255, 255), "light"), ((200, 0, 0), "dark")]
)
def test_ink_on_nothing_is_seen(line, ink):
    grey = drawing()
    image = np.zeros((*grey.shape, 4), np.uint8)
    image[grey == INK] = (*line, 255)
    photo = prepare_photo(saved(Image.fromarray(image)), SIDE)
    assert photo.ink == ink
    assert np.array_equal(photo.pixels, STROKE)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_is_turned_as_its_exif_says(orientation):
    turns = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    image = Image.fromarray(drawing())
    held = image.transpose(turns[orientation]) if orientation in turns else image
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert np.array_equal(saved(held, exif=exif)[:, :, 0], drawing())


def test_sixteen_bits_and_other_modes_are_read():
    deep = drawing().astype(np.uint16) * 257
    assert np.array_equal(saved(Image.fromarray(deep))[:, :, 0], drawing())
    for mode, kind in (("CMYK", "JPEG"), ("P", "PNG"), ("1", "PNG"), ("LA", "PNG")):
        photo = prepare_photo(saved(Image.fromarray(drawing()).convert(mode), kind), SIDE)
        assert photo.ink == "dark", mode


@pytest.mark.parametrize("shade", [0, 128, 255])
def test_paper_alone_has_nothing_on_it(shade):
    noise = np.random.default_rng(1).normal(shade, 4, (300, 200)).clip(0, 255)
    y = np.linspace(1, 0.7, 300)[:, None]
    for grey in (np.full((9, 9), shade), noise, noise * y, np.full((1, 1), shade)):
        photo = prepare_photo(rgba_of(grey.astype(np.uint8)), SIDE)
        assert photo.ink is None
        assert not photo.pixels.any()


def test_faint_ink_is_ink():
    faint = np.where(drawing() == INK, PAPER - LEAST_CONTRAST - 4, PAPER).astype(np.uint8)
    assert np.array_equal(prepare_photo(rgba_of(faint), SIDE).pixels, STROKE)


def test_specks_and_what_comes_in_over_the_frame_are_left_out():
    grey = drawing()
    grey[20:23, 20:23] = INK
    grey[180:, 100:130] = INK
    assert np.array_equal(prepare_photo(rgba_of(grey), SIDE).pixels, STROKE)


def test_ink_that_is_cut_off_is_kept():
    cut = prepare_photo(rgba_of(drawing()[65:135]), SIDE)
    assert cut.ink == "dark"
    assert np.array_equal(cut.pixels[5:25, 12:16] == 255, np.ones((20, 4), bool))


@pytest.mark.parametrize("crossing", [9, 10])
def test_ink_at_the_frame_is_removed_where_a_tenth_of_the_ink_is_not(crossing):
    bright = np.zeros((5, 12), bool)
    bright[0, :crossing] = bright[3, 6] = True
    kept = cleaned(bright)
    assert kept[3, 6]
    assert kept[0, :crossing].all() == kept[0].any() == (crossing == 10)


def test_the_threshold_is_otsus():
    rng = np.random.default_rng(2)
    for _ in range(20):
        values = rng.integers(0, 256, rng.integers(2, 9)).repeat(rng.integers(1, 9))
        if len(set(values)) < 2:
            continue
        within = {
            at: sum(part.var() * len(part) for part in (values[values <= at], values[values > at]))
            for at in range(values.min(), values.max())
        }
        threshold, between, contrast = otsu(np.bincount(values, minlength=256))
        low, high = values[values <= threshold], values[values > threshold]
        assert within[threshold] == pytest.approx(min(within.values()))
        assert contrast == pytest.approx(high.mean() - low.mean())
        assert between == pytest.approx(values.var() - within[threshold] / len(values))


def test_sizes_change_by_means_and_straight_lines():
    grey = np.random.default_rng(3).integers(0, 256, (12, 8))
    assert np.allclose(scaled(grey, 3, 4), grey.reshape(3, 4, 4, 2).mean((1, 3)))
    assert scaled(grey, 5, 7).mean() == pytest.approx(grey.mean())
    ramp = np.arange(4.0)[:, None] + np.zeros((1, 3))
    inside = stretched(ramp, 16, 3)[2:-2, 0]
    assert np.allclose(np.diff(inside), 0.25)
    assert np.allclose(stretched(ramp, 4, 3), ramp)


def test_what_does_not_fit_beside_its_centre_of_mass_is_cut_off():
    grey = np.zeros((20, 20), np.uint8)
    grey[:, :3] = grey[0] = 255
    pixels = centred(grey, SIDE)
    assert pixels.shape == (SIDE, SIDE)
    assert pixels[:, -1].any()


def test_pictures_too_large_are_refused(monkeypatch):
    monkeypatch.setattr(photos, "MOST_PIXELS", 99)
    with pytest.raises(DataError, match="10 x 10 pixels: at most 99"):
        saved(Image.new("L", (10, 10)))
    with pytest.raises(DataError, match="10 x 5 pixels: at most 49"):
        saved(Image.new("L", (10, 5)), "WEBP")


@pytest.mark.parametrize(("light", "background"), [(108, 255), (118, 0)])
def test_a_large_transparent_picture_is_mixed_pixel_by_pixel_in_little_memory(light, background):
    rng = np.random.default_rng(6)
    rgba = rng.integers(light, light + 30, (1900, 1100, 4), np.uint8)
    rgba[:, :, 3] = rng.integers(0, 255, (1900, 1100))  # no pixel is opaque
    tracemalloc.start()
    displayed = opaque(rgba)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 24 * rgba[:, :, 0].size
    alpha = rgba[:, :, 3:].astype(int)
    expected = np.floor((rgba[:, :, :3] * alpha + background * (255 - alpha)) / 255 + 0.5)
    assert np.array_equal(displayed, np.moveaxis(expected, 2, 0))


def test_a_picture_of_many_scans_is_refused():
    """For each scan the decoder visits all pixels."""
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x010E] = "\xff\xda" * 200  # no scans
    Image.fromarray(drawing()).save(
        file, "JPEG", progressive=True, exif=exif, comment=b"\xff\xda" * 99
    )
    content = file.getvalue()
    usual = count_scans(io.BytesIO(content))
    assert 1 < usual <= MOST_SCANS
    assert np.array_equal(read_photo(io.BytesIO(content + b"\xff\xda" * 99)), read_photo(file))
    at = content.rindex(b"\xff\xda")
    many = content[:-2] + content[at:-2] * (MOST_SCANS + 1 - usual) + content[-2:]
    assert count_scans(io.BytesIO(many)) == MOST_SCANS + 1
    with pytest.raises(DataError, match=f"{MOST_SCANS + 1} scans: at most {MOST_SCANS}"):
        read_photo(io.BytesIO(many))


def test_pictures_of_digits_are_read_as_the_digits_are():
    """A few, for a slip; the command in `docs.measurements.photos` measures."""
    digits, labels = bundled_test_set()
    network = load_network("mnist-4bit")
    rng = np.random.default_rng(4)
    pictures = [
        prepare_photo(
            rgba_of(np.asarray(rendered(digit.reshape(SIDE, SIDE), rng).image)), SIDE
        ).pixels
        for digit in digits[:60]
    ]
    ticks = encode(network, np.stack(pictures).reshape(60, -1))
    assert (infer(network, ticks).decision == labels[:60]).mean() >= 0.95


def test_what_is_unlike_a_digit_is_said_and_what_is_like_one_is_not():
    network = load_network("mnist-8bit")
    assert takes_digits(network)
    usual = TypicalDigits.of(network)
    digits = bundled_test_set()[0][:1000]
    remarks = usual.remarks(network, encode(network, digits))
    assert 0 < sum(map(bool, remarks)) <= 4 * RARE * 1000 + 4
    full, noise = np.full(784, 255), np.random.default_rng(5).integers(0, 256, 784)
    samples = np.stack([full, noise]).astype(np.uint8)
    for image_remarks in usual.remarks(network, encode(network, samples)):
        assert "of the inputs spike, of digits" in image_remarks[0]


def test_a_remark_is_on_what_is_outside_of_the_bounds():
    usual = TypicalDigits(fewest=0.1, most=0.5, latest=40.5, lead=2)
    typical = [[0.1, 40.5, 2], [0.5, 1, 9]]
    assert [usual._remarks(*figures) for figures in typical] == [[], []]
    spikes = "{} of the inputs spike, of digits 10.0% to 50.0%"
    assert usual._remarks(0.09, 40, 2) == [spikes.format("9.0%")]
    assert usual._remarks(0.51, 41, 1.99) == [
        spikes.format("51.0%"),
        "it is decided at tick 41, digits by 40",
        "the class is ahead of the next by a potential of 1.99, of digits by 2.00 and more",
    ]
