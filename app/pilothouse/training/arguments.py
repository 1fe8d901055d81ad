"""Parameters of a script that was never changed: read from the words that it is started with."""

from __future__ import annotations

from collections.abc import Sequence

_PROGRAMS = (".py", ".r", ".jl", ".sh", ".ipynb")
_LONGEST = 500


def read_arguments(argv: Sequence[str]) -> dict[str, str]:
    """Return what the words behind a script say: `--flag value`, `--flag=value`, `--flag` and `key=value`.

    A flag with several values has them all, a bare one is "true", the last of several alike counts. What
    stands before the script (the interpreter and its own flags) is no parameter; without a script in
    it, the first word is the program.
    """
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


def _number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True
