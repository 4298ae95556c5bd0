"""Shape sets: their names, and motion made for them."""
