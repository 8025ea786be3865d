"""The playground: what a state sounds like, where it is heard, links and files, and the interface in a browser."""

import contextlib
import io
import json
import shutil
import sys
from dataclasses import replace

import numpy as np
import pytest
import soundfile

import demo
from acoustics.room import Scene, delays_samples
from localization.localizer import shipped
from localization.sensitivity import multilaterated
from playground import scene
from playground.expected import geometry_m, predicted_m, shifts_samples
from playground.own_file import OwnFile
from playground.scene import attributions, hear_state, localizer, recordings, windows
from playground.state import NETWORKS, ROOMS, SETUP, State
from running.errors import InputError

PLAIN = State()
FULL = State(
    x_m=1.2, voice="m8-00", T60_s=0.3, room="drawn 2", network="sample_cnn (any room)", trained="0.4",
    microphones=(0, 15), delay_samples=-0.5, flipped=True, kept=("silent:5", "octave:1000"), parts=(), cue="early",
    window=7, method="lrp", untrained=True, file="my voice & I.wav", sha256="0123456789ab",
)  # fmt: skip


def after(**changes):
    return recordings(replace(PLAIN, **changes))[1]


def test_unchanged_the_estimates_are_those_of_the_network_on_the_recording():
    before, same = recordings(PLAIN)
    np.testing.assert_array_equal(before, same)
    answer = hear_state(PLAIN)
    np.testing.assert_array_equal(answer.before_m, shipped("loc_cnn", 0.15, 25).estimate(windows(before)))
    np.testing.assert_array_equal(answer.after_m, answer.before_m)
    assert np.linalg.norm(np.median(answer.before_m, axis=0)[:2] - PLAIN.position_m[:2]) < 0.15


def test_the_direct_sound_alone_is_the_speech_later_and_softer_by_the_distance():
    """In a window's middle, in the spectrum: X_m = S exp(-j w tau_m) / (4 pi d_m), below the Nyquist frequency."""
    direct = after(parts=("direct",)).astype(np.float64)
    arrivals = delays_samples(np.array([PLAIN.position_m]), SETUP.array.as_array(), SETUP.fs_hz, SETUP.c_m_s)[0]
    spectra = np.fft.rfft(direct)
    n_bins, period = spectra.shape[1] * 3 // 4, direct.shape[1]
    turn = np.exp(-2j * np.pi * np.arange(n_bins) * (arrivals[9] - arrivals[0]) / period)
    expected = spectra[0, :n_bins] * turn * arrivals[0] / arrivals[9]
    assert np.linalg.norm(spectra[9, :n_bins] - expected) < 0.02 * np.linalg.norm(expected)


def test_the_parts_add_up_and_none_is_silence():
    parts = [after(parts=(name,)) for name in PLAIN.parts]
    np.testing.assert_allclose(sum(parts), recordings(PLAIN)[0], atol=1e-6)
    assert not after(parts=()).any()
    clean = sum(each.astype(np.float64) for each in parts[:3])
    snr_db = 10 * np.log10(np.mean(clean[0] ** 2) / np.mean(parts[3].astype(np.float64) ** 2))
    assert snr_db == pytest.approx(PLAIN.snr_db, abs=0.1)


def test_microphones_are_muted_flipped_amplified_and_delayed_and_no_other_is():
    before = recordings(PLAIN)[0]
    changed = after(microphones=(2, 4), flipped=True, gain_db=20, delay_samples=3, kept=("silent:7",))
    inner = slice(50, -50)
    for microphone in (2, 4):
        np.testing.assert_allclose(changed[microphone, inner], -10 * np.roll(before[microphone], 3)[inner], atol=1e-4)
    assert not changed[7].any()
    others = np.setdiff1d(np.arange(16), (2, 4, 7))
    np.testing.assert_array_equal(changed[others], before[others])


def test_a_delay_of_all_microphones_hardly_moves_and_one_of_one_moves_as_expected():
    all_late = replace(PLAIN, microphones=tuple(range(16)), delay_samples=5)
    answer = hear_state(all_late)
    assert np.abs(answer.moved_m).max() < 0.02
    np.testing.assert_allclose(geometry_m(all_late, answer), 0, atol=1e-9)
    one_late = replace(PLAIN, microphones=(0,), delay_samples=0.25)
    moved_m = hear_state(one_late).moved_m
    np.testing.assert_allclose(predicted_m(one_late), moved_m, atol=0.2 * np.abs(moved_m).max())


@pytest.mark.parametrize(("name", "within"), [("gain_db", 0.1), ("delay_samples", 0.3)])
def test_small_changes_of_many_microphones_are_predicted_to_the_first_order(name, within):
    changed = replace(PLAIN, network="sample_cnn", microphones=(0, 3, 8), **{name: 0.1})
    moved_m = hear_state(changed).after_m - hear_state(changed).before_m
    assert np.linalg.norm(predicted_m(changed) - np.median(moved_m, axis=0)) < within * np.abs(moved_m).max()


def test_multilateration_finds_the_position_whose_delays_the_microphones_have():
    cue = replace(PLAIN, cue="delays", cue_x_m=1.1, cue_y_m=4.9, cue_z_m=PLAIN.z_m)
    np.testing.assert_allclose(multilaterated(PLAIN.position_m, shifts_samples(cue), SETUP), cue.cue_m, atol=1e-6)
    np.testing.assert_allclose(geometry_m(cue, hear_state(cue)), [-0.6, -0.6], atol=1e-6)
    follows = hear_state(replace(cue, network="steered_cnn"))
    np.testing.assert_allclose(follows.moved_m[:2], [-0.6, -0.6], atol=0.05)


def test_a_moved_cue_leaves_the_others_and_the_noise():
    before, moved = recordings(replace(PLAIN, cue="early", parts=("direct", "late", "noise")))
    np.testing.assert_allclose(moved, before - after(parts=("early",)), atol=1e-6)


def test_a_change_of_microphones_simulates_nothing_again(monkeypatch):
    scene._simulated.cache_clear()
    rooms = []
    made = Scene.__post_init__
    monkeypatch.setattr(Scene, "__post_init__", lambda self: rooms.append(self) or made(self))
    hear_state(replace(PLAIN, x_m=1.61))
    assert rooms
    rooms.clear()
    for changes in ({"microphones": (3,), "delay_samples": 1.5}, {"parts": ("direct",)}, {"network": "steered_cnn"}):
        hear_state(replace(PLAIN, x_m=1.61, **changes))
    assert not rooms


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_holds_the_array_and_the_talker_where_they_stand_to_one_another(room):
    placed = scene.placement(replace(PLAIN, room=room))
    inside = placed.into_room([PLAIN.position_m, *SETUP.array.as_array()])
    assert placed.room.contains(inside).all()
    np.testing.assert_allclose(placed.out_of_room(inside[:, :2])[0], PLAIN.position_m[:2], atol=1e-9)


@pytest.mark.parametrize("network", NETWORKS)
def test_every_network_is_there(network):
    assert localizer(replace(PLAIN, network=network, T60_s=0.35)).name.removesuffix(")") in network


def test_attributions_are_those_of_the_network_for_both_windows():
    state = replace(PLAIN, microphones=(0,), silent=True, window=999, start="x")
    signals, found = attributions(state)
    expected = [windows(each)[-1] for each in recordings(state)]
    np.testing.assert_array_equal(signals, expected)
    network = shipped("loc_cnn", 0.15, 25)
    np.testing.assert_allclose(found, network.explain(np.stack(expected), "gradient_x_input", "x"), atol=1e-7)
    assert not found[1, 0].any()
    untrained = attributions(replace(state, untrained=True))[1]
    assert np.abs(np.corrcoef(untrained[0].ravel(), found[0].ravel())[0, 1]) < 0.9


@pytest.mark.parametrize(("network", "method"), [("SRP-PHAT", "gradient"), ("steered_cnn", "lrp")])
def test_what_can_t_be_explained_is_said_in_a_line(network, method):
    with pytest.raises(InputError, match=r"take|choose"):
        attributions(replace(PLAIN, network=network, method=method))


def test_a_state_comes_back_from_its_link_and_from_its_file():
    assert State.from_query(FULL.to_query()) == State.from_json(FULL.to_json()) == FULL
    assert State.from_query("?" + PLAIN.to_query()) == PLAIN == State.from_query("?__theme=dark")
    assert PLAIN.to_query() == ""
    assert State.from_json(json.dumps({"T60_s": 0.6})).T60_s == 0.6


@pytest.mark.parametrize(
    "query",
    ["fnord=1", "x_m=99", "x_m=nan", "x_m=left", "voice=me", "microphones=16", "microphones=-1", "kept=no_noise",
     "kept=delay:1", "untrained=2", "parts=direct&parts=echo", "window=1.5", "network=resnet", "T60_s=-1"],
)  # fmt: skip
def test_a_link_that_says_what_can_t_be_is_refused(query):
    with pytest.raises(InputError):
        State.from_query(query)


@pytest.mark.parametrize(
    "text",
    ["", "3", "[]", '["x_m"]', '{"fnord": 1}', '{"x_m": "1"}', '{"x_m": NaN}', '{"parts": 3}', '{"microphones": ["a"]}',
     '{"microphones": [0.5]}', '{"kept": [1]}', '{"parts": [[1]]}', '{"silent": 1}', '{"window": true}'],
)  # fmt: skip
def test_a_file_that_is_no_state_is_refused(text):
    with pytest.raises(InputError):
        State.from_json(text)


@pytest.fixture(scope="module")
def own_recording(tmp_path_factory):
    path = tmp_path_factory.mktemp("own") / "meeting.wav"
    soundfile.write(path, recordings(PLAIN)[0].T, SETUP.fs_hz, subtype="FLOAT")
    return path


def test_a_recording_of_one_s_own_is_heard_as_it_is_and_has_no_parts(own_recording):
    file, state = OwnFile.open(own_recording), replace(PLAIN, voice="file", microphones=(0,), delay_samples=0.5)
    answer, simulated = hear_state(state, file), hear_state(replace(state, voice=PLAIN.voice))
    np.testing.assert_allclose(answer.before_m, simulated.before_m, atol=1e-6)
    np.testing.assert_allclose(answer.after_m, simulated.after_m, atol=1e-5)
    assert answer.truth_m is None
    assert np.isfinite(geometry_m(state, answer)).all()
    for change in ({"parts": ("direct",)}, {"cue": "early"}):
        with pytest.raises(InputError, match="told apart"):
            recordings(replace(state, **change), file)


def test_speech_of_one_s_own_speaks_and_a_built_in_voice_stands_in_for_it(tmp_path):
    n = np.arange(2 * 44100)
    soundfile.write(tmp_path / "tone.flac", 0.4 * np.sin(n * 0.05) * np.hanning(len(n)), 44100)
    state = replace(PLAIN, voice="file")
    heard = recordings(state, OwnFile.open(tmp_path / "tone.flac"))[0]
    assert heard.shape[1] == pytest.approx((2 + 0.15) * SETUP.fs_hz, abs=2)
    np.testing.assert_array_equal(recordings(state)[0], recordings(PLAIN)[0])


@pytest.mark.parametrize(
    ("samples", "said"),
    [(np.zeros((9000, 2)), "2 channels"), (np.zeros(9000), "silent"), (np.ones((9000, 16)), "no signal"),
     (np.eye(16), "window"), (None, "audio")],
)  # fmt: skip
def test_a_file_that_can_t_be_used_is_refused_by_its_name(tmp_path, samples, said):
    path = tmp_path / "mine.wav"
    path.write_bytes(b"no audio") if samples is None else soundfile.write(path, samples, 16000)
    with pytest.raises(InputError, match=said) as refused:
        OwnFile.open(path)
    assert str(refused.value).startswith("mine.wav")


@pytest.fixture(scope="module")
def browser():
    binary, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (binary and driver):
        pytest.skip("there is no Chromium: apt-get install chromium chromium-driver")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for argument in ("headless=new", "no-sandbox", "disable-dev-shm-usage", "disable-gpu", "window-size=1440,1400"):
        options.add_argument(f"--{argument}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driven = webdriver.Chrome(options, webdriver.ChromeService(driver))
    yield driven
    driven.quit()


@pytest.fixture(scope="module")
def address():
    """Where demo.py serves the playground."""
    gradio = pytest.importorskip("gradio")
    said, serving = io.StringIO(), []
    with pytest.MonkeyPatch.context() as patched, contextlib.redirect_stdout(said):
        patched.setattr(gradio.Blocks, "block_thread", lambda app: serving.append(app))
        demo.main(["--no_browser"])
    yield said.getvalue().split()[1]
    serving[0].close()


def test_a_port_that_is_taken_is_said_in_a_line(address, capsys):
    with pytest.raises(SystemExit) as ended:
        demo.main(["--no_browser", "--port", address.strip("/").rpartition(":")[2]])
    assert ended.value.code == 2
    assert "is taken" in capsys.readouterr().err


@pytest.mark.filterwarnings("ignore::DeprecationWarning:gradio")
def test_in_a_browser_a_click_and_a_delay_move_the_estimate_and_the_link_brings_it_back(
    browser, address, own_recording, tmp_path
):
    from selenium.webdriver import ActionChains, Keys
    from selenium.webdriver.support.wait import WebDriverWait

    def find(selector):
        return browser.find_element("css selector", selector)

    def text(selector):
        return browser.execute_script(f"return document.querySelector('{selector}')?.innerText ?? ''")

    def wait_for(condition):
        WebDriverWait(browser, 60, poll_frequency=0.05).until(lambda _: condition())

    def settled():
        predicted = text("#table tr.sensitivity")
        return predicted and "…" not in predicted and text("#attributions .caption")

    def open_anew(link):
        """Leave the page when it has said what it had to say: what it is then answered can't reach it."""
        assert [each["message"] for each in browser.get_log("browser") if each["level"] == "SEVERE"] == []
        browser.get("about:blank")
        browser.get_log("browser")
        browser.get(link)

    open_anew(address)
    wait_for(settled)
    assert text("#headline").startswith("LocCNN is off by")
    assert "moves" not in text("#headline")

    where = find("#close-map svg")
    ActionChains(browser).move_to_element_with_offset(where, 60, 40).click().perform()
    wait_for(lambda: "x_m=" in browser.current_url and "y_m=" in browser.current_url)
    clicked = State.from_query(browser.current_url.partition("?")[2])
    assert clicked.x_m > PLAIN.x_m
    assert clicked.y_m < PLAIN.y_m

    find("#microphones label").click()
    wait_for(lambda: "microphones=0" in browser.current_url)
    delay = find("#delay_samples input[type=number]")
    delay.send_keys(Keys.CONTROL + "a")
    delay.send_keys("3")
    wait_for(lambda: "delay_samples=3" in browser.current_url and "moves" in text("#headline") and settled())
    changed = replace(clicked, microphones=(0,), delay_samples=3)
    assert State.from_query(browser.current_url.partition("?")[2]) == changed
    moved = text("#table tr.after").replace("−", "-").split()[-3:]
    np.testing.assert_allclose([float(each) for each in moved], 100 * hear_state(changed).moved_m, atol=0.051)

    shown, link = (text("#headline"), text("#table")), browser.current_url
    open_anew(link)
    wait_for(lambda: settled() and "moves" in text("#headline"))
    assert (text("#headline"), text("#table")) == shown

    browser.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(tmp_path)})
    find("#save").click()
    saved = tmp_path / "playground.json"
    wait_for(saved.exists)
    assert State.from_json(saved.read_text()) == changed
    saved.write_text(replace(changed, network="sample_cnn").to_json())
    find("#keep input[type=file]").send_keys(str(saved))
    wait_for(lambda: text("#headline").startswith("SampleCNN") and "network=sample_cnn" in browser.current_url)

    find("input[type=file]").send_keys(str(own_recording))
    wait_for(lambda: "puts the talker at" in text("#headline") and "file=meeting.wav" in browser.current_url)
    assert find("#x_m input[type=number]").get_property("disabled")
    assert "meeting.wav speaks. A recording of your own" in text(".note")
    (tmp_path / "text.wav").write_text("no audio")
    find("input[type=file]").send_keys(str(tmp_path / "text.wav"))
    wait_for(lambda: "text.wav can't be read as audio" in text(".toast-wrap"))

    open_anew(f"{address}?voice=file&file=meeting.wav")
    wait_for(settled)
    assert "made with meeting.wav, which a link can't carry" in text(".note")
    open_anew(f"{address}?fnord=1")
    wait_for(lambda: "does not know" in text(".toast-wrap") and settled())
    open_anew("about:blank")
    sent = [json.loads(each["message"])["message"] for each in browser.get_log("performance")]
    urls = [each["params"]["request"]["url"] for each in sent if each["method"] == "Network.requestWillBeSent"]
    assert len(urls) > 10
    assert [url for url in urls if not url.startswith((address, "data:", "blob:", "about:"))] == []


def test_without_gradio_the_script_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "gradio", None)
    for name in ("playground.app", "playground.layout"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    with pytest.raises(SystemExit) as ended:
        demo.main(["--no_browser"])
    assert ended.value.code == 2
    assert "requirements-demo.txt" in capsys.readouterr().err
