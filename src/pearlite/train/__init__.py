"""θ: the update, and what surrounds it."""
