"""A fitted model as a folder: ``model.json`` and the members' own files; nothing is pickled."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pearlite.data.disk import replacing
from pearlite.errors import InputError
from pearlite.folders import read_json, write_json
from pearlite.judge.conformal import Conformal, Thresholds
from pearlite.provenance import versions
from pearlite.recipes.tabular.classifier import TabularClassifier
from pearlite.recipes.tabular.estimator import Estimator
from pearlite.recipes.tabular.portfolio import Portfolio
from pearlite.recipes.tabular.regressor import TabularRegressor

MODEL = "model.json"
FORMAT = 1
_KINDS = {kind.__name__: kind for kind in (TabularRegressor, TabularClassifier)}

Model = TabularRegressor | TabularClassifier


def save(model: Estimator, folder: Path) -> Path:
    """Write a fitted model, whole or not at all, and return its folder.

    Raises
    ------
    InputError
        If the folder cannot be written.
    """
    with replacing(folder) as hidden:
        hidden.mkdir()
        facts: dict[str, Any] = {
            "format": FORMAT,
            "estimator": type(model).__name__,
            "parameters": model.get_params(),
            "columns": model.columns_,
            "named": hasattr(model, "feature_names_in_"),
            "portfolio": model.portfolio_.save(hidden),
            "versions": versions(),
        }
        if isinstance(model, TabularClassifier):
            facts["classes"] = _described(model.classes_)
        if isinstance(model, TabularRegressor):
            facts["conformal"] = model.conformal_.thresholds.to_dict()
        write_json(hidden / MODEL, facts)
    return folder


def load(folder: Path) -> Model:
    """Return the model that `save` wrote.

    Raises
    ------
    InputError
        If the folder holds no model, or is damaged.
    """
    path = folder / MODEL
    if not path.is_file():
        raise InputError(f"{folder} holds no {MODEL}; give a folder that a model was saved to")
    facts = read_json(path)
    try:
        if facts["format"] != FORMAT:
            raise InputError(
                f"{path} has format {facts['format']}, this pearlite reads {FORMAT}; use the "
                "pearlite that wrote it"
            )
        model = _KINDS[facts["estimator"]](**facts["parameters"])
        model.columns_ = facts["columns"]
        model.n_features_in_ = len(model.columns_)
        if facts["named"]:
            model.feature_names_in_ = np.array(model.columns_, dtype=object)
        model.portfolio_ = Portfolio.load(folder, facts["portfolio"])
        if isinstance(model, TabularClassifier):
            model.classes_ = _classes(facts["classes"])
        else:
            model.conformal_ = Conformal(Thresholds.from_dict(facts["conformal"]))
    except (KeyError, IndexError, AttributeError, TypeError, ValueError, RuntimeError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path} is damaged ({error!r}); fit the model again") from error
    return model


def _described(classes: NDArray[Any]) -> dict[str, Any]:
    """Return classes as JSON holds them."""
    return {"dtype": classes.dtype.str, "values": classes.tolist()}


def _classes(known: dict[str, Any]) -> NDArray[Any]:
    return np.array(known["values"], dtype=known["dtype"])
