"""Where the methods meet: from a performance, a character and its motion to models and a clip."""
