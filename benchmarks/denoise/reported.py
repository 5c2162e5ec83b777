"""Hold the PSNR that pearlite reports without the truth against the true one.

    python -m benchmarks.denoise.reported [--images bsd68,confocal,sem] [--sigmas 15,25,50]
        [--quality balanced] [--data ../shared/data] [--only NAMES]

A row for each image: the reported PSNR with its 95 % interval, the true PSNR to the same peak, and
whether the interval holds it. Then, for each set and for all, the median error and how often the
interval was right. Images whose noise verdict is not "passed" get no number and are counted apart.
Where to get the data: see this folder's README.
"""

import argparse
from pathlib import Path

import numpy as np
from benchmarks.denoise.cases import cases

from pearlite.judge.metrics import psnr
from pearlite.recipes.denoise import denoise


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.denoise.reported",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--images", default="bsd68,confocal,sem")
    parser.add_argument("--sigmas", default="15,25,50")
    parser.add_argument("--quality", default="balanced")
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--only", default="", help="names of images, separated by commas")
    options = parser.parse_args()
    sigmas = [int(s) for s in options.sigmas.split(",")]
    only = set(filter(None, options.only.split(",")))

    rows: list[tuple[str, float, bool]] = []
    silent = 0
    for case in cases(options.images.split(","), sigmas, options.data):
        if only and case.name not in only:
            continue
        done = denoise(case.noisy, quality=options.quality, force=True)
        if done.psnr is None or done.peak is None:
            silent += 1
            print(f"{case.label:30} no number: the verdict is {done.verdict.state!r}", flush=True)
            continue
        true, said = psnr(case.clean, done.clean, done.peak), done.psnr
        rows.append((case.images, said.value - true, said.low <= true <= said.high))
        interval = f"{said.value:6.2f} [{said.low:.2f} {said.high:.2f}]"
        print(f"{case.label:30} reported {interval}  true {true:6.2f}", flush=True)
    for images in (*dict.fromkeys(name for name, _, _ in rows), "all"):
        errors = np.array([e for name, e, _ in rows if images in (name, "all")])
        held = np.mean([h for name, _, h in rows if images in (name, "all")])
        print(
            f"{images:10} {len(errors):3} images: median |error| {np.median(abs(errors)):.2f} dB, "
            f"median error {np.median(errors):+.2f} dB, interval right in {held:.0%}"
        )
    print(f"{silent} images without a number")


if __name__ == "__main__":
    main()
