# SPDX-License-Identifier: BSD-2-Clause
"""The front end for motion in hardware, from the pins of a sensor to spikes (DESIGN, section 9)."""
