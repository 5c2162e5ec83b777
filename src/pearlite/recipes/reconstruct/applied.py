"""A reconstruction applied: another volume of what a run has learned.

Axes: ZYX of a volume.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pearlite.errors import InputError
from pearlite.recipes.reconstruct.choices import fractions_of, leave_out, sides_of, wanted
from pearlite.recipes.reconstruct.fraction import with_fractions
from pearlite.recipes.reconstruct.generate import generate, generate_file
from pearlite.recipes.reconstruct.given import Slices, find_slices
from pearlite.recipes.reconstruct.low_runs import finer
from pearlite.recipes.reconstruct.material import Material, load_encoding
from pearlite.recipes.reconstruct.methods import is_learned, load_learned
from pearlite.run import Run

MODEL, RESULTS = "model", {2: "texture", 3: "volume"}
SAYS_ITSELF = "a low-resolution volume says how large what is made of it is, and what is where"
MADE_HERE = "tiles beside a low-resolution volume are made here"


def apply(
    run: Run,
    new: Any,
    out: str | Path | None = None,
    *,
    seed: int | None = None,
    vf: str | float | Mapping[int, float] | None = None,
    periodic: bool = False,
    start: Sequence[int] | None = None,
    dask: str | None = None,
    progress: bool = False,
) -> Any:
    """Make another volume of the run's material.

    Parameters
    ----------
    run
        A finished reconstruction.
    new
        Its shape: three numbers, or ``"256,256,256"``; of a texture two. Of a run with a
        low-resolution volume: another such volume, an array or files.
    out
        A file that ends in .tif, .ome.tif, .ome.zarr or .npy; None returns an array. What the
        command line gives, shapes as text, always goes to a file.
    seed
        Which volume; the next of the run's own unless given.
    vf, periodic
        As of `fit`.
    start
        First voxel of a block of the endless volume; not with `periodic`.
    dask
        As of `fit`.
    progress
        Draw a progress bar.

    Returns
    -------
    array, or list of Path
        The volume, or its file.

    Raises
    ------
    InputError
        If it is no shape, or the run is not finished.
    """
    if "hole" in run.options:
        raise InputError(
            f"{run.path} filled a hole and has learned nothing to apply; fill another image with "
            "pearlite reconstruct IMAGE --hole MASK"
        )
    if "factor" in run.options:
        leave_out(
            SAYS_ITSELF,
            {"vf": (vf, None), "periodic": (periodic, False), "start": (start, None)},
        )
        leave_out(MADE_HERE, {"dask": (dask, None)})
        return finer(
            _material_of(run),
            load_encoding(run.path / MODEL),
            new,
            slices_of(run),
            seed=run.seed + 1 if seed is None else seed,
            out=run.path / "applied" if out is None else Path(out),
            suffix=run.options["format"],
            show=progress,
        )
    written = isinstance(new, list) and all(isinstance(item, str | Path) for item in new)
    material = _material_of(run)
    dims = material.network.dims
    shape = sides_of(str(new[0]) if written and len(new) == 1 else new, dims)
    chosen = run.seed + 1 if seed is None else seed
    fractions = wanted(fractions_of(vf))
    if fractions is not None:
        material = with_fractions(material, fractions, shape, seed=chosen, periodic=periodic)
    if out is None and not written:
        return generate(material, shape, seed=chosen, start=start, periodic=periodic)
    if start is not None:
        raise InputError("a block with a start is made as an array: leave out `out`")
    folder = run.path / "applied" if out is None else Path(out)
    path = folder
    if not folder.name.endswith((".tif", ".zarr", ".npy")):
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{RESULTS[dims]}-seed{chosen}{run.options['format']}"
    slices = slices_of(run)
    generate_file(
        material,
        path,
        shape,
        seed=chosen,
        periodic=periodic,
        pixel_size=slices.pixel_size,
        unit=slices.unit,
        dask=dask,
        show=progress,
    )
    return [path]


def slices_of(run: Run) -> Slices:
    """Return the images that a run learned from; a low-resolution volume is its last input."""
    return find_slices(run.inputs[:-1] if "factor" in run.options else run.inputs)


def _material_of(run: Run) -> Material:
    if not is_learned(run.options["method"], run.path / MODEL):
        raise InputError(
            f"{run.path} has learned nothing yet (it is {run.status}); "
            f"go on with pearlite reconstruct --resume {run.path}"
        )
    return load_learned(run.options["method"], run.path / MODEL)
