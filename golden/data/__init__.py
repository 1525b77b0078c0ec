# SPDX-License-Identifier: BSD-2-Clause
"""The data sets, and where they come from."""
