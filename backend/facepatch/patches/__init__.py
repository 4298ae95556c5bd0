"""Automatic patch extraction (APEM): aligned, fixed boxes around parts of the face, for performer and character."""
