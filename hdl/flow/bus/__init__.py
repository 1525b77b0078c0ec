# SPDX-License-Identifier: BSD-2-Clause
"""Generates a core on a bus, and the files that go with it for hardware and software."""
