"""The error of the verbs."""


class VerbError(Exception):
    """What was asked for cannot be done; the message says why, or what can."""
