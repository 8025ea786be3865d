"""English sentences from a small grammar and a seed, short enough to be spoken in two to five seconds."""

from __future__ import annotations

import random
import re

SYLLABLES = range(13, 16)
"""Sentences outside this range are thrown away."""

SILENT_ENDING = re.compile(r"(?<=[^aeiouyl])e$|(?<=[^aeioutdl])ed$|(?<=[^aeiouylcghsxz])es$")

GRAMMAR = {
    "sentence": [
        "{agent} {acted on} {thing} {place}.",
        "{agent} {acted on} {thing} {time}.",
        "{time} {agent} {acted on} {thing}.",
        "{agent} {moved} {place} {time}.",
        "{agent} {moved} and {acted on} {thing}.",
        "{name} knew that {agent} {acted on} {thing}.",
        "{name} and {name} {acted on} {thing} {time}.",
        "There were {number} {plural} {place} {time}.",
        "{number} {plural} were hidden {place}.",
        "Nobody {acted on} {thing} because {agent} {moved}.",
        "Did {agent} {act on} {thing} {time}?",
        "Why would {name} {act on} {thing} {place}?",
        "Who {acted on} {thing} {place}?",
        "Please {act on} {thing} before {agent} notices.",
        "You should {act on} {thing} {time}.",
    ],
    "agent": [
        "{name}", "the {person}", "a {person}", "the {quality} {person}", "my {quality} {person}", "our {person}",
    ],
    "thing": ["the {noun}", "the {quality} {noun}", "a {quality} {noun}", "that {noun}", "{number} {plural}"],
    "name": [
        "Joyce", "Victor", "Sheila", "George", "Hugo", "Martha", "Zoe", "Theo", "Beth", "Chuck", "Fiona", "Paul",
        "Naomi", "Walter", "Yusuf", "Olivia",
    ],
    "person": [
        "farmer", "teacher", "pilot", "neighbour", "judge", "baker", "child", "doctor", "sailor", "painter", "guide",
        "thief", "singer", "traveller", "tailor", "watchman",
    ],
    "quality": [
        "old", "quiet", "cheerful", "rough", "yellow", "heavy", "thin", "foolish", "bright", "young", "strange",
        "smooth", "clever", "huge", "rusty", "jolly", "gentle",
    ],
    "noun": [
        "boat", "window", "chair", "letter", "ring", "garden gate", "picture", "bridge", "wheel", "basket", "coin",
        "machine", "treasure", "shovel", "feather", "jar of honey", "loaf of bread", "kitchen table", "cup of tea",
    ],
    "plural": [
        "onions", "books", "voices", "bags of sugar", "horses", "shells", "wires", "candles", "pears", "clouds",
        "zebras", "torches", "pages", "mushrooms", "toys",
    ],
    "number": ["two", "three", "five", "seven", "eleven", "twenty", "a hundred", "several", "too many"],
    "acted on": [
        "carried", "found", "painted", "measured", "bought", "watched", "followed", "hid", "borrowed", "took away",
        "dropped", "looked for", "chose", "washed", "threw away", "forgot",
    ],
    "act on": [
        "carry", "find", "paint", "measure", "buy", "watch", "follow", "hide", "borrow", "take away", "drop",
        "look for", "choose", "wash", "throw away", "forget",
    ],
    "moved": [
        "arrived", "hurried away", "slept", "sang", "whistled", "stood up", "went home", "laughed", "turned around",
        "jumped", "wandered about", "yawned",
    ],
    "place": [
        "behind the church", "in the valley", "near the old mill", "on the roof", "under the bridge", "by the sea",
        "at the edge of the wood", "in the third room", "across the river", "beside the fire", "at the station",
        "along the beach", "above the shop",
    ],
    "time": [
        "on Thursday", "after dinner", "before the storm", "at noon", "last winter", "each afternoon", "in July",
        "a week ago", "this morning", "during the concert", "soon after dawn", "as usual",
    ],
}  # fmt: skip


def compose(count: int, seed: int) -> list[str]:
    """Return `count` different sentences; more of them begin with the same ones."""
    rng = random.Random(seed)
    sentences = {}
    while len(sentences) < count:
        sentence = re.sub(r"\ba(?= [aeiou])", "an", _expand("{sentence}", rng))
        if syllables(sentence) in SYLLABLES:
            sentences[sentence[0].upper() + sentence[1:]] = None
    return list(sentences)


def syllables(sentence: str) -> int:
    """Estimate the number of syllables: groups of vowel letters, without silent endings."""
    words = re.findall(r"[a-z]+", sentence.lower())
    return sum(max(1, len(re.findall(r"[aeiouy]+", SILENT_ENDING.sub("", word)))) for word in words)


def _expand(text: str, rng: random.Random) -> str:
    return re.sub(r"{(.*?)}", lambda part: _expand(rng.choice(GRAMMAR[part[1]]), rng), text)
