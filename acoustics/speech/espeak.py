"""Built-in synthetic speech: sentences of a seeded grammar spoken by espeak-ng, without network or recordings."""

from __future__ import annotations

import _ctypes
import ctypes
import hashlib
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib import metadata

import numpy as np

from acoustics.speech.corpus import Corpus, Utterance
from acoustics.speech.sentences import compose
from acoustics.speech.trimming import trim
from running.errors import InputError

UTTERANCES_PER_VOICE = 20
SEED = 5000
TRIM_DB = -40
"""What lies below this level, relative to the peak, before the first and after the last louder sample is cut off."""

LONGEST_PATH = 140
SYNCHRONOUS, DO_NOT_EXIT, UTF8 = 2, 0x8000, 1
RATE, PITCH = 1, 3
SYNTHESIS_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)

_one_at_a_time = threading.Lock()


@dataclass(frozen=True)
class Voice:
    """A speaker: espeak-ng's variant (vocal tract and phonation), accent, pitch (0 to 99) and speed."""

    variant: str
    accent: str
    pitch: int
    words_per_minute: int


VOICES = (
    Voice("m1", "en-us", 42, 166),
    Voice("m2", "en-gb-scotland", 62, 159),
    Voice("m3", "en-gb-x-rp", 78, 173),
    Voice("m4", "en-us", 20, 162),
    Voice("m5", "en-gb-x-gbclan", 55, 169),
    Voice("m6", "en-029", 35, 156),
    Voice("m7", "en-us-nyc", 66, 176),
    Voice("m8", "en-gb-x-gbcwmd", 50, 164),
    Voice("Alex", "en-gb-x-rp", 30, 161),
    Voice("boris", "en-us", 86, 171),
    Voice("croak", "en-gb-scotland", 25, 154),
    Voice("Denis", "en-us-nyc", 45, 178),
    Voice("ian", "en-us", 70, 168),
    Voice("Lee", "en-gb-x-gbclan", 75, 180),
    Voice("max", "en-gb-x-gbcwmd", 92, 164),
    Voice("Michael", "en-us", 58, 157),
    Voice("quincy", "en-029", 15, 174),
    Voice("robert", "en-gb-x-rp", 50, 181),
    Voice("f1", "en-us", 45, 164),
    Voice("f2", "en-gb-x-rp", 40, 171),
    Voice("f3", "en-us-nyc", 55, 159),
    Voice("f4", "en-gb-scotland", 28, 168),
    Voice("f5", "en-us", 62, 174),
    Voice("Alicia", "en-gb-x-gbclan", 35, 178),
    Voice("Annie", "en-us", 42, 169),
    Voice("aunty", "en-gb-x-gbcwmd", 50, 156),
    Voice("belinda", "en-us", 38, 173),
    Voice("grandma", "en-gb-x-rp", 52, 154),
    Voice("linda", "en-029", 58, 166),
    Voice("shelby", "en-us-nyc", 48, 161),
    Voice("steph", "en-us", 65, 176),
    Voice("Nguyen", "en-029", 50, 162),
)


class EspeakCorpus(Corpus):
    """32 voices that speak 20 sentences each, all sentences different."""

    def __init__(self, min_samples: int):
        super().__init__("espeak", min_samples)

    def utterances(self) -> tuple[Utterance, ...]:
        return tuple(_script())

    def fingerprint(self) -> str:
        """Return a SHA-256 over voices, sentences and the version of the synthesiser."""
        try:
            version = metadata.version("espeakng-loader")
        except metadata.PackageNotFoundError:
            raise _no_espeak() from None
        return hashlib.sha256(repr((version, TRIM_DB, list(_script().items()))).encode()).hexdigest()

    def read(self, utterance: Utterance) -> tuple[np.ndarray, int]:
        voice, sentence = _script()[utterance]
        samples, rate_hz = synthesise(sentence, voice)
        return trim(samples / np.float32(2**15), TRIM_DB), rate_hz


def synthesise(sentence: str, voice: Voice) -> tuple[np.ndarray, int]:
    """Speak a sentence.

    espeak-ng keeps phases, gains and random numbers from one call to the next. The library is therefore loaded anew for
    every sentence (less than a millisecond), so that the sound depends on nothing but the arguments. It runs in a
    thread of its own, as Ctrl-C goes to the main thread: it would get lost in the callback, and samples with it.

    Returns
    -------
    samples : numpy.ndarray
        int16 of shape (sample,).
    rate_hz : int

    Raises
    ------
    InputError
        When espeak-ng is not installed or refuses to start.
    """
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(_speak, sentence, voice).result()


def _speak(sentence: str, voice: Voice) -> tuple[np.ndarray, int]:
    chunks = []

    @SYNTHESIS_CALLBACK
    def keep(samples, count, _events):
        if samples and count > 0:
            chunks.append(np.ctypeslib.as_array(samples, (count,)).copy())
        return 0

    with _one_at_a_time, _fresh_espeak() as (espeak, rate_hz):
        espeak.espeak_SetSynthCallback(keep)
        espeak.espeak_ng_SetRandSeed(ctypes.c_long(SEED))
        name = f"{voice.accent}+{voice.variant}"
        if espeak.espeak_SetVoiceByName(name.encode()) != 0:
            raise InputError(f"espeak-ng has no voice {name}; reinstall the package espeakng-loader")
        espeak.espeak_SetParameter(RATE, voice.words_per_minute, 0)
        espeak.espeak_SetParameter(PITCH, voice.pitch, 0)
        text = ctypes.create_string_buffer(sentence.encode())
        espeak.espeak_Synth(text, ctypes.c_size_t(len(text)), 0, 0, 0, UTF8, None, None)
    return np.concatenate(chunks), rate_hz


@cache
def _script() -> dict[Utterance, tuple[Voice, str]]:
    """Return who says what, sorted by id."""
    sentences = iter(compose(len(VOICES) * UTTERANCES_PER_VOICE, SEED))
    script = {
        Utterance(f"{voice.variant}-{number:02d}", voice.variant): (voice, next(sentences))
        for voice in VOICES
        for number in range(UTTERANCES_PER_VOICE)
    }
    return dict(sorted(script.items()))


@contextmanager
def _fresh_espeak() -> Iterator[tuple[ctypes.CDLL, int]]:
    """Load and start the library, and unload it at the end."""
    try:
        import espeakng_loader

        espeak = ctypes.CDLL(espeakng_loader.get_library_path())
        folder = espeakng_loader.get_data_path()
    except (ImportError, OSError, RuntimeError):
        raise _no_espeak() from None
    try:
        with _short_path(folder) as data:
            rate_hz = espeak.espeak_Initialize(SYNCHRONOUS, 0, os.fsencode(data), DO_NOT_EXIT)
            if rate_hz <= 0:
                raise InputError("espeak-ng does not start; reinstall the package espeakng-loader")
            yield espeak, rate_hz
        espeak.espeak_Terminate()
    finally:
        _ctypes.dlclose(espeak._handle)


@contextmanager
def _short_path(folder: str) -> Iterator[str]:
    """Name a folder in few letters: espeak-ng cuts paths after 160 bytes."""
    if len(os.fsencode(folder)) < LONGEST_PATH:
        yield folder
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        yield f"/proc/self/fd/{descriptor}"
    finally:
        os.close(descriptor)


def _no_espeak() -> InputError:
    return InputError("espeak-ng is missing; install the package espeakng-loader or give another corpus")
