# SPDX-License-Identifier: BSD-2-Clause
"""Why a fault that no proof refutes is within none of the claims."""

EXPLANATIONS: tuple[tuple[str, str], ...] = (
    (
        "core/core.py:_connect_host",
        "The fault is in the routing of the weight port. The proofs with a write or a read claim "
        "the first request after a reset; further requests are within no claim.",
    ),
    (
        r"cnot0 core\.layer_\d\.sequencer addressed o__payload\[\d+\] by \[5\]",
        "The fault inverts a bit of an operation that is not for the first group (bit 5, `first`). "
        "With one group every operation is for it: the bit is 1 from the first clock after a reset "
        "on, and in the cycle before no operation is valid.",
    ),
)
"""Patterns of the descriptions of faults, and the reasons."""
