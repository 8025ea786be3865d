"""Dry speech for the sources: corpora, and who says what."""

from __future__ import annotations

from acoustics.speech.cmu_arctic import DIRECTORY, download_cmu_arctic, open_cmu_arctic
from acoustics.speech.corpus import Corpus, Utterance
from acoustics.speech.draw import DRAWS, draw_utterances
from acoustics.speech.espeak import EspeakCorpus
from acoustics.speech.files import open_folder
from params import PUBLISHED
from running.errors import InputError

__all__ = ["DRAWS", "Corpus", "Utterance", "draw_utterances", "open_corpus"]


def open_corpus(spec: str, speaker_pattern: str | None = None, min_samples: int = PUBLISHED.window_samples) -> Corpus:
    """Open a speech corpus.

    Parameters
    ----------
    spec : str
        "espeak": built-in synthetic speech. "cmu_arctic": the published corpus in ``data/cmu_arctic``, what is missing
        is downloaded. "cmu_arctic:DIR": the speakers in DIR, without download. Anything else: a folder of audio files.
    speaker_pattern : str, optional
        For a folder: regular expression that finds the speaker in a file's path, see `open_folder`.
    min_samples : int
        Shorter utterances are refused when loaded; one window by default.

    Raises
    ------
    InputError
        When there is no such corpus, it is empty, or the pattern does not fit.
    """
    built_in = spec in ("espeak", "cmu_arctic") or spec.startswith("cmu_arctic:")
    if not built_in:
        return open_folder(spec, speaker_pattern, min_samples)
    if speaker_pattern is not None:
        raise InputError(f"a speaker pattern is for a folder of audio files; the corpus {spec} knows its speakers")
    if spec == "espeak":
        return EspeakCorpus(min_samples)
    if spec == "cmu_arctic":
        download_cmu_arctic(DIRECTORY)
        return open_cmu_arctic(DIRECTORY, min_samples)
    return open_cmu_arctic(spec.removeprefix("cmu_arctic:"), min_samples)
