"""The weight estimation module (WEM): the character's patches -> PCA weights."""
