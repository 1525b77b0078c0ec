# SPDX-License-Identifier: BSD-2-Clause
"""Generation of a core on a bus, and of the accompanying files for hardware and software."""
