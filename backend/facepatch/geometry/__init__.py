"""Computations on bare vertex and triangle arrays: normals, openings, similarity fits."""
