# SPDX-License-Identifier: BSD-2-Clause
"""A layer: its parameters, its blocks, and its events."""
