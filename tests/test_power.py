"""The map of steered response power: what it shows, and where."""

import numpy as np
import pytest
from matplotlib.colors import to_rgb

import params
from acoustics.srp_phat import SrpPhat
from report.figures import DARK, LIGHT
from report.power import power_map

GRID = params.SourceGrid(x_m=(1.0, 2.0), y_m=(4.0, 6.0), held_out_x_m=(1.4, 1.6), held_out_y_m=(4.9, 5.1))
SRP = SrpPhat(params.Setup(grid=GRID), spacing_m=0.5)
POSITIONS_M = {"loc_cnn": np.array([1.2, 5.0, 1.0]), "truth": np.array([1.5, 4.5, 1.2])}


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_a_power_lies_where_its_position_is(theme):
    power = np.arange(15.0).reshape(5, 3)
    axes = power_map(SRP, power, POSITIONS_M, theme).axes[0]
    (image,) = axes.images
    np.testing.assert_array_equal(image.get_array(), power)
    left, right, bottom, top = image.get_extent()
    width_m, height_m = (right - left) / 3, (top - bottom) / 5
    np.testing.assert_allclose(left + (np.arange(3) + 0.5) * width_m, SRP.x_m)
    np.testing.assert_allclose(bottom + (np.arange(5) + 0.5) * height_m, SRP.y_m)
    assert image.origin == "lower"
    np.testing.assert_allclose(image.cmap(0.0)[:3], to_rgb(theme.paper))
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("x (m)", "y (m)")


def test_positions_are_marked_by_name():
    figure = power_map(SRP, np.zeros((5, 3)), POSITIONS_M)
    marks = {line.get_label(): line.get_xydata().tolist() for line in figure.axes[0].lines}
    assert marks == {"LocCNN": [[1.2, 5.0]], "truth": [[1.5, 4.5]]}
    assert [text.get_text() for text in figure.legends[0].get_texts()] == list(marks)
