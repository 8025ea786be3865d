"""How well positions are estimated in rooms that nothing was trained in: the same talkers there and in the own room."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

import params
from acoustics.recordings import Recordings, cut_windows
from acoustics.rooms import Placement
from explain.statistics import mean_over_voices, verdict
from localization.errors import ESTIMATED, TRUE, describe_errors
from localization.localizer import Localizer
from running.parts import by_source
from running.provenance import fingerprint
from running.seeds import generator

OWN, OTHER = "own room", "other rooms"
REGIONS: dict[str, Callable[[params.SourceGrid], tuple]] = {
    "area": lambda grid: (grid.x_m, grid.y_m),
    "held_out": lambda grid: (grid.held_out_x_m, grid.held_out_y_m),
}
"""Extents along x and y in which talkers stand: the source area, or the rectangle of it that holds the test sources."""
VERSION = 1
"""Raised when talkers are recorded otherwise, so that kept estimates are computed anew."""


@dataclass(frozen=True)
class Voices:
    """Who speaks.

    Parameters
    ----------
    identity : str
        Names all that the speech depends on.
    utterances : dict of str to sequence of str
        Names of the utterances of each voice.
    load : callable
        From the name of an utterance to its samples, float32.
    """

    identity: str
    utterances: Mapping[str, Sequence[str]]
    load: Callable[[str], np.ndarray]

    @classmethod
    def of_recordings(cls, recordings: Recordings) -> Voices:
        """Return the voices of recordings, with the utterances that they say there."""
        rows = {source["utterance"]: row for row, source in enumerate(recordings.sources)}
        said = sorted((source["speaker"], source["utterance"]) for source in recordings.sources)
        return cls(
            recordings.fingerprint, _by_voice(dict.fromkeys(said)), lambda name: recordings.utterance(rows[name])
        )

    @classmethod
    def of_corpus(cls, corpus, fs_hz: int) -> Voices:
        """Return the voices of an `acoustics.speech.Corpus`, with all that they say."""
        utterances = {each.id: each for each in corpus.utterances()}
        said = [(each.speaker, each.id) for each in utterances.values()]
        return cls(corpus.fingerprint(), _by_voice(said), lambda name: corpus.load(utterances[name], fs_hz))


@dataclass(frozen=True)
class Talker:
    """Someone who says something somewhere in the source area of a room.

    Parameters
    ----------
    room, number : int
        Number of the room, and of the talker in it.
    voice, utterance : str
    position_m : tuple of float
        In the coordinates of the set-up.
    """

    room: int
    number: int
    voice: str
    utterance: str
    position_m: tuple[float, float, float]


def draw_talkers(
    setup: params.Setup, voices: Voices, room: int, count: int, seed: int, region: str = "area"
) -> list[Talker]:
    """Draw the talkers of a room: one voice, several utterances, positions uniform over a key of `REGIONS`.

    The voices take turns from room to room.
    """
    rng = generator(seed, "talkers", room)
    names = sorted(voices.utterances)
    voice = names[room % len(names)]
    said = rng.permutation(voices.utterances[voice])
    lowest_m, highest_m = np.transpose([*REGIONS[region](setup.grid), setup.grid.z_m])
    positions_m = rng.uniform(lowest_m, highest_m, (count, 3))
    return [
        Talker(room, number, voice, str(said[number % len(said)]), params.point_m(positions_m[number]))
        for number in range(count)
    ]


def estimate_talkers(
    localizers: Sequence[Localizer],
    recordings: Recordings,
    voices: Voices,
    talkers: list[list[Talker]],
    placements: list[Placement],
    seed: int,
    parts: Path,
) -> pd.DataFrame:
    """Record talkers in rooms and let localizers hear them.

    Parameters
    ----------
    localizers : sequence of Localizer
    recordings : Recordings
        Say the condition, and how rooms are simulated.
    voices : Voices
    talkers : list of list of Talker
        Those of each room.
    placements : list of Placement
        Each room.
    seed : int
        Seed of the noise.
    parts : Path
        Keeps estimates room by room in a folder of its own there, for any number of ranks and after any interruption.

    Returns
    -------
    DataFrame
        A row a window and localizer: condition, room, talker, speaker, window, x_m, y_m, z_m, localizer, power,
        estimate_x_m, estimate_y_m, estimate_z_m (to 10 micrometres), all in the coordinates of the set-up.
    """
    made_from, setup, condition = recordings.dataset.arguments, recordings.setup, recordings.one_condition()
    simulated = {key: made_from[key] for key in ("simulator", "reflection_sign")}

    def hear(room: int) -> dict[str, np.ndarray]:
        heard = {"estimates_m": [], "powers": [], "counts": []}
        for talker in talkers[room]:
            rng = generator(seed, "noise", room, talker.number)
            speech = voices.load(talker.utterance)
            recording = placements[room].record(speech, talker.position_m, condition, rng, **simulated)
            windows = cut_windows(recording, setup.window_samples)
            heard["estimates_m"].append(np.stack([each.estimate(windows) for each in localizers]))
            heard["powers"].append(np.square(windows, dtype=np.float64).mean(axis=(1, 2)))
            heard["counts"].append([len(windows)])
        return {name: np.concatenate(arrays, axis=-2 if name == "estimates_m" else 0) for name, arrays in heard.items()}

    identity: dict = {"setup": setup, "condition": condition, "simulated": simulated, "voices": voices.identity}
    identity |= {"talkers": talkers, "seed": seed, "version": VERSION}
    identity["placements"] = [(each.room, each.turn_rad, each.middle_m) for each in placements]
    identity["localizers"] = [each.origin() for each in localizers]
    names = [f"{room:04d}" for room in range(len(placements))]
    title = f"rooms {recordings.condition.name}"
    heard = by_source(parts / f"rooms-{fingerprint(identity)[:16]}", names, hear, title)
    tables = []
    for of_room, each in zip(talkers, heard, strict=True):
        windows = _window_table(of_room, each["counts"])
        for localizer, estimates_m in zip(localizers, each["estimates_m"], strict=True):
            table = windows.assign(localizer=localizer.name, power=each["powers"])
            table[ESTIMATED] = estimates_m.round(5)
            tables.append(table)
    rows = pd.concat(tables, ignore_index=True)
    rows.insert(0, "condition", recordings.condition.name)
    return rows


def room_table(placements: list[Placement], voices: list[str]) -> pd.DataFrame:
    """Return a row a room: room, size_x_m, size_y_m, size_z_m, turn_degrees, middle_x_m, middle_y_m, speaker."""
    rows = []
    for number, (placement, voice) in enumerate(zip(placements, voices, strict=True)):
        rows.append({"room": number} | placement.columns() | {"speaker": voice})
    return pd.DataFrame(rows)


def errors_by_place(estimates: pd.DataFrame) -> pd.DataFrame:
    """Return the errors of everything that localizes, in the own room and in the others: a row for each.

    Parameters
    ----------
    estimates : DataFrame
        Of `estimate_talkers`, with a column `place`: `OWN` or `OTHER`.

    Returns
    -------
    DataFrame
        Columns condition, place, localizer, windows, and those of `localization.errors.describe_errors`.
    """
    rows = []
    for keys, part in estimates.groupby(["condition", "place", "localizer"], sort=False):
        described = describe_errors(part[ESTIMATED].to_numpy(), part[TRUE].to_numpy(), part["power"].to_numpy())
        named = dict(zip(("condition", "place", "localizer"), keys, strict=True))
        rows.append(named | {"windows": len(part)} | described)
    return pd.DataFrame(rows)


def errors_by_room(estimates: pd.DataFrame) -> pd.DataFrame:
    """Return the MAE of everything that localizes in each of the other rooms, and of the same talkers in the own one.

    Returns
    -------
    DataFrame
        A row a condition, room and localizer: condition, room, localizer, mae_m, own_mae_m.
    """
    table = estimates.assign(error_m=_errors_m(estimates))
    keys = ["condition", "room", "localizer"]
    means = table.groupby([*keys, "place"], sort=False)["error_m"].mean().unstack("place")
    return means.rename(columns={OTHER: "mae_m", OWN: "own_mae_m"})[["mae_m", "own_mae_m"]].reset_index()


def room_verdicts(estimates: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """Compare the MAE in other rooms with that in the own room and with those of the controls, on the same talkers.

    Parameters
    ----------
    estimates : DataFrame
        As `errors_by_place` takes them.
    seed : int
        Seed of the intervals (95 %, over voices and their rooms).

    Returns
    -------
    DataFrame
        Columns condition, localizer, mae_m, mae_low_m, mae_high_m (in other rooms); against ("own room", or in the same
        rooms a control or the network that another is put beside), difference_m, low_m, high_m, verdict ("below" is
        better).
    """
    keys = ["condition", "speaker", "room", "talker", "window"]
    table = estimates.assign(error_m=_errors_m(estimates))
    wide = table.pivot(index=keys, columns=["place", "localizer"], values="error_m").reset_index()
    names = list(dict.fromkeys(estimates["localizer"]))
    rows = []
    for condition, part in wide.groupby("condition", sort=False):

        def over_voices(values: pd.Series, part: pd.DataFrame = part) -> tuple[float, float, float]:
            return mean_over_voices(values, part["speaker"], part["room"], seed)

        for name in names:
            error_m = part[OTHER, name]
            mae = dict(zip(("mae_m", "mae_low_m", "mae_high_m"), over_voices(error_m), strict=True))
            against = {OWN: part[OWN, name]}
            controls = {name.split(" (")[0], params.CENTRE, params.SRP_PHAT} - {name}
            against |= {each: part[OTHER, each] for each in names if each in controls}
            for control, control_m in against.items():
                difference_m, low_m, high_m = over_voices(error_m - control_m)
                found = {"against": control, "difference_m": difference_m, "low_m": low_m, "high_m": high_m}
                found["verdict"] = verdict(low_m, high_m)
                rows.append({"condition": condition, "localizer": name} | mae | found)
    return pd.DataFrame(rows)


def _by_voice(said) -> dict[str, list[str]]:
    voices: dict[str, list[str]] = {}
    for voice, utterance in said:
        voices.setdefault(voice, []).append(utterance)
    return voices


def _window_table(talkers: list[Talker], counts: np.ndarray) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "room": np.repeat([each.room for each in talkers], counts),
            "talker": np.repeat([each.number for each in talkers], counts),
            "speaker": np.repeat([each.voice for each in talkers], counts),
            "window": np.concatenate([np.arange(count) for count in counts]),
        }
    )
    table[TRUE] = np.repeat([each.position_m for each in talkers], counts, axis=0)
    return table


def _errors_m(estimates: pd.DataFrame) -> np.ndarray:
    return np.abs(estimates[ESTIMATED].to_numpy() - estimates[TRUE].to_numpy()).mean(axis=1)
