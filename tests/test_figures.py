"""What figures show: the data, with units and ranges, in both themes."""

from dataclasses import replace
from types import SimpleNamespace

import matplotlib
import numpy as np
import pandas as pd
import pytest
from heard_tables import profiles_table, rooms_tables, scores_table, weights_table
from matplotlib.colors import to_rgb
from matplotlib.text import Text

import params
from acoustics.gcc import gcc_phat
from acoustics.recordings import cut_windows
from localization.delays import PROTOCOLS, delay_rows
from report.figures import (
    DARK,
    LIGHT,
    Inspection,
    delay_scatter,
    error_distributions,
    inspection_figure,
    relevance_map,
    removal_curves,
    room_map,
    training_curves,
    write_figure,
)
from report.hearing import cue_weights, delay_profiles, rooms_errors, two_halves
from report.inspection import SIGNALS, VIEWS, level_db, microphone_shares, panel_title
from report.published import published_curves
from report.style import condition_title, curve_titles, localizer_title, signal_title, signal_titles
from running.errors import InputError

FS_HZ, LAG = params.PUBLISHED.fs_hz, 3


def removal_data() -> pd.DataFrame:
    """Return curves.csv as it is with the published numbers where they can be compared."""
    curves = published_curves().rename(columns={"mae_m": "published_mae_m"})
    curves["method"] = curves["curve"].map({"relevance": "lrp", "energy": "", "random": ""})
    curves["low_m"] = curves["published_mae_m"]
    curves = curves.assign(mae_m=curves["low_m"] + 0.01, high_m=curves["low_m"] + 0.02)
    pooled = curves.query("condition == 'SNR_25_T60_0.15'").assign(condition="pooled", published_mae_m=np.nan)
    curves = pd.concat([curves, pooled], ignore_index=True)
    centre = curves[curves["curve"] == "random"]
    centre = centre.assign(curve="always the centre", mae_m=0.1267, published_mae_m=np.nan)
    return pd.concat([curves, centre], ignore_index=True)


def with_second_method(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with a second attribution method, of half the values."""
    second = table[table["method"] == "lrp"].assign(method="gradient_x_input")
    halved = [name for name in ("mae_m", "low_m", "high_m") if name in table]
    second[halved] /= 2
    return pd.concat([table, second.assign(published_mae_m=np.nan)], ignore_index=True)


def inspection() -> Inspection:
    """White noise that microphone 8 hears 3 samples after microphone 7; relevance has its delay the other way."""
    rng = np.random.default_rng(1)
    signals, relevance = rng.standard_normal((2, 16, 5120)).astype(np.float32)
    signals[8], relevance[8] = np.roll(signals[7], LAG), np.roll(relevance[7], -LAG)
    return Inspection(signals, 1e-5 * relevance, params.PUBLISHED, true_lag_samples=float(LAG))


def delays_data() -> pd.DataFrame:
    protocol = PROTOCOLS["published"]
    tables = []
    for source, truth in enumerate([-1.0, 0.0, 1.0]):
        for signal, lags in (
            (("microphones", "", ""), [truth, truth, 900.0]),
            (("relevance", "lrp", "loc_cnn"), [0.0, 0.0, 5.0]),
        ):
            rows = delay_rows(np.array([lags]), np.array([truth]), 6, protocol)
            named = dict(zip(("signal", "method", "model"), signal, strict=True))
            tables.append(rows.assign(condition="SNR_25_T60_0.15", source=source, initialisation=np.nan, **named))
    rows = pd.concat(tables, ignore_index=True)
    return pd.concat([rows, rows[rows["signal"] == "microphones"].assign(signal="always lag 0", lag_samples=0.0)])


def estimates_data() -> pd.DataFrame:
    true_m = pd.DataFrame({"x_m": [1.0] * 4, "y_m": 2.0, "z_m": 1.0})
    heard = true_m.assign(localizer="loc_cnn", estimate_x_m=[1.4, 0.9, 1.2, 1.3], estimate_y_m=2.3, estimate_z_m=1.0)
    return pd.concat([heard, heard.assign(localizer="always the centre", estimate_x_m=1.5)])


def histories_data() -> dict:
    rows = [
        {"epoch": epoch, "train_loss_m2": 2 / epoch, "val_loss_m2": 1 / epoch,
         "val_mae_x_m": 0.5 / epoch, "val_mae_y_m": 0.6 / epoch} for epoch in range(1, 6)
    ]  # fmt: skip
    return {("loc_cnn", "SNR_25_T60_0.15"): rows, ("loc_cnn", "SNR_10_T60_0.6"): rows[:3]}


def every_figure(theme):
    rng = np.random.default_rng(0)
    test_m = params.PUBLISHED.grid.splits()["test"]
    yield removal_curves(removal_data(), theme)
    yield removal_curves(with_second_method(removal_data()), theme)
    yield inspection_figure(inspection(), theme)
    yield relevance_map(inspection().relevance, FS_HZ, theme)
    yield room_map(params.PUBLISHED, theme=theme)
    yield room_map(params.PUBLISHED, test_m, test_m + rng.normal(0, 0.1, test_m.shape), 3, theme)
    yield delay_scatter(delays_data(), theme)
    yield error_distributions(estimates_data(), theme=theme)
    yield training_curves(histories_data(), theme)
    yield cue_weights(weights_table(), theme)
    yield rooms_errors(*rooms_tables(), theme)
    yield delay_profiles(profiles_table(), theme)
    yield two_halves(profiles_table().query("condition == 'SNR_25_T60_0.15'"), scores_table(), theme)


def panel(data, signal, view):
    """Return the axes of one of the six plots of a source."""
    (axes,) = (
        each for each in inspection_figure(data).get_axes() if each.get_title() == panel_title(data, signal, view)
    )
    return axes


def lines(axes) -> dict:
    return {line.get_label(): line for line in axes.get_lines()}


def luminance(colour) -> float:
    """Relative luminance of W3C's contrast ratio."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(colour)]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


def contrast(first, second) -> float:
    low, high = sorted([luminance(first), luminance(second)])
    return (high + 0.05) / (low + 0.05)


@pytest.fixture(scope="module", params=[LIGHT, DARK], ids=lambda theme: theme.name)
def themed(request):
    """A theme and every figure in it, drawn where somebody else has set matplotlib's colours."""
    with matplotlib.rc_context({"text.color": "#777777", "xtick.color": "#777777", "figure.facecolor": "#777777"}):
        figures = list(every_figure(request.param))
        for figure in figures:
            figure.draw_without_rendering()
        return request.param, figures


def test_every_text_can_be_read_and_needs_no_latex(themed):
    theme, figures = themed
    for figure in figures:
        texts = [text for text in figure.findobj(Text) if text.get_text()]
        assert all(contrast(text.get_color(), theme.paper) > 7 for text in texts)
        assert not any(text.get_usetex() for text in texts)
        assert to_rgb(figure.get_facecolor()) == to_rgb(theme.paper)


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
def test_lines_stand_out_from_the_paper(theme):
    assert all(contrast(colour, theme.paper) > 2.9 for colour in (*theme.palette, theme.pale))
    assert to_rgb(theme.signed(0.5)) == pytest.approx(to_rgb(theme.paper), abs=0.01)


def test_every_axis_has_a_label_of_its_own_or_its_figure(themed):
    for figure in themed[1]:
        assert any(axes.get_xlabel() for axes in figure.get_axes()) or figure.get_supxlabel()
        assert any(axes.get_ylabel() for axes in figure.get_axes()) or figure.get_supylabel()


def test_removal_figure_shows_the_data():
    curves = removal_data()
    panels = removal_curves(curves).get_axes()
    assert len(panels) == 2 * 5
    shown = lines(panels[0])
    first = curves.query("model == 'loc_cnn' and condition == 'SNR_25_T60_0.15'")
    assert list(shown["most relevant"].get_ydata()) == first.query("curve == 'relevance'")["mae_m"].tolist()
    assert list(shown["most relevant"].get_xdata()) == list(range(0, 80, 10))
    assert set(shown["always the centre"].get_ydata()) == {0.1267}
    theirs = first.query("curve == 'random'")["published_mae_m"].tolist()
    assert any(list(line.get_ydata()) == theirs and line.get_alpha() < 1 for line in panels[0].get_lines())
    for panel in panels:
        low, high = panel.get_ylim()
        assert low == 0
        assert high >= curves["high_m"].max()


def test_removal_figure_has_the_pooled_panels_without_published_curves():
    figure = removal_curves(removal_data())
    titles = [axes.get_title() for axes in figure.get_axes()]
    assert titles[0] == "LocCNN\nT60 0.15 s, SNR 25 dB"
    assert titles[4] == "LocCNN\nall conditions"
    assert "published" in lines(figure.get_axes()[0])
    assert "published" not in lines(figure.get_axes()[4])
    assert figure.get_supylabel() == "MAE (m)"
    assert figure.get_supxlabel() == "share of the input removed (%)"
    assert len(figure.legends[0].get_texts()) == 5


def test_a_figure_takes_nothing_published_but_what_the_results_say():
    figure = removal_curves(removal_data().assign(published_mae_m=np.nan))
    assert all("published" not in lines(axes) for axes in figure.get_axes())
    assert not any(line.get_linestyle() == "--" for axes in figure.get_axes() for line in axes.get_lines())


def test_every_method_has_a_curve_of_its_own_by_its_name():
    curves = with_second_method(removal_data())
    panels = removal_curves(curves).get_axes()
    for axes in (panels[0], panels[4]):
        shown = lines(axes)
        first, second = (shown[f"most relevant ({title})"] for title in ("LRP", "gradient x input"))
        np.testing.assert_allclose(second.get_ydata(), first.get_ydata() / 2)
        assert first.get_color() != second.get_color()
        assert first.get_marker() != second.get_marker()
        assert "most relevant" not in shown


def test_one_condition_stands_in_one_row():
    curves = removal_data()
    figure = removal_curves(curves[curves["condition"] == "SNR_25_T60_0.15"])
    first, second = (axes.get_subplotspec() for axes in figure.get_axes())
    assert first.rowspan == second.rowspan


@pytest.mark.parametrize("signal", SIGNALS)
def test_waveform_is_that_of_the_first_microphone_over_seconds(signal):
    data = inspection()
    axes = panel(data, signal, "waveform")
    (line,) = axes.get_lines()
    np.testing.assert_array_equal(line.get_ydata(), data.of(signal)[7])
    np.testing.assert_allclose(line.get_xdata(), np.arange(5120) / 16000)
    assert axes.get_xlabel() == "time (s)"
    assert axes.get_xlim() == (0, 0.32)


def test_stft_peaks_at_the_frequency_and_time_of_a_tone():
    seconds = np.arange(5120) / FS_HZ
    tone = np.where(seconds > 0.16, np.sin(2 * np.pi * 3000 * seconds), 0)
    data = replace(inspection(), signals=np.tile(tone, (16, 1)))
    axes = panel(data, "microphone", "stft")
    (image,) = axes.get_images()
    left, right, bottom, top = image.get_extent()
    level = image.get_array()
    row, column = np.unravel_index(level.argmax(), level.shape)
    assert bottom + (row + 0.5) * (top - bottom) / level.shape[0] == pytest.approx(3000, abs=16)
    assert left + (column + 0.5) * (right - left) / level.shape[1] > 0.16
    assert (level.max(), level.min()) == (0, -80)
    assert (axes.get_xlim(), axes.get_ylim()) == ((0, 0.32), (0, 8000))
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("time (s)", "frequency (Hz)")


def test_silence_has_a_spectrum():
    assert (level_db(np.zeros(5120), FS_HZ)[2] == -80).all()


@pytest.mark.parametrize(("signal", "peak"), [("microphone", LAG), ("relevance", -LAG)])
def test_gcc_phat_marks_the_peak_and_the_truth(signal, peak):
    data = inspection()
    axes = panel(data, signal, "gcc_phat")
    shown = lines(axes)
    assert list(shown["true 3"].get_xdata()) == [LAG, LAG]
    assert list(shown[f"peak {peak}"].get_xdata()) == [peak]
    lags_samples, correlation = gcc_phat(data.of(signal)[7], data.of(signal)[8])
    curve = axes.get_lines()[0]
    np.testing.assert_array_equal(curve.get_xdata(), np.arange(-40, 41))
    np.testing.assert_array_equal(curve.get_ydata(), correlation[np.abs(lags_samples) <= 40])
    assert axes.get_xlabel() == "lag (samples)"


def test_gcc_phat_shades_the_possible_lags_and_shows_all_of_them():
    data = replace(inspection(), protocol=replace(PROTOCOLS["published"], pairs=((0, 15),)))
    assert data.reach_samples == pytest.approx(2.25 / 343 * 16000)
    axes = panel(data, "microphone", "gcc_phat")
    assert axes.get_xlim()[1] > data.reach_samples
    assert axes.patches[0].get_extents().transformed(axes.transData.inverted()).x1 == pytest.approx(data.reach_samples)


def test_a_peak_outside_the_plot_is_told_and_a_truth_unknown_is_not_drawn():
    data = inspection()
    signals = data.signals.copy()
    signals[8] = np.roll(signals[7], 700)
    far = replace(data, signals=signals, true_lag_samples=None)
    axes = panel(far, "microphone", "gcc_phat")
    assert "peak 700, not shown" in lines(axes)
    assert not any(label.startswith("true") for label in lines(axes))


def test_the_figure_of_six_has_a_row_for_each_signal_and_a_column_for_each_view():
    data = inspection()
    titles = [axes.get_title() for axes in inspection_figure(data).get_axes() if axes.get_title()]
    assert titles == [panel_title(data, signal, view) for signal in SIGNALS for view in VIEWS]


def test_inspection_of_a_source_takes_a_window_or_all():
    recording = np.random.default_rng(0).standard_normal((16, 3 * 5120 + 7)).astype(np.float32)
    recordings = SimpleNamespace(
        setup=params.PUBLISHED,
        positions_m=np.array([[1.9, 5.5, 1.2]]),
        numbers=[42],
        windows=lambda row: cut_windows(recording, 5120),
    )
    store = SimpleNamespace(attributions=lambda row, windows: 2 * windows)
    one = Inspection.of_source(recordings, store, 0, window=1)
    np.testing.assert_array_equal(one.signals, recording[:, 5120:10240])
    np.testing.assert_array_equal(one.relevance, 2 * one.signals)
    assert one.pair == (7, 8)
    assert one.true_lag_samples == -1
    every = Inspection.of_source(recordings, store, 0, pair=(5, 10))
    np.testing.assert_array_equal(every.signals, recording[:, : 3 * 5120])
    assert every.pair == (5, 10)
    with pytest.raises(InputError, match="source 42 has no window 3"):
        Inspection.of_source(recordings, store, 0, window=3)
    with pytest.raises(InputError, match=r"no pair \(7, 16\)"):
        Inspection.of_source(recordings, store, 0, pair=(7, 16))


def test_relevance_map_is_the_relevance_symmetric_about_zero():
    relevance = inspection().relevance
    axes = relevance_map(relevance, FS_HZ).get_axes()
    (image,) = axes[0].get_images()
    np.testing.assert_array_equal(image.get_array(), relevance)
    low, high = image.get_clim()
    assert low == -high < 0
    assert (axes[0].get_xlabel(), axes[0].get_ylabel()) == ("time (s)", "microphone")
    assert image.get_extent() == [0, 0.32, 15.5, -0.5]
    widths = [bar.get_width() for bar in axes[1].patches]
    np.testing.assert_allclose(widths, 100 * microphone_shares(relevance))
    assert sum(widths) == pytest.approx(100)


def test_room_map_draws_every_source_and_microphone():
    room, close = room_map(params.PUBLISHED).get_axes()
    for axes in (room, close):
        assert [len(points.get_offsets()) for points in axes.collections] == [3152, 788, 285]
        assert len(lines(axes)["microphones"].get_xdata()) == 16
    assert room.get_xlim()[0] < 0 < 3.6 < room.get_xlim()[1]
    assert room.get_ylim()[0] < 0 < 8.2 < room.get_ylim()[1]
    assert (room.get_xlabel(), room.get_ylabel()) == ("x (m)", "y (m)")


def test_room_map_leads_from_true_to_estimated_positions_inside_the_close_view():
    true_m = np.array([[1.5, 5.4, 1.2], [1.9, 5.6, 1.1]])
    estimates_m = true_m + np.array([[0.5, -0.6, 0], [0.01, 0.02, 0]])
    _, close = room_map(params.PUBLISHED, true_m, estimates_m).get_axes()
    ends = [tuple(map(tuple, line.get_xydata())) for line in close.get_lines()]
    for true, estimate in zip(true_m, estimates_m, strict=True):
        assert (tuple(estimate[:2]), tuple(true[:2])) in ends
    for limits, values in ((close.get_xlim(), (1.5, 2.0)), (close.get_ylim(), (4.8, 5.62))):
        assert limits[0] < values[0] < values[1] < limits[1]


def test_room_map_draws_estimates_whose_truth_nobody_knows():
    _, close = room_map(params.PUBLISHED, estimates_m=np.array([[1.5, 5.0, 1.2], [1.4, 5.1, 1.2]])).get_axes()
    assert any(line.get_xydata().tolist() == [[1.5, 5.0], [1.4, 5.1]] for line in close.get_lines())
    assert "estimated" in lines(close)
    assert "true" not in lines(close)


def test_room_map_makes_the_chosen_source_stand_out():
    true_m = params.PUBLISHED.grid.splits()["test"][:5]
    _, close = room_map(params.PUBLISHED, true_m, true_m + 0.1, highlight=2).get_axes()
    strong = [line for line in close.get_lines() if line.get_alpha() == 1 and len(line.get_xdata())]
    assert {tuple(line.get_xydata()[0]) for line in strong} == {tuple(true_m[2, :2]), tuple(true_m[2, :2] + 0.1)}


def test_delay_scatter_puts_estimates_over_truth_with_area_for_their_number():
    figure = delay_scatter(delays_data())
    microphones, relevance = figure.get_axes()
    assert [axes.get_title() for axes in (microphones, relevance)] == ["microphones", "relevance, LocCNN"]
    usual, anomalies = relevance.collections
    assert usual.get_offsets().tolist() == [[-1, 0], [0, 0], [1, 0]]
    assert anomalies.get_offsets().tolist() == [[-1, 5], [0, 5], [1, 5]]
    assert usual.get_sizes().min() > anomalies.get_sizes().max()
    assert [text.get_text() for text in microphones.texts] == ["3 of 9 outside"]
    assert relevance.get_ylim()[1] > 5
    assert figure.get_supxlabel() == "true delay (samples); area: number of windows"
    assert figure.get_supylabel() == "estimated delay (samples)"


def test_every_method_has_a_panel_of_delays_by_its_name():
    delays = delays_data()
    second = delays[delays["method"] == "lrp"].assign(method="gradient_x_input", lag_samples=1.0)
    figure = delay_scatter(pd.concat([delays, second], ignore_index=True))
    titles = [axes.get_title().replace("\n", " ") for axes in figure.get_axes()]
    assert titles == ["microphones", "relevance (LRP), LocCNN", "relevance (gradient x input), LocCNN"]
    assert {lag for _, lag in figure.get_axes()[2].collections[0].get_offsets()} == {1.0}


def test_many_signals_stand_in_several_rows():
    one = delays_data().query("method == 'lrp'")
    many = pd.concat([one.assign(model=f"network {number}") for number in range(7)], ignore_index=True)
    places = [axes.get_subplotspec() for axes in delay_scatter(many).get_axes()]
    assert [(place.rowspan.start, place.colspan.start) for place in places] == [
        *((0, column) for column in range(5)),
        *((1, column) for column in range(2)),
    ]


def test_error_distributions_are_cumulative():
    figure = error_distributions(estimates_data())
    x, y, z, horizontal = figure.get_axes()
    np.testing.assert_allclose(lines(x)["LocCNN"].get_xdata(), [0.1, 0.2, 0.3, 0.4])
    assert list(lines(x)["LocCNN"].get_ydata()) == [25, 50, 75, 100]
    np.testing.assert_allclose(lines(y)["LocCNN"].get_xdata(), 0.3)
    np.testing.assert_allclose(lines(horizontal)["LocCNN"].get_xdata()[-1], 0.5)
    np.testing.assert_allclose(lines(x)["always the centre"].get_xdata(), 0.5)
    assert [axes.get_title() for axes in (x, y, z, horizontal)] == ["x", "y", "z", "horizontal distance"]
    assert z.get_ylim() == (0, 100)
    assert z.get_xlim()[0] == 0
    assert figure.get_supxlabel() == "absolute error at most (m)"


def test_error_distributions_show_the_coordinates_asked_for():
    (axes,) = error_distributions(estimates_data(), ["horizontal"]).get_axes()
    assert axes.get_title() == "horizontal distance"


def test_training_curves_are_the_history():
    figure = training_curves(histories_data())
    loss, mae_x, mae_y = figure.get_axes()
    shown = lines(loss)["T60 0.15 s, SNR 25 dB"]
    assert list(shown.get_xdata()) == [1, 2, 3, 4, 5]
    assert list(shown.get_ydata()) == [1 / epoch for epoch in range(1, 6)]
    assert any(list(line.get_ydata()) == [2 / epoch for epoch in range(1, 6)] for line in loss.get_lines())
    assert list(lines(mae_y)["T60 0.6 s, SNR 10 dB"].get_ydata()) == [0.6, 0.3, 0.6 / 3]
    assert mae_x.get_ylabel() == "validation MAE\nin x (m)"
    assert mae_y.get_xlabel() == "epoch"
    assert all(axes.get_yscale() == "log" for axes in figure.get_axes())


def test_names_for_readers():
    assert condition_title("SNR_25_T60_0.15") == "T60 0.15 s, SNR 25 dB"
    assert condition_title("pooled") == "all conditions"
    assert localizer_title("sample_cnn") == "SampleCNN"
    assert localizer_title("SRP-PHAT") == "SRP-PHAT"
    assert signal_title("untrained", model="sample_cnn") == "untrained, SampleCNN"
    assert signal_title("relevance", "lrp", "loc_cnn") == "relevance (LRP), LocCNN"
    assert signal_title("relevance", "lrp_signal", "loc_cnn") == "relevance (LRP, gate to signal), LocCNN"
    assert signal_title("always lag 0") == "always lag 0"


def test_a_method_is_named_only_beside_others():
    delays = delays_data()
    relevance = "relevance", "lrp", "loc_cnn"
    assert signal_titles(delays)[relevance] == "relevance, LocCNN"
    assert signal_titles(with_second_method(delays))[relevance] == "relevance (LRP), LocCNN"
    curves = removal_data()
    assert list(curve_titles(curves).values()) == ["most relevant", "loudest", "random"]
    assert list(curve_titles(with_second_method(curves))) == [
        ("relevance", "lrp"),
        ("relevance", "gradient_x_input"),
        ("energy", ""),
        ("random", ""),
    ]


@pytest.mark.parametrize("suffix", ["png", "svg", "webp"])
def test_the_same_figure_gives_the_same_file(tmp_path, suffix):
    paths = [tmp_path / str(turn) / f"map.{suffix}" for turn in range(2)]
    for path in paths:
        write_figure(path, relevance_map(inspection().relevance, FS_HZ))
    assert paths[0].read_bytes() == paths[1].read_bytes()


def test_a_transparent_figure_has_no_paper(tmp_path):
    from PIL import Image

    path = tmp_path / "panel.png"
    write_figure(path, relevance_map(inspection().relevance, FS_HZ, DARK), transparent=True)
    assert Image.open(path).convert("RGBA").getpixel((0, 0))[3] == 0
