# SPDX-License-Identifier: BSD-2-Clause
"""The page in a real browser: it equals golden, and one can draw on it.

FIRSTSPIKE_PAGE_DIGITS=10000 pytest tests/page      all test digits instead of some
"""

import gzip
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe

from firstspike.boards.building.shipped_builds import SHIPPED_BUILDS
from firstspike.boards.pins.registry import BOARDS
from firstspike.golden import bundled_test_set, encode, infer, load_network, shipped
from firstspike.scripts.page import content
from firstspike.scripts.page import page as verb
from firstspike.scripts.page.page_file import script
from firstspike.sim.harness.networks import random_weights
from tests.support.browser import DESKTOP, PHONE, opened
from tests.support.command import refusal, success, toy_network
from tests.support.tools import SITE, TYPESCRIPT, leave_out, needs

from .strokes import DIGITS, draw

COUNT = int(os.environ.get("FIRSTSPIKE_PAGE_DIGITS", 300))
MOST_BYTES = 400_000
WEB = Path(__file__).parents[2] / "scripts" / "page" / "web"

RUN = """rows => rows.map((ticks) => {
  const {decision, tick, forced, spikesIn, spikes} = firstspike.run(ticks);
  return [decision, tick, Number(forced), ...spikesIn, ...spikes[1]];
})"""


def check_itself(page) -> None:
    """The page finds no sample that differs from golden in anything, cycles included."""
    page.click("#check")
    assert ": 0 differ" in page.inner_text("#checked")


@pytest.mark.parametrize("name", shipped())
def test_the_page_equals_golden(browser, pages, name):
    network = load_network(name)
    ticks = encode(network, bundled_test_set()[0][:COUNT])
    golden = infer(network, ticks)
    expected = np.column_stack(
        [golden.decision, golden.tick, golden.forced, golden.spikes_in, golden.hidden[0]]
    )
    with opened(browser, pages / f"{name}.html", **DESKTOP) as page:
        for start in range(0, COUNT, 500):
            part = slice(start, start + 500)
            found = np.array(page.evaluate(RUN, ticks[part].tolist()))
            assert np.flatnonzero((found != expected[part]).any(1)).tolist() == []
        check_itself(page)


@pytest.mark.parametrize("name", shipped())
def test_ten_drawn_digits_are_recognised(browser, pages, name):
    for screen in (DESKTOP, PHONE):
        check_drawn_digits(browser, pages, screen, name)


def check_drawn_digits(browser, pages, screen, name):
    found = {}
    with opened(browser, pages / f"{name}.html", **screen) as page:
        for digit in DIGITS:
            draw(page, digit)
            found[digit] = page.inner_text("#answer b")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert found == {digit: str(digit) for digit in DIGITS}


def test_a_drawing_is_scaled_and_centred_as_mnist_was(browser, pages):
    drawn = np.zeros((112, 112), int)
    drawn[8:104, 5:53] = 255
    with opened(browser, pages / "mnist-4bit.html", **DESKTOP) as page:
        found = page.evaluate(
            "grey => Array.from(firstspike.preparation.centred(grey, 112, 112, 28))",
            drawn.ravel().tolist(),
        )
    expected = np.zeros((28, 28), int)
    expected[5:25, 10:20] = 255  # 20 high, in proportion, and 14.5 as near to 14 as 13.5
    assert np.array_equal(np.reshape(found, (28, 28)), expected)


def test_pages_are_small(pages):
    for name in shipped():
        assert len(gzip.compress((pages / f"{name}.html").read_bytes())) <= MOST_BYTES


@pytest.mark.parametrize("name", shipped())
def test_the_boards_are_those_of_the_known_builds(browser, pages, name):
    known = {
        BOARDS[build.board].title
        for build in SHIPPED_BUILDS
        if build.network == name and not build.shape.overlap
    }
    with opened(browser, pages / f"{name}.html", **DESKTOP) as page:
        cells = page.locator("#cores td:first-child").all()
        rows = [cell.inner_text().split("\n")[0].split(", ") for cell in cells]
    assert rows
    assert all(len(row) == len({*row}) for row in rows)
    assert {board for row in rows for board in row} == known


def several_groups():
    """A network of two hidden layers, of which 64 lanes make several groups, with windows."""
    weights = random_weights(np.random.default_rng(1), (35, 150, 70, 4), -40, 60)
    return replace(
        toy_network(), weights=tuple(weights), weight_bits=(8, 8, 8), thresholds=(200, 200, 100)
    )


@pytest.mark.parametrize("network", [toy_network("levels-4"), several_groups()])
def test_a_network_of_ones_own_has_a_page_that_is_right(browser, capfd, tmp_path, network):
    network.save(tmp_path / "<b>toy.npz")
    path = tmp_path / "toy.html"
    success(capfd, "page", tmp_path / "<b>toy.npz", "--images", 50, "-o", path)
    with opened(browser, path, **DESKTOP) as page:
        assert "<b>toy" in page.title()
        check_itself(page)
        assert "50 samples" in page.inner_text("#checked")


def test_a_signal_waits_for_the_cycles_of_a_few_images_only(monkeypatch):
    counted = []
    count = content.image_cycles

    def image_cycles(network, folding, ticks):
        counted.append(len(ticks))
        return count(network, folding, ticks)

    monkeypatch.setattr(content, "image_cycles", image_cycles)
    network = toy_network()
    samples = content.random_samples(network, 250)
    told = content.content(network, "toy", samples, [], shown=False)
    cycles, ticks = told["expected"]["cycles"], encode(network, samples)
    cores = list(content.cores_of(network, ticks))
    assert counted == [100, 100, 50] * len(cores)
    assert cycles == [count(network, folding, ticks).tolist() for folding, _ in cores]


@needs(TYPESCRIPT)
def test_the_scripts_have_types(tmp_path):
    options = "--allowJs --checkJs --noEmit --strict --target es2022 --module es2022"
    files = [WEB / "main.js", Path(__file__).parent / "browser.d.ts"]
    words = ["tsc", *options.split(), "--lib", "es2022,dom,dom.iterable", *files]
    ended = subprocess.run(words, capture_output=True, text=True)
    assert ended.returncode == 0, ended.stdout


def test_every_script_is_in_the_page():
    text = script()
    for path in WEB.glob("*.js"):
        licence, first, _ = path.read_text().split("\n", 2)
        assert first in text, path.name
        assert licence not in text


# The page and the site, by axe-core's rules and on a phone: everything can be reached and read.

SITE_PAGES = ("index", "tutorial", "figures", "comparison", "bus", "architecture", "verbs/train")
WIDER = "document.documentElement.scrollWidth - window.innerWidth"
"""How many pixels of a page are beyond the right edge of the screen."""


def check(browser, path: Path) -> None:
    """Look at a page in light and dark, on a desktop and on a phone."""
    for scheme in ("light", "dark"):
        for screen in (DESKTOP, PHONE):
            context = browser.new_context(offline=True, color_scheme=scheme, **screen)
            page = context.new_page()
            page.goto(path.as_uri())
            found = Axe().run(page)
            assert found.violations_count == 0, found.generate_report()
            assert page.evaluate(WIDER) <= 0, f"{path.name} is wider than the screen"
            context.close()


@pytest.mark.parametrize("name", shipped())
def test_the_page_is_accessible(browser, pages, name):
    check(browser, pages / f"{name}.html")


def test_the_site_is_accessible(browser):
    if not SITE.found:
        leave_out(SITE)
    for name in SITE_PAGES:
        check(browser, Path("build/docs", f"{name}.html").resolve())


def test_a_page_holds_a_limited_number_of_test_images(capfd, tmp_path, monkeypatch):
    monkeypatch.setattr(verb, "MOST_SAMPLES", 9_999)
    words = ("page", "--dataset", "mnist", "--images", "all", "-o", tmp_path / "new.html")
    sentence = (
        "there are 10000 test images, and a page holds at most 9999: give fewer by --images N."
    )
    assert refusal(capfd, *words) == f"Error: {sentence}"
    assert not list(tmp_path.iterdir())
