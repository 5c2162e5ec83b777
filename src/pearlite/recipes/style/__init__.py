"""Give an image the look of another: ``stylise`` for arrays, ``runs`` for files and folders."""

from pearlite.recipes.style.method import Styled, stylise

__all__ = ["Styled", "stylise"]
