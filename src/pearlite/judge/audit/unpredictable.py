"""A target that no column says anything about."""

import numpy as np
from scipy.stats import rankdata

from pearlite.judge.audit.finding import Finding
from pearlite.judge.audit.inflation import DRAWS, Measure
from pearlite.judge.audit.prepared import Prepared
from pearlite.judge.bootstrap import bootstrap
from pearlite.judge.scores import METRICS

SURE = 2.5  # standard errors


def find_unpredictable(table: Prepared, measure: Measure | None) -> list[Finding]:
    """Tell if the quick model orders the rows no better than chance, as on a shuffled target."""
    if measure is None:
        return []
    if measure.classes:
        options = {"group": measure.group, "draws": DRAWS, "seed": measure.seed}
        score = bootstrap(METRICS["roc_auc"], measure.truth, measure.answer, **options)
        error = (score.value - score.low) / 1.96
        tie, said = score.value < 0.5 + SURE * error, f"ROC AUC {score.value:.2f}, chance is 0.5"
    else:
        units = len(measure.truth) if measure.group is None else len(np.unique(measure.group))
        ranks = rankdata(measure.truth), rankdata(measure.answer)
        rank = float(np.corrcoef(*ranks)[0, 1]) if np.ptp(measure.answer) else 0.0
        tie = rank * np.sqrt(units - 1) < SURE
        said = f"rank correlation {rank:.2f} between its answers and the truth"
    if not tie:
        return []
    what = (
        f"A quick model finds nothing in the columns that tells {table.target} ({said}). Were the "
        "rows of inputs and target shuffled against each other?"
    )
    return [Finding("unpredictable target", False, what, (table.target,), table.rows)]
