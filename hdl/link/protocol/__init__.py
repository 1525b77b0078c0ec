# SPDX-License-Identifier: BSD-2-Clause
"""What host and board agree on, in plain Python: requests, answers, and what they mean."""
