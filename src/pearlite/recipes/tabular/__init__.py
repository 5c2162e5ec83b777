"""Tables of samples: a portfolio of learners, blended and honestly tested."""
