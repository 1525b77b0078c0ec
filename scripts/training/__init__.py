"""A run of `firstspike train`: what it works on, and what it came to."""
