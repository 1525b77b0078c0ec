# SPDX-License-Identifier: BSD-2-Clause
"""The page of networks that convolve: it equals golden, and shows the maps of the first layer."""

from dataclasses import replace

import numpy as np
import pytest

from firstspike.golden import Features, Network, bundled_test_set, encode, infer
from firstspike.golden.faults import kill
from firstspike.golden.timing import layer
from firstspike.golden.timing.shape import CoreShape
from firstspike.hdl.link.protocol.folding import linked_folding
from firstspike.scripts.main import run_line
from firstspike.scripts.page import content
from firstspike.scripts.page.page_file import page as file_of
from firstspike.sim.harness.networks import network_of, random_weights
from tests.support.browser import DESKTOP, opened
from tests.support.shapes import convolving_network

from .test_controls import PageNumbers, check_answer, check_names, sample_of
from .test_page import RUN, check, check_itself

COUNT = 100
HOSTILE = '</script><img src="http://x" onerror="document.title=1">'
SAMPLE = sample_of(3)


def digits_network() -> Network:
    """Two layers that convolve, over digits; one class has a hostile name."""
    hidden = ("4c5s3", "6c3")
    network = convolving_network(hidden=hidden, size=(28, 28), maps=1, n_classes=10)
    return replace(network, classes=(*map(str, range(9)), HOSTILE))


NETWORK = digits_network()


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """The page of NETWORK."""
    folder = tmp_path_factory.mktemp("convolving")
    NETWORK.save(folder / "net.npz")
    words = [folder / "net.npz", "--images", COUNT, "-o", folder / "net.html"]
    assert run_line(["page", *map(str, words)]) == 0
    return folder / "net.html"


@pytest.fixture
def page(browser, path):
    """The page, on which the digit 3 stands at the decision."""
    with opened(browser, path, reduced_motion="reduce", **DESKTOP) as page:
        page.click("#chips button:nth-child(4)")
        yield page


def test_the_page_equals_golden(page):
    ticks = encode(NETWORK, bundled_test_set()[0][:COUNT])
    golden = infer(NETWORK, ticks)
    expected = np.column_stack(
        [golden.decision, golden.tick, golden.forced, golden.spikes_in, golden.hidden[0]]
    )
    assert np.array_equal(page.evaluate(RUN, ticks.tolist()), expected)
    assert (golden.spikes_in > 0).mean() > 0.9, "every layer has spikes before most decisions"
    check_itself(page)


SHAPES = [
    CoreShape(lanes=64, window=4),
    CoreShape(lanes=64, window=0),
    CoreShape(lanes=2, window=0),
    CoreShape(lanes=(3, 1, 4, 2), window=2),
    CoreShape(lanes=(1, 4, 2, 3), window=1),
]


def networks() -> list[Network]:
    """Networks of pictures, of rows, of grey pixels and complements, and of dense layers alone."""
    dense = random_weights(np.random.default_rng(4), (25, 70, 9, 11, 5), -40, 80)
    grey = replace(convolving_network(3, size=(6, 5), maps=2), encoding="levels-4")
    return [
        convolving_network(1),
        convolving_network(2, ("4c3s2", "20c2", 6), size=(1, 30)),
        replace(grey, features=Features(complement=True), n_inputs=60),
        network_of(dense, (90, 70, 60, 50), bits=8, encoding="levels-4"),
    ]


@pytest.mark.parametrize("network", networks())
def test_every_folding_takes_the_cycles_that_golden_counts(browser, tmp_path, monkeypatch, network):
    samples = content.random_samples(network, 20)
    monkeypatch.setattr(layer, "LONG_SWEEP", 1)  # of layers as small as these, some have long walks

    def cores_of(network, _):
        for shape in SHAPES:
            folding = linked_folding(network, shape)
            yield folding, content.core_of(network, folding, ["core"], None)

    monkeypatch.setattr(content, "cores_of", cores_of)
    told = content.content(network, "net", samples, [], shown=False)
    assert len({tuple(cycles) for cycles in told["expected"]["cycles"]}) == len(SHAPES)
    path = tmp_path / "page.html"
    path.write_text(file_of(told))
    with opened(browser, path, **DESKTOP) as page:
        check_itself(page)


def pixel(page, neuron: int) -> list[int]:
    """Red, green and blue in the middle of a neuron: four maps of 8 x 8 are beside each other."""
    script = """neuron => {
      const shown = document.getElementById("maps");
      const [x, y] = [neuron % 8 + 9 * Math.floor(neuron / 64), Math.floor((neuron % 64) / 8)];
      const place = [shown.width * (x + 0.5) / 35, shown.height * (y + 0.5) / 8];
      return Array.from(shown.getContext("2d").getImageData(...place, 1, 1).data).slice(0, 3);
    }"""
    return page.evaluate(script, neuron)


def test_maps_show_who_spiked_when(page):
    result = infer(NETWORK, encode(NETWORK, SAMPLE))
    ticks = np.where(result.hidden[0][0] < result.tick[0], result.hidden[0][0], 0)
    first, last = ticks[ticks > 0].min(), ticks.max()
    assert page.inner_text("#maps-first") == f"tick {first}"
    assert page.inner_text("#maps-last") == f"tick {last}"
    silent, early, late = [0xC9, 0xD0, 0xDA], [0x44, 0x01, 0x54], [0xFD, 0xE7, 0x25]
    for neuron in range(1, len(ticks)):  # around the first there is a mark
        seen, tick = pixel(page, neuron), ticks[neuron]
        assert (seen == silent) == (tick == 0)
        assert (seen == early) == (tick == first)
        assert (seen == late) == (tick == last)
    page.locator("#tick").fill(str(first))
    assert pixel(page, int(np.flatnonzero(ticks == last)[-1])) == silent


MARK = """([column, row]) => {
  const shown = document.getElementById("maps");
  const place = [shown.width * column / 35, shown.height * (row + 0.5) / 8].map(Math.round);
  const [red, green, blue] = shown.getContext("2d").getImageData(...place, 1, 1).data;
  const accent = getComputedStyle(document.documentElement).getPropertyValue("--accent").trim();
  const hex = [red, green, blue].map((part) => part.toString(16).padStart(2, "0")).join("");
  return accent === `#${hex}`;
}"""
"""Whether the mark of the chosen neuron is at the left side of a pixel of the maps."""


def test_maps_are_walked_by_keyboard_and_clicked(page):
    result = infer(NETWORK, encode(NETWORK, SAMPLE))

    def said(map_, row, column):
        tick = result.hidden[0][0][map_ * 64 + row * 8 + column]
        what = f"tick {tick}" if 0 < tick < result.tick[0] else "no spike before the decision"
        return f"map {map_ + 1}, row {row + 1}, column {column + 1}: {what}"

    check_names(page)
    page.evaluate("addEventListener('keydown', (event) => (window.kept = event.defaultPrevented))")
    page.focus("#maps")
    walk = [("Up Left", (0, 0, 0)), ("Down Right", (0, 1, 1)), ("Right " * 7, (1, 1, 0))]
    for keys, place in walk:
        for key in keys.split():
            page.keyboard.press(f"Arrow{key}")
        assert page.inner_text("#maps-at") == said(*place)
        assert page.evaluate("kept"), "the page does not scroll"
    assert page.input_value("#neuron") == "72"
    assert "Neuron 72 (map 2, row 2, column 1)" in page.inner_text("#about")
    box = page.locator("#maps").bounding_box()
    page.mouse.click(box["x"] + box["width"] * 20.5 / 35, box["y"] + box["height"] * 3.5 / 8)
    assert page.input_value("#neuron") == str(2 * 64 + 3 * 8 + 2)
    assert page.evaluate(MARK, [20, 3])
    assert not page.evaluate(MARK, [10, 3])


def test_filters_are_killed_as_golden_does(page):
    page.locator("#kill").fill("40")
    hurt = kill(NETWORK, 0.4, PageNumbers(1, 3, 4))
    assert 0 < hurt.weights[0].any(0).sum() < 4
    check_answer(page, hurt, encode(NETWORK, SAMPLE))
    assert page.inner_text("#killed") == "Filters and dense neurons killed"


def test_the_page_is_accessible(browser, path):
    check(browser, path)


def test_a_hostile_name_runs_nothing(page):
    assert HOSTILE in page.inner_text("#classes")
    assert "net" in page.title()
