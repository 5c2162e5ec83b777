"""Tables of samples: a portfolio of learners, blended and honestly tested."""

from pearlite.recipes.tabular.classifier import TabularClassifier
from pearlite.recipes.tabular.regressor import TabularRegressor

__all__ = ["TabularClassifier", "TabularRegressor"]
