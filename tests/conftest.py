import numpy as np
import pytest

LONGEST = (
    "test_page",
    "test_reproduce",
    "test_notebooks",
    "test_experiments",
    "test_steered_cnn",
    "test_training",
    "test_export_weights",
)


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
