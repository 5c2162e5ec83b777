"""Planted failures of image sets are found, named and measured; clean sets give no alarm."""

import json
from functools import cache

import numpy as np
import pytest
from PIL import Image

from pearlite.data import samples
from pearlite.data.pixels import turned
from pearlite.errors import InputError
from pearlite.judge.audit.images import audit_images, describe_images

SHAPE = (96, 96)


def grey(image):
    return np.round(np.clip(image, 0, 1) * 255).astype(np.uint8)


@cache
def texture(maker, seed, **options):
    return grey(maker(SHAPE, seed, **options))


def textures(maker, count=24, first=0, **options):
    return [texture(maker, seed, **options) for seed in range(first, first + count)]


def save(folder, **images):
    folder.mkdir(parents=True, exist_ok=True)
    for name, image in images.items():
        Image.fromarray(image).save(folder / f"{name}.png")


def numbered(images, stem="im"):
    return {f"{stem}{number}": image for number, image in enumerate(images)}


def found(data, **options):
    return {finding.kind: finding for finding in audit_images(data, **options)}


def two_classes(folder):
    save(folder / "grains", **numbered(textures(samples.grains)))
    save(folder / "laths", **numbered(textures(samples.laths)))


def test_clean_classes_give_no_finding(tmp_path):
    two_classes(tmp_path)
    assert not audit_images(tmp_path)
    assert describe_images(tmp_path)[0] == "48 images"


@pytest.mark.parametrize("maker", [samples.particles, samples.two_phase, samples.three_phase])
def test_clean_images_give_no_finding(maker):
    assert not audit_images(textures(maker, 30))


def test_equal_images_are_named_and_measured(tmp_path):
    images = textures(samples.grains, 40)
    copies = [*images[:20], *images[:10]]
    save(tmp_path / "a", **numbered(copies))
    save(tmp_path / "b", **numbered([*images[20:], *images[20:30]]))
    finding = found(tmp_path)["identical images"]
    assert finding.grave
    assert finding.count == 20
    assert "a/im0.png = a/im20.png" in finding.where[0]
    assert finding.inflation is not None
    assert finding.inflation.as_is.value > finding.inflation.honest.value + 0.15
    assert finding.inflation.real


@pytest.mark.parametrize(
    "change", [lambda image: image // 2 + 30, lambda image: turned(image, 5), lambda image: image.T]
)
def test_a_changed_copy_is_near_identical(change):
    images = textures(samples.grains, 10)
    finding = found([*images, change(images[3])])["near-identical images"]
    assert finding.grave
    assert finding.count == 1
    assert "image 4 = image 11" in finding.where[0]


def fields(specimens=4, steps=6):
    """Return fields that overlap by half, from specimens of their own coarseness."""
    images = {}
    for specimen in range(specimens):
        strip = grey(samples.grains((96, 48 * (steps + 1)), specimen, size=20 + 8 * specimen))
        for step in range(steps):
            images[f"specimen-{specimen}_field_{step}"] = strip[:, 48 * step : 48 * step + 96]
    return images


def test_overlapping_fields_ask_for_their_specimens(tmp_path):
    save(tmp_path, **fields())
    finding = found(tmp_path)["overlapping fields"]
    assert finding.grave
    assert finding.count == 20
    assert finding.declare == '--group "[^_]+"'
    assert not audit_images(tmp_path, group="[^_]+")


def test_specimens_in_file_names_are_found_by_likeness_and_measured(tmp_path):
    random = np.random.default_rng(0)
    for specimen in range(20):
        own = {"size": float(random.uniform(12, 45)), "twins": float(random.uniform(0, 0.9))}
        level = random.uniform(0.5, 1)
        shown = textures(samples.grains, 4, 100 * specimen, **own)
        images = {
            f"s{specimen}_f{n}": (image * level).astype(np.uint8) for n, image in enumerate(shown)
        }
        save(tmp_path / ("good", "bad")[specimen % 2], **images)
    finding = found(tmp_path)["groups in the file names"]
    assert finding.declare == '--group "[^_]+"'
    assert finding.inflation is not None
    assert finding.inflation.as_is.value > finding.inflation.honest.value + 0.1
    assert finding.grave
    assert "groups in the file names" not in found(tmp_path, group="[^_]+")


def test_one_picture_of_two_classes_is_label_noise(tmp_path):
    two_classes(tmp_path)
    save(tmp_path / "laths", wrong=textures(samples.grains, 1)[0])
    findings = found(tmp_path)
    assert findings["label noise"].where == ("grains/im0.png = laths/wrong.png",)


def test_a_copy_between_train_and_test_is_grave_however_rare(tmp_path):
    images = textures(samples.grains, 50)
    save(tmp_path / "train", **numbered(images[:40]))
    save(tmp_path / "test", **numbered(images[40:]), again=images[0])
    finding = found(tmp_path)["identical images"]
    assert finding.grave
    assert "different parts" in finding.what


def test_a_declared_group_on_two_sides_is_grave(tmp_path):
    images = textures(samples.laths, 12)
    save(tmp_path / "train", **{f"s{n % 3}_{n}": image for n, image in enumerate(images[:9])})
    save(tmp_path / "test", **{f"s{n % 2 + 2}_{n}": image for n, image in enumerate(images[9:])})
    finding = found(tmp_path, group="[^_]+")["group on two sides"]
    assert finding.grave
    assert finding.where == ("s2",)


def test_classes_that_the_file_tells(tmp_path):
    save(tmp_path / "new", **numbered(textures(samples.grains, 20)))
    save(tmp_path / "old", **numbered([image[:80] for image in textures(samples.grains, 20, 50)]))
    finding = found(tmp_path)["class told by the file"]
    assert finding.grave
    assert "size in pixels" in finding.what


def test_rare_classes(tmp_path):
    save(tmp_path / "usual", **numbered(textures(samples.grains, 40)))
    save(tmp_path / "rare", **numbered(textures(samples.laths, 3)))
    assert found(tmp_path)["class balance"].where == ("rare: 3",)


def test_what_is_wrong_with_masks(tmp_path):
    images = textures(samples.two_phase, 6, fraction=0.3)
    masks = [(image > 120).astype(np.uint8) for image in images]
    save(tmp_path / "images", **numbered(images))
    save(tmp_path / "masks", **numbered(masks[:5]))
    save(
        tmp_path / "masks",
        im1=masks[1][:90],
        im2=textures(samples.grains, 1)[0],
        im3=masks[3] * 0,
        other=masks[5],
    )
    findings = found(tmp_path)
    assert findings["mask of another size"].where == ("images/im1.png",)
    assert findings["mask with grey values"].where == ("images/im2.png",)
    assert findings["blank mask"].where == ("images/im3.png",)
    assert findings["image without a mask"].where == ("images/im5.png",)
    assert findings["mask without an image"].where == ("masks/other.png",)
    assert len(findings) == 5


def test_blank_clipped_unreadable_and_other_number_types(tmp_path):
    images = textures(samples.grains, 8)
    clipped = np.where(images[1] > np.quantile(images[1], 0.9), 255, images[1]).astype(np.uint8)
    save(tmp_path, **numbered(images), blank=images[0] * 0 + 7, clipped=clipped)
    save(tmp_path, deep=images[5][::-1, ::-1].astype(np.uint16) * 200)
    (tmp_path / "cut.png").write_bytes((tmp_path / "im1.png").read_bytes()[:300])
    findings = found(tmp_path)
    assert findings["blank images"].where == ("blank.png",)
    assert findings["saturated images"].where == ("clipped.png",)
    assert findings["number types"].where == ("deep.png",)
    assert findings["unreadable files"].where == ("cut.png",)


def test_outlines_are_what_is_predicted_where_there_are_no_classes(tmp_path):
    save(tmp_path / "images", **fields(6, 6))
    names = sorted(path.name for path in (tmp_path / "images").iterdir())
    known = {
        "images": [{"id": n, "file_name": f"./old/{name}"} for n, name in enumerate(names)],
        "annotations": [{"image_id": n} for n in range(36) for _ in range(n // 6)],
        "categories": [{"name": "pore"}],
    }
    (tmp_path / "train.json").write_text(json.dumps(known))
    assert describe_images(tmp_path)[0] == "36 images, 90 outlines"
    finding = found(tmp_path)["overlapping fields"]
    assert finding.inflation is not None
    assert finding.inflation.as_is.value < finding.inflation.honest.value


def test_noisy_and_clean_images_are_no_copies(tmp_path):
    images = textures(samples.grains, 6)
    for number, image in enumerate(images):
        noisy = grey(samples.add_noise(image / np.float32(255), gain=0.01, seed=number))
        save(tmp_path, **{f"{number}_clean": image, f"{number}_noisy": noisy})
    assert not audit_images(tmp_path)


def test_without_measuring_nothing_is_fitted(tmp_path):
    images = textures(samples.grains, 30)
    save(tmp_path / "a", **numbered([*images[:15], *images[:5]]))
    save(tmp_path / "b", **numbered([*images[15:], *images[15:20]]))
    assert found(tmp_path, measure=False)["identical images"].inflation is None


def test_wrong_input_is_said_in_a_sentence(tmp_path):
    with pytest.raises(InputError, match="holds no image"):
        audit_images(tmp_path)
    images = textures(samples.grains, 6)
    with pytest.raises(InputError, match="one label for each of 6"):
        audit_images(images, target=[1, 2])
    with pytest.raises(InputError, match="have no columns"):
        audit_images(images, target="phase")
    save(tmp_path, **numbered(images))
    with pytest.raises(InputError, match="no column here and no pattern"):
        audit_images(tmp_path, group="[")
    with pytest.raises(InputError, match="says nothing of im0"):
        audit_images(tmp_path, group="specimen")
    with pytest.raises(InputError, match="all 6 images into one group"):
        audit_images(tmp_path, group="im")
