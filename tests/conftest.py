import shutil

import numpy as np
import pytest

LONGEST = ("test_page", "test_reproduce", "test_notebooks", "test_experiments", "test_steered_cnn", "test_training",
           "test_playground", "test_export_weights")  # fmt: skip


def pytest_collection_modifyitems(items):
    """Let the files that take longest begin first, so that no worker waits for them at the end."""
    items.sort(key=lambda item: item.path.stem not in LONGEST)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def coarse_pictures(monkeypatch):
    """Pictures are drawn and written as ever, but coarsely and not laid out, which takes most of the time."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    def save(figure, place, **options):
        figure.set_layout_engine("none")
        figure.set_dpi(20)
        FigureCanvasAgg(figure).print_png(place)

    monkeypatch.setattr(Figure, "savefig", save)


@pytest.fixture(scope="session")
def chromium():
    """Chromium, driven."""
    binary, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (binary and driver):
        pytest.skip("there is no Chromium: apt-get install chromium chromium-driver")
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for argument in ("headless=new", "no-sandbox", "disable-dev-shm-usage", "disable-gpu", "window-size=1440,900",
                     "autoplay-policy=no-user-gesture-required"):  # fmt: skip
        options.add_argument(f"--{argument}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    browser = webdriver.Chrome(options, webdriver.ChromeService(driver))
    media = {"prefers-color-scheme": "light", "prefers-reduced-motion": "reduce"}
    features = [{"name": name, "value": value} for name, value in media.items()]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})
    yield browser
    browser.quit()
