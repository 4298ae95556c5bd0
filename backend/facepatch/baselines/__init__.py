"""Published rivals, each in one file, to compare with; nothing in the product uses them."""
