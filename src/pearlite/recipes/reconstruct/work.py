"""The steps of a reconstruction: learn, measure several volumes, make the one asked for."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pearlite.provenance import plain
from pearlite.recipes.reconstruct.applied import MODEL, RESULTS
from pearlite.recipes.reconstruct.choices import Choices
from pearlite.recipes.reconstruct.fraction import with_fractions
from pearlite.recipes.reconstruct.generate import generate, generate_file
from pearlite.recipes.reconstruct.given import Slices
from pearlite.recipes.reconstruct.images import Pictures
from pearlite.recipes.reconstruct.judged import VOLUMES, Judged, judge
from pearlite.recipes.reconstruct.known import Phases, disagreement, known_fractions
from pearlite.recipes.reconstruct.low_runs import measured_beside
from pearlite.recipes.reconstruct.material import Material
from pearlite.recipes.reconstruct.methods import Work, is_learned, learn, load_learned
from pearlite.recipes.reconstruct.report import html
from pearlite.recipes.reconstruct.texture import judge_texture
from pearlite.run import PAGE, TEST, Run
from pearlite.seeds import derived_seed

HISTORY, STRUCTURE, TRANSPORT = "history.csv", "structure.csv", "transport.csv"


def work(
    run: Run,
    slices: Slices,
    pictures: Pictures,
    choices: Choices,
    dask: str | None,
    progress: bool,
) -> None:
    """Do whatever of the steps the folder does not hold yet.

    Parameters
    ----------
    run
        Open for writing.
    slices, pictures
        What it learns from, as it came and as it is learned from.
    choices
        What was asked for.
    dask
        Address of a Dask scheduler on whose workers the volume's tiles are made.
    progress
        Draw progress bars.
    """
    images = Phases(pictures).images
    known = known_fractions(images)
    before = run.test if (run.path / TEST).is_file() else {}
    test: dict[str, Any] = {
        "known": [plain(each.__dict__) for each in known],
        "near": before.get("near"),
        "began": before.get("began"),
    }
    run.write_json(TEST, test)
    if not is_learned(choices.method, run.path / MODEL):
        said = "; ".join(each.sentence() for each in known[:3])
        learned = learn(
            choices.method,
            pictures,
            Work(
                seconds=choices.seconds + _spent_before(run),
                seed=run.seed,
                folder=run.path,
                model=run.path / MODEL,
                progress=f"Learning ({said})" if progress else None,
                device=choices.device,
                until=choices.until,
            ),
        )
        run.write_text(HISTORY, pd.DataFrame(learned.history).to_csv(index=False))
        run.write_json(TEST, test := {**test, "near": learned.near, "began": learned.began})
    material = replace(load_learned(choices.method, run.path / MODEL), low=pictures.low)
    judged = _judge(material, pictures, run, progress)
    run.write_text(STRUCTURE, judged.comparison.table.to_csv(index=False))
    if pictures.dims == 3:
        run.write_text(TRANSPORT, judged.transport.to_csv(index=False))
    test |= {
        "sentence": judged.comparison.sentence(),
        "inside": int(np.count_nonzero(judged.comparison.table["inside"])),
        "measures": len(judged.comparison.table),
        "volumes": VOLUMES,
        "side": judged.side,
        "two_sample": judged.told_apart,
        "notes": [note for note in (*pictures.notes, disagreement(images)) if note],
    }
    run.write_json(TEST, plain(test))
    _make(run, material, slices, choices, dask, progress)
    if pictures.low is not None:
        test["low"] = measured_beside(run.results[RESULTS[3]], pictures, pictures.low)
        run.write_json(TEST, plain(test))
    run.write_text(PAGE, html(run, pictures))


def _make(
    run: Run,
    material: Material,
    slices: Slices,
    choices: Choices,
    dask: str | None,
    progress: bool,
) -> None:
    if choices.fractions is not None:
        material = with_fractions(
            material,
            choices.fractions,
            choices.shape,
            seed=run.seed,
            periodic=choices.periodic,
        )
    result = RESULTS[len(choices.shape)]
    name = result + choices.format
    generate_file(
        material,
        run.path / name,
        choices.shape,
        seed=run.seed,
        periodic=choices.periodic,
        pixel_size=slices.pixel_size,
        unit=slices.unit,
        dask=dask,
        show=progress,
    )
    run.finish(result, name)


def _judge(material: Material, pictures: Pictures, run: Run, progress: bool) -> Judged:
    def make(shape: tuple[int, ...], seed: int) -> NDArray:
        low = pictures.low
        start = None if low is None else low.place(shape, np.random.default_rng(seed))
        return generate(material, shape, seed=seed, start=start)

    seeds = [derived_seed(run.seed, 10, number) for number in range(VOLUMES)]
    measure = judge_texture if pictures.dims == 2 else judge
    return measure(make, pictures, seeds, show=progress)


def _spent_before(run: Run) -> float:
    """Return the CPU seconds that the runs had from which this one goes on."""
    start, spent = run.options["start"], 0.0
    while start is not None:
        before = Run.open(start)
        spent += Choices.recorded(before.options).seconds
        start = before.options["start"]
    return spent
