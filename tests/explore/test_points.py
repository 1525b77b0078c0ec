# SPDX-License-Identifier: BSD-2-Clause
"""What a search reports of hand-made points, word by word."""

from types import SimpleNamespace

import numpy as np
import pytest

from firstspike.boards.building.plan import plan_for
from firstspike.boards.families.pll import MHZ
from firstspike.boards.pins.registry import BOARDS
from firstspike.golden import encode, infer
from firstspike.scripts.explore import points
from firstspike.scripts.explore.front import Figures
from tests.support.command import toy_network

pytestmark = pytest.mark.fast

POINT = {
    "training": 3,
    "shape": [36, 12, 4],
    **{"inputs": 35, "bits": 8, "lanes": 4, "rows": 2, "window": 1, "clock": 48 * MHZ},
    **{"held_out_accuracy": 0.875, "held_out_us": 3.0, "accuracy": 0.75, "us": 2.5},
    "needs": {"LUTs": 1234, "block RAM": 5},
    "estimated": {"luts_error": 0.08},
    "operations": 99.6,
    "placed": None,
}
FRONT = """
training  network  inputs  bits  lanes  rows  window  held out %  test %    us         LUTs  \
block RAM  operations  MHz            reached
3         36-12-4      35     8      4     2       1       87.50       -  2.50     7 +- 8 %  \
        0         100   48         not placed
4 *       36-12-4      35     8      4     2       1       87.50   75.00  2.50  1234 +- 8 %  \
        5         100   48       does not fit
5         36-12-4      35     8      4     2       1       87.50   75.00  2.50  1234 +- 8 %  \
        5         100   48  40.0 MHz, not met
6         36-12-4      35     8      4     2       1       87.50   75.00  5.00          950  \
        3         100   24           24.3 MHz
"""


def test_points_of_a_front_are_listed_with_their_builds():
    used = {"LUTs": 900, "block RAM": 3, "DSP": 0}
    reports = {
        4: {"met": False, "reason": "too large"},
        5: {"met": False, "fmax": {"a": 40.0, "b": 39.0}},
        6: {"met": True, "fmax": {"a": 24.26}, "clock": 24 * MHZ, "used": used},
    }
    listed = [POINT | {"accuracy": None, "needs": {"LUTs": 7}}]
    for number, built in reports.items():
        listed.append(POINT | {"training": number})
        points.add_build(listed[-1], built | {"placed": {"ICESTORM_LC": 950}})
    assert points.report(listed, 4) == FRONT.strip()
    assert points.figures_of(listed[-1]) == Figures(0.875, 6)
    assert listed[-1]["needs"] == {"LUTs": 950, "block RAM": 3}


def test_a_point_has_the_accuracy_over_the_labelled_samples():
    network, x = toy_network(), np.random.default_rng(1).integers(0, 256, (4, 36), np.uint8)
    labels = infer(network, encode(network, x)).decision
    plan = plan_for(network, BOARDS["icebreaker"])
    for y, accuracy in (([-1, 0, 9, -1], 0), ([*labels[:2], 9, -1], 2 / 3), ([-1] * 4, None)):
        part = SimpleNamespace(x_test=x, y_test=np.array(y))
        point = points.point_of(7, network, plan, Figures(0.5, 3.0), part)
        assert point["accuracy"] == accuracy
    design = plan.design
    assert (point["training"], point["held_out_accuracy"], point["held_out_us"]) == (7, 0.5, 3)
    assert (point["shape"], point["inputs"], point["bits"]) == ([36, 12, 4], 35, 8)
    assert (point["clock"], point["lanes"]) == (design.hz, design.config.folding.lanes)
    assert point["us"] == plan.latency(encode(network, x))
