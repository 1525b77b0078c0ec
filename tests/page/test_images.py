# SPDX-License-Identifier: BSD-2-Clause
"""The page of a network of the user's images: dark shapes on white stay dark on white."""

import base64
import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw

from firstspike.golden import encode, infer, load_network
from firstspike.golden.data.dataset import assembled
from firstspike.golden.data.readers import read
from firstspike.scripts.main import run_line
from tests.support.browser import DESKTOP, PHONE, opened

from .strokes import SHAPES, draw
from .test_controls import check_answer, check_pad_stays, page_of
from .test_page import check, check_itself
from .test_photos import GIVEN, as_file

SIDE = 20
COUNT = 200
DROPPED = 30
FINE = 8
"""Pixels of a shape that is drawn, per pixel of its image."""

EDGE = """() => {
  const pen = pad.getContext("2d");
  return Array.from(pen.getImageData(5, 5, 1, 1).data).slice(0, 3);
}"""
"""The colour of the pad near its corner."""

WHITE, BLACK = [255, 255, 255], [0, 0, 0]


def shape(name: str, rng: np.random.Generator) -> Image.Image:
    """Return a dark outline on white, of any size, at any place near the middle."""
    side = SIDE * FINE
    image = Image.new("L", (side, side), 255)
    r, (x, y) = side * rng.uniform(0.25, 0.35), side * (0.5 + rng.uniform(-0.06, 0.06, 2))
    turns = np.linspace(0, 2 * np.pi, 60)
    points = {
        "circle": np.stack([x + r * np.cos(turns), y + r * np.sin(turns)], axis=1),
        "square": np.array([x, y]) + r * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1], [-1, -1]]),
        "triangle": np.array([x, y]) + r * np.array([[0, -1], [1, 0.8], [-1, 0.8], [0, -1]]),
    }[name]
    width, ink = int(side * rng.uniform(0.05, 0.1)), int(rng.integers(60))
    ImageDraw.Draw(image).line(list(map(tuple, points)), fill=ink, width=width, joint="curve")
    return image.resize((SIDE, SIDE), Image.Resampling.LANCZOS)


@pytest.fixture(scope="module")
def shapes(tmp_path_factory):
    """A folder `shapes` of images, and the network that was trained on it."""
    folder = tmp_path_factory.mktemp("shapes")
    rng = np.random.default_rng(1)
    for at in range(COUNT):
        name = [*SHAPES][at % len(SHAPES)]
        (folder / "shapes" / name).mkdir(parents=True, exist_ok=True)
        shape(name, rng).save(folder / "shapes" / name / f"{at}.png")
    return folder


@pytest.fixture(scope="module")
def network(shapes):
    """The network that `train` makes of the folder."""
    words = ["--dataset", str(shapes / "shapes"), "--epochs", "30", "-o", str(shapes / "net.npz")]
    assert run_line(["train", *words]) == 0
    return load_network(str(shapes / "net.npz"))


@pytest.fixture(scope="module")
def path(shapes, network):
    """Its page, without a data set."""
    words = [str(shapes / "net.npz"), "--images", "20", "-o", str(shapes / "net.html")]
    assert run_line(["page", *words]) == 0
    return shapes / "net.html"


def draw_all(page) -> dict[str, str]:
    """Draw every shape, and return the decisions."""
    found = {}
    for name in SHAPES:
        draw(page, name)
        found[name] = page.inner_text("#answer b")
    return found


RIGHT = {name: name for name in SHAPES}


def test_training_images_dropped_on_the_page_are_decided_as_golden_decides(
    browser, shapes, network, path
):
    data = assembled("", *read(shapes / "shapes"))
    images = data.x_train[:: len(data.x_train) // DROPPED][:DROPPED]
    images = np.concatenate([images, np.full_like(images[:1], 255)])  # nothing may be a class, too
    ticks = encode(network, images)
    assert len(set(infer(network, ticks).decision.tolist())) == len(SHAPES)
    with opened(browser, path, **DESKTOP) as page:
        for image, spikes in zip(images, ticks, strict=True):
            page.click("#clear")
            page.wait_for_function("!document.querySelector('#answer b')")
            file = as_file(Image.fromarray(image))
            page.evaluate(GIVEN, [base64.b64encode(file).decode(), "drop", "pad"])
            page.wait_for_selector("#answer b")
            check_answer(page, network, spikes[None])


@pytest.mark.parametrize(("screen", "scheme"), [(DESKTOP, "light"), (PHONE, "dark")])
def test_drawn_shapes_are_recognised(browser, path, screen, scheme):
    with opened(browser, path, color_scheme=scheme, **screen) as page:
        assert "Nothing is drawn yet" in page.inner_text("#answer")
        assert page.evaluate(EDGE) == WHITE
        assert page.is_checked("#light")
        assert draw_all(page) == RIGHT
        page.check("#centre")
        assert draw_all(page) == RIGHT
        page.uncheck("#light")
        assert page.evaluate(EDGE) == BLACK
        assert "digit" not in page.inner_text("body").lower()


def test_the_first_stroke_does_not_move_the_pad(browser, path):
    check_pad_stays(browser, path)


def test_a_sample_is_shown_as_the_network_sees_it(browser, capfd, shapes, network, tmp_path):
    words = "--dataset", shapes / "shapes", "--images", 6
    with opened(browser, page_of(capfd, tmp_path, network, *words), **DESKTOP) as page:
        page.click("#chips >> text=square")
        assert page.evaluate(EDGE) == WHITE
        assert page.inner_text("#sample").startswith("A test sample of square.")
        page.click("#clear")
        page.wait_for_function("answer.textContent.startsWith('Nothing is drawn yet')")
        assert page.inner_text("#sample") == "Or take a test sample:"
        check_itself(page)


def test_the_ground_is_that_of_the_samples_or_one_ticks_it(
    browser, capfd, shapes, network, tmp_path
):
    assert network.meta["ground"] == "light"
    unknown = replace(network, meta={"ground": ["light"]})  # the file may be a stranger's
    with opened(browser, page_of(capfd, tmp_path, unknown), **DESKTOP) as page:
        assert "Tick Dark on light" in page.inner_text("#found")
        assert not page.is_checked("#light")
        page.check("#light")
        assert page.evaluate(EDGE) == WHITE
        assert draw_all(page) == RIGHT
    path = page_of(capfd, tmp_path, unknown, "--dataset", shapes / "shapes")
    with opened(browser, path, **DESKTOP) as page:
        assert "Tick Dark on light" not in page.inner_text("#found")
        assert draw_all(page) == RIGHT


@pytest.mark.parametrize("name", ["decision", "tick"])
def test_a_page_that_decides_its_first_sample_wrongly_reports_it(browser, path, tmp_path, name):
    with opened(browser, path, **DESKTOP) as page:
        assert not page.is_visible("#wrong")
        assert "as by the golden model" in page.inner_text("#checked")
    before, element, rest = path.read_text().partition('id="content">')
    text, after = rest.split("</script>", 1)
    content = json.loads(text)
    first = content["expected"][name]
    first[0] = (first[0] + 1) % len(SHAPES)
    (tmp_path / "wrong.html").write_text(
        f"{before}{element}{json.dumps(content)}</script>{after}", encoding="utf-8"
    )
    with opened(browser, tmp_path / "wrong.html", **DESKTOP) as page:
        assert page.inner_text("#wrong").startswith("Do not trust this page: ")
        assert page.inner_text("#checked") == ""


def test_the_page_is_accessible(browser, path):
    check(browser, path)
