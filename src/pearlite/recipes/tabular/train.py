"""The estimator that fits a prepared table."""

from typing import Any

from pearlite.judge.scores import CLASSES
from pearlite.recipes.tabular.classifier import TabularClassifier
from pearlite.recipes.tabular.files import Model
from pearlite.recipes.tabular.prepare import Prepared
from pearlite.recipes.tabular.regressor import TabularRegressor


def new_estimator(table: Prepared, **options: Any) -> Model:
    """Return an estimator for the table's goal and metric; the options are its own."""
    if table.truth.goal in CLASSES:
        return TabularClassifier(metric=table.metric.name, **options)
    return TabularRegressor(metric=table.metric.name, quantiles=table.quantiles or None, **options)
