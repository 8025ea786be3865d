"""The networks that hear digits, by name; a new one is a file of its own and a line here."""

from __future__ import annotations

from digits.networks.alex_net import AlexNet
from digits.networks.audio_net import AudioNet

NETWORKS: dict[str, type[AudioNet] | type[AlexNet]] = {"audio_net": AudioNet, "alex_net": AlexNet}
"""Each is built with a number of classes, has a `title`, and `hears` what is a key of `digits.hearing.HEARING`."""
