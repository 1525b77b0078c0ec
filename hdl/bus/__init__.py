# SPDX-License-Identifier: BSD-2-Clause
"""The core behind AXI4: streams for images and decisions, registers for the rest."""
