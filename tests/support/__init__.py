# SPDX-License-Identifier: BSD-2-Clause
"""Code that several tests share."""
