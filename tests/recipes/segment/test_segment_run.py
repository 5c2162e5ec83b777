"""Segmentation from end to end: a folder with labels, a test, a page, and a model to use again."""

import json

import numpy as np
import pandas as pd
import pytest
import tifffile
from PIL import Image as Picture
from scipy import ndimage

import pearlite as pl
from pearlite.data.image import Image
from pearlite.data.read import read
from pearlite.data.rois import read_rois
from pearlite.data.write import write
from pearlite.errors import InputError, Refused

MINUTES = 0.03


def scene(seed=0, size=96):
    """Return a noisy image and its mask of the values 10, 20 and 200."""
    rows, columns = np.mgrid[:size, :size]
    random = np.random.default_rng(seed)
    mask = np.full((size, size), 10, np.uint8)
    for number in range(8):
        row, column = random.integers(8, size - 8, 2)
        mask[(rows - row) ** 2 + (columns - column) ** 2 < 60] = (20, 200)[number % 2]
    grey = np.select([mask == 10, mask == 20], [60, 130], 200)
    return (grey + random.normal(0, 8, mask.shape)).clip(0, 255).astype(np.uint8), mask


def agreement(labels, mask):
    return float((labels == mask).mean())


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("set")
    for part in ("images", "masks"):
        (root / part).mkdir()
    for number in range(6):
        image, mask = scene(number)
        write(root / "images" / f"f{number}.tif", Image(image, "YX", {"Y": 0.1, "X": 0.1}, "µm"))
        if number < 5:
            Picture.fromarray(mask).save(root / "masks" / f"f{number}.png")
    return root


@pytest.fixture(scope="module")
def run(folders):
    names = {10: "matrix", 20: "carbide", 200: "pore"}
    out = folders / "run"
    return pl.fit(
        "segment",
        folders / "images",
        masks=folders / "masks",
        names=names,
        method="network",
        minutes=0.06,
        out=out,
    )


def test_a_run_labels_what_was_withheld_and_what_had_no_mask(run):
    assert "f5" in run.results
    assert len(run.results) == 2
    for name, labels in run.result.items():
        assert labels.dtype == np.uint8
        assert agreement(labels, scene(int(name[1]))[1]) > 0.9


def test_a_run_holds_all_that_was_promised(run):
    files = {path.name for path in run.path.iterdir()}
    promised = (
        "recipe.json model test.json split.json history.csv report.html card.md fractions.csv"
    )
    assert set(promised.split()) < files
    for kind in ("labels", "probabilities", "uncertainty", "overlay", "particles"):
        assert {path.stem for path in (run.path / kind).iterdir()} == set(run.results)


def test_labels_open_in_other_programs_with_palette_and_scale(run):
    path = run.results["f5"]
    with tifffile.TiffFile(path) as tif:
        page = tif.pages.first
        assert page.colormap is not None
        assert set(np.unique(page.asarray())) <= {10, 20, 200}
    assert read(path).pixel_size == pytest.approx({"Y": 0.1, "X": 0.1})


def test_the_score_stands_beside_baselines_with_its_interval(run):
    test = run.test
    macro = test["metrics"]["macro"]
    assert macro["low"] <= macro["value"] <= macro["high"]
    assert macro["value"] > test["baselines"]["one class"]["macro"]
    assert set(test["baselines"]) == {"one class", "thresholds"}
    assert test["looks"] == 1
    assert "IoU of pore" in {row[0] for row in run.summary()}


def test_fractions_and_particles_are_tables(run):
    fractions = pd.read_csv(run.path / "fractions.csv")
    for image, rows in fractions.groupby("image"):
        known = rows.set_index("class").to_dict("index")
        assert sum(row["counted"] for row in known.values()) == pytest.approx(1)
        assert all(row["low"] <= row["value"] <= row["high"] for row in known.values())
        _, mask = scene(int(str(image)[1]))
        assert known["pore"]["counted"] == pytest.approx((mask == 200).mean(), abs=0.05)
    particles = pd.read_csv(run.path / "particles" / "f5.csv")
    assert set(particles["value"]) == {20, 200}
    assert "equivalent_diameter_um" in particles


def test_the_page_shows_the_images_and_loads_nothing(run):
    page = run.page.read_text()
    assert page.count('class="compare"') == 2
    assert "http" not in page.replace("http-equiv", "").replace("http://www.w3.org", "")
    assert run.report() == run.page


def test_apply_gives_arrays_for_arrays_and_files_for_files_and_both_are_the_same(run, tmp_path):
    image, mask = scene(9)
    labels = run.apply(image)
    assert labels.dtype == np.uint8
    assert agreement(labels, mask) > 0.9
    Picture.fromarray(image).save(tmp_path / "new.png")
    (path,) = run.apply(tmp_path / "new.png", tmp_path / "out")
    assert np.array_equal(read(path).array, labels)
    with pytest.raises(InputError, match="exists already"):
        run.apply(tmp_path / "new.png", tmp_path / "out")


def test_batch_gives_what_the_run_gave(run, folders, tmp_path):
    for path in run.apply(folders / "images", tmp_path):
        if path.stem in run.results:
            assert np.array_equal(read(path).array, read(run.results[path.stem]).array)


def test_gain_offset_and_depth_change_no_label(run):
    image, _ = scene(9)
    labels = run.apply(image)
    for copy in (image.astype(np.uint16) * 257, image.astype(np.float32) * 0.3 + 7):
        assert agreement(run.apply(copy), labels) > 0.99


def test_a_stack_is_labelled_plane_by_plane(run):
    stack = np.stack([scene(seed)[0] for seed in (7, 8)])
    labels = run.apply(stack, axes="ZYX")
    assert labels.shape == stack.shape
    assert np.array_equal(labels[1], run.apply(stack[1]))


def test_images_unlike_the_trainings_are_said(run, tmp_path):
    with pytest.raises(InputError, match="2 channels, and the training's images had 1"):
        run.apply(np.zeros((2, 64, 64), np.uint8), axes="CYX")
    write(tmp_path / "fine.tif", Image(scene()[0], "YX", {"Y": 1.0, "X": 1.0}, "nm"))
    with pytest.raises(Refused, match="pixels of 1 nm, and the training's were 100 nm"):
        run.apply(tmp_path / "fine.tif", tmp_path / "out")
    assert run.apply(tmp_path / "fine.tif", tmp_path / "out", force=True)


def test_the_seed_determines_the_split_and_the_record_says_how(run):
    record = json.loads((run.path / "run.json").read_text())
    assert record["options"]["names"] == {"10": "matrix", "20": "carbide", "200": "pore"}
    assert len(record["masks"]) == 1
    assert "5 images, dealt out" in run.test["split"]


def test_one_image_is_tested_on_blocks_of_its_own(tmp_path):
    image, mask = scene(3)
    run = pl.fit(
        "segment", image, masks=mask, unlabelled=-1, method="network", minutes=0.06, out=tmp_path
    )
    assert agreement(run.result, mask) > 0.9
    assert run.test["shared"]
    assert "25 blocks" in run.test["split"]
    assert np.array_equal(run.apply(image), run.result)


@pytest.mark.slow
def test_too_few_scribbles_to_test_on_are_said_and_still_learned(tmp_path):
    image, mask = scene(3)
    drawn = np.zeros_like(mask)
    for value in (10, 20, 200):
        row, column = np.argwhere(ndimage.binary_erosion(mask == value, np.ones((7, 7))))[0]
        drawn[row - 2 : row + 3, column - 2 : column + 3] = value
    run = pl.fit(
        "segment", image, masks=drawn, method="network", minutes=MINUTES, out=tmp_path / "run"
    )
    assert set(np.unique(run.result)) <= {10, 20, 200}
    assert run.test["metrics"] == {}
    assert "Nothing was withheld" in run.page.read_text()


@pytest.mark.slow
def test_a_stopped_run_goes_on_where_it_was(folders, tmp_path, monkeypatch):
    trained = []
    usual = "pearlite.recipes.segment.work.fraction_errors"

    def stop(*_):
        trained.append((tmp_path / "run" / "state").exists())
        raise KeyboardInterrupt

    options = {"masks": folders / "masks", "method": "network", "minutes": MINUTES}
    with monkeypatch.context() as patch:
        patch.setattr(usual, stop)
        with pytest.raises(KeyboardInterrupt, match="--resume"):
            pl.fit("segment", folders / "images", out=tmp_path / "run", **options)
    run = pl.load(tmp_path / "run")
    assert run.status == "stopped"
    assert trained == [True]
    monkeypatch.setattr("pearlite.recipes.segment.learn.train_by_recipe", None)  # nothing again
    assert run.resume().status == "done"
    assert run.results
    assert not (run.path / "state").exists()


@pytest.mark.slow
def test_a_volume_is_seen_in_three_dimensions(tmp_path):
    depth, rows, columns = np.mgrid[:24, :48, :48]
    mask = (((depth - 12) ** 2 + (rows - 24) ** 2 + (columns - 24) ** 2) < 100).astype(np.uint8)
    image = 80 + 90 * mask + np.random.default_rng(0).normal(0, 8, mask.shape)
    options = {"masks": mask, "axes": "ZYX", "volume": True, "method": "pixels"}
    run = pl.fit(
        "segment", image.astype(np.float32), minutes=MINUTES, out=tmp_path / "run", **options
    )
    assert run.result.shape == mask.shape
    assert agreement(run.result, mask) > 0.9
    assert pd.read_csv(run.path / "particles.csv")["volume_px3"].to_numpy().max() > 3000


@pytest.mark.slow
def test_planes_of_a_stack_are_learned_from_with_few_labels(tmp_path):
    image, mask = scene(3)
    drawn = np.zeros((3, *mask.shape), np.int16)
    drawn[1] = mask
    options = {"masks": drawn, "axes": "ZYX", "unlabelled": 0, "method": "pixels"}
    run = pl.fit("segment", np.stack([image] * 3), minutes=MINUTES, out=tmp_path / "run", **options)
    assert agreement(run.result[2], mask) > 0.95


@pytest.mark.slow
@pytest.mark.dist
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::DeprecationWarning")
def test_a_cluster_gives_the_same(run, folders, tmp_path):
    from distributed import LocalCluster

    cluster = LocalCluster(
        n_workers=1, threads_per_worker=1, processes=True, dashboard_address=":0"
    )
    with cluster:
        paths = run.apply(folders / "images", tmp_path, dask=cluster.scheduler_address)
    assert len(paths) == 6
    for path in paths:
        if path.stem in run.results:
            assert np.array_equal(read(path).array, read(run.results[path.stem]).array)


def test_a_run_on_changed_masks_is_not_resumed(folders, tmp_path):
    for name in ("image", "mask"):
        Picture.fromarray(scene()[name == "mask"]).save(tmp_path / f"{name}.png")
    run = pl.fit(
        "segment",
        tmp_path / "image.png",
        masks=tmp_path / "mask.png",
        method="network",
        minutes=0.01,
        out=tmp_path / "run",
    )
    Picture.fromarray(scene(5)[1]).save(tmp_path / "mask.png")
    with pytest.raises(InputError, match=r"mask\.png has changed"):
        run.resume()


@pytest.mark.slow
def test_objects_are_learned_and_told_apart(tmp_path):
    rows, columns = np.mgrid[:96, :96]
    objects = (rows // 12 * 8 + columns // 12 + 1) * ((rows % 12 > 1) & (columns % 12 > 1))
    image = 60 + 100 * (objects > 0) + np.random.default_rng(0).normal(0, 8, objects.shape)
    run = pl.fit(
        "segment",
        image.astype(np.float32),
        masks=objects,
        instances=True,
        method="network",
        minutes=0.25,
        out=tmp_path / "run",
    )
    assert np.mean((run.result == 1) == (objects > 0)) > 0.9
    numbered = np.asarray(read(run.path / "instances.tif").array)
    assert len(np.unique(numbered)) == pytest.approx(65, abs=12)
    assert len(pd.read_csv(run.path / "particles.csv")) == numbered.max()
    regions = read_rois(run.path / "outlines.zip")
    assert len(regions) == numbered.max()


@pytest.mark.parametrize(
    "parts", [("train", "val", "test"), pytest.param(("train", "test"), marks=pytest.mark.slow)]
)
def test_folders_say_what_is_tested_on(tmp_path, parts):
    for number, part in enumerate(parts):
        for folder, content in ((part, 0), (f"{part}_annot", 1)):
            (tmp_path / "set" / folder).mkdir(parents=True)
            picture = Picture.fromarray(scene(number)[content])
            picture.save(tmp_path / "set" / folder / f"f{number}.png")
    options = {"method": "pixels", "minutes": MINUTES, "out": tmp_path / "run"}
    run = pl.fit("segment", tmp_path / "set", **options)
    assert not run.test["shared"]
    assert f"1 train, {len(parts) - 2} validation, 1 test" in run.test["split"]
    assert list(run.results) == [f"f{len(parts) - 1}"]
    assert run.test["tried"]["pixels"] > 0.5


@pytest.mark.parametrize("head", ["forest", pytest.param("linear", marks=pytest.mark.slow)])
def test_pixels_are_classified_from_scribbles(tmp_path, head):
    image, mask = scene(3, 128)
    rows = np.arange(128) % 8 < 2
    drawn = np.where(rows[:, None] & (np.arange(128) % 16 < 12), mask, 0)
    options = {"masks": drawn, "method": "pixels", "minutes": MINUTES, "out": tmp_path / "run"}
    run = pl.fit("segment", image, head=head, **options)
    assert agreement(run.result, mask) > 0.95
    assert "strokes" in run.test["split"]
    assert np.array_equal(run.apply(image), run.result)


@pytest.mark.slow
def test_validation_chooses_the_method(tmp_path):
    image, mask = scene(3)
    options = {"masks": mask, "unlabelled": -1, "minutes": 0.02, "out": tmp_path / "run"}
    run = pl.fit("segment", image, **options)
    assert set(run.test["tried"]) == {"pixels", "network"}
    assert run.test["method"] == max(run.test["tried"], key=run.test["tried"].get)
    assert run.test["reasons"][0].startswith("Method: ")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"method": "magic"}, "method is 'magic'"),
        ({"head": "stump"}, "head is 'stump'"),
        ({"pixel_size": "20 bananas"}, "pixel_size is '20 bananas'"),
        ({"minutes": 0}, "minutes is 0"),
        ({"volume": True}, "axes='ZYX'"),
    ],
)
def test_options_that_are_wrong_are_said_and_leave_no_folder(tmp_path, options, said):
    with pytest.raises(InputError, match=said):
        pl.fit("segment", *scene()[:1], masks=scene()[1], out=tmp_path / "run", **options)
    assert not (tmp_path / "run").exists()
