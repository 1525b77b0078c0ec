# SPDX-License-Identifier: BSD-2-Clause
"""Parameters of a core and its blocks are checked at construction, with a sentence."""

import dataclasses

import numpy as np
import pytest

from firstspike.golden.layers.dense import Dense
from firstspike.golden.learning.state import MAX_STORED_BITS
from firstspike.golden.network import NetworkError
from firstspike.golden.timing.layer import LayerFolding
from firstspike.golden.widths import StateWidths
from firstspike.hdl.core.config import CoreConfig
from firstspike.hdl.core.core import Core
from firstspike.hdl.core.decision import Decision
from firstspike.hdl.core.encoder import Encoder
from firstspike.hdl.layer.config import LayerConfig, Learning
from firstspike.hdl.layer.emitter import CrossingTimeDivider
from firstspike.hdl.layer.mask_serialiser import MaskSerialiser
from firstspike.hdl.layer.weight_store import store_class
from firstspike.hdl.learner.learner import Learner
from tests.support.simulators import refused


def layer(n_in: int, n_out: int, last: bool, **more) -> LayerConfig:
    values = {
        "folding": LayerFolding(kind=Dense(n_in, n_out), lanes=2, window=0, last=last),
        "weight_bits": 4,
        "threshold": 3,
        "deadline": 20,
        "widths": StateWidths(8, 12),
        "counted": (n_in,),
    }
    return LayerConfig(**(values | more))


HIDDEN, LAST = layer(6, 5, False), layer(5, 3, True)
CONFIG = CoreConfig((HIDDEN, LAST), 20, None, None, None, None)
PIXELS = {"n_inputs": 9, "unit": 4, "deadline": 20, "width": 8}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: layer(6, 5, False, weight_bits=0), f"1 to {MAX_STORED_BITS} bits.*not 0 of 0"),
        (
            lambda: layer(6, 5, False, learning=Learning(stored_bits=3, unit=4)),
            f"1 to {MAX_STORED_BITS} bits.*not 4 of 3",
        ),
        (
            lambda: layer(6, 5, False, learning=Learning(stored_bits=17, unit=4)),
            f"1 to {MAX_STORED_BITS} bits.*not 4 of 17",
        ),
        (lambda: layer(6, 5, False, threshold=0), "at least 1, not 0 and 20"),
        (lambda: layer(6, 5, False, deadline=0), "at least 1, not 3 and 0"),
        (lambda: layer(6, 5, False, counted=(7,)), "the layer's 6 rows"),
        (lambda: dataclasses.replace(CONFIG, layers=()), "at least 1 layer"),
        (lambda: dataclasses.replace(CONFIG, layers=(HIDDEN,)), "the last one alone"),
        (lambda: dataclasses.replace(CONFIG, layers=(HIDDEN, layer(4, 3, True))), "of 4 rows"),
        (lambda: dataclasses.replace(CONFIG, bitmap=8), "give all of them"),
    ],
)
def test_a_configuration_that_cannot_be(make, message):
    refused(make, message, NetworkError)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Core(CONFIG, [np.zeros((6, 5))]), "2 layers takes as many.*not 1"),
        (lambda: Core(CONFIG, [np.zeros((6, 5)), np.zeros((3, 5))]), r"not \(3, 5\)"),
        (lambda: store_class(LAST)(LAST, np.full((5, 3), 8)), r"of 4 bits are -8\.\.7, not 8\.\.8"),
        (lambda: Encoder([0, 3], **PIXELS | {"width": 0}), "not 9 and 0"),
        (lambda: Encoder([0, 3], **PIXELS | {"unit": 21}), "deadline 20, not at 21"),
        (lambda: Encoder([0, 9], **PIXELS), r"pixels 0\.\.8.*not \[0, 9\]"),
        (lambda: Decision(HIDDEN), "only the last layer decides"),
        (lambda: MaskSerialiser(LAST), "the last layer sends no spikes"),
        (lambda: CrossingTimeDivider(window=0, widths=HIDDEN.widths, value=8), "at least 1, not 0"),
        (lambda: Learner(HIDDEN, LAST), "one of these has none"),
    ],
)
def test_a_block_that_cannot_be(make, message):
    refused(make, message)


def test_a_core_of_no_configuration():
    refused(lambda: Core(64), "a CoreConfig, not 64", TypeError)
