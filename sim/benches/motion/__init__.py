# SPDX-License-Identifier: BSD-2-Clause
"""Benches of the blocks of the front end for motion."""
