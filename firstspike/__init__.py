"""A spiking network that decides with its first output spike: golden model, hardware, boards.

The packages are folders of the checkout's top level, to which this one links.
"""
