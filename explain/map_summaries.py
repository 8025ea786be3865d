"""What many maps have in common: where they are large on average, how they are spread, and what goes together.

All is made of sums over items, so that the maps need not be held at once. Magnitudes are summed after nothing else but
the choice of microphones; correlations are of signed values: magnitudes summed first go together in any network.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.cluster import KMeans
from sklearn.metrics import adjusted_mutual_info_score, silhouette_score

from explain.statistics import Draws, interval
from running.seeds import generator

KINDS = ("absolute", "positive", "negative")
ALONG = ("frequency", "time")
MOST_CLUSTERS = 6
PERMUTATIONS = 200


def summary(half: np.ndarray) -> dict[str, np.ndarray]:
    """Return sums over windows and microphones of one half of an item's maps, shape `explain.maps.AXES`.

    Returns
    -------
    dict of str to float64 array
        "windows"; "positive" and "negative", shape (output, frequency, time); for each axis of `ALONG` "values", the
        number of values at each place of it, "sums", (output, place), and "products", (output, place, place).
    """
    half = half.astype(np.float64)
    found = {
        "windows": np.array(len(half)),
        "positive": half.clip(min=0).sum(axis=(0, 2)),
        "negative": half.clip(max=0).sum(axis=(0, 2)),
    }
    for axis in ALONG:
        columns = np.moveaxis(half, 1, 0)  # (output, window, microphone, frequency, time)
        columns = columns if axis == "time" else columns.swapaxes(-2, -1)
        columns = columns.reshape(len(columns), -1, columns.shape[-1])  # (output, value, place)
        found[f"{axis} values"] = np.array(columns.shape[1])
        found[f"{axis} sums"] = columns.sum(axis=1)
        found[f"{axis} products"] = columns.swapaxes(1, 2) @ columns
    return found


def influence(summaries: Sequence[dict]) -> dict[str, np.ndarray]:
    """Return the mean over windows of each of `KINDS`, summed over microphones, shape (output, frequency, time)."""
    total = {name: sum(each[name] for each in summaries) for name in ("windows", "positive", "negative")}
    positive, negative = total["positive"] / total["windows"], total["negative"] / total["windows"]
    return dict(zip(KINDS, (positive - negative, positive, negative), strict=True))


def magnitudes(summaries: Sequence[dict], along: str) -> np.ndarray:
    """Return the sums of magnitudes at each place of an axis of `ALONG`, shape (item, output, place)."""
    other = -1 if along == "frequency" else -2
    return np.stack([(each["positive"] - each["negative"]).sum(axis=other) for each in summaries])


def shares(sums: np.ndarray, voices: Sequence[str], seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the share of each place with its 95 % interval over voices and items, shape (output, place) each.

    Parameters
    ----------
    sums : array, shape (item, output, place)
        Of `magnitudes`.
    voices : sequence of str
        Who speaks each item.
    seed : int
    """
    total = sums.sum(axis=-1, keepdims=True)
    return sums.sum(axis=0) / total.sum(axis=0), *interval(Draws.of(voices, seed).means(sums, total))


def correlations(summaries: Sequence[dict], along: str) -> np.ndarray:
    """Return Pearson's correlation between the places of an axis, shape (output, place, place).

    It is over all windows, microphones and places of the other axis; NaN at places where nothing varies.
    """
    count, sums, products = (
        sum(each[f"{along} {name}"] for each in summaries) for name in ("values", "sums", "products")
    )
    covariance = products - sums[:, :, None] * sums[:, None] / count
    deviation = np.sqrt(np.diagonal(covariance, axis1=1, axis2=2).clip(min=0))
    scale = deviation[:, :, None] * deviation[:, None]
    return np.divide(covariance, scale, out=np.full_like(covariance, np.nan), where=scale > 0)


def enrichment(half: np.ndarray, region: np.ndarray) -> np.ndarray:
    """Return the share of the magnitudes that lies in a region over the region's share of the bins, (window, output).

    Parameters
    ----------
    half : array, of shape `explain.maps.AXES`
    region : bool array, shape (window, microphone, frequency, time)
    """
    size = np.abs(half, dtype=np.float64)
    inside = (size * region[:, None]).sum(axis=(2, 3, 4)) / size.sum(axis=(2, 3, 4)).clip(min=np.finfo(float).tiny)
    return inside / region.mean(axis=(1, 2, 3))[:, None]


def profiles(half: np.ndarray) -> np.ndarray:
    """Return the magnitudes of each window summed over microphones, of length one, shape (window, value)."""
    flat = np.abs(half, dtype=np.float64).sum(axis=2).reshape(len(half), -1)
    return flat / np.linalg.norm(flat, axis=1, keepdims=True).clip(min=np.finfo(float).tiny)


def clusters(values: np.ndarray, seed: int, most: int = MOST_CLUSTERS) -> tuple[np.ndarray, float]:
    """Return the cluster of each window by k-means, and the silhouette by which their number was chosen.

    P. J. Rousseeuw, "Silhouettes: a graphical aid to the interpretation and validation of cluster analysis", Journal of
    Computational and Applied Mathematics 20, 1987.

    Parameters
    ----------
    values : array, shape (window, value)
    seed : int
    most : int
        Clusters that are tried at most, from two.

    Returns
    -------
    labels : int array, shape (window,)
        The largest cluster is 0.
    silhouette : float
        NaN where there are too few windows to tell clusters apart; all are then in one.
    """
    found = np.zeros(len(values), int), np.nan
    for count in range(2, min(most, len(values) - 1) + 1):
        labels = KMeans(count, n_init=10, random_state=seed).fit_predict(values)
        if len(np.unique(labels)) > 1:
            score = silhouette_score(values, labels)
            found = (labels, score) if not score <= found[1] else found
    labels, score = found
    order = np.argsort(-np.bincount(labels), kind="stable")
    return np.argsort(order)[labels], float(score)


def agreement(
    labels: np.ndarray,
    groups: Sequence | np.ndarray,
    items: Sequence | np.ndarray,
    seed: int,
    permutations: int = PERMUTATIONS,
) -> dict[str, float]:
    """Tell whether clusters follow groups, such as voices, by their adjusted mutual information.

    N. X. Vinh, J. Epps, J. Bailey, "Information Theoretic Measures for Clusterings Comparison", JMLR 11, 2010. The null
    hands the groups of whole items out anew, as the windows of an item are alike.

    Parameters
    ----------
    labels, groups, items : sequences, one entry a window
        The items are of one group each.
    seed : int
    permutations : int

    Returns
    -------
    dict of str to float
        "ami", "null_ami" (mean of the null), "p" (one-sided).
    """
    _, first, place = np.unique(np.asarray(items), return_index=True, return_inverse=True)
    of_item = np.unique(np.asarray(groups), return_inverse=True)[1][first]
    rng = generator(seed, "groups")
    score = adjusted_mutual_info_score(of_item[place], labels)
    null = np.array([adjusted_mutual_info_score(rng.permutation(of_item)[place], labels) for _ in range(permutations)])
    return {"ami": score, "null_ami": null.mean(), "p": (1 + (null >= score - 1e-12).sum()) / (1 + permutations)}
