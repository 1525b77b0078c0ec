# SPDX-License-Identifier: BSD-2-Clause
"""Benches that try out the harness itself, or hold two forms of one design against each other."""
