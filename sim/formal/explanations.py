# SPDX-License-Identifier: BSD-2-Clause
"""Why a fault that no proof refutes is within none of the claims."""

EXPLANATIONS: tuple[tuple[str, str], ...] = (
    (
        "core/core.py:_connect_host",
        "The fault is in the routing of the weight port. The proofs with a write or a read claim "
        "the first request after a reset; further requests are within no claim.",
    ),
    (
        r"const1 core\.layer_0\.sequencer \\\$n\d+ Y\[0\] to \\\$n106\[0\]",
        "The fault lets the RowList repeat the END of an image for the second group. The next "
        "layer discards the second END, which arrives after the first has ended the image and "
        "before the next image. Bounded checks of two images, and of one with pauses, hold.",
    ),
    (
        r"inv core\.layer_1\.sequencer\.event_register \\\$n128 B\[0\]",
        "The fault lets a spike arrive at a wrong tick in a layer that has started before. In this "
        "core all hidden spikes are at tick 2, at which they start the image in the last layer: "
        "all inputs spike at tick 1, and a potential grows by a factor of e in a tick.",
    ),
    (
        r"inv core\.layer_0 serialiser freed\[0\]",
        "The fault miscounts the free places of the mask FIFO. The serialiser of two neurons takes "
        "a mask in every cycle, so none waits. A tick can be late by a cycle after some idle time; "
        "the cycles of golden's model are claimed of the first image after a reset.",
    ),
    (
        r"cnot0 core\.layer_\d\.sequencer addressed o__payload\[\d+\] by \[5\]",
        "The fault inverts a bit of an operation that is not for the first group (bit 5, `first`). "
        "With one group every operation is for it: the bit is 1 from the first clock after a reset "
        "on, and in the cycle before no operation is valid.",
    ),
)
"""Patterns of the descriptions of faults, and the reasons."""
