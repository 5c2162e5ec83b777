"""Language: a network that learns to write from text, or to read it, tested on text withheld."""
