"""What the delays of relevance are compared with, over several conditions."""

import numpy as np
import pandas as pd
import pytest

from localization.delays import PROTOCOLS, delay_rows, delay_verdicts

TRUTH = 2.0


def rows(condition, signal, lag, sources, initialisation=np.nan):
    """Return the delays of a signal that are the same in two windows of each source."""
    tables = []
    for source in sources:
        table = delay_rows(np.full((1, 2), lag), np.array([TRUTH]), 99, PROTOCOLS["published"])
        tables.append(table.assign(condition=condition, source=source, speaker=f"voice {source}", signal=signal))
    named = {"method": "lrp", "model": "loc_cnn", "initialisation": initialisation}
    return pd.concat(tables).assign(**named)


def test_the_direction_of_all_conditions_is_compared_on_the_sources_that_untrained_networks_heard():
    delays = [rows("a", "relevance", 1.0, [0, 1]), rows("b", "relevance", 0.0, [0]), rows("b", "relevance", -1.0, [1])]
    delays += [rows(condition, "untrained", 0.0, sources, initialisation)
               for condition, sources in (("a", [0, 1]), ("b", [0])) for initialisation in (0.0, 1.0)]  # fmt: skip
    verdicts = delay_verdicts(pd.concat(delays)).query("score == 'direction_percent'").set_index("condition")
    assert verdicts["value"].to_dict() == {"a": 100, "b": 0, "pooled": pytest.approx(200 / 3)}
    assert (verdicts["control"] == 0).all()
    assert verdicts["verdict"].to_dict() == {"a": "above", "b": "level", "pooled": "above"}
