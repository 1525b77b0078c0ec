# SPDX-License-Identifier: BSD-2-Clause
"""Faults put into the hardware on purpose, and the checks that must find them."""
