# SPDX-License-Identifier: BSD-2-Clause
"""Finger, slider, sample and keyboard on the page act on the network."""

import csv
import json
import re
from dataclasses import replace

import numpy as np
import pytest

from firstspike.boards.pins.registry import BOARDS
from firstspike.golden import (
    Features,
    Network,
    bundled_test_set,
    encode,
    infer,
    load_network,
    shipped,
)
from firstspike.golden.encodings.registry import encoding_of
from firstspike.golden.faults import flip, jitter, kill
from firstspike.scripts.output import counted
from firstspike.scripts.page import content
from firstspike.sim.harness.networks import network_of
from tests.support.browser import DESKTOP, PHONE, opened
from tests.support.command import success, toy_network

from .strokes import strokes_on
from .test_page import check_itself
from .test_photos import photo

NETWORK = load_network("mnist-4bit")
PIXELS, LABELS = bundled_test_set()

CONTROLS = "button, input, select, summary, canvas[tabindex='0']"

STOPS = f"""() => Array.from(document.querySelectorAll("{CONTROLS}"))
  .filter((one) => !one.disabled && one.checkVisibility())
  .map((one) => one.id || one.textContent)"""
"""The controls, in the order of the page."""


def check_names(page) -> None:
    """A screen reader has a name for everything that can be operated."""
    tree = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    operated = [
        (node["role"]["value"], node["name"]["value"])
        for node in tree
        if {"name": "focusable", "value": {"type": "booleanOrUndefined", "value": True}}
        in node.get("properties", ())
        and node["role"]["value"] != "RootWebArea"
    ]
    assert len(operated) >= len(page.evaluate(STOPS))
    assert [role for role, name in operated if not name.strip()] == []
    names = {name for _, name in operated}
    texts = page.locator("button:visible").all_inner_texts()
    assert [text for text in texts if not any(text in name for name in names)] == []


def sample_of(label: int) -> np.ndarray:
    """Pixels [1, n] of the first test image of a class, which its button takes first."""
    return PIXELS[np.flatnonzero(label == LABELS)[:1]]


def check_answer(page, network: Network, ticks: np.ndarray) -> None:
    """The page says what golden decides of ticks [1, n]."""
    result = infer(network, ticks)
    name, tick = network.class_name(result.decision[0]), result.tick[0]
    said = page.inner_text("#answer")
    if result.forced[0]:
        assert said.endswith(f"up to the deadline, and {name} came nearest.")
    else:
        assert said.startswith(f"It is {name}: decided at tick {tick}, z = ")
        assert said.endswith(f"after {counted(result.spikes_in[0].sum(), 'spike')}.")


class PageNumbers:
    """The page's numbers in the place of a numpy generator: each has its kind, seed and place."""

    def __init__(self, seed: int, *kinds: int) -> None:
        self._seed = seed
        self._kinds = iter(kinds)

    def random(self, shape: int | tuple[int, ...]) -> np.ndarray:
        """Return the page's random numbers in 0 .. 1."""
        x = np.arange(np.prod(shape), dtype=np.uint32)
        for number, factor in ((self._seed, 0x9E3779B1), (next(self._kinds), 0x85EBCA77)):
            x ^= np.uint32(number * factor % 2**32)
        for shift, factor in ((16, 0x85EBCA6B), (13, 0xC2B2AE35)):
            x = (x ^ x >> shift) * np.uint32(factor)
        return (x ^ x >> 16).reshape(shape) / 2**32

    def integers(self, low: int, high: int, shape: tuple[int, ...], endpoint: bool) -> np.ndarray:
        """Return the page's random integers in low .. high."""
        return low + np.floor(self.random(shape) * (high - low + endpoint)).astype(int)


SLIDERS = [(40, 0, 0, 1), (95, 0, 0, 2), (0, 12, 0, 1), (0, 0, 6, 1), (25, 5, 8, 3)]
"""Percent of killed neurons, percent of flipped pixels, ticks of jitter, and a seed."""


def test_sliders_disturb_as_golden_does(disturbed):
    for killed, flipped, jittered, seed in SLIDERS:
        open_anew(disturbed)
        check_sliders(disturbed, killed, flipped, jittered, seed)


def check_sliders(disturbed, killed, flipped, jittered, seed):
    for id_, value in (("kill", killed), ("flip", flipped), ("jitter", jittered)):
        disturbed.locator(f"#{id_}").fill(str(value))
    for _ in range(seed - 1):
        disturbed.click("#anew")
    seen = flip(sample_of(3), flipped / 100, PageNumbers(seed, 1))
    ticks = jitter(NETWORK, encode(NETWORK, seen), jittered, PageNumbers(seed, 2))
    layers = len(NETWORK.weights) - 1
    hurt = kill(NETWORK, killed / 100, PageNumbers(seed, *range(3, 3 + layers)))
    check_answer(disturbed, hurt, ticks)
    disturbed.click("#heal")
    check_answer(disturbed, NETWORK, encode(NETWORK, sample_of(3)))


@pytest.fixture(scope="module")
def shared(browser, pages):
    """One page for several tests."""
    with opened(browser, pages / "mnist-4bit.html", **DESKTOP) as page:
        yield page


@pytest.fixture
def disturbed(shared):
    """The page as it was opened, with a sample."""
    open_anew(shared)
    return shared


def open_anew(page):
    page.reload()
    page.wait_for_selector("body[data-ready]")
    page.click("#chips button:nth-child(4)")


def test_one_neuron_is_killed(disturbed):
    ticks = encode(NETWORK, sample_of(3))
    result = infer(NETWORK, ticks)
    spiked = np.flatnonzero((result.hidden[0][0] > 0) & (result.hidden[0][0] < result.tick[0]))
    neuron = max(spiked, key=lambda one: NETWORK.weights[1][one, 3])
    disturbed.fill("#neuron", str(neuron))
    tick = result.hidden[0][0, neuron]
    assert f"Neuron {neuron} spikes at tick {tick}," in disturbed.inner_text("#about")
    disturbed.check("#dead")
    assert f"Neuron {neuron} is dead" in disturbed.inner_text("#about")
    first = NETWORK.weights[0].copy()
    first[:, neuron] = 0
    check_answer(disturbed, replace(NETWORK, weights=(first, NETWORK.weights[1])), ticks)
    disturbed.uncheck("#dead")
    check_answer(disturbed, NETWORK, ticks)
    disturbed.select_option("#layer", "1")
    assert disturbed.is_disabled("#dead")


def test_time_pauses_and_goes_tick_by_tick(disturbed):
    def tick():
        return int(disturbed.input_value("#tick"))

    result = infer(NETWORK, encode(NETWORK, sample_of(3)))
    begin = tick()
    disturbed.wait_for_function("begin => Number(tick.value) > begin + 3", arg=begin)
    assert disturbed.inner_text("#play") == "Pause"
    disturbed.click("#play")
    paused = tick()
    disturbed.wait_for_timeout(200)
    assert (tick(), disturbed.inner_text("#play")) == (paused, "Play")
    assert not disturbed.query_selector("#classes .won")
    for id_, step in (("forth", 1), ("forth", 2), ("back", 1)):
        disturbed.click(f"#{id_}")
        assert tick() == paused + step
    disturbed.locator("#tick").fill(str(result.tick[0] - 1))
    assert not disturbed.query_selector("#classes .won")
    disturbed.click("#forth")
    assert disturbed.inner_text("#classes .won") == str(result.decision[0])
    disturbed.click("#play")  # from the decision it begins anew
    disturbed.wait_for_function("decided => Number(tick.value) < decided", arg=int(result.tick[0]))


def test_a_sample_stays_where_nothing_is_drawn(disturbed):
    disturbed.uncheck("#centre")
    disturbed.click("#undo")
    disturbed.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done, 0)))")
    check_answer(disturbed, NETWORK, encode(NETWORK, sample_of(3)))


def test_without_motion_time_stands_at_the_decision(browser, pages):
    with opened(browser, pages / "mnist-4bit.html", reduced_motion="reduce", **DESKTOP) as page:
        sent = {"name": "3.png", "mimeType": "image/png", "buffer": photo(3)}
        page.set_input_files("#photo", sent)
        page.wait_for_selector("#answer b")
        for killed in (0, 30):
            page.locator("#kill").fill(str(killed))
            tick = page.input_value("#tick")
            assert f"at tick {tick}," in page.inner_text("#answer")
            assert page.inner_text("#classes .won") == page.inner_text("#answer b")


def test_a_finger_draws_and_a_second_one_does_not(browser, pages):
    with opened(browser, pages / "mnist-4bit.html", **PHONE) as page:
        touches = page.context.new_cdp_session(page)

        def touch(kind, *places):
            points = [{"x": x, "y": y, "id": id_} for id_, (x, y) in enumerate(places)]
            touches.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

        pad = page.locator("#pad")
        pad.scroll_into_view_if_needed()
        box, scrolled = pad.bounding_box(), page.evaluate("scrollY")
        corner = box["x"] + 9, box["y"] + box["height"] - 9
        for digit in (7, 4):
            page.click("#clear")  # Chromium ignores a tap so soon after two fingers
            for stroke in strokes_on(box, digit):
                touch("touchStart", stroke[0])
                for place in stroke[1:]:
                    touch("touchMove", place)
                touch("touchStart", stroke[-1], corner)
                touch("touchMove", stroke[-1], (corner[0], corner[1] - 60))
                touch("touchEnd")
            page.wait_for_function(
                f"document.querySelector('#answer b')?.textContent === '{digit}'"
            )
        assert page.evaluate("scrollY") == scrolled


@pytest.mark.parametrize("id_", ["clear", "undo"])
def test_a_stroke_that_is_removed_has_no_more_points(page, id_):
    page.click("#clear")
    box = page.locator("#pad").bounding_box()
    page.mouse.move(box["x"] + 90, box["y"] + 90)
    page.mouse.down()
    page.mouse.move(box["x"] + 120, box["y"] + 200, steps=4)
    page.evaluate("id => document.getElementById(id).click()", id_)  # as by keyboard
    page.mouse.move(box["x"] + 200, box["y"] + 200, steps=4)
    page.mouse.up()
    page.wait_for_function("answer.textContent.startsWith('Nothing is drawn yet')")


@pytest.mark.parametrize("name", shipped())
def test_the_first_stroke_does_not_move_the_pad(browser, pages, name):
    check_pad_stays(browser, pages / f"{name}.html")


def check_pad_stays(browser, path) -> None:
    """The pad of a page on a phone stays where it is, however the answer changes."""
    with opened(browser, path, **PHONE) as page:
        page.click("#clear")
        page.wait_for_function("!document.querySelector('#answer b')")
        pad = page.locator("#pad")
        pad.scroll_into_view_if_needed()
        before = pad.bounding_box()
        page.mouse.move(before["x"] + 90, before["y"] + 90)
        page.mouse.down()
        for x in (200, 120):
            page.mouse.move(before["x"] + x, before["y"] + 200, steps=4)
            page.wait_for_selector("#answer b")
            assert pad.bounding_box() == before
        page.mouse.up()
        page.wait_for_timeout(600)  # by then the remarks below the pad have changed, too
        assert pad.bounding_box() == before


@pytest.mark.parametrize("screen", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_every_control_has_a_name_and_is_reached_and_operated_by_keyboard(browser, pages, screen):
    with opened(browser, pages / "mnist-4bit.html", **screen) as page:
        check_names(page)
        expected, found = page.evaluate(STOPS), []
        for _ in expected:
            page.keyboard.press("Tab")
            found.append(
                page.evaluate("document.activeElement.id || document.activeElement.textContent")
            )
        assert found == expected

        page.focus("#chips button:nth-child(4)")
        page.keyboard.press("Enter")
        check_answer(page, NETWORK, encode(NETWORK, sample_of(3)))
        for id_, key, value in (
            ("kill", "End", "95"),
            ("flip", "ArrowRight", "1"),
            ("jitter", "ArrowUp", "1"),
            ("neuron", "ArrowUp", "1"),
            ("layer", "ArrowDown", "1"),
        ):
            page.press(f"#{id_}", key)
            assert page.input_value(f"#{id_}") == value
        assert "Output 1" in page.inner_text("#about")
        page.press("#tick", "End")
        assert page.input_value("#tick") == page.get_attribute("#tick", "max")
        page.press("#heal", "Enter")
        check_answer(page, NETWORK, encode(NETWORK, sample_of(3)))
        page.press("#clear", "Enter")
        page.wait_for_function("!document.querySelector('#answer b')")
        if screen is DESKTOP:  # a phone does not show the grid
            page.focus("#grid")
            for key in ["ArrowRight"] * 14 + ["ArrowDown", " "] * 14:
                page.keyboard.press(key)
            assert "row 15, column 15: bright" in page.inner_text("#cursor")
            page.wait_for_function("document.querySelector('#spoken').textContent")
            assert page.get_attribute("#spoken", "aria-live") == "polite"
        page.press("#centre", " ")
        assert not page.is_checked("#centre")
        page.press("#check", "Enter")
        assert ": 0 differ" in page.inner_text("#checked")


def table_network() -> Network:
    """Three features of four levels, their complements and a constant."""
    rng = np.random.default_rng(13)
    edges = np.array([[0.5, 1, 2], [-3, -1, 4], [10, 20, 30]])
    names = "width", "height", "<i>depth"
    return network_of(
        (rng.integers(-30, 90, (7, 9)), rng.integers(-60, 120, (9, 3))),
        (60, 60),
        bits=8,
        deadline=60,
        encoding="levels-4",
        features=Features(edges, complement=True, constant=True, names=names),
        classes=("red", "green", "blue"),
    )


def page_of(capfd, folder, network, *words):
    """The page of a network."""
    network.save(folder / "net.npz")
    success(capfd, "page", folder / "net.npz", *words, "-o", folder / "net.html")
    return folder / "net.html"


def test_a_table_has_sliders_and_samples(browser, capfd, tmp_path):
    network = table_network()
    rows = np.array([[0.4, 5, 15], [2.5, -4, 35], [1.5, 0, 9], [0.6, -2, 25]])
    labels = ["blue", "green", "blue", "red"]
    with open(tmp_path / "rows.csv", "w", newline="") as file:
        header = [*network.features.names, "label"]
        csv.writer(file).writerows(
            [header, *([*row, c] for row, c in zip(rows, labels, strict=True))]
        )
    words = ("--input", tmp_path / "rows.csv")
    path = page_of(capfd, tmp_path, network, *words)
    with opened(browser, path, **PHONE) as page:
        assert not page.is_visible("#drawing")
        check_names(page)
        check_answer(page, network, encode(network, rows[:1]))
        for label, row in (("red", 3), ("blue", 0), ("green", 1), ("blue", 2), ("blue", 0)):
            page.click(f"#chips >> text={label}")
            check_answer(page, network, encode(network, rows[row : row + 1]))
        sliders = page.locator("#sliders input")
        assert sliders.count() == len(rows[0])
        values = rows[:1].copy()
        for feature, value in ((0, 2), (2, 30), (1, -1)):  # at an edge and above is the level
            sliders.nth(feature).fill(str(value))
            values[0, feature] = value
            page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done, 0)))")
            check_answer(page, network, encode(network, values))
            assert page.locator("#sliders output").nth(feature).inner_text() == str(value)
        assert "<i>depth" in page.inner_text("#sliders")
        check_itself(page)
        assert "4 samples" in page.inner_text("#checked")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("medians", [None, (1.25, 3.5, 12)])
def test_a_table_without_samples_opens_inside_of_the_training_range(
    browser, capfd, tmp_path, medians
):
    """In the middle of the range, which is that of the edges, or at the medians."""
    network = table_network()
    low, high = np.array([[0, -10, 0], [2, 10, 40]], float)
    features = encoding_of(network.encoding).fitted(np.stack([low, high]))
    features = replace(network.features, edges=features.edges, medians=medians)
    network = replace(network, features=features)
    opens = (low + high) / 2 if medians is None else np.array(medians)
    with opened(browser, page_of(capfd, tmp_path, network), **DESKTOP) as page:
        check_answer(page, network, encode(network, opens[None]))
        values = page.locator("#sliders output").all_inner_texts()
        assert list(map(float, values)) == opens.tolist()
        check_itself(page)


CATEGORIES = ("weight", "colour=green", "colour=red", "colour=a=b", "n=1", "n=2")
"""Features of a number, a column of texts, and two columns of numbers."""


def category_network(medians=None) -> Network:
    rng = np.random.default_rng(8)
    edges = np.array([[3], [0.5], [0.5], [0.5], [0.5], [7]])
    return network_of(
        (rng.integers(-30, 90, (13, 9)), rng.integers(-60, 120, (9, 2))),
        (60, 60),
        bits=8,
        deadline=60,
        features=Features(edges, complement=True, constant=True, names=CATEGORIES, medians=medians),
    )


@pytest.mark.parametrize("medians", [None, (3, 0, 0, 0, 0, 7), (3, 0, 1, 0, 0, 7)])
def test_a_column_of_texts_is_one_choice(browser, capfd, tmp_path, medians):
    """Also where a text is missing, unless its median is a text."""
    network = category_network(medians)
    with opened(browser, page_of(capfd, tmp_path, network), **DESKTOP) as page:
        check_names(page)
        assert page.locator("#sliders input").count() == 3
        texts = page.locator("#sliders option").all_inner_texts()
        none_is_1 = medians == (3, 0, 0, 0, 0, 7)
        assert texts == ["green", "red", "a=b", *["(missing)"] * none_is_1]
        shown = page.input_value("#feature-1")
        assert shown in texts
        assert medians is None or shown == ("(missing)" if none_is_1 else "red")
        values = [float(page.input_value(f"#feature-{at}")) for at in (0, 4, 5)]
        for at, text in (*enumerate(texts), (0, "green")):
            page.select_option("#feature-1", text)
            page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done, 0)))")
            row = [values[0], *(float(place == at) for place in range(3)), *values[1:]]
            check_answer(page, network, encode(network, np.array([row])))
        check_itself(page)


def test_columns_that_only_look_like_texts_have_sliders():
    """Numbers between 0 and 1, and two texts in a row."""
    network = category_network()
    for values in ((0.5, 0, 0), (1, 1, 0)):
        rows = np.array([[1, *values, 0, 3], [5, 1, 0, 0, 0, 3]], float)
        assert content.choices(network.features, rows[1:])
        assert content.choices(network.features, rows) == []


def test_weights_of_a_table_have_names(browser, capfd, tmp_path):
    network = category_network()
    inputs = [*CATEGORIES, *(f"not {name}" for name in CATEGORIES), "constant"]
    inputs[6], inputs[10], inputs[11] = "small weight", "small n=1", "small n=2"
    with opened(browser, page_of(capfd, tmp_path, network), **DESKTOP) as page:
        for neuron in (0, 4):
            page.fill("#neuron", str(neuron))
            shown = [text.split(": ") for text in page.locator("#named li").all_inner_texts()]
            weights = dict(zip(inputs, network.weights[0][:, neuron].tolist(), strict=True))
            assert {name: int(weight) for name, weight in shown} == weights
            sizes = [abs(int(weight)) for _, weight in shown]
            assert sizes == sorted(sizes, reverse=True)
        assert not page.is_visible("#weights")
        page.select_option("#layer", "1")
        assert page.is_visible("#weights")
        assert not page.is_visible("#named")
        text = page.inner_text("body")
        assert "A clear input is decided sooner" in text
        assert not {"image", "draw"} & {*text.lower().split()}


def test_a_network_of_ones_own_has_times(browser, capfd, tmp_path):
    """Those of the designs that are planned, or none if it fits on no board."""
    network = table_network()
    with opened(browser, page_of(capfd, tmp_path, network), **DESKTOP) as page:
        rows = page.locator("#cores tr").all()
        assert len(rows) > 1
        boards = []
        for row in rows:
            core, cycles, time = row.locator("td").all_inner_texts()
            titles, layout = core.split("\n")
            mhz = float(re.search(r"([0-9.]+) MHz if a build meets it$", layout)[1])
            assert float(time.removesuffix(" \u00b5s")) == pytest.approx(
                int(cycles) / mhz, abs=0.01
            )
            boards += titles.split(", ")
        assert sorted(boards) == sorted(board.title for board in BOARDS.values())


def test_events_have_samples(browser, capfd, tmp_path):
    network = toy_network("ticks")
    ticks = np.random.default_rng(2).integers(0, 40, (4, network.n_inputs))
    labels = [2, 0, 2, 1]
    with open(tmp_path / "some.jsonl", "w") as file:
        for row, label in zip(ticks, labels, strict=True):
            spikes = [[int(row[i]), i] for i in np.argsort(row, kind="stable").tolist() if row[i]]
            print(json.dumps({"events": spikes, "label": label}), file=file)
    words = ("--input", tmp_path / "some.jsonl")
    with opened(browser, page_of(capfd, tmp_path, network, *words), **DESKTOP) as page:
        assert not page.is_visible("#drawing")
        assert not page.is_visible("#flip-box")
        for label, sample in ((2, 0), (0, 1), (2, 2), (1, 3), (2, 0)):
            page.click(f"#chips >> text={label}")
            check_answer(page, network, encode(network, ticks[sample : sample + 1]))
        check_itself(page)


def test_one_neuron_is_counted_as_one(browser, capfd, tmp_path):
    network = network_of(([[1]] * 36,), (300,), deadline=60)
    with opened(browser, page_of(capfd, tmp_path, network), **DESKTOP) as page:
        assert "1 neuron races to answer" in page.inner_text("#lead")
        assert page.inner_text("#answer") == "Nothing is drawn yet: 1 neuron waits to answer."
        assert "1 lane, 1 row per cycle" in page.inner_text("#cores")


def test_many_outputs_with_many_spikes_are_shown(browser, capfd, tmp_path):
    """All corners of the membranes together are more than the arguments that a call can have."""
    n_inputs, n_outputs = 300, 600
    network = network_of(([[-1] * n_outputs] * n_inputs,), (9,), deadline=400, encoding="ticks")
    events = [[tick + 1, tick] for tick in range(n_inputs)]
    (tmp_path / "one.jsonl").write_text(json.dumps({"events": events, "label": 0}))
    words = ("--input", tmp_path / "one.jsonl")
    with opened(browser, page_of(capfd, tmp_path, network, *words), **DESKTOP) as page:
        assert page.inner_text("#answer").endswith("and 0 came nearest.")
