# SPDX-License-Identifier: BSD-2-Clause
"""The front end for motion: from samples of an accelerometer and a gyroscope to pictures."""
