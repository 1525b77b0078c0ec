# SPDX-License-Identifier: BSD-2-Clause
"""A model of the flash that a design reads its weights from."""
