# SPDX-License-Identifier: BSD-2-Clause
"""Commands that measure the figures of the pages; each says which, and imports no test."""
