# SPDX-License-Identifier: BSD-2-Clause
"""Data sets and their sources."""
