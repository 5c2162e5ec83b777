"""The page of a denoising run: pictures first, then numbers, then caveats."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pearlite.data.image import Image
from pearlite.data.read import read
from pearlite.recipes.denoise.noise import SILENT, NoiseModel
from pearlite.recipes.denoise.remedies import bin_pixels
from pearlite.recipes.repeat import repeat_section
from pearlite.run import TEST, Run
from pearlite.see import page, preview
from pearlite.see.html import Html, tag
from pearlite.see.scatter import scatter

PICTURED = 6  # files of a run that are shown; the table lists all
OVERVIEW, DETAIL = 1280, 256  # longest side of the overview, side of the detail, in pixels
BINS, PLOTTED = 40, 1 << 20  # points of the noise plot, and pixels at most that go into them
HONEST_RESIDUAL = (
    "What was taken away, in units of the noise: black is −3, white is +3 standard deviations. "
    "It should look like noise and show nothing of the scene."
)


@dataclass(frozen=True)
class _Planes:
    """One plane of a file, before and after, and what was measured on the file."""

    name: str
    noisy_YX: NDArray[np.float32]
    clean_YX: NDArray[np.float32]
    which: str
    facts: dict[str, Any]

    def variance(self, mean: NDArray[np.floating]) -> NDArray[np.floating]:
        """Return the noise variance that the model gives at a mean signal."""
        return NoiseModel(**self.facts["noise"][0]).variance(mean)


def html(run: Run) -> str:
    """Return the page of `run`, made from its folder and its inputs."""
    test = run.read_json(TEST)
    names = list(test)
    single = test[names[0]] if len(names) == 1 else None
    planes = [_planes(run, name, test[name]) for name in names[:PICTURED]]
    title = f"{single['input'] if single else f'{len(names)} images'}, denoised"
    sections = [part for shown in planes for part in _pictures(shown, single is None)]
    if single:
        sections += [_numbers(single), _noise(planes[0])]
    else:
        sections.append(_all_files(test, len(planes)))
    return page.page(
        title, _subtitle(run, single), *sections, _caveats(run, test), repeat_section(run)
    )


def rows(run: Run) -> list[tuple[str, ...]]:
    """Return a table, its head first: one line a file with what was measured on it."""
    test = run.read_json(TEST)
    return [_head(test), *(_row(facts, test) for facts in test.values())]


def _planes(run: Run, name: str, facts: dict[str, Any]) -> _Planes:
    noisy = read(run.inputs[facts["number"]], axes=run.options["axes"])
    clean = read(run.results[name])
    noisy_YX, which = _plane(noisy)
    for _ in range(run.options["remedies"].count("bin")):
        noisy_YX = bin_pixels(noisy_YX)
    return _Planes(name, noisy_YX, _plane(clean)[0], which, facts)


def _plane(image: Image) -> tuple[NDArray[np.float32], str]:
    """Return the middle plane of a stack, the first channel, and a few words that say so."""
    place, words = [], []
    for axis, length in zip(image.axes, image.array.shape, strict=True):
        if axis in "YX":
            place.append(slice(None))
            continue
        index = 0 if axis == "C" else length // 2
        place.append(index)
        if length > 1:
            word = {"T": "time", "Z": "plane", "C": "channel"}[axis]
            words.append(f"{word} {index + 1} of {length}")
    return np.asarray(image.array[tuple(place)], dtype=np.float32), ", ".join(words)


def _pictures(shown: _Planes, named: bool) -> list[Html]:
    limits = preview.limits(shown.clean_YX)
    small = [preview.shrink(plane, OVERVIEW) for plane in (shown.noisy_YX, shown.clean_YX)]
    height, width = shown.clean_YX.shape
    facts = [f"{width} × {height} pixels", shown.which, _scaled(shown.clean_YX, small[1])]
    overview = page.compare(
        *(preview.data_uri(preview.grey(plane, limits)) for plane in small),
        shape=small[1].shape,
        caption=f"Drag the divider, or use the arrow keys. {'; '.join(f for f in facts if f)}.",
    )
    residual_YX = _residual(shown)
    whole_YX = preview.shrink(residual_YX, OVERVIEW // 2)
    everywhere = page.picture(
        preview.data_uri(preview.grey(whole_YX, (-3, 3))),
        whole_YX.shape,
        "residual",
        HONEST_RESIDUAL,
    )
    details = _details(shown, residual_YX, limits) if max(height, width) > DETAIL else []
    heading = shown.facts["input"] if named else ""
    return [
        page.section(heading, overview),
        page.section("", page.side_by_side(*details, everywhere)),
    ]


def _details(
    shown: _Planes, residual_YX: NDArray[np.float32], limits: preview.Limits
) -> list[Html]:
    """Return the part with the most contrast, pixel by pixel, and what was taken away there."""
    square = preview.busiest(shown.clean_YX, DETAIL)
    shape = shown.clean_YX[square].shape
    closer = page.compare(
        *(
            preview.data_uri(preview.grey(plane[square], limits), exact=True)
            for plane in (shown.noisy_YX, shown.clean_YX)
        ),
        shape=shape,
        caption=f"A detail, pixel by pixel, at x = {square[1].start}, y = {square[0].start}.",
        exact=True,
    )
    taken = page.picture(
        preview.data_uri(preview.grey(residual_YX[square], (-3, 3)), exact=True),
        shape,
        "residual of the detail",
        "What was taken away there.",
    )
    return [closer, taken]


def _scaled(plane_YX: NDArray[Any], small_YX: NDArray[Any]) -> str:
    factor = -(-plane_YX.shape[0] // small_YX.shape[0])
    return f"shown at 1/{factor}" if factor > 1 else ""


def _residual(shown: _Planes) -> NDArray[np.float32]:
    deviation = np.sqrt(shown.variance(shown.clean_YX))
    floor = np.median(deviation[np.isfinite(deviation)]) / 10 or 1.0
    taken_YX = shown.noisy_YX - shown.clean_YX
    return (taken_YX / np.maximum(deviation, floor)).astype(np.float32)


def _numbers(facts: dict[str, Any]) -> Html:
    seconds = facts["seconds"]
    cards: list[tuple[str, Any, Any]] = []
    if facts["psnr"]:
        low, high = facts["psnr"]["low"], facts["psnr"]["high"]
        note = f"95 % interval {low:.2f} to {high:.2f} dB, estimated without a clean image"
        cards.append(("PSNR, estimated", f"{facts['psnr']['value']:.2f} dB", note))
        cards.append(("of the noisy image", f"{facts['psnr_noisy']:.2f} dB", "estimated likewise"))
    else:
        cards.append(("PSNR, estimated", "not given", "The noise test does not allow it."))
    if "true_psnr" in facts:
        before = f"noisy {_true(facts['true_psnr_noisy'])}, against the truth that was given"
        cards.append(("PSNR, true", _true(facts["true_psnr"]), before))
    cards.append(_noise_card(facts))
    cards.append(("Time", f"{seconds['wall']:.1f} s", f"{seconds['cpu']:.1f} s of processor time"))
    return page.section("In numbers", page.tiles(cards))


def _noise_card(facts: dict[str, Any]) -> tuple[str, str, str]:
    """Return name, number and explanation of the first channel's noise model."""
    models = [NoiseModel(**model) for model in facts["noise"]]
    which = f", channel 1 of {len(models)}" if len(models) > 1 else ""
    if models[0] == SILENT:
        return f"Noise{which}", "none", "No noise was found."
    gain, offset = models[0].gain, models[0].offset
    if gain == 0:
        return f"Noise{which}", f"{offset**0.5:.4g}", "standard deviation, the same at every signal"
    formula = f"variance = {gain:.4g} × signal {'−' if offset < 0 else '+'} {abs(offset):.4g}"
    return f"Noise gain{which}", f"{gain:.3g}", formula


def _noise(shown: _Planes) -> Html:
    verdict = shown.facts["verdict"]
    rows = [
        (
            {"X": "along rows (X)", "Y": "along columns (Y)"}[axis],
            f"{verdict['correlation'][axis]:+.3f}",
            f"{verdict['stripes'].get(axis, 0.0):.1%}",
        )
        for axis in sorted(verdict["correlation"])
    ]
    head = ("", "correlation of neighbours", "line offsets, share of the noise")
    words = [
        page.verdict(verdict["state"], verdict["reason"]),
        tag(
            "p",
            "The method assumes that the noise of one pixel says nothing about that of the next. "
            "The test looks for the opposite in this very image; 0 is noise without memory.",
            class_="subtitle",
        ),
    ]
    if rows:
        words.append(page.table(rows, head))
    if verdict["remedies"]:
        named = ", ".join(f"--remedy {name}" for name in verdict["remedies"])
        words.append(tag("p", "What may mend it: ", page.code(named)))
    plot = _variance_plot(shown)
    columns = page.side_by_side(tag("div", *words), *([plot] if plot else []))
    return page.section("Is the noise what the method assumes?", columns)


def _variance_plot(shown: _Planes) -> Html | None:
    """Plot the variance of what was taken away against the signal, and the model's line."""
    step = max(1, shown.clean_YX.size // PLOTTED)
    clean, noisy = shown.clean_YX.ravel()[::step], shown.noisy_YX.ravel()[::step]
    sound = np.isfinite(clean) & np.isfinite(noisy)
    clean, taken = clean[sound], (noisy - clean)[sound]
    edges = np.unique(np.quantile(clean, np.linspace(0, 1, BINS + 1))) if clean.size else clean
    if edges.size < 3:
        return None
    bins = np.digitize(clean, edges[1:-1])
    counts = np.bincount(bins)
    full = counts >= 30
    mean = (np.bincount(bins, clean) / np.maximum(counts, 1))[full]
    power = (np.bincount(bins, taken**2) / np.maximum(counts, 1))[full]
    if mean.size < 2:
        return None
    picture = scatter(
        mean,
        power,
        shown.variance,
        ("signal", "variance"),
        "Variance of what was taken away against the signal, with the fitted line",
    )
    caption = "Points: variance of what was taken away. Line: the noise model, fitted beforehand."
    return tag("figure", picture, tag("figcaption", caption))


def _all_files(test: dict[str, Any], pictured: int) -> Html:
    lines = []
    for facts in test.values():
        name, state, *rest = _row(facts, test)
        lines.append((name, page.badge(state), *rest))
    left = len(test) - pictured
    rest = tag("p", f"{left} more are not pictured above.", class_="subtitle") if left else None
    return page.section("All files", page.table(lines, _head(test)), rest)


def _head(test: dict[str, Any]) -> tuple[str, ...]:
    true = ("true",) if _has_truth(test) else ()
    return ("image", "noise test", "PSNR noisy", "estimated", *true, "time")


def _row(facts: dict[str, Any], test: dict[str, Any]) -> tuple[str, ...]:
    true = (_true(facts["true_psnr"]),) if _has_truth(test) else ()
    estimated = facts["psnr"]
    return (
        facts["input"],
        facts["verdict"]["state"],
        f"{facts['psnr_noisy']:.2f} dB" if estimated else "not given",
        _decibel(estimated) if estimated else "not given",
        *true,
        f"{facts['seconds']['wall']:.1f} s",
    )


def _has_truth(test: dict[str, Any]) -> bool:
    return all("true_psnr" in facts for facts in test.values())


def _caveats(run: Run, test: dict[str, Any]) -> Html:
    sentences = list(dict.fromkeys(note for facts in test.values() for note in facts["notes"]))
    if any(facts["verdict"]["state"] == "failed" for facts in test.values()):
        sentences.insert(
            0, "The noise test failed and --force was given: do not trust fine detail."
        )
    sentences += [f"{name} gave no result: {error}" for name, error in run.failures.items()]
    return page.section("To keep in mind", page.notes(sentences or ["Nothing unusual was found."]))


def _subtitle(run: Run, single: dict[str, Any] | None) -> str:
    when = datetime.fromisoformat(run.record["created"]).strftime("%d %B %Y, %H:%M")
    parts = ["pearlite denoise", when]
    if single:
        size = " × ".join(str(length) for length in single["shape"])
        parts.append(f"{size} ({single['axes']}), {single['dtype']}")
        if spacing := single["pixel_size"].get("X"):
            parts.append(f"{spacing:g} {single['unit']} a pixel")
    return " · ".join(parts)


def _true(psnr: float | None) -> str:
    return "∞ dB" if psnr is None else f"{psnr:.2f} dB"  # JSON has no infinity


def _decibel(interval: dict[str, float]) -> str:
    half = (interval["high"] - interval["low"]) / 2
    return f"{interval['value']:.2f} ± {half:.2f} dB"
