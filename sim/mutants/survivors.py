# SPDX-License-Identifier: BSD-2-Clause
"""Why the quick bench of a design does not find some automatic faults in it.

No result in shares depends on this file: it explains results afterwards (`scripts/shares`).
"""

SURVIVORS: tuple[tuple[str, str, str], ...] = ()
"""Names of designs, patterns of the descriptions of their faults, and the reasons."""
