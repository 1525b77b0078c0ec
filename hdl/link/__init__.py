# SPDX-License-Identifier: BSD-2-Clause
"""The link between a host and the core on a board: frames over a UART or SPI."""
