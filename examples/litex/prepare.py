# SPDX-License-Identifier: BSD-2-Clause
"""Makes what the system is built of: the core with its driver, and digits for the firmware."""

import sys
from pathlib import Path

import numpy as np

from firstspike.golden import Network, bundled_test_set, encode, infer, load_network
from firstspike.scripts.main import run_line

NETWORK = "mnist-4bit"
DIGITS = 20
CORE = "core.v"
"""The core; the names of the other files begin as this one's."""


def prepare(folder: Path) -> None:
    """Write the core and `digits.h` into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    core = folder / CORE
    options = "--lanes 8 --bitmap 32 --weights port --bus axi"
    if status := run_line(["verilog", NETWORK, *options.split(), "-o", str(core)]):
        sys.exit(status)
    weights = core.with_name("core_weights.hex").read_text().split()
    pixels, _ = bundled_test_set()
    header = digits_header(load_network(NETWORK), pixels[:DIGITS], weights)
    (folder / "digits.h").write_text(header)


def digits_header(network: Network, pixels: np.ndarray, weights: list[str]) -> str:
    """The header for C: the weights, the digits as bitmaps, and what golden decides on each.

    `pixels` has a row of 0 .. 255 an image; `weights` are the lines of CORE_weights.hex.
    """
    golden = infer(network, encode(network, pixels))
    bitmaps = np.packbits(pixels > 127, axis=1, bitorder="little")
    digits = (
        f"{{{{{_numbers(bitmap)}}}, {golden.decision[i]}, {int(golden.forced[i])}, "
        f"{golden.tick[i]}, {{{_numbers(golden.spikes_in[i])}}}}}"
        for i, bitmap in enumerate(bitmaps)
    )
    return f"""\
/* Weights and digits for {network.digest()}; made by prepare.py. */
#ifndef DIGITS_H
#define DIGITS_H

#include <stdint.h>

#define DIGITS {len(pixels)}
#define DIGIT_BYTES {bitmaps.shape[1]}
#define LAYERS {golden.spikes_in.shape[1]}
#define WEIGHT_WORDS {len(weights)}

struct digit {{
    uint8_t pixels[DIGIT_BYTES];
    /* what golden decides */
    uint32_t class;
    uint32_t forced;
    uint32_t tick;
    uint32_t spikes[LAYERS];
}};

static const struct digit digits[DIGITS] = {{
    {_lines(digits)}
}};

static const uint32_t weights[WEIGHT_WORDS] = {{
    {_lines(f"0x{word}" for word in weights)}
}};

#endif
"""


def _numbers(row):
    return ", ".join(map(str, row))


def _lines(items):
    return ",\n    ".join(items)
