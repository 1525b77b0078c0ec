# SPDX-License-Identifier: BSD-2-Clause
"""The hardware in Amaranth: blocks with valid/ready streams, and the Core that connects them."""
