"""Every method on the same images in one run: ``python -m benchmarks.denoise --help``."""

import os

os.environ["OMP_NUM_THREADS"] = os.environ["MKL_NUM_THREADS"] = "1"  # read when torch is imported

import argparse
import time
from dataclasses import replace
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import numpy as np
import torch
from benchmarks.denoise import cache, published, summary
from benchmarks.denoise.cases import DATA_RANGE, Case, cases
from benchmarks.denoise.peers import METHODS, fits

from pearlite.errors import InputError
from pearlite.judge.metrics import psnr, ssim

WARM_UP_PIXELS = 128
SLOW = ("noise2fast-pearlite", "zs-n2n")


def main() -> None:
    parser = arguments()
    options = parser.parse_args()
    torch.set_num_threads(1)
    try:
        rows = measure(options)
    except InputError as error:
        parser.error(str(error))
    except PackageNotFoundError as error:
        parser.error(f'{error.name} is not installed; run pip install -e ".[bench]"')
    print("\n".join(summary.text(rows)))
    summary.write(rows, options.out)
    print(f"\n{options.out}/rows.csv and summary.json written")


def arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.denoise", description=__doc__)
    parser.add_argument("--images", default="bsd68,confocal,sem", help="sets (%(default)s)")
    parser.add_argument("--only", default="", help="names of images, such as 0,17,mice")
    parser.add_argument("--sigmas", default="15,25,50", help="noise on bsd68 (%(default)s)")
    parser.add_argument("--methods", default="", help=f"of {', '.join(METHODS)}, noise2fast")
    parser.add_argument(
        "--data",
        type=Path,
        default=Path("../shared/data"),
        help="folder with denoise/bsd68 and denoise/confocal, or a clone of Noise2Fast's "
        "repository, which holds all 68 images (%(default)s)",
    )
    parser.add_argument(
        "--noise2fast-repo", type=Path, help="clone whose published script N2F.py is to be run"
    )
    parser.add_argument(
        "--import-noise2fast",
        type=Path,
        action="append",
        default=[],
        metavar="DIR",
        help="folder with finished runs of that script (see README.md); may be repeated",
    )
    parser.add_argument("--out", type=Path, default=Path("benchmarks/denoise/results"))
    parser.add_argument("--fresh", action="store_true", help="measure all methods again")
    return parser


def measure(options: argparse.Namespace) -> list[cache.Row]:
    """All rows, each printed as soon as it is known."""
    sigmas = [int(sigma) for sigma in options.sigmas.split(",")]
    only = set(filter(None, options.only.split(",")))
    rows = []
    for case in cases(options.images.split(","), sigmas, options.data):
        if only and case.name not in only:
            continue
        for method in chosen_methods(options):
            if method == "noise2fast":
                row = measure_published(case, options)
            elif fits(method, case):
                row = measure_method(case, method, options)
            else:
                row = None
            if row:
                rows.append(row)
                print(
                    f"{case.label:<24} {method:<20} {row.psnr:6.2f} dB  {row.ssim:.4f}"
                    f" {row.seconds:9.2f} s",
                    flush=True,
                )
    return rows


def chosen_methods(options: argparse.Namespace) -> list[str]:
    """Names of the methods; by default all, with one Noise2Fast: the published one if there is."""
    published_known = options.noise2fast_repo or options.import_noise2fast
    instead = "noise2fast" if published_known else "noise2fast-pearlite"
    default = [instead if name == "noise2fast-pearlite" else name for name in METHODS]
    methods = options.methods.split(",") if options.methods else default
    for name in methods:
        if name not in (*METHODS, "noise2fast"):
            raise InputError(f"unknown method {name!r}; there are {', '.join(METHODS)}, noise2fast")
    return methods


def measure_method(case: Case, method: str, options: argparse.Namespace) -> cache.Row:
    """Time and judge one method on one image, unless the cache knows it."""
    kept = None if options.fresh else cache.recall(options.out / "cache", case, method)
    if kept:
        return kept
    if method not in SLOW:
        warm_up(case, method)
    began = time.process_time()
    estimate = METHODS[method](case)
    return judged(case, method, estimate, time.process_time() - began, options)


def measure_published(case: Case, options: argparse.Namespace) -> cache.Row | None:
    """Judge the published Noise2Fast on one image; None where it can neither be found nor run."""
    own = options.out / "noise2fast"
    place = published.finished_run(case, [own, *options.import_noise2fast])
    if place is None and options.noise2fast_repo:
        place = published.run(case, options.noise2fast_repo, own)
    if place is None:
        return None
    estimate, seconds = published.result(place)
    return judged(case, "noise2fast", estimate, seconds, options)


def judged(
    case: Case, method: str, estimate: np.ndarray, seconds: float, options: argparse.Namespace
) -> cache.Row:
    """Compare an estimate with the truth and remember the numbers."""
    row = cache.Row(
        case.images,
        case.name,
        case.noise,
        method,
        psnr(case.clean, estimate, DATA_RANGE),
        ssim(case.clean, estimate, DATA_RANGE),
        seconds,
    )
    cache.remember(options.out / "cache", case, row, estimate)
    return row


def warm_up(case: Case, method: str) -> None:
    """Let a method import and initialise what it needs, on a corner of the image."""
    corner = np.s_[:WARM_UP_PIXELS, :WARM_UP_PIXELS]
    METHODS[method](replace(case, clean=case.clean[corner], noisy=case.noisy[corner]))


if __name__ == "__main__":
    main()
