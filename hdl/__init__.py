# SPDX-License-Identifier: BSD-2-Clause
"""The core in Amaranth: blocks with valid/ready streams, and the Core that connects them."""
