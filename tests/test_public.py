import pkgutil

import pytest

import pearlite as pl


@pytest.mark.parametrize("name", pl.__all__)
def test_every_public_name_is_there(name):
    assert getattr(pl, name) is getattr(pl, name)


def test_no_module_takes_the_place_of_a_public_function():
    modules = {module.name for module in pkgutil.iter_modules(pl.__path__)}
    assert not modules & set(pl.__all__)
