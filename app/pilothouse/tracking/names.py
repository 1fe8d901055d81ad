"""Ids and names of runs."""

from __future__ import annotations

import os

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_ADJECTIVES = (
    "able amber bold brave bright brisk calm clear clever coral crisp deep eager early even fair fleet "
    "fond free fresh gentle glad golden grand green happy hardy keen kind light lively lucky mellow "
    "merry mild misty neat noble odd plain proud quick quiet rapid ready rustic sharp shy silver slow "
    "smooth snug solid spry steady still sunny swift tidy true warm wide wise young"
).split()
_ANIMALS = (
    "auk badger beaver bittern bream carp cod crab crane curlew dolphin dove duck eel egret eider "
    "falcon finch fox gannet goose grebe gull hare hawk heron ibis jay kestrel kite lark linnet lobster "
    "lynx marten merlin mole moose mullet newt orca osprey otter owl perch petrel pike plaice plover "
    "puffin quail rail raven ray robin salmon seal shrew skate skua snipe stoat stork swan teal tern "
    "trout vole walrus whale wren"
).split()


def new_run_id() -> str:
    """Return 12 random letters and digits; the first few are enough to name a run."""
    return "".join(_ALPHABET[byte % 32] for byte in os.urandom(12))


def may_be_in_run_id(word: str) -> bool:
    """Tell whether a word in small letters can be a part of any run's id."""
    return len(word) <= 12 and not word.strip(_ALPHABET)


def is_run_id(word: str) -> bool:
    """Tell whether a word is a whole run id."""
    return len(word) == 12 and not word.strip(_ALPHABET)


def run_id_of(source: str) -> str:
    """Return the id that a run from elsewhere gets: always the same for the same source."""
    # Only an import needs it, and it costs a script that logs more than the rest of this module.
    import hashlib

    return "".join(_ALPHABET[byte % 32] for byte in hashlib.sha256(source.encode()).digest()[:12])


def new_run_name() -> str:
    """Return two words that a person can say and remember."""
    first, second = (int.from_bytes(os.urandom(4), "big") for _ in range(2))
    return f"{_ADJECTIVES[first % len(_ADJECTIVES)]}-{_ANIMALS[second % len(_ANIMALS)]}"
