"""What the enhancer is given to hear: clips of files or of built-in voices, in noise or where it reverberates."""

from __future__ import annotations

import argparse
import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from acoustics.noise import tones, white_between
from acoustics.noise_options import REVERBERATION, SINUSOIDAL, add_noise_arguments, check_noise, ranges
from acoustics.recordings import hear
from acoustics.rir import simulate_rirs
from acoustics.speech.espeak import UTTERANCES_PER_VOICE, EspeakCorpus
from acoustics.speech.files import open_folder
from enhancement import audio, spectra
from enhancement.spectra import FS_HZ
from params import PUBLISHED
from running import arguments
from running.errors import InputError
from running.seeds import generator

SPEECH_RMS = 0.05
"""Of built-in speech, 26 dB below full scale."""
BABBLERS = 6
BACKGROUNDS = ("none", "white", "babble")
DELAY_SAMPLES = 96
MICROPHONE_M = (1.7, 4.0, 1.2)
SOURCE_M = (1.7, 4.0 + DELAY_SAMPLES / FS_HZ * PUBLISHED.c_m_s, 1.2)
"""So far from the microphone that sound takes a whole number of samples."""


@dataclass(frozen=True)
class Clips:
    """Clips of one length; they are inputs as `explain.store` takes them, one window each.

    Parameters
    ----------
    names, voices : list of str
        Of each clip, fit for a file, and of who speaks in it.
    samples, reference : float32 arrays, shape (clip, sample)
        What is heard at 16 kHz, and what would be without all that was added.
    """

    names: list[str]
    voices: list[str]
    samples: np.ndarray
    reference: np.ndarray

    @property
    def fingerprint(self) -> str:
        """SHA-256 of names and of what is heard."""
        return hashlib.sha256(repr(self.names).encode() + self.samples.tobytes()).hexdigest()

    @property
    def frames(self) -> int:
        """Number of frames of each clip."""
        return spectra.FRAMES.count(self.samples.shape[1])

    def windows(self, row: int) -> np.ndarray:
        """Return the log power of a clip, float32, shape (1, 1, bin, frame)."""
        return spectra.heard(self.samples[[row]])


def add_clip_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what is heard; `open_clips` reads it."""
    parser.add_argument("--input_dir", type=Path, help="folder of audio files; without it built-in voices speak")
    parser.add_argument("--speaker_pattern", metavar="REGEX", help="for a folder: finds the speaker in a file's path")
    parser.add_argument("--clips", type=arguments.whole(1), default=8, help="at most so many")
    parser.add_argument(
        "--seconds", type=arguments.number(above=0), default=1.6, help="length of each; shorter files are left out"
    )
    parser.add_argument(
        "--background",
        choices=BACKGROUNDS,
        help=f"added at --SNR: white noise, or babble of {BABBLERS} other built-in voices; by default babble for "
        "built-in voices and none for files",
    )
    parser.add_argument(
        "--SNR", type=arguments.number(least=-100, most=100), help="of the background, in decibels; by default 5"
    )
    add_noise_arguments(parser, default="none", speech_rms=SPEECH_RMS)
    arguments.add_seed(parser)


def open_clips(args: argparse.Namespace) -> Clips:
    """Return the clips that the options mean.

    The dry speech reverberates, then the background joins it, then tones or white noise.

    Raises
    ------
    InputError
        For options that do not fit each other, or files that can't be used.
    """
    check_noise(args)
    args.background = args.background or ("none" if args.input_dir else "babble")
    if args.background == "none" and args.SNR is not None:
        raise InputError("--SNR is not for --background none; leave it out or choose another")
    n_samples = max(1, round(args.seconds * FS_HZ))
    if args.input_dir:
        names, voices, reference = _from_folder(args.input_dir, args.speaker_pattern, args.clips, n_samples)
    elif args.speaker_pattern:
        raise InputError("--speaker_pattern is for --input_dir; leave it out or give a folder")
    else:
        names, voices, reference = _spoken(args.clips, n_samples, args.seed)
    samples = reference
    if args.noise_type == REVERBERATION:
        samples = reverberated(samples, args.reverberances)
    if args.background != "none":
        args.SNR = 5.0 if args.SNR is None else args.SNR
        samples = samples + backgrounds(args.background, samples, args.SNR, voices, args.seed)
    if args.noise_type not in ("none", REVERBERATION):
        samples = samples + _added(args, samples.shape)
    return Clips(names, voices, samples.astype(np.float32), reference)


def reverberated(samples: np.ndarray, T60_s: float) -> np.ndarray:
    """Return dry sounds, shape (clip, sample), as a microphone two metres away hears them in the published room.

    The direct sound is where it was, and the root mean square of each clip what it was.
    """
    rir = simulate_rirs(PUBLISHED.room, [SOURCE_M], [MICROPHONE_M], T60_s, FS_HZ, PUBLISHED.c_m_s)[0, :, DELAY_SAMPLES:]
    heard = np.concatenate([hear(dry, rir)[:, : len(dry)] for dry in samples])
    return _at_rms(heard, _rms(samples))


def backgrounds(kind: str, samples: np.ndarray, snr_db: float, voices: list[str], seed: int) -> np.ndarray:
    """Return noise so many decibels below each clip, shape (clip, sample); voices of babble are not the clip's own."""
    n_samples, corpus = samples.shape[1], EspeakCorpus(1)
    made = []
    for row, voice in enumerate(voices):
        rng = generator(seed, "background", row)
        if kind == "white":
            made.append(rng.standard_normal(n_samples))
            continue
        others = rng.permutation(sorted({each.speaker for each in corpus.utterances()} - {voice}))[:BABBLERS]
        babble = [_speech(corpus, other, int(rng.integers(UTTERANCES_PER_VOICE)), n_samples) for other in others]
        made.append(np.sum(babble, axis=0))
    return _at_rms(np.stack(made), _rms(samples) * 10 ** (-snr_db / 20))


def _added(args: argparse.Namespace, shape: tuple[int, int]) -> np.ndarray:
    """Return the tones or the white noise of every clip."""
    made = np.zeros(shape)
    for row in range(shape[0]):
        for place, (low, high, rms) in enumerate(ranges(args)):
            rng = generator(args.seed, args.noise_type, row, place)
            one = (1, shape[1])
            if args.noise_type == SINUSOIDAL:
                made[row] += tones(one, low, high, rms, FS_HZ, rng)[0]
            else:
                made[row] += white_between(one, low, high, rms, FS_HZ, shape[1], rng)[0]
    return made


def _from_folder(
    folder: Path, pattern: str | None, count: int, n_samples: int
) -> tuple[list[str], list[str], np.ndarray]:
    """Return names, voices and the starts of the first files that are long enough, their channels averaged."""
    names, voices, samples = [], [], []
    for utterance, path in open_folder(folder, pattern, 0).files.items():
        found = audio.read(path).mean(axis=0)[:n_samples]
        if len(found) == n_samples:
            names.append(f"{len(names):03d}_{arguments.slug(Path(utterance.id).stem)}")
            voices.append(utterance.speaker)
            samples.append(found)
        if len(names) == count:
            break
    if not names:
        raise InputError(f"no file in {folder} is as long as {n_samples / FS_HZ:g} s; choose fewer --seconds")
    return names, voices, np.stack(samples)


def _spoken(count: int, n_samples: int, seed: int) -> tuple[list[str], list[str], np.ndarray]:
    """Return names, voices and speech; every voice speaks once before one speaks again."""
    corpus = EspeakCorpus(1)
    every = sorted({each.speaker for each in corpus.utterances()})
    order = generator(seed, "voices").permutation(every)
    turns = [(str(order[row % len(order)]), row // len(order)) for row in range(count)]
    samples = np.stack([_speech(corpus, voice, turn, n_samples) for voice, turn in turns])
    return [f"{row:03d}_{voice}" for row, (voice, _) in enumerate(turns)], [voice for voice, _ in turns], samples


def _speech(corpus: EspeakCorpus, voice: str, first: int, n_samples: int) -> np.ndarray:
    """Return what a voice says from one of its sentences on, float32, of `SPEECH_RMS`."""
    own = [each for each in corpus.utterances() if each.speaker == voice]
    spoken = corpus.load(own[first % len(own)], FS_HZ)
    while len(spoken) < n_samples:
        first += 1
        spoken = np.concatenate([spoken, corpus.load(own[first % len(own)], FS_HZ)])
    return _at_rms(spoken[None, :n_samples], SPEECH_RMS)[0].astype(np.float32)


def _rms(samples: np.ndarray) -> np.ndarray:
    return np.sqrt(np.square(samples, dtype=np.float64).mean(axis=1, keepdims=True))


def _at_rms(samples: np.ndarray, rms: np.ndarray | float) -> np.ndarray:
    """Return each clip at an amplitude; one that is silent stays so."""
    return samples * (rms / np.maximum(_rms(samples), np.finfo(float).tiny))
