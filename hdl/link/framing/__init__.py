# SPDX-License-Identifier: BSD-2-Clause
"""The way from the wires to whole requests, and from answers back to the wires."""
