# SPDX-License-Identifier: BSD-2-Clause
"""Blocks and expressions that know nothing of networks, for other projects to take."""
