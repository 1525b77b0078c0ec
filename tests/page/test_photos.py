# SPDX-License-Identifier: BSD-2-Clause
"""Photos on the page: prepared as golden prepares them, and opened in every way."""

import base64
import io

import numpy as np
import pytest
from PIL import Image

from firstspike.golden import bundled_test_set, encode, infer, load_network
from firstspike.golden.data import preparation
from firstspike.golden.data.photos import read_photo
from firstspike.golden.data.preparation import SIDE, prepare_photo
from firstspike.golden.data.typical_digits import TypicalDigits
from tests.support.browser import DESKTOP, PHONE, opened
from tests.support.photos import rendered

DIGITS, LABELS = bundled_test_set()

PREPARED = """async (coded) => {
  const bytes = Uint8Array.from(atob(coded), (letter) => letter.charCodeAt(0));
  const { pixels, ink } = await firstspike.prepared(new Blob([bytes]));
  return { pixels: Array.from(pixels), ink };
}"""

GIVEN = """async ([coded, kind, id, name = "given.png"]) => {
  const bytes = Uint8Array.from(atob(coded), (letter) => letter.charCodeAt(0));
  const data = new DataTransfer();
  data.items.add(new File([bytes], name, { type: "image/png" }));
  const options = { bubbles: true, cancelable: true };
  options[kind === "paste" ? "clipboardData" : "dataTransfer"] = data;
  const Kind = kind === "paste" ? ClipboardEvent : DragEvent;
  document.getElementById(id).dispatchEvent(new Kind(kind, options));
}"""


def photo(at, kind="PNG", **options):
    """The picture of a digit, as a file."""
    image = rendered(DIGITS[at].reshape(SIDE, SIDE), np.random.default_rng(at)).image
    return as_file(image, kind, **options)


def as_file(image, kind="PNG", **options):
    content = io.BytesIO()
    image.save(content, kind, **options)
    return content.getvalue()


def odd_files():
    """Pictures at the edges of what there is."""
    rng = np.random.default_rng(1)
    yield as_file(Image.new("L", (1, 1), 9))
    yield as_file(Image.new("L", (60, 40), 200))
    yield as_file(Image.fromarray(DIGITS[0].reshape(SIDE, SIDE)))
    yield as_file(Image.fromarray(rng.integers(0, 256, (3, 700, 3), np.uint8).repeat(9, 0)))
    yield as_file(Image.fromarray(rng.integers(0, 256, (50, 61, 3), np.uint8)))
    for width in (60, 20):  # of ink at the frame: more, and less, than there is inside
        crossed = np.full((90, 70), 200, np.uint8)
        crossed[:30, :width] = crossed[50:70, 30:36] = 20
        yield as_file(Image.fromarray(crossed))
    solid = np.zeros((90, 70, 4), np.uint8)
    solid[20:70, 30:40] = (250, 240, 0, 255)
    yield as_file(Image.fromarray(solid))
    deep = np.where(DIGITS[1].reshape(SIDE, SIDE), 60_000, 9_000).astype(np.uint16)
    yield as_file(Image.fromarray(deep))


def test_pictures_are_prepared_as_golden_prepares_them(browser, pages):
    files = [*(photo(at) for at in range(12)), *odd_files()]
    with opened(browser, pages / "mnist-4bit.html", **DESKTOP) as page:
        for number, file in enumerate(files):
            found = page.evaluate(PREPARED, base64.b64encode(file).decode())
            golden = prepare_photo(read_photo(io.BytesIO(file)), SIDE)
            assert found["ink"] == golden.ink, number
            assert found["pixels"] == golden.pixels.ravel().tolist(), number
        told = page.evaluate("JSON.parse(document.getElementById('content').textContent)")
    for name, value in told["preparation"].items():
        assert value == getattr(preparation, name)
    assert told["usual"] == vars(TypicalDigits.of(load_network("mnist-4bit")))


@pytest.mark.parametrize("screen", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_photo_is_opened_and_its_class_and_ink_are_said(browser, pages, screen):
    network = load_network("mnist-4bit")
    exif = Image.Exif()
    exif[0x0112] = 6
    files = [photo(0), photo(1, "JPEG"), photo(2, "WEBP"), photo(3, "JPEG", exif=exif)]
    with opened(browser, pages / "mnist-4bit.html", **screen) as page:
        for number, file in enumerate(files):
            sent = {"name": f"{number}.any", "mimeType": "image/*", "buffer": file}
            page.set_input_files("#photo", sent)
            golden = prepare_photo(read_photo(io.BytesIO(file)), SIDE)
            said = f"{number}.any: {golden.ink} ink on "
            page.wait_for_function("text => found.textContent.startsWith(text)", arg=said)
            ticks = encode(network, golden.pixels.reshape(1, -1))
            decision = infer(network, ticks).decision[0]
            assert page.inner_text("#answer b") == network.class_name(decision)
            (unlike,) = TypicalDigits.of(network).remarks(network, ticks)
            assert ("Unlike a digit: " in page.inner_text("#found")) == bool(unlike)
            assert all(remark in page.inner_text("#found") for remark in unlike)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.get_attribute("#found", "aria-live") == "polite"
        page.click("#clear")
        page.wait_for_function("!found.textContent.includes('ink')")
        assert not page.query_selector("#answer b")


def test_a_photo_is_dropped_or_pasted(browser, pages):
    for way in ("drop", "paste"):
        with opened(browser, pages / "mnist-4bit.html", **DESKTOP) as page:
            page.evaluate(GIVEN, [base64.b64encode(photo(0)).decode(), way, "pad"])
            page.wait_for_function("document.querySelector('#answer b')?.textContent === '7'")


def test_what_is_no_photo_or_no_digit_is_said_to_be_so(page):
    network = load_network("mnist-4bit")
    square = Image.new("L", (90, 90), 240)
    square.paste(30, (30, 30, 60, 60))
    square = as_file(square)

    def open_file(content):
        file = {"name": "<b>it.png", "mimeType": "image/png", "buffer": content}
        page.set_input_files("#photo", file)

    open_file(b"no picture")
    page.wait_for_function("found.textContent.startsWith('<b>it.png is no picture')")
    open_file(as_file(Image.new("L", (60, 40), 200)))
    page.wait_for_function("found.textContent === '<b>it.png: nothing is on it.'")
    open_file(square)
    page.wait_for_function("found.textContent.includes('Unlike a digit')")
    pixels = prepare_photo(read_photo(io.BytesIO(square)), SIDE).pixels
    (unlike,) = TypicalDigits.of(network).remarks(network, encode(network, pixels.reshape(1, -1)))
    assert page.inner_text("#found").endswith(f"Unlike a digit: {'; '.join(unlike)}.")
    page.uncheck("#centre")
    page.wait_for_function("!found.textContent.includes(' ink on ')")
    page.check("#centre")
    page.wait_for_function("found.textContent.includes(' ink on ')")


def test_the_picture_is_opened_by_keyboard(page):
    with page.expect_file_chooser() as chosen:
        page.wait_for_timeout(500)  # the browser is told of the expectation, but does not answer
        page.press("#photo", "Enter")
    assert not chosen.value.is_multiple()
    assert page.get_attribute("#photo", "accept") == "image/*"
