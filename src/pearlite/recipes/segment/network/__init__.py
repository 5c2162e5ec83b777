"""Segmentation by a network: crops, a U-Net, and answers on a fixed grid of tiles."""

from pearlite.recipes.segment.network.segmenter import NetworkSegmenter
from pearlite.recipes.segment.network.training import train_network

__all__ = ["NetworkSegmenter", "train_network"]
