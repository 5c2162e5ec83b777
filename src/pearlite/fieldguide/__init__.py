"""What some data is, which task and model fit it, why, and the command to type."""

from pathlib import Path
from typing import Any

import numpy as np

from pearlite.data.collection import Collection, collect
from pearlite.data.image import Image
from pearlite.data.omezarr import is_zarr
from pearlite.data.outlines import find_outlines
from pearlite.data.read import SUFFIXES, read
from pearlite.data.table import TABLES, read_table
from pearlite.errors import InputError
from pearlite.fieldguide.answer import Guide, Seen, answer, quoted
from pearlite.fieldguide.images import describes, is_image, see_collection, see_image
from pearlite.fieldguide.tables import same_tables, see_table, shared_rows
from pearlite.fieldguide.texts import TEXTS, see_texts
from pearlite.folders import RECORD

__all__ = ["Guide", "guide"]

_ROWS = 20_000  # of a table in Parquet, which is enough to see what it is
_LARGE = 2**28  # bytes of tables that are not compared with each other
_FILMS = (".mp4", ".avi", ".mov", ".mkv", ".gif")
_SOUNDS = (".wav", ".mp3", ".flac")
_SIDE = 32  # rows and columns from which an array of numbers may be an image
_ASIDE = {"readme", "license", "licence", "copying", "changelog", "notes"}


def guide(data: Any, target: str | None = None) -> Guide:
    """Look at data and say what it is and what to do with it.

    Parameters
    ----------
    data
        A file or a folder; a DataFrame; or an array: (Y, X), (planes, Y, X), or a list of images.
    target
        The column of a table that is to be predicted.

    Returns
    -------
    Guide
        A row of the field guide (``docs/guide.md``), filled in.

    Raises
    ------
    InputError
        If it is not known here what the data is, or `target` does not fit it.

    Examples
    --------
    >>> import pearlite as pl
    >>> advice = pl.guide("concrete.csv", target="strength")  # doctest: +SKIP
    >>> advice.task, advice.commands[-1]  # doctest: +SKIP
    ('tabular', 'pearlite tabular concrete.csv --target strength')
    """
    seen = _see_path(Path(data), target) if isinstance(data, str | Path) else _see(data, target)
    if target is not None and "target" not in seen.names:
        raise InputError(f"a target was named, but this is {seen.given}, which has no columns")
    return answer(seen)


def _see(data: Any, target: str | None) -> Seen:
    if isinstance(data, Image):
        return see_image(data, "IMAGE")
    if isinstance(data, list | tuple) and data and all(np.ndim(one) in (2, 3) for one in data):
        shapes = sorted({" x ".join(map(str, np.shape(one))) for one in data})
        return Seen("images", f"{len(data)} arrays: {', '.join(shapes[:3])}", {"data": "IMAGES"})
    if not isinstance(data, np.ndarray):
        return _filled(see_table(read_table(data), target), "TABLE")
    if data.dtype.kind not in "biuf" or not data.size:
        raise InputError(f"the array has type {data.dtype} and shape {data.shape}; give numbers")
    if data.ndim == 1:
        return Seen("series", f"a series of {len(data)} values", {"data": "SERIES"})
    if data.ndim == 2 and not _is_picture(data):
        return _filled(see_table(read_table(data), target), "TABLE")
    axes = {2: "YX", 3: "ZYX"}.get(data.ndim)
    if data.ndim == 3 and data.shape[2] in (3, 4):
        return see_image(Image(data.transpose(2, 0, 1), "CYX", meta={"rgb": True}), "IMAGE")
    if axes is None:
        raise InputError(
            f"the array has shape {data.shape}; give pearlite.Image(array, axes) to name its axes"
        )
    return see_image(Image(data, axes), "IMAGE")


def _see_path(path: Path, target: str | None) -> Seen:
    if not path.exists():
        raise InputError(f"{path} does not exist; give a file or a folder")
    if (path / RECORD).is_file():
        raise InputError(
            f"{path} is a run of pearlite, no data; look at it with pearlite report {quoted(path)}"
        )
    if path.is_dir() and not is_zarr(path):
        return _see_folder(path, target)
    return _see_file(path, target)


def _see_file(path: Path, target: str | None) -> Seen:
    suffix = path.suffix.lower()
    if suffix in TABLES or (suffix == ".gz" and Path(path.stem).suffix.lower() in TABLES):
        return _see_table(path, target)
    if suffix in SUFFIXES:
        if suffix == ".npy" and (seen := _see_numbers(path, target)):
            return seen
        return see_image(read(path), quoted(path))
    if suffix in _FILMS:
        raise InputError(f"{path} is a film; save its frames as one TIFF stack and give that")
    if suffix in _SOUNDS:
        raise InputError(f"{path} is a sound; there is no task for sounds here")
    if suffix in (".pkl", ".pickle", ".pt", ".joblib"):
        raise InputError(
            f"{path} is a pickle, which can run any program when it is opened; export the data as "
            "CSV, Parquet, TIFF or .npy"
        )
    if is_image(path):
        return see_image(read(path), quoted(path))
    if suffix in TEXTS or not suffix:
        return see_texts([path], path)
    if suffix == ".json":
        found = list(find_outlines([path]))
        if found:
            raise InputError(
                f"{path} holds {found[0].count} outlines for {len(found[0].counts)} images; give "
                f"the folder that holds it and the images: pearlite guide {quoted(path.parent)}"
            )
    raise InputError(
        f"{path} is no kind of data that is known here; give images ({' '.join(SUFFIXES)}), a "
        f"table ({' '.join(TABLES)}), or text ({' '.join(TEXTS)})"
    )


def _see_folder(path: Path, target: str | None) -> Seen:
    found = collect(path)
    tables = [file for suffix in TABLES for file in found.files.get(suffix, ())]
    texts = [file for suffix in TEXTS for file in found.files.get(suffix, ())]
    texts = [file for file in texts if not _is_aside(file)]
    parts = _parts(path, found, tables, texts)
    if len(parts) > 1:
        return _several(path, parts)
    if found.images or found.unpaired:
        return see_collection(found)
    if tables:
        return _see_tables(path, tables, target)
    if texts:
        return see_texts(texts, path)
    raise InputError(
        f"{path} holds no image, table or text that is known here; give another folder"
    )


def _parts(path: Path, found: Collection, tables: list[Path], texts: list[Path]) -> list[Path]:
    """Return the sets that a folder holds; one or none if it is one set."""
    images = [*found.images, *found.unpaired]
    if images:
        tables = [file for file in tables if not describes(file, found)]
        texts = []
    kinds = bool(images) + bool(tables) + bool(texts)
    loose = [file for file in (*tables, *texts) if file.parent == path]
    if not images and tables and not texts and len(tables) > 1:
        by_text = [file for file in tables if file.suffix.lower() in (".csv", ".tsv")]
        if same_tables(by_text) and len(by_text) == len(tables):
            return []
    tops = sorted({path / file.relative_to(path).parts[0] for file in (*images, *tables, *texts)})
    if kinds > 1 or (not images and len(tables) > 1):
        return tops
    if not images or any(found.classes) or found.pairs:
        return []
    return tops if _unlike(path, found) and not loose else []


def _unlike(path: Path, found: Collection) -> bool:
    """Tell whether the images of a folder are no set: sets beside each other, or other axes."""
    folders = {image.relative_to(path).parts[0] for image in (*found.images, *found.unpaired)}
    masked = {image.parent for image in found.masks}
    parents = {image.parent for image in found.images}
    if len(folders) > 1 and masked and parents - masked:
        return True
    if any(image.parent != path for image in found.images) or len(found.images) > 50:
        return False
    known = [read(image, lazy=True) for image in found.images if is_image(image)]
    return len({image.axes.replace("C", "") for image in known}) > 1


def _several(path: Path, parts: list[Path]) -> Seen:
    said = {}
    for part in parts:
        try:
            said[str(part)] = _see_path(part, None).given
        except InputError as error:
            said[str(part)] = f"not known here: {error}"
    return Seen("several", f"{len(parts)} sets of data in {path}", {}, (), said)


def _see_tables(path: Path, tables: list[Path], target: str | None) -> Seen:
    if len(tables) == 1:
        return _see_table(tables[0], target)
    if any(file.suffix.lower() not in (".csv", ".tsv") for file in tables):
        return _filled(see_table(read_table(path), target), quoted(path))
    largest = max(tables, key=lambda file: file.stat().st_size)
    seen = _see_table(largest, target)
    names = ", ".join(file.name for file in tables)
    notes = [f"{len(tables)} tables with the same columns ({names}); the largest is shown"]
    if sum(file.stat().st_size for file in tables) < _LARGE:
        notes += shared_rows({file.name: read_table(file) for file in tables})
    return Seen(seen.kind, seen.given, seen.names, (*notes, *seen.notes))


def _see_table(path: Path, target: str | None) -> Seen:
    if target is None and path.suffix.lower() in (".csv", ".tsv"):
        found = collect(path.parent, deepest=1)
        if len(found.images) + len(found.unpaired) and describes(path, found):
            return see_collection(found)
    if path.suffix.lower() in (".parquet", ".pq"):
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            file = pq.ParquetFile(path)
            batch = next(file.iter_batches(_ROWS), None)
        except (OSError, ValueError) as error:
            raise InputError(f"{path} cannot be read as Parquet ({error})") from error
        if batch is not None:
            frame = read_table(pa.Table.from_batches([batch]))
            return _filled(see_table(frame, target, file.metadata.num_rows), quoted(path))
    return _filled(see_table(read_table(path), target), quoted(path))


def _see_numbers(path: Path, target: str | None) -> Seen | None:
    """See an array on disk that is no image; nothing for one that is."""
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, EOFError, SyntaxError):
        return None
    if array.ndim == 1 or (array.ndim == 2 and not _is_picture(array)):
        return _filled(_see(np.asarray(array), target), quoted(path))
    return None


def _is_picture(array_YX: np.ndarray) -> bool:
    """Tell whether numbers are an image: large, and alike beside each other along both axes."""
    if min(array_YX.shape) < _SIDE:
        return False
    values = np.nan_to_num(np.asarray(array_YX[:512, :512], dtype=np.float64))
    spread = values.var()
    if array_YX.dtype.kind in "bu" or not spread:
        return True
    return all((np.diff(values, axis=axis) ** 2).mean() < spread for axis in (0, 1))


def _filled(seen: Seen, name: str) -> Seen:
    names = {key: value if key == "data" else quoted(value) for key, value in seen.names.items()}
    return Seen(seen.kind, seen.given, {"data": name, **names}, seen.notes, seen.parts)


def _is_aside(file: Path) -> bool:
    return file.stem.lower().split("_")[0] in _ASIDE
