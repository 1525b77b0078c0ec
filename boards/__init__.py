# SPDX-License-Identifier: BSD-2-Clause
"""Support for boards: one small file per board, design planning, bitstreams, and programming."""
