"""Judging an answer against the truth."""
