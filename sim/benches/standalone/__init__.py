# SPDX-License-Identifier: BSD-2-Clause
"""Benches of a design that needs no computer, with a model of the flash that it reads."""
