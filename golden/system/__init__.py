# SPDX-License-Identifier: BSD-2-Clause
"""What all of it stands on: whole files, temporary folders, child processes, the base of errors."""
