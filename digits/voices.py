"""Sixty synthetic speakers with the public numbers, twelve of them women, whose takes differ in speed and pitch."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from acoustics.speech.espeak import Voice, synthesise
from digits.layout import SPEAKERS, WOMEN, WORDS, Clip
from running.seeds import generator

WOMENS = ("f1", "f2", "f3", "f4", "f5", "Alicia", "Annie", "anika", "aunty", "belinda", "grandma", "steph")
MENS = (
    *("m1", "m2", "m3", "m4", "m5", "m6", "m7", "m8", "Alex", "Andy", "Denis", "Diogo", "Henrique", "Hugo", "Lee"),
    *("Mario", "Michael", "Mike", "Reed", "adam", "announcer", "benjamin", "boris", "croak", "david", "edward"),
    *("edward2", "grandpa", "gustave", "ian", "kaukovalta", "klatt", "klatt2", "klatt3", "klatt4", "marcelo", "max"),
    *("michel", "miguel", "mike2", "norbert", "pablo", "quincy", "rob", "robert", "sandro", "travis", "victor"),
)
"""espeak-ng's variants of a human sort that hardly saturate and speak digits well below a second."""

ACCENTS = ("en-us", "en-gb-scotland", "en-gb-x-rp", "en-gb-x-gbclan", "en-029", "en-us-nyc", "en-gb-x-gbcwmd")
SPEED_FACTOR, PITCH_STEP = (0.88, 1.2), 8


def _voices() -> dict[int, Voice]:
    """Give every speaker a variant, and accents, pitches and speeds in turn."""
    women, men = iter(WOMENS), iter(MENS)
    return {
        speaker: Voice(
            next(women if speaker in WOMEN else men),
            ACCENTS[speaker % len(ACCENTS)],
            30 + 37 * speaker % 41,
            160 + 11 * speaker % 37,
        )
        for speaker in SPEAKERS
    }


VOICES = _voices()


def say(clip: Clip, seed: int) -> tuple[np.ndarray, int]:
    """Speak a clip, without any room.

    Returns
    -------
    samples : ndarray of float32, shape (sample,)
        Full scale is 1.
    rate_hz : int
    """
    rng = generator(seed, "take", clip.speaker, clip.digit, clip.take)
    base = VOICES[clip.speaker]
    voice = replace(
        base,
        pitch=base.pitch + int(rng.integers(-PITCH_STEP, PITCH_STEP + 1)),
        words_per_minute=round(base.words_per_minute * rng.uniform(*SPEED_FACTOR)),
    )
    samples, rate_hz = synthesise(WORDS[clip.digit], voice)
    return samples / np.float32(2**15), rate_hz


def meta_of(speaker: int) -> dict:
    """Return what the corpus says of a speaker, under the public keys."""
    voice = VOICES[speaker]
    return {
        "accent": voice.accent,
        "age": "synthetic",
        "gender": "female" if speaker in WOMEN else "male",
        "native speaker": "synthetic",
        "origin": f"espeak-ng, variant {voice.variant}, pitch {voice.pitch}, {voice.words_per_minute} words a minute",
        "recordingdate": "synthetic",
        "recordingroom": "simulated, one a take",
    }
