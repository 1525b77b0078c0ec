# SPDX-License-Identifier: BSD-2-Clause
"""The command `firstspike`, with one module per verb."""
