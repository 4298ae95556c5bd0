"""Landmarks: found on film, steadied, and read off a character's mesh."""
