"""What is found of two methods of which one orders by what counts."""

import numpy as np

from explain.faithfulness import ORDERS, PERCENTS
from localization.criteria import EXCHANGED, GRAINS, INFIDELITY, PROFILE, Judged, Map
from localization.sensitivity import delay_jacobian, multilateration
from params import PUBLISHED

GOOD, BAD = Map("lrp", "trained"), Map("gradient", "trained")
CONTROLS = Map("energy", "trained"), Map("random", "trained"), Map("lrp", "untrained")
SOURCES = 10


def judged(rng, *others):
    """Maps of which one, LRP's, orders by what counts: the estimate, at 2 m, falls to 1 m as the orders say."""
    positions_m = np.stack([rng.uniform(1, 2, SOURCES), rng.uniform(4, 6, SOURCES), np.ones(SOURCES)], axis=1)
    jacobian = delay_jacobian(positions_m, PUBLISHED)
    fallen = {GOOD: {"most": 0.8, "least": 0.1, "largest": 0.8, "smallest": 0.1}}
    fallen |= {each: dict.fromkeys(ORDERS, 0.4) for each in (BAD, *others)}
    found = {each: [] for each in fallen}
    for each, of_orders in fallen.items():
        for number in range(SOURCES):
            answers = np.full((1, 1, len(ORDERS), len(PERCENTS), 3), 2.0)
            answers[..., 0] -= np.array([of_orders[order] for order in ORDERS])[:, None] + 0.01 * rng.random()
            part = {f"answers {grain}": answers for grain in GRAINS}
            part |= {INFIDELITY: np.array([0.1 if each == GOOD else 0.9]), EXCHANGED: np.array([-0.5])}
            part["split"] = np.array([3.0, 1, 1, 1]) if each == GOOD else np.ones(4)
            direct = multilateration(jacobian[number])
            part[PROFILE] = (direct if each == GOOD else -direct)[None]
            found[each].append(part)
    ends = [{"whole": np.full((1, 3), 2.0), "nothing": np.full((1, 1, 3), [1.0, 2, 2]), "position_m": np.full(3, 2.0),
             "weights": np.array([[1.0, 0, 0]]), "energy": np.ones(4)} for _ in range(SOURCES)]  # fmt: skip
    return Judged(found, ends, ["zeros"], PERCENTS, [f"v{n % 5}" for n in range(SOURCES)], jacobian, 0)
