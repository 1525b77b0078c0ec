# SPDX-License-Identifier: BSD-2-Clause
"""The core: from events or bitmaps to decisions."""
