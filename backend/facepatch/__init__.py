"""facepatch: turns a video of a performer's face into animation on your own character."""

__version__ = "0.1.0"
