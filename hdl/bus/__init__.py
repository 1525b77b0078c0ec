# SPDX-License-Identifier: BSD-2-Clause
"""A core with AXI4-Stream for images and decisions, and AXI4-Lite for its registers."""
