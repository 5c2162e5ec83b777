"""Segmentation by a U-Net: crops, training, tiles."""
