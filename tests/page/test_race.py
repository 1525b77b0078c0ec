# SPDX-License-Identifier: BSD-2-Clause
"""The picture of the race: dots of spikes, membranes, names and bars, by golden's potentials."""

import numpy as np

from firstspike.golden import encode, infer
from tests.support.browser import DESKTOP, opened

from .test_controls import NETWORK, sample_of

NOTED = """() => {
  const pen = document.getElementById("race").getContext("2d");
  window.noted = [];
  for (const name of ["arc", "fill", "fillText", "lineTo", "beginPath", "stroke"]) {
    const call = pen[name].bind(pen);
    pen[name] = (...values) => {
      noted.push([name, ...values, pen.lineWidth]);
      call(...values);
    };
  }
}"""
"""Note what is drawn in the picture, each call with the width of lines."""


def drawn_at(page, tick: int) -> list[list]:
    """Return the calls that draw the picture of a tick."""
    page.evaluate("noted.length = 0")
    page.locator("#tick").fill(str(tick))
    return page.evaluate("noted")


def lines_of(calls: list[list]) -> list[list[tuple[float, float]]]:
    """Return the corners of each line."""
    lines, corners = [], []
    for name, *values in calls:
        if name == "beginPath":
            corners = []
        elif name == "lineTo":
            corners.append((values[0], values[1]))
        elif name == "stroke" and corners:
            lines.append(corners)
    return lines


def test_the_race_shows_spikes_membranes_and_names(browser, pages):
    ticks = encode(NETWORK, sample_of(3))
    result = infer(NETWORK, ticks)
    decision, tick, hidden = result.decision[0], int(result.tick[0]), result.hidden[0][0]
    arrived = np.where((hidden > 0) & (hidden < tick), tick - hidden, 0)
    threshold = NETWORK.thresholds[-1]
    potentials = arrived @ NETWORK.weights[-1].astype(int) - threshold * tick
    runners = [int(one) for one in np.argsort(-potentials, kind="stable") if one != decision][:2]
    with opened(browser, pages / "mnist-4bit.html", reduced_motion="reduce", **DESKTOP) as page:
        page.click("#chips button:nth-child(4)")
        page.evaluate(NOTED)
        before = [call[1] for call in drawn_at(page, tick - 1) if call[0] == "fillText"]
        calls = drawn_at(page, tick)
        end = int(page.get_attribute("#tick", "max"))
        heights = page.evaluate(
            "Array.from(classes.querySelectorAll('i'), (bar) => parseFloat(bar.style.height))"
        )
        names = {call[1]: call[3] for call in calls if call[0] == "fillText"}
        said = f"{decision} spikes first"
        assert said in names
        assert said not in before
        assert names[str(runners[0])] < names[str(runners[1])]
        filled = sum(call[0] == "fill" for call in calls)
        spikes = [ticks[0], hidden]
        least = sum(int(((one > 0) & (one <= end)).sum()) for one in spikes)
        assert least < filled <= least + len(potentials)
        membranes = [line for line in lines_of(calls) if len(line) > 2]
        assert len(membranes) == len(potentials)
        ends = [line[-1][1] for line in membranes]
        assert (np.argsort(ends, kind="stable") == np.argsort(-potentials, kind="stable")).all()
        share = np.clip(1 + potentials / (threshold * tick), 0, 1)
        assert np.allclose(heights, 100 * share, atol=0.01)
        neuron = int(np.flatnonzero((hidden > 0) & (hidden < tick))[7])
        dots = [call[1:3] for call in calls if call[0] == "arc" and call[3] == 3.5]
        order = [one for one in range(len(hidden)) if 0 < hidden[one] <= end]
        x, y = dots[order.index(neuron)]
        page.locator("#race").click(position={"x": x, "y": y})
        assert page.input_value("#neuron") == str(neuron)
