"""What each experiment found, in one or two sentences that follow from its table: counts beside controls."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from explain.removal import ENERGY, RANDOM
from localization.cues import CUES, HORIZONTAL
from localization.delay_probes import ALL_PAIRS
from localization.delays import POOLED, UNTRAINED
from localization.rooms import OWN
from localization.sensitivity_scores import AVERAGED, LEVEL
from localization.shares import EXACT, SPLIT
from localization.sounds import RELEVANCE
from params import ANY_ROOM, CENTRE, LAG_ZERO, SRP_PHAT
from report.hearing import is_network
from report.often import often
from report.style import localizer_title, method_title
from report.tables import rounded
from report.trial import CONTROLS, sentences
from report.verdict import follow

CUE_TITLES = {"delays": "the direct sound’s delays", "levels": "levels", "early": "early reflections",
              "late": "late reflections"}  # fmt: skip


def trained(errors: pd.DataFrame) -> list[str]:
    """Say how far a new network errs on all validation windows, from ``validation.csv`` of train.py."""
    mae_m = errors.set_index("localizer")["mae_m"]
    return [
        f"{localizer_title(name)} errs by {rounded(mae_m[name], 3)} m on validation windows, a constant "
        f"that hears nothing by {rounded(mae_m[CENTRE], 3)} m."
        for name in mae_m.index.drop(CENTRE)
    ]


def localized(verdicts: pd.DataFrame) -> list[str]:
    """Say how the networks err beside a constant and SRP-PHAT, from ``verdicts.csv`` of localization_experiment.py."""
    rows = _of_networks(_single(verdicts)).groupby("against")["verdict"]
    titles = {CENTRE: "a constant that hears nothing", SRP_PHAT: "SRP-PHAT, which has learned nothing"}
    return [f"The networks err {often(rows.get_group(against), 'more', 'less')} than {title}."
            for against, title in titles.items() if against in rows.groups]  # fmt: skip


def removed(verdicts: pd.DataFrame) -> list[str]:
    """Say what relevant input is worth, from ``verdicts.csv`` of perturbation_experiment.py: by its smallest share."""
    some = _single(verdicts)[lambda rows: rows["percent"] > 0]
    some = some[some["percent"] == some["percent"].min()]
    if some.empty:
        return []
    chance, loud = (often(some.loc[some["against"] == control, "verdict"], "more", "less")
                    for control in (RANDOM, ENERGY))  # fmt: skip
    percent = f"{some['percent'].iloc[0]:g} %"
    return [
        f"Without the most relevant {percent} of the input the networks err {chance} than without a random {percent}, "
        f"and {loud} than without the loudest."
    ]


def delayed(verdicts: pd.DataFrame) -> list[str]:
    """Say what delays from relevance are worth, from ``verdicts.csv`` of tdoa_experiment.py."""
    verdicts = _single(verdicts)
    zero = verdicts[verdicts["against"] == LAG_ZERO].groupby(["condition", "model", "method", "pair"])["verdict"]
    said = [_of_both_scores(set(each)) for _, each in zero]
    sides = verdicts[(verdicts["against"] == UNTRAINED) & (verdicts["score"] == "direction_percent")].dropna(
        subset="low"
    )
    found = [f"Delays from relevance are {often(said, 'worse', 'better')} than saying “lag 0” always."]
    if len(sides):
        how = often(sides["verdict"], "more often", "less often")
        found.append(f"They point to the right side {how} than those of untrained networks.")
    return found


def cued(weights: pd.DataFrame) -> list[str]:
    """Say which cues the networks follow, from ``weights.csv`` of cue_experiment.py: where a control finds the cue."""
    own = _of_networks(weights[weights["coordinate"] == HORIZONTAL])
    findable = dict(list(own[own["findable"]].groupby("cue")["verdict"]))
    counts = [f"{CUE_TITLES[cue]} {_above(findable[cue])}" for cue in CUES if cue in findable]
    hidden = [CUE_TITLES[cue] for cue in CUES if cue not in findable]
    found = [f"Networks follow, by 95 % intervals: {', '.join(counts)} cases."] if counts else []
    found += [f"No control finds {' or '.join(hidden)}, so that nothing is known of these."] if hidden else []
    several = None if ANY_ROOM.name in set(weights["condition"]) else follow(weights)
    return [*found, *([several] if several else [])]


def elsewhere(verdicts: pd.DataFrame) -> list[str]:
    """Say how networks and SRP-PHAT err in other rooms, from ``verdicts.csv`` of rooms_experiment.py."""
    own = verdicts[verdicts["against"] == OWN]
    networks, control = (often(rows["verdict"], "more", "less")
                         for rows in (_of_networks(own), own[own["localizer"] == SRP_PHAT]))  # fmt: skip
    return [f"In other rooms networks err {networks} than in their own, SRP-PHAT {control}."]


def changed(table: pd.DataFrame) -> list[str]:
    """Say how networks and SRP-PHAT err on changed recordings, from ``interventions.csv``."""
    some = table[table["intervention"] != "untouched"]
    networks, control = (often(rows["verdict"], "more", "less")
                         for rows in (_of_networks(some), some[some["localizer"] == SRP_PHAT]))  # fmt: skip
    return [f"On changed recordings networks err {networks} than on untouched ones, SRP-PHAT {control}."]


def shared(shares: pd.DataFrame) -> list[str]:
    """Say what the direct sound gets of relevance, a sentence a method, from ``shares.csv``."""
    direct, found = shares[shares["part"] == "direct"], []
    for method, rows in direct.groupby("method", sort=False):
        own = rows[rows["score"] == (EXACT if method == LEVEL else SPLIT)]
        energy, untrained = (often(own[f"{name}_verdict"], "more", "less") for name in ("energy", "untrained"))
        found.append(
            f"Of {method_title(method)} the direct sound gets {energy} than its share of the energy, and {untrained} "
            "than in untrained networks."
        )
    return found


def followed(scores: pd.DataFrame) -> list[str]:
    """Say how far estimates follow the direct sound's delays, from ``scores.csv`` of sensitivity_experiment.py."""
    told = scores[(scores["score"] == "S") & (scores["method"] == AVERAGED) & (scores["verdict"] != "")]
    found = []
    for coordinate, rows in told.groupby(told["coordinate"].str[0]):
        networks = rows["localizer"].map(is_network)
        own, control = (f"{each.isin(['all', 'part', 'more']).sum()} of {len(each)}"
                        for each in (rows.loc[networks, "verdict"], rows.loc[~networks, "verdict"]))  # fmt: skip
        found.append(f"{coordinate} in {own} (soft SRP-PHAT: {control})")
    return (
        [f"By 95 % intervals estimates of networks follow the direct sound’s delays in {', '.join(found)}."]
        if found
        else []
    )


def tried(tables: Mapping[str, pd.DataFrame]) -> list[str]:
    """Say how criteria agree and what the published one finds, from the tables of faithfulness_experiment.py.

    Of a single method nothing is said.
    """
    several = tables["criteria"].loc[~tables["criteria"]["method"].isin(CONTROLS), "method"].nunique() > 1
    return sentences(tables)[-2:] if several else []


def heard(sounds: pd.DataFrame) -> list[str]:
    """Say whether what relevance keeps is cleaner than what its controls keep, from ``sounds.csv``."""
    own = sounds[(sounds["control"] == RELEVANCE) & sounds["value"].notna()]
    energy, untrained = (often(own[f"{name}_verdict"], "cleaner", "less clean") for name in ("energy", "untrained"))
    return [
        f"What relevance keeps is {energy} than what the energy keeps, and {untrained} than what the relevance of "
        "untrained networks keeps."
    ]


def mapped(clusters: pd.DataFrame) -> list[str]:
    """Say whether windows with maps of one shape belong together, from ``followed.csv`` of map_experiment.py."""
    found = [f"{by} in {(rows['p'] < 0.05).sum()} of {len(rows)}" for by, rows in clusters.groupby("by", sort=False)]
    return [f"Shapes of maps go with {', '.join(found)} cases, beyond chance (p < 0.05)."] if found else []


def amplified_by(effects: pd.DataFrame) -> list[str]:
    """Say what changing the top bins does, from ``effects.csv`` of amplify_experiment.py."""
    top = effects[effects["choice"] == "top"]
    chance, energy = (often(top[f"{name}_verdict"], "up", "down") for name in ("random", "energy"))
    return [f"The most relevant bins move coordinates {chance} against random ones, {energy} against the loudest."]


def burst_found(enrichments: pd.DataFrame) -> list[str]:
    """Say whether methods find the burst, from ``enrichments.csv`` of burst_experiment.py."""
    own = enrichments[enrichments["coordinate"] == "all"]
    place, energy, untrained = (often(own[f"{name}_verdict"], "more", "less")
                                for name in ("elsewhere", "energy", "untrained"))  # fmt: skip
    return [
        f"Maps mark the burst {place} than another place, but {energy} than the energy does, and {untrained} than "
        "those of untrained networks."
    ]


def probed(probes: pd.DataFrame) -> list[str]:
    """Say what can be read from the layer that holds most of it, from ``probes.csv`` of probe_experiment.py."""
    means = _of_networks(probes[probes["pair"] == ALL_PAIRS])
    found = []
    for target, rows in means.groupby("target", sort=False):
        best = rows.loc[rows.groupby(["condition", "localizer"])["R2"].idxmax()]
        found.append(f"{target} {often(best['untrained_verdict'], 'better', 'worse')}")
    return [f"From its best layer a network gives {', '.join(found)} than it does untrained."] if found else []


def conserved(ledger: pd.DataFrame) -> list[str]:
    """Say how much of the relevance reaches the input, from ``ledger.csv`` of relevance_check.py, exactly."""
    inputs = ledger[ledger["kind"] == "input"]
    return [
        f"{localizer_title(model)}: of the relevance put in at the output, which is 100 %, the input gets "
        f"{' to '.join(dict.fromkeys(rounded(100 * end, 1) for end in (shares.min(), shares.max())))} %."
        for model, shares in inputs.groupby("model", sort=False)["share"]
    ]


def _single(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of single conditions, without those of all together."""
    return table[table["condition"] != POOLED]


def _of_networks(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["localizer"].map(is_network).astype(bool)]


def _above(verdicts: pd.Series) -> str:
    return f"{(verdicts == 'above').sum()} of {len(verdicts)}"


def _of_both_scores(said: set[str]) -> str:
    """Return one verdict for two scores of the same delays: "level" where they contradict each other."""
    clear = said - {"level"}
    return clear.pop() if len(clear) == 1 else "level"
