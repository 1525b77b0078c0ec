# SPDX-License-Identifier: BSD-2-Clause
"""The front end for sound, in integers: samples of a microphone become pictures of words."""
