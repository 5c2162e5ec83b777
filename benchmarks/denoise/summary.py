"""Medians and ratios of the measurements: as text for people, as CSV and JSON for programs."""

import csv
import json
import platform
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import torch
from benchmarks.denoise.cache import Row

REFERENCES = {
    "bm3d": ("bm3d", "bm3d-anscombe"),
    "noise2fast": ("noise2fast", "noise2fast-pearlite"),
}


def summarise(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """One entry a group of images and method.

    Each reference contributes the median over the images that both have of the difference in dB
    (``db_over_bm3d``; positive: better) and of the ratio of times (``time_over_bm3d``; below 1:
    faster).
    """
    entries = []
    for group in dict.fromkeys(row.group for row in rows):
        members = [row for row in rows if row.group == group]
        for method in dict.fromkeys(row.method for row in members):
            own = {row.name: row for row in members if row.method == method}
            entry: dict[str, Any] = {"group": group, "method": method, "images": len(own)}
            for number in ("psnr", "ssim", "seconds"):
                entry[number] = median(getattr(row, number) for row in own.values())
            for reference, names in REFERENCES.items():
                others = _first_measured(members, names)
                pairs = [(own[name], others[name]) for name in own if name in others]
                if pairs:
                    entry[f"db_over_{reference}"] = median(a.psnr - b.psnr for a, b in pairs)
                    entry[f"time_over_{reference}"] = median(
                        a.seconds / b.seconds if b.seconds else float("inf") for a, b in pairs
                    )
            entries.append(entry)
    return entries


def text(rows: Sequence[Row]) -> Iterator[str]:
    """Lines of the summary table, a block for each group."""
    columns = [f"{what}_over_{reference}" for reference in REFERENCES for what in ("db", "time")]
    titles = [f"{what} {reference}" for reference in REFERENCES for what in ("dB -", "time /")]
    group = None
    for entry in summarise(rows):
        if entry["group"] != group:
            group = entry["group"]
            yield ""
            yield f"{group + ', medians':<59}" + "".join(f"{title:>18}" for title in titles)
        line = f"  {entry['method']:<20}{entry['psnr']:7.2f} dB {entry['ssim']:7.4f}"
        line += f"{entry['seconds']:10.2f} s  n={entry['images']:<3}"
        for column in columns:
            if column not in entry:
                line += " " * 18
            elif column.startswith("db"):
                line += f"{entry[column]:+18.2f}"
            else:
                line += f"{entry[column]:18.4g}"
        yield line


def write(rows: Sequence[Row], folder: Path) -> None:
    """Write ``rows.csv`` and ``summary.json``."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "rows.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(Row.__dataclass_fields__))
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)
    machine = {
        "processor": torch.cpu.get_capabilities().get("cpu_name", platform.processor()),
        "python": platform.python_version(),
        **{name: version(name) for name in ("torch", "numpy", "scikit-image")},
    }
    summary = {"machine": machine, "threads": 1, "summary": summarise(rows)}
    (folder / "summary.json").write_text(json.dumps(summary, indent=1), encoding="utf-8")


def _first_measured(rows: Sequence[Row], names: Sequence[str]) -> dict[str, Row]:
    """Rows of the first of the named methods that was measured, by image."""
    for method in names:
        found = {row.name: row for row in rows if row.method == method}
        if found:
            return found
    return {}
