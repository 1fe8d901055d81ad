"""Parameters of a script that was never changed: read from the words that it is started with."""

from __future__ import annotations

import re
from collections.abc import Sequence

# What takes a program in a word of its own, and behind which flag: `python -c CODE`, `bash -lc LINE`.
_INLINE = {
    **dict.fromkeys("python pypy sh bash zsh dash ksh fish".split(), re.compile(r"-[A-Za-z]*c")),
    **dict.fromkeys("r rscript julia perl ruby node".split(), re.compile(r"-[A-Za-z]*[eE]|--eval|--print")),
}
_PROGRAM = re.compile(r"(?i)(?:.*[/\\])?([a-z]+)[\d.]*(?:\.exe)?")
_VALUED = ("-W", "-X", "-o", "+o")  # flags of these programs with a word behind them
_PROGRAMS = (".py", ".r", ".jl", ".sh", ".ipynb")
_LONGEST = 500


def read_arguments(argv: Sequence[str]) -> dict[str, str]:
    """Return what the words behind a script say: `--flag value`, `--flag=value`, `--flag` and `key=value`.

    A flag with several values has them all, a bare one is "true", the last of several alike counts. What
    stands before the script (the interpreter and its own flags) is no parameter, and neither is a program
    that is given in a word, as behind `python -c`; without a script the first word is the program.
    """
    script = _inline(argv)
    if script is None:
        script = next((n for n, word in enumerate(argv) if word.lower().endswith(_PROGRAMS)), None)
    if script is None:
        script = next((n + 1 for n, word in enumerate(argv[:-1]) if word == "-m"), 0)
    found: dict[str, list[str]] = {}
    name = ""
    for word in argv[script + 1 :]:
        if word == "--":
            break
        if word.startswith("-") and not _number(word):
            flag, joined, value = word.lstrip("-").partition("=")
            name = "" if joined else flag
            if flag:
                found[flag] = [value] if joined else []
        elif name:
            found[name].append(word)
        else:
            key, joined, value = word.partition("=")
            if joined and key.replace(".", "").replace("_", "").replace("-", "").isalnum():
                found[key] = [value]
    return {key: (" ".join(values) if values else "true")[:_LONGEST] for key, values in found.items()}


def _inline(argv: Sequence[str]) -> int | None:
    """Where a program stands that is given in a word of its own; None if there is none."""
    for n, word in enumerate(argv):
        name = _PROGRAM.fullmatch(word)
        flag = _INLINE.get(name[1].lower()) if name else None
        if flag is None:
            continue
        for at in range(n + 1, len(argv) - 1):
            if flag.fullmatch(argv[at]):
                return at + 1
            if not argv[at].startswith("-") and argv[at - 1] not in _VALUED:
                break  # the script, whose own flags follow
        return None
    return None


def _number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
