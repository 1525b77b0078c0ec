# SPDX-License-Identifier: BSD-2-Clause
"""The tests of a board by `firstspike selftest`, and their report."""
