"""SliceGAN as published: learns, resumes, and makes volumes of any kind and shape."""

import numpy as np
import pytest
import torch

from pearlite.errors import InputError
from pearlite.recipes.reconstruct.images import prepare
from pearlite.recipes.reconstruct.slicegan import (
    SliceGAN,
    load_slicegan,
    save_slicegan,
    train_slicegan,
)
from pearlite.recipes.reconstruct.slicegan_game import Published, SliceGame, bounded, standard
from pearlite.train.state import State

TINY = Published(widths=(4, 8, 8), critic=(8, 8), batch=2, rounds=2, rate=2e-3)


def blobs(phases: int = 2, seed: int = 0, side: int = 64) -> np.ndarray:
    """Labels 10, 20, … in patches of about four pixels."""
    random = np.random.default_rng(seed)
    coarse = random.integers(phases, size=(side // 4, side // 4), dtype=np.uint8)
    return np.kron(10 * (coarse + 1), np.ones((4, 4), np.uint8))


def grey(channels: int = 1, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    shape = (64, 64) if channels == 1 else (64, 64, channels)
    return random.integers(50, 200, size=shape).astype(np.uint8)


def trained(images: object = None, steps: int = 1, **options: object) -> SliceGAN:
    given = blobs() if images is None else images
    return train_slicegan(given, steps=steps, published=TINY, seed=3, **options)  # type: ignore[arg-type]


def test_three_phases_keep_their_values_in_any_shape() -> None:
    model = trained(blobs(3))
    volume = model.generate((9, 70, 20), seed=1)
    assert volume.shape == (9, 70, 20)
    assert volume.dtype == np.uint8
    assert set(np.unique(volume)) <= {10, 20, 30}
    assert len(np.unique(volume)) > 1


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("end", ["tanh", "linear"])
def test_grey_and_colour_vary_and_stay_within_the_images(channels: int, end: str) -> None:
    images = grey(channels)
    volume = trained(images, steps=12, end=end).generate((16, 12, 20))
    assert volume.shape == (16, 12, 20, 3)[: 3 + channels // 3]
    assert volume.dtype == np.uint8
    assert images.min() <= volume.min() < volume.max() <= images.max()
    flat = volume.reshape(-1, channels)
    assert (flat.std(axis=0) > 1).all()
    if channels == 3:  # no softmax binds the colours to each other
        assert flat.astype(float).sum(axis=1).std() > 1


def test_a_block_and_a_seed_say_which_voxels() -> None:
    model = trained()
    whole = model.generate((80, 24, 24), seed=5)
    block = model.generate((20, 10, 9), seed=5, start=(60, 7, 3))
    np.testing.assert_array_equal(block, whole[60:80, 7:17, 3:12])
    assert (model.generate((80, 24, 24), seed=6) != whole).mean() > 0.05


def test_a_periodic_volume_recurs_exactly() -> None:
    model = trained(grey())
    shape = (24, 16, 40)
    once = model.generate(shape, seed=2, periodic=True).astype(int)
    for axis in range(3):
        steps = np.abs(once - np.roll(once, -1, axis))
        inner, seam = np.split(np.moveaxis(steps, axis, 0), [shape[axis] - 1])
        assert 0 < seam.mean() < 2 * inner.max(axis=0).mean()
    network, periods = model.material.network, (24, 16, 40)
    from pearlite.recipes.reconstruct.generate import tile_channels

    here = tile_channels(model.material, (0, 0, 0), 2, periods)
    later = tile_channels(model.material, (24 * 8, -64, 320), 2, periods)
    assert network.grain == 8
    assert torch.equal(here, later)
    with pytest.raises(InputError, match="no multiple of 8"):
        model.generate((20, 16, 16), periodic=True)


def test_the_seed_and_the_steps_decide_and_a_resumed_training_is_the_same(tmp_path) -> None:
    whole = trained(steps=3)
    again = trained(steps=3)
    rows = [{k: v for k, v in row.items() if k != "seconds"} for row in whole.history]
    assert rows == [{k: v for k, v in row.items() if k != "seconds"} for row in again.history]

    def stop(trainer) -> None:
        if trainer.step == 8:  # in the middle of a round: its volumes are needed again
            trainer.stopped = "interrupt"

    with pytest.raises(KeyboardInterrupt):
        trained(steps=3, state=State(tmp_path), events={"step": [stop]})
    resumed = trained(steps=3, state=State(tmp_path))
    for one in (again, resumed):
        for name, weight in whole.network.state_dict().items():
            assert torch.equal(weight, one.network.state_dict()[name]), name
    other = train_slicegan(blobs(), steps=3, published=TINY, seed=4)
    assert not torch.equal(other.network.layers[0].weight, whole.network.layers[0].weight)


def test_what_is_saved_makes_the_same_volume(tmp_path) -> None:
    for name, images in (("phases", blobs()), ("colour", grey(3))):
        folder = tmp_path / name
        folder.mkdir()
        model = trained(images)
        save_slicegan(model, folder)
        assert {path.suffix for path in folder.iterdir()} == {".safetensors", ".json"}
        loaded = load_slicegan(folder)
        assert loaded.meaning == model.meaning
        assert loaded.history == model.history
        np.testing.assert_array_equal(loaded.generate((9, 9, 9)), model.generate((9, 9, 9)))
    (folder / "slicegan.json").write_text("{}")
    with pytest.raises(InputError, match="missing or damaged"):
        load_slicegan(folder)


def test_one_round_moves_the_critic_along_every_axis_and_the_generator_once() -> None:
    pictures = prepare([blobs(seed=s) for s in range(3)])
    task = SliceGame(pictures, TINY, "softmax", seed=0)
    assert len(task.critics) == 3
    generator, critic = task.players()
    assert (generator.every, critic.every) == (6, 1)
    draw = task.draws(pictures, 0, torch.device("cpu"))
    for step in range(3):
        batch = draw(step)
        assert batch.axis == step
        assert batch.real_BCHW.shape == (2, 2, 16, 16)
        task.zero_grad(set_to_none=True)
        task.critic_loss(batch).backward()
        moved = [each.score.weight.grad is not None for each in task.critics]
        assert moved == [axis == step for axis in range(3)]
        assert all(weight.grad is None for weight in task.generator.parameters())
    task.generator_loss(draw(0)).backward()
    assert all(weight.grad is not None for weight in task.generator.parameters())


def test_values_between_bounds_come_back() -> None:
    pictures = prepare(grey(3))
    window = pictures.window(0, np.random.default_rng(0))
    inside = bounded(window, pictures.meaning)
    assert inside.min() >= -1 - 1e-5
    assert inside.max() == pytest.approx(1, abs=1e-5)
    torch.testing.assert_close(standard(inside, pictures.meaning), window)


def test_a_few_slices_can_stand_for_all() -> None:
    few = Published(widths=(4, 8, 8), critic=(8, 8), batch=1, rounds=1, judged=3)
    seen = []
    task = SliceGame(prepare(blobs()), few, "softmax", seed=0)
    task.critics[0].register_forward_hook(lambda _, args, __: seen.append(len(args[0])))
    task.generator_loss(task.draws(prepare(blobs()), 0, torch.device("cpu"))(0))
    assert seen == [3, 3, 3]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"end": "tanh"}, "softmax is for phases"),
        ({"published": Published()}, None),
        ({"published": Published(widths=(4, 8), critic=(8, 8))}, "fewer for the critic"),
        ({"published": Published(widths=(4,) * 7)}, "at most 6 widths"),
        ({"published": Published(batch=0)}, "batch=0"),
    ],
)
def test_wrong_options_are_refused_before_training(options, message) -> None:
    image = blobs(side=48) if message is None else blobs()
    with pytest.raises(InputError, match=message or "windows of 64"):
        train_slicegan(image, steps=1, **options)


@pytest.mark.slow
def test_learns_the_volume_fractions_of_three_phases() -> None:
    random = np.random.default_rng(0)
    image = np.kron(random.choice(3, (32, 32), p=(0.6, 0.3, 0.1)), np.ones((4, 4))).astype("u1")
    model = train_slicegan(image, steps=150, seed=0, published=TINY)
    made = np.bincount(model.generate((48, 48, 48)).ravel(), minlength=3) / 48**3
    true = np.bincount(image.ravel()) / image.size
    assert np.abs(made - true).max() < 0.12
