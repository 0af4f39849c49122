"""What the two voices of a sample dialogue say: small talk with made-up particulars, other ones for another seed."""

from __future__ import annotations

import numpy as np

NAMES = (
    "Robert",
    "Amina",
    "Lucia",
    "Henrik",
    "Priya",
    "Thomas",
    "Mei",
    "Carlos",
    "Ingrid",
    "Samuel",
    "Nadia",
    "Oliver",
)
THINGS = ("the blue suitcase", "my train ticket", "the kitchen lamp", "a library card", "the winter tyres",
          "my glasses", "the garden chairs", "a bicycle helmet", "the second invoice", "our hotel room",
          "the broken heater", "a phone charger", "the piano lesson", "the museum tour", "a birthday cake",
          "my parking permit")  # fmt: skip
PLACES = ("the station", "the north entrance", "the market square", "the second floor", "the harbour", "the old bridge",
          "the reception desk", "the bus stop", "the school gate", "the town hall")  # fmt: skip
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday", "next week", "tomorrow morning")
NUMBERS = (
    "seven",
    "eleven",
    "fourteen",
    "twenty two",
    "thirty",
    "forty five",
    "sixty",
    "ninety one",
    "a hundred and ten",
)
REASONS = ("it was raining all day", "the road was closed", "nobody answered the phone", "I had the wrong address",
           "the office closes early", "my sister borrowed it", "the website was down",
           "we moved last month")  # fmt: skip

QUESTIONS = (
    "Good morning, this is {name}. I am calling about {thing}.",
    "Hello, could you tell me where I can find {thing}?",
    "Do you know whether {place} is open on {day}?",
    "How much would it cost to send {thing} to {place}?",
    "I left {thing} near {place}. Has anybody seen it?",
    "Can we meet at {place} on {day}, at about {number} minutes past nine?",
    "Is there any news about {thing}? You promised to call me back.",
    "What happens if I cannot come on {day}?",
)
ANSWERS = (
    "Let me have a look. Yes, {thing} should be ready by {day}.",
    "I am sorry about that. There was a delay because {reason}.",
    "That would be {number} in total, and you can pay at {place}.",
    "Somebody called {name} brought it to {place} on {day}.",
    "No problem at all. I will write it down for {name}.",
    "We have {number} left, so you should come before {day}.",
    "You need to ask for {name} at {place}. She knows everything about {thing}.",
    "It usually takes {number} days, sometimes longer when {reason}.",
    "I understand. Would {day} be better for you?",
)
ASIDES = (
    "That is fine.", "Thank you very much.", "Oh, I see.", "One moment please.", "Really? What a surprise.",
    "All right then.", "Yes, exactly.", "I did not know that.", "Well, that is good to hear.",
    "Could you say that again?",
)  # fmt: skip


def write_lines(rng: np.random.Generator, characters: int) -> list[str]:
    """What is said, turn by turn, until it has so many characters: questions and answers of one to three sentences."""
    lines: list[str] = []
    while sum(map(len, lines)) < characters:
        lines.append(_line(rng, ANSWERS if len(lines) % 2 else QUESTIONS))
    return lines


def _line(rng: np.random.Generator, kinds: tuple[str, ...]) -> str:
    shape = rng.random()
    if shape < 0.12:
        return _pick(rng, ASIDES)
    parts = [_fill(rng, _pick(rng, kinds))]
    if shape < 0.45:
        parts.insert(0, _pick(rng, ASIDES))
    elif shape > 0.8:
        parts.append(_fill(rng, _pick(rng, kinds)))
    return " ".join(parts)


def _fill(rng: np.random.Generator, sentence: str) -> str:
    slots = {
        "name": NAMES, "thing": THINGS, "place": PLACES, "day": DAYS, "number": NUMBERS, "reason": REASONS,
    }  # fmt: skip
    return sentence.format(**{slot: _pick(rng, words) for slot, words in slots.items()})


def _pick(rng: np.random.Generator, choices: tuple[str, ...]) -> str:
    return choices[int(rng.integers(len(choices)))]
