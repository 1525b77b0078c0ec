"""A board on a serial port, as a program on a computer sees it."""
