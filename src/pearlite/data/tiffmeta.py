"""What a TIFF file says about its pixels: physical size, channel names, frame interval."""

import math
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree

from tifffile import RESUNIT, TiffFile, TiffPage

from pearlite.data.units import METRES, PRINT_PIXEL_UM, convert, normalise

CARRIED_IMAGEJ = ("Info", "Labels", "Ranges", "LUTs", "min", "max", "mode", "loop", "fps")
"""ImageJ's own entries that `write` hands back when the planes are still the same."""

_PER_UM = {
    RESUNIT.INCH.value: 25_400.0,
    RESUNIT.CENTIMETER.value: 10_000.0,
    RESUNIT.MILLIMETER.value: 1_000.0,
    RESUNIT.MICROMETER.value: 1.0,
}


@dataclass
class Said:
    """What the file said, in our words."""

    pixel_size: dict[str, float] = field(default_factory=dict)
    unit: str = ""
    axes: str = ""  # the axes that pearlite wrote, when it wrote the file
    meta: dict[str, Any] = field(default_factory=dict)


def read_metadata(tif: TiffFile, index: int) -> Said:
    """Return the metadata of a series; where dialects disagree the most specific one wins."""
    series = tif.series[index]
    page = series.keyframe
    if series.kind == "ome":
        said = _ome(tif.ome_metadata or "", index)
    elif series.kind == "imagej":
        said = _imagej(tif.imagej_metadata or {}, page)
    elif series.kind == "shaped":
        said = _shaped(tif)
    else:
        said = Said()
        if page.description.strip():
            said.meta["description"] = page.description.strip()
    if not said.pixel_size:
        said.pixel_size, said.unit = _instrument(tif)
    if not said.pixel_size and series.kind != "imagej":
        said.pixel_size, said.unit = _resolution_tags(page)
    return said


def _positive(value: Any) -> float | None:
    """Return `value` as a float when it is a usable length, None otherwise."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) and number > 0 else None


def _imagej(said: dict[str, Any], page: Any) -> Said:
    result = Said(axes=str(said.get("pearlite_axes", "")))
    result.unit = normalise(said.get("unit"))
    density = _density(page)
    if result.unit in {"inch", "in"}:  # what ImageJ makes of a picture's printing resolution
        density, result.unit = {}, ""
    if result.unit or density != {"Y": 1.0, "X": 1.0}:
        result.pixel_size = {axis: 1 / value for axis, value in density.items()}
    spacing = _positive(said.get("spacing"))
    if spacing and (result.unit or result.pixel_size or spacing != 1.0):
        result.pixel_size["Z"] = spacing
    interval = _positive(said.get("finterval"))
    if interval:
        result.meta["frame_interval"] = interval
    carried = {key: said[key] for key in CARRIED_IMAGEJ if key in said}
    if carried:
        result.meta["imagej"] = carried
    return result


def _ome(xml: str, index: int) -> Said:
    result = Said(meta={"ome_xml": xml})
    root = ElementTree.fromstring(xml)
    images = [element for element in root if element.tag.endswith("}Image")]
    if not images:
        return result
    image = images[min(index, len(images) - 1)]
    pixels = next((element for element in image if element.tag.endswith("}Pixels")), None)
    if pixels is None:
        return result
    sizes, units = {}, {}
    for axis in "ZYX":
        size = _positive(pixels.get(f"PhysicalSize{axis}"))
        if size:
            sizes[axis], units[axis] = size, normalise(pixels.get(f"PhysicalSize{axis}Unit", "µm"))
    result.pixel_size, result.unit = one_unit(sizes, units)
    interval = _positive(pixels.get("TimeIncrement"))
    if interval and pixels.get("TimeIncrementUnit", "s") == "s":
        result.meta["frame_interval"] = interval
    channels = [element.get("Name") for element in pixels if element.tag.endswith("}Channel")]
    if channels and all(channels):
        result.meta["channels"] = channels
    for annotation in root.iter():
        if annotation.tag.endswith("}MapAnnotation") and annotation.get("Namespace") == "pearlite":
            result.axes = next(
                (m.text or "" for m in annotation.iter() if m.get("K") == "axes"), ""
            )
    return result


def _shaped(tif: TiffFile) -> Said:
    """Read what `write` put beside the shape in a file of a type that ImageJ and OME lack."""
    said: dict[str, Any] = next(iter(tif.shaped_metadata or ()), {})
    return Said(
        pixel_size={a: float(v) for a, v in said.get("pixel_size", {}).items()},
        unit=normalise(said.get("unit")),
        meta={"frame_interval": said["frame_interval"]} if "frame_interval" in said else {},
    )


def _instrument(tif: TiffFile) -> tuple[dict[str, float], str]:
    """Pixel size in the private tags of Thermo Fisher (FEI) and Zeiss electron microscopes."""
    scan = (tif.fei_metadata or {}).get("Scan", {})
    across, down = _positive(scan.get("PixelWidth")), _positive(scan.get("PixelHeight"))
    if across and down:
        return {"Y": convert(down, "m", "µm"), "X": convert(across, "m", "µm")}, "µm"
    for name in ("ap_image_pixel_size", "ap_pixel_size"):
        entry = (tif.sem_metadata or {}).get(name)
        if isinstance(entry, tuple) and len(entry) == 3:
            size, unit = _positive(entry[1]), normalise(str(entry[2]))
            if size and unit in METRES:
                return {"Y": size, "X": size}, unit
    return {}, ""


def _density(page: Any) -> dict[str, float]:
    """Pixels per unit of length along Y and X, as the resolution tags say."""
    density = {}
    for axis, name in (("Y", "YResolution"), ("X", "XResolution")):
        tag = page.tags.get(name)
        if tag is not None and len(tag.value) == 2 and tag.value[1]:
            value = _positive(tag.value[0] / tag.value[1])
            if value:
                density[axis] = value
    return density


def _resolution_tags(page: TiffPage) -> tuple[dict[str, float], str]:
    """Pixel size by the classic tags, unless it is what a printer is told (72 dpi and the like)."""
    per_um = _PER_UM.get(page.resolutionunit)
    if per_um is None:
        return {}, ""
    sizes = {axis: per_um / value for axis, value in _density(page).items()}
    if not sizes or max(sizes.values()) >= PRINT_PIXEL_UM:
        return {}, ""
    return sizes, "µm"


def one_unit(sizes: dict[str, float], units: dict[str, str]) -> tuple[dict[str, float], str]:
    """Express sizes that were given in several units in the unit of the last axis."""
    if not sizes:
        return {}, ""
    unit = units[list(sizes)[-1]]
    same = {a: s for a, s in sizes.items() if units[a] == unit}
    if unit in METRES:
        same |= {
            a: convert(s, units[a], unit)
            for a, s in sizes.items()
            if units[a] != unit and units[a] in METRES
        }
    return {a: same[a] for a in sizes if a in same}, unit
