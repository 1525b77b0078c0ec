# SPDX-License-Identifier: BSD-2-Clause
"""The networks of the package."""
