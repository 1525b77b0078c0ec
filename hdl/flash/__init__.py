# SPDX-License-Identifier: BSD-2-Clause
"""The loader for the weights that a design reads from its board's flash at power-up."""
