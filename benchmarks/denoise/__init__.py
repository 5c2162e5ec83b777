"""Denoising one image: pearlite and its peers on the same images, in one run."""
