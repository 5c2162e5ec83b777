"""f: the networks, one a file."""
