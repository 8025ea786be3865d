"""The figure of cue weights shows the table: published networks, those for any room, and SRP-PHAT, which anchors it."""

import numpy as np
import pandas as pd
import pytest
from heard_tables import CONDITIONS, weights_table

from report.followed_cues import ANY_ROOM, SHOWN, followed_cues


@pytest.fixture
def weights():
    table = weights_table()
    general = table[table["localizer"] == "loc_cnn"]
    return pd.concat([table, general.assign(localizer="loc_cnn" + ANY_ROOM, weight=general["weight"] / 2)])


def test_lines_are_the_weights_in_x_and_y_together(weights):
    figure = followed_cues(weights)
    found = weights.set_index(["coordinate", "cue", "localizer", "condition"])["weight"]
    shown = {"LocCNN": "loc_cnn", "LocCNN (any room)": "loc_cnn" + ANY_ROOM, "SRP-PHAT": "SRP-PHAT"}
    for axes, cue in zip(figure.axes, SHOWN, strict=True):
        drawn = {line.get_label(): line.get_ydata() for line in axes.get_lines() if line.get_label()[0] != "_"}
        assert drawn.keys() == shown.keys(), "neither untrained networks nor the constant"
        for label, name in shown.items():
            np.testing.assert_allclose(drawn[label], [found["horizontal", cue, name, each] for each in CONDITIONS])


def test_bars_are_the_intervals(weights):
    (bars, *_) = followed_cues(weights).axes[0].collections
    row = weights[(weights["localizer"] == "SRP-PHAT") & (weights["coordinate"] == "horizontal")].iloc[0]
    np.testing.assert_allclose(bars.get_segments()[0][:, 1], [row["low"], row["high"]])
