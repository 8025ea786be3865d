"""Figures of what is heard show the tables."""

import numpy as np
import pytest
from heard_tables import (
    CONDITIONS,
    profiles_table,
    rooms_tables,
    scores_table,
    weights_table,
)

from localization.cues import CUES
from report.hearing import cue_weights, delay_profiles, is_network, rooms_errors, two_halves


def legend_of(figure):
    (legend,) = figure.legends
    return [text.get_text() for text in legend.get_texts()]


def test_networks_are_told_from_controls():
    assert is_network("loc_cnn")
    assert is_network("sample_cnn (paper)")
    assert not any(map(is_network, ("untrained loc_cnn", "SRP-PHAT", "soft SRP-PHAT", "fitted to early")))


def test_bars_are_the_weights_stacked_above_and_below_zero():
    weights = weights_table()
    figure = cue_weights(weights)
    panels = np.reshape(figure.axes, (2, 3))
    assert [axes.get_title() for axes in panels[0]] == ["LocCNN", "SampleCNN\n(paper)", "SRP-PHAT"]
    assert [text.get_text() for text in panels[1, 0].get_xticklabels()] == ["0.15", "0.6"]
    found = weights.set_index(["localizer", "coordinate", "condition", "cue"])["weight"]
    for row, coordinate in zip(panels, "xy", strict=True):
        for axes, name in zip(row, ("loc_cnn", "sample_cnn (paper)", "SRP-PHAT"), strict=True):
            bars = [bar for bar in axes.patches if bar.get_height()]
            for place, condition in enumerate(CONDITIONS):
                here, above, below = bars[4 * place : 4 * place + 4], 0.0, 0.0
                for bar, cue in zip(here, CUES, strict=True):
                    weight = found[name, coordinate, condition, cue]
                    assert bar.get_x() + bar.get_width() / 2 == pytest.approx(place)
                    assert bar.get_height() == pytest.approx(weight)
                    assert bar.get_y() == pytest.approx(above if weight > 0 else below)
                    assert bool(bar.get_hatch()) == (coordinate == "y" and cue == "late")
                    above, below = above + max(weight, 0), below + min(weight, 0)
    assert "no control finds it" in legend_of(figure)
    assert "no control finds it" not in legend_of(cue_weights(weights.assign(findable=True)))


def test_points_are_the_errors_in_both_places_with_their_intervals():
    errors, verdicts = rooms_tables()
    figure = rooms_errors(errors, verdicts)
    found = errors.set_index(["localizer", "place", "condition"])["mae_m"]
    assert len(figure.axes) == 3
    for axes, name in zip(figure.axes, ("loc_cnn", "sample_cnn (paper)", "SRP-PHAT"), strict=True):
        lines = {line.get_label(): line.get_ydata() for line in axes.get_lines()}
        np.testing.assert_allclose(lines["own room"], [found[name, "own room", each] for each in CONDITIONS])
        centre = [found["always the centre", "other rooms", each] for each in CONDITIONS]
        np.testing.assert_allclose(lines["always the centre"], centre)
        others = np.array([found[name, "other rooms", each] for each in CONDITIONS])
        np.testing.assert_allclose(lines["other rooms"], others)
        ends = np.array([segment[:, 1] for segment in axes.collections[0].get_segments()])
        np.testing.assert_allclose(ends, np.stack([others - 0.02, others + 0.03], axis=1))
    assert legend_of(figure) == ["own room", "other rooms", "always the centre"]


def test_profiles_are_those_of_gradient_real_half_samples_and_multilateration():
    profiles = profiles_table()
    figure = delay_profiles(profiles)
    for row, coordinate in zip(np.reshape(figure.axes, (2, 2)), "xy", strict=True):
        for axes, condition in zip(row, CONDITIONS, strict=True):
            here = profiles[(profiles["condition"] == condition) & (profiles["coordinate"] == coordinate)]
            gradient = here[here["method"] == "delay_sensitivity averaged"]
            real = here[(here["method"] == "finite shifts") & (here["step_samples"] == 0.5)]
            shown = {line.get_label(): line.get_ydata() for line in axes.get_lines()}
            np.testing.assert_allclose(shown["by gradient, averaged"], 1e3 * gradient["mean"])
            direct = shown["direct sound alone (multilateration)"]
            np.testing.assert_allclose(direct, 1e3 * gradient["multilateration"])
            np.testing.assert_allclose(shown["by real shifts of 0.5 samples"], 1e3 * real["mean"])


def test_halves_stand_against_what_real_delays_do_and_say_how_they_agree():
    profiles = profiles_table().query("condition == 'SNR_10_T60_0.6'")
    plane, delay, level = two_halves(profiles, scores_table()).axes
    real = profiles.query("method == 'finite shifts' and step_samples == 0.5 and coordinate == 'y'")["mean"].to_numpy()
    for axes, method, told in ((delay, "delay_sensitivity", "0.90"), (level, "gradient_x_input", "-0.40")):
        (line,) = (each for each in axes.get_lines() if each.get_label() == f"y: r = {told}")
        said = profiles.query(f"method == '{method}' and coordinate == 'y'")["mean"].to_numpy()
        np.testing.assert_allclose(line.get_xdata(), real / abs(real).max())
        np.testing.assert_allclose(line.get_ydata(), said / abs(said).max())
    assert "C_k" in plane.get_title()
