# SPDX-License-Identifier: BSD-2-Clause
"""A layer: its parameters, the blocks that it is made of, and the events that it exchanges."""
