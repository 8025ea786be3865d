"""Where clips are taken apart: samples, frequencies and bins of a waveform, bins of a spectrogram."""

from __future__ import annotations

from explain.grains import Bins, Blocks, Frequencies, Grain
from explain.time_frequency import Frames

FRAMES = Frames(256, 128)
"""32 ms long and 16 ms apart, as everywhere here: about as many bins as a clip has samples. Frames as those that
AlexNet hears, of 455 samples of which 420 are shared, would have six times as many."""
SAMPLE, FREQUENCY, BIN = "sample", "frequency", "bin"
DOMAINS: dict[str, dict[str, Grain]] = {
    "waveform": {SAMPLE: Blocks(1), FREQUENCY: Frequencies(), BIN: Bins(FRAMES)},
    "spectrogram": {BIN: Blocks(1)},
}
"""By what a network hears, then by name."""
