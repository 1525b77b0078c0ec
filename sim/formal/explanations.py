# SPDX-License-Identifier: BSD-2-Clause
"""Why a fault that no proof refutes is within none of the claims."""

EXPLANATIONS: tuple[tuple[str, str], ...] = ()
"""Patterns of the descriptions of faults, and the reasons."""
