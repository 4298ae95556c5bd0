"""A performer and a stylised character that the package makes by itself, for the demo and the tests."""
