"""What a labelled image or volume is like: measures of microstructure, one family a file.

All take integer arrays, 2-D (YX) or 3-D (ZYX), whose values are the phases; lengths are in pixels
(voxels). Windows are taken as cut from something larger: nothing is periodic, and what the border
cuts is corrected for.
"""
