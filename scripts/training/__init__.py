# SPDX-License-Identifier: BSD-2-Clause
"""A run of `firstspike train`: what it works on, and what it came to."""
