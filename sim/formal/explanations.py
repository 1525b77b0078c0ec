# SPDX-License-Identifier: BSD-2-Clause
"""Why a fault that no proof refutes is within none of the claims."""

EXPLANATIONS: tuple[tuple[str, str], ...] = (
    (
        "core/core.py:_connect_host",
        "The fault is in the routing of the weight port. `core-writes` claims the first write "
        "after a reset; requests to read, and further requests, are within no claim.",
    ),
)
"""Patterns of the descriptions of faults, and the reasons."""
