import numpy as np
import pytest

from pearlite.errors import InputError
from pearlite.judge.domain import Domain


def test_samples_like_those_of_training_are_inside():
    random = np.random.default_rng(0)
    domain = Domain.learn(random.normal(size=(800, 4)))
    assert domain.outside(random.normal(size=(2000, 4))).mean() < 0.03


def test_distant_samples_are_outside():
    random = np.random.default_rng(0)
    domain = Domain.learn(random.normal(size=(800, 4)) * [1, 1000, 1e-6, 1])
    far = np.tile(np.zeros(4), (3, 1))
    far[0, 0], far[1, 1], far[2, 2] = 8, 8000, 8e-6
    assert domain.outside(far).all()
    assert (domain.distance(far) > 2).all()


def test_a_gap_between_clusters_is_outside():
    random = np.random.default_rng(0)
    clusters = random.normal(size=(800, 2)) + np.where(random.random((800, 1)) < 0.5, -10, 10)
    domain = Domain.learn(clusters)
    assert domain.outside([[0.0, 0.0]]).all()
    assert not domain.outside([[10.0, 10.0]]).any()


def test_a_new_group_is_inside_though_it_has_no_relatives():
    random = np.random.default_rng(0)

    def draw(groups):
        centre = random.normal(size=(groups, 3))
        return np.repeat(centre, 12, axis=0) + random.normal(0, 0.01, (12 * groups, 3))

    seen, unseen, group = draw(100), draw(100), np.repeat(np.arange(100), 12)
    assert Domain.learn(seen).outside(unseen).mean() > 0.9
    assert Domain.learn(seen, group=group).outside(unseen).mean() < 0.1


def test_a_stored_domain_tells_the_same():
    random = np.random.default_rng(0)
    made = Domain.learn(random.normal(size=(6000, 3)))
    assert len(made.kept) == 5000
    new = random.normal(size=(50, 3)) * 2
    assert np.array_equal(Domain.from_arrays(made.arrays()).distance(new), made.distance(new))


def test_a_feature_that_never_varied_and_now_does_is_outside():
    random = np.random.default_rng(0)
    domain = Domain.learn(np.column_stack([random.normal(size=50), np.full(50, 0.1)]))
    assert domain.outside([[0.0, 0.1], [0.0, 0.1001]]).tolist() == [False, True]


def test_equal_samples_do_no_harm():
    domain = Domain.learn(np.ones((10, 2)))
    assert domain.outside([[1.0, 1.0], [1.0, 1.1]]).tolist() == [False, True]


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: Domain.learn(np.ones((2, 2))), "at least 3"),
        (lambda: Domain.learn(np.ones((4, 2)), group=[0, 0, 1, 1]), "2 samples or groups"),
        (lambda: Domain.learn([[np.nan], [1.0], [2.0]]), "finite"),
        (lambda: Domain.learn(np.ones((4, 2))).outside(np.ones((4, 3))), "learned with 2"),
    ],
)
def test_wrong_features_of_a_domain_are_named(call, words):
    with pytest.raises(InputError, match=words):
        call()
