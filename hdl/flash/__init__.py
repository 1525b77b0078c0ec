# SPDX-License-Identifier: BSD-2-Clause
"""Weights that a design reads from the flash of its board at power-up."""
