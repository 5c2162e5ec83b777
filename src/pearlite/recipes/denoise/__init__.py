"""Denoise one image from itself alone: ``denoise`` for arrays, ``runs`` for files and folders."""

from pearlite.recipes.denoise.method import Denoised, denoise

__all__ = ["Denoised", "denoise"]
