# SPDX-License-Identifier: BSD-2-Clause
"""The networks that come with the package."""
