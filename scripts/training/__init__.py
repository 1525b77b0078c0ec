# SPDX-License-Identifier: BSD-2-Clause
"""A run of `firstspike train`: its session, its report and its figure."""
