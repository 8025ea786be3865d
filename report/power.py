"""What SRP-PHAT hears from everywhere, and where others say that the talker is."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure

from acoustics.srp_phat import SrpPhat
from report.style import LIGHT, SINGLE_IN, Theme, localizer_title

MARKERS = "os+x"


def power_map(srp: SrpPhat, power: np.ndarray, positions_m: Mapping[str, np.ndarray], theme: Theme = LIGHT) -> Figure:
    """Draw the steered response power from above, and positions by name.

    Parameters
    ----------
    srp : SrpPhat
        Has the grid.
    power : array, shape (ny, nx)
        `SrpPhat.map` of a window, or the mean of several.
    positions_m : mapping from names to arrays, shape (2 or more,)
        At most four.
    theme : Theme
    """
    half_x_m, half_y_m = ((axis_m[1] - axis_m[0]) / 2 for axis_m in (srp.x_m, srp.y_m))
    extent = (srp.x_m[0] - half_x_m, srp.x_m[-1] + half_x_m, srp.y_m[0] - half_y_m, srp.y_m[-1] + half_y_m)
    colours = LinearSegmentedColormap.from_list(f"power {theme.name}", [theme.paper, theme.ink])
    with theme.canvas(SINGLE_IN, 4.4) as figure:
        axes = figure.subplots()
        image = axes.imshow(power, colours, origin="lower", extent=extent)
        for (name, (x_m, y_m, *_)), marker, colour in zip(positions_m.items(), MARKERS, theme.palette, strict=False):
            style = {"color": colour, "mfc": "none", "markersize": 10, "markeredgewidth": 2}
            axes.plot(x_m, y_m, marker, label=localizer_title(name), **style)
        axes.set(xlabel="x (m)", ylabel="y (m)")
        bar = figure.colorbar(image, cax=axes.inset_axes((1.03, 0, 0.04, 1)), label="steered response power")
        bar.outline.set_visible(False)
        figure.legend(loc="outside upper center", ncols=len(positions_m))
    return figure
