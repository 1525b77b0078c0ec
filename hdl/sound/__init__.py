# SPDX-License-Identifier: BSD-2-Clause
"""The front end for sound: from a microphone's bits to pictures of words (DESIGN, section 6)."""
