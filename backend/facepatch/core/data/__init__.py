"""The nouns: what a mesh, character, clip or landmark is. Packages above do things to them."""
