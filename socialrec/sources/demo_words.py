"""Words of the demo world: categories, styles and aspects, and the English texts made from them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

NOUNS: dict[str, tuple[str, ...]] = {
    "lighting": ("floor lamp", "desk lamp", "pendant light", "lantern", "wall sconce", "reading lamp", "string lights"),
    "furniture": ("armchair", "bookshelf", "coffee table", "side table", "dining bench", "dresser", "bar stool"),
    "kitchen": ("chef knife", "cast iron pan", "teapot", "mixing bowl", "coffee grinder", "baking dish", "saucepan"),
    "garden": ("watering can", "planter", "pruning shears", "bird feeder", "garden trowel", "hammock", "seed box"),
    "audio": ("headphones", "bookshelf speaker", "turntable", "soundbar", "portable radio", "earbuds", "amplifier"),
    "cycling": ("bike helmet", "saddle bag", "bell", "cycling jersey", "pannier", "bike pump", "handlebar tape"),
    "camping": ("sleeping bag", "two-person tent", "camp stove", "head torch", "water filter", "folding chair", "tarp"),
    "clothing": ("wool sweater", "linen shirt", "rain jacket", "scarf", "denim jacket", "cardigan", "chinos"),
    "books": (
        "crime novel",
        "poetry collection",
        "travel atlas",
        "cookbook",
        "photo book",
        "biography",
        "short stories",
    ),
    "games": ("board game", "card game", "jigsaw puzzle", "chess set", "dice game", "strategy game", "word game"),
    "beauty": ("face cream", "hand soap", "beard oil", "shampoo bar", "lip balm", "bath salts", "perfume"),
    "pets": ("dog bed", "cat tree", "leash", "food bowl", "scratching post", "chew toy", "travel carrier"),
}
CATEGORIES = tuple(NOUNS)


@dataclass(frozen=True)
class Style:
    """Style of products: their look, and the words of users who like it."""

    adjectives: tuple[str, ...]
    materials: tuple[str, ...]
    promise: str
    lovers: str


STYLE_WORDS: dict[str, Style] = {
    "minimal": Style(
        ("minimal", "plain", "understated", "clean-lined"), ("white ash", "matte steel", "undyed cotton"),
        "Nothing to distract: calm lines, quiet colours and no ornament", "calm and uncluttered",
    ),
    "vintage": Style(
        ("vintage", "retro", "antique-style", "nostalgic"), ("aged brass", "walnut", "worn leather"),
        "Made after models of the fifties, with a patina that tells a story", "old-fashioned and full of history",
    ),
    "rugged": Style(
        ("rugged", "heavy-duty", "weatherproof", "robust"), ("waxed canvas", "stainless steel", "hard rubber"),
        "Built for mud, rain and years of hard use outdoors", "tough and made for the outdoors",
    ),
    "playful": Style(
        ("playful", "colourful", "quirky", "cheerful"), ("bright enamel", "printed felt", "rainbow plastic"),
        "Bright colours and a wink that makes guests smile", "bright, funny and a little silly",
    ),
    "luxury": Style(
        ("luxurious", "exclusive", "handcrafted", "elegant"), ("polished marble", "silk", "gold-plated metal"),
        "Finished by hand for those who want the finest there is", "elegant and exquisitely finished",
    ),
    "eco": Style(
        ("sustainable", "organic", "recycled", "plant-based"), ("bamboo", "organic hemp", "reclaimed wood"),
        "Fairly made from renewable materials and free of plastic", "sustainable and kind to the planet",
    ),
}  # fmt: skip
STYLES = tuple(STYLE_WORDS)

BRANDS = (
    "Alder & Finch", "Brightwater", "Cobalt Lane", "Dunmore", "Everby", "Foxglove", "Greystone", "Hollis", "Ironbark",
    "Juniper Row", "Kestrel", "Larkhill", "Marlow", "Northfold", "Oakhurst", "Pembry", "Quillon", "Ravensea",
)  # fmt: skip

SENTIMENTS = ("positive", "neutral", "negative")
ASPECT_WORDS: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "price": (
        ("the price is more than fair", "great value for the money", "a bargain at this price"),
        ("the price is about what others ask", "it costs what such things cost"),
        ("far too expensive for what it is", "the price is a joke", "not worth the money"),
    ),
    "quality": (
        ("the quality is excellent", "the workmanship is superb", "it feels solid and well made"),
        ("the quality is average", "the workmanship is neither good nor bad"),
        ("the quality is terrible", "it feels cheap and flimsy", "poor workmanship all over"),
    ),
    "size": (
        ("the size is perfect", "it fits exactly where I wanted it"),
        ("the size is as stated", "it measures what the page says"),
        ("it is much too small", "the size is all wrong for me", "bigger than stated and useless to me"),
    ),
    "delivery": (
        ("delivery was quick and the parcel arrived in perfect shape", "it came a day early, beautifully packed"),
        ("delivery took the usual three days", "the parcel came on the day it was due"),
        ("delivery took weeks", "it arrived broken in a torn box", "the courier lost it twice"),
    ),
    "design": (
        ("the design is gorgeous", "it looks wonderful in real life"),
        ("the design is as pictured", "it looks like the photos"),
        ("the design is ugly up close", "it looks awful next to the photos"),
    ),
    "service": (
        ("customer service was friendly and helped at once", "support answered within minutes"),
        ("I wrote to support and got a standard answer", "service was neither fast nor slow"),
        ("customer service never answered", "support was rude and useless"),
    ),
    "durability": (
        ("after weeks of daily use it is like new", "it will clearly last for years"),
        ("no signs of wear so far, but it is early days", "it holds up as expected"),
        ("it fell apart after a week", "it broke on the second day"),
    ),
    "comfort": (
        ("it is a joy to use every day", "so comfortable that I never want to stop"),
        ("using it takes some getting used to", "comfort is acceptable"),
        ("it is awkward and uncomfortable", "using it hurts"),
    ),
}
"""Phrases by aspect: positive, neutral and negative."""
ASPECTS = tuple(ASPECT_WORDS)

_OPENINGS = (
    ("I love this {noun}", "Delighted with the {noun}", "What a find, this {noun}", "Very happy with my {noun}"),
    ("I have had the {noun} for a while", "Bought this {noun} last week", "The {noun} is okay"),
    ("I regret this {noun}", "Disappointed by the {noun}", "Sadly this {noun} is going back", "Avoid this {noun}"),
)
_TASTES = (
    (
        "It suits my love of things that are {lovers}", "Perfect for anyone who likes {style} {category}",
        "Just the {adjective} look I am after", "My {style} {category} collection needed exactly this",
    ),
    ("I usually buy {style} {category}", "I compare it with other {style} things I own"),
    (
        "Not for people who like it {lovers}", "I wanted something more {adjective}",
        "It does not go with my {style} things", "I will look for better {style} {category}",
    ),
)  # fmt: skip
_CLOSINGS = (
    ("Would buy again.", "Recommended!", "Five stars from me.", "My friends want one too.", ""),
    ("We will see.", "Your mileage may vary.", ""),
    ("Never again.", "I want my money back.", "Stay away.", ""),
)
_REPLIES = (
    ("Thanks for the tip", "I agree with you", "So glad you like it too", "Same here"),
    ("Good question", "I was wondering about that as well", "It depends"),
    ("I see it differently", "I had the opposite luck", "Sorry, but I do not agree"),
)


def pick(rng: np.random.Generator, words: tuple[str, ...]) -> str:
    """Pick one of the words."""
    return words[int(rng.random() * len(words))]


def product_words(rng: np.random.Generator, category: str, style: str) -> tuple[str, str, str]:
    """Make noun, title and description of a product, with words for its category, style and material."""
    look = STYLE_WORDS[style]
    noun, adjective, material = pick(rng, NOUNS[category]), pick(rng, look.adjectives), pick(rng, look.materials)
    other = pick(rng, tuple(word for word in look.adjectives if word != adjective))
    title = f"{adjective.capitalize()} {material} {noun}"
    description = f"A {other} {noun} in {material} for everyone who loves {category}. {look.promise}."
    return noun, title, description


def comment_words(
    rng: np.random.Generator, *, sentiment: int, aspect: str, noun: str, category: str, style: str, is_reply: bool
) -> str:
    """Make a comment that carries a sentiment (index into SENTIMENTS), an aspect and the style that its writer
    likes.
    """
    look = STYLE_WORDS[style]
    said = pick(rng, ASPECT_WORDS[aspect][sentiment])
    taste = pick(rng, _TASTES[sentiment]).format(
        lovers=look.lovers, style=style, category=category, adjective=pick(rng, look.adjectives)
    )
    opening = pick(rng, (_REPLIES if is_reply else _OPENINGS)[sentiment]).format(noun=noun)
    return f"{opening}: {said}. {taste}. {pick(rng, _CLOSINGS[sentiment])}".strip()
