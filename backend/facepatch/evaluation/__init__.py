"""The runs that make the numbers."""
