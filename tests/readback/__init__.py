# SPDX-License-Identifier: BSD-2-Clause
"""Tests of the room `readback` on designs that are not ours."""
