"""How the tests run: hypothesis without time limits, for the first call of a kernel compiles it."""

from hypothesis import settings

settings.register_profile("firstspike", deadline=None)
settings.load_profile("firstspike")
