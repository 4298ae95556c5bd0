"""The command `facepatch`: one file per verb, and nothing here that computes."""
