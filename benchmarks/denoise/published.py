"""Runs the published Noise2Fast script, unchanged, from a clone of its repository.

A finished run is a folder ``NAME/`` with ``in/noisy.tif`` (what the script was given),
``in_N2F/noisy.tif`` (what it made of it), ``time`` ("user system wall" in seconds) and an empty
file ``done``. Runs made elsewhere in this layout count as well; they are recognised by the pixels
they were given, not by their names.
"""

import os
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import tifffile
from benchmarks.denoise.cases import Case


def finished_run(case: Case, folders: list[Path]) -> Path | None:
    """Find a finished run that was given the pixels of this case."""
    for done in sorted(done for folder in folders for done in folder.glob("*/done")):
        given = tifffile.imread(done.parent / "in" / "noisy.tif")
        if given.dtype == case.noisy.dtype and np.array_equal(given, case.noisy):
            return done.parent
    return None


def run(case: Case, repository: Path, folder: Path) -> Path:
    """Let the script denoise a case on one thread; returns the folder of the finished run."""
    place = folder / case.label
    shutil.rmtree(place, ignore_errors=True)
    (place / "in").mkdir(parents=True)
    tifffile.imwrite(place / "in" / "noisy.tif", case.noisy)
    one_thread = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(
        [sys.executable, str(repository.resolve() / "N2F.py"), "in"],
        cwd=place,
        env=os.environ | one_thread,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    after, wall = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic() - began
    user, system = after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime
    (place / "time").write_text(f"{user:.2f} {system:.2f} {wall:.2f}\n")
    (place / "done").touch()
    return place


def result(place: Path) -> tuple[np.ndarray, float]:
    """Output and CPU seconds of a finished run."""
    user, system, _ = (place / "time").read_text().split()
    return tifffile.imread(place / "in_N2F" / "noisy.tif"), float(user) + float(system)
