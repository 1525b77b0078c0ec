# SPDX-License-Identifier: BSD-2-Clause
"""The base of all other rooms: whole files, temporary folders, child processes, errors."""
