"""What every other package, and Maya, may import: Python 3.9, NumPy and nothing heavier."""
