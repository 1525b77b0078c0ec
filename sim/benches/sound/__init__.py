# SPDX-License-Identifier: BSD-2-Clause
"""Benches of the blocks of the front end for sound, and of all of them with a core behind."""
