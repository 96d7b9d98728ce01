"""Transparency: the colours and the alpha of a picture that is enlarged, each apart."""

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

Plane = NDArray[np.uint8]
"""One channel, (H, W)."""

_SEEN = 8
"""The alpha from which on a colour is believed; in fainter pixels few of its levels are left."""

_HALF = 128
"""Below this alpha a pixel shows more of what is behind the picture than of itself."""
_CLEAR, _CLEAR_EDGES = 0.12, 0.3
"""The shares of the picture, and of its upper edges, that are clear at least without a ground."""


def has_clear_ground(alpha: Plane) -> bool:
    """Returns whether a picture has no background any more: a figure stands on nothing.

    A few clear pixels, rounded corners or a clear frame leave the background where it is.
    """
    clear = alpha < _HALF
    edges = np.concatenate((clear[0], clear[:, 0], clear[:, -1]))
    return bool(clear.mean() >= _CLEAR and edges.mean() >= _CLEAR_EDGES)


def spread(colours: NDArray[np.uint8], alpha: Plane) -> NDArray[np.uint8]:
    """Returns colours, (H, W, 3), in which unseen pixels have the colour of the nearest seen one.

    Programs leave any colour there, most of them black, which an enlargement mixes into the rim.
    """
    seen = alpha >= _SEEN
    if seen.all() or not seen.any():
        return colours
    _, nearest = cv2.distanceTransformWithLabels(
        (~seen).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    found = np.zeros((int(nearest.max()) + 1, colours.shape[2]), np.uint8)
    found[nearest[seen]] = colours[seen]
    everywhere: NDArray[np.uint8] = found[nearest]
    return everywhere


def within_neighbours(large: Plane, small: Plane) -> Plane:
    """Returns an enlarged alpha within what the nine pixels around each had before.

    A network gives 253 for 255, and 2 for 0: a veil over what is clear, and holes in what is not.
    """
    height, width = large.shape
    image = Image.fromarray(small)
    least, most = (
        np.asarray(image.filter(kind).resize((width, height), Image.Resampling.NEAREST))
        for kind in (ImageFilter.MinFilter(3), ImageFilter.MaxFilter(3))
    )
    return np.clip(large, least, most)
