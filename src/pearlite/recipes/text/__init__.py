"""Texts with a class or a number each: linear models and networks, compared and honestly tested."""

from pearlite.recipes.text.estimator import TextClassifier, TextRegressor

__all__ = ["TextClassifier", "TextRegressor"]
