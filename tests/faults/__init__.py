# SPDX-License-Identifier: BSD-2-Clause
"""Automatic faults in the Python code, and which of them the tests of `make test` catch."""
