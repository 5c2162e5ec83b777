"""From one slice to a volume: ``reconstruct`` for arrays, ``runs`` for files and folders."""

from pearlite.recipes.reconstruct.method import Reconstructed, reconstruct

__all__ = ["Reconstructed", "reconstruct"]
