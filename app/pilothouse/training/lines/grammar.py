"""One line of a script's output: what it measures, and where in the training it stands."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field

from pilothouse.training.lines.dicts import read_dict
from pilothouse.training.lines.words import judge_name, measures

_MOST_ITEMS = 200

_FLOAT = r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_PLAIN = rf"(?:{_FLOAT}|[+-]?(?i:nan|inf|infinity))"
# 3,456.78 says itself what its comma is; 3,456 may be a little more than three, and so it is not read.
_GROUPED = r"[+-]?[0-9]{1,3}(?:(?:,[0-9]{3})+\.[0-9]*|(?:,[0-9]{3}){2,}|(?:_[0-9]{3})+(?:\.[0-9]*)?)"
_NUMBER = rf"(?:{_GROUPED}|{_PLAIN})"
_END = r"(?=\.?(?:[\s,;|\])±]|\+/-|\+-|$))"
_WORD = r"[^\W\d][\w./@²-]{0,99}+"
_UNIT = (
    r"(?i:(?:it|samples?|steps?|batch(?:es)?|epochs?|rows?|tokens?|tok|img|images|ex|examples)/s(?:ec)?"
    r"|(?:s|sec|secs|seconds?|ms|us|µs|μs|ns|min|mins|minutes?|m|h|hours?)"
    r"(?:/(?:it|step|epoch|sample|batch|iter|iteration))?"
    r"|[kmgt]i?b?|bytes)"
)
_AMOUNT = rf"(?:[0-9]+(?::[0-9]{{2}}){{1,2}}(?:\.[0-9]+)?|{_FLOAT}\s?{_UNIT})"

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x08+")
# What NumPy, PyTorch and others put around a number.
_WRAPPED = re.compile(
    rf"\b(?:(?:np|numpy|jnp|torch|tf)\.\w{{1,20}}|tensor|array|Array)\(\s*({_PLAIN})\s*(?:,[^()]{{0,100}})?\)"
)
_STAMP = (
    r"\[?(?:[0-9]{4}[-/][0-9]{2}[-/][0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2})?(?:[.,][0-9]+)?"
    r"(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?|[0-9]{2}:[0-9]{2}:[0-9]{2}(?:[.,][0-9]+)?)\]?(?=[\s\]\[|,:-])"
)
_LEVEL = (
    r"\[?(?:(?i:trace|debug|info|notice|warn|warning|critical|fatal)|ERROR|Error|SUCCESS)\]?"
    r"(?![\w./@-])(?!\s*=)"
)
_BEFORE = re.compile(
    rf"\s*(?:{_STAMP}[\s|,:-]*)?"
    rf"(?:(?:\[[A-Za-z_][\w.]*\]\s*|[A-Za-z_][\w.]*\s*[-|:]\s*|[A-Za-z_][\w.]*\s+)?"
    rf"{_LEVEL}(?::[\w.]+:(?!\s*[-+.0-9]))?[\s|:-]*"
    r"(?:\[?[\w.]+:(?:[\w<>.]+:)?[0-9]+\]?\s*[-:|]?\s+(?=\S))?)?"
)
_BETWEEN = re.compile(rf"(?:[\s,;|)\]*✓✔]|\[(?![=>#.])|\((?!\s*{_FLOAT}\s*%?\s*\))|-+(?=\s)|:(?=\s))*")
_BAR = re.compile(r"[0-9]{1,3}%\|[^|]*\||\[[=>.#\s-]{2,}\]|[━╸╺╍─█▉▊▋▌▍▎▏░▒▓]+")
_SPENT = re.compile(
    rf"(?:(?:in|took|time|{_WORD})\s*[:=]?\s*)?{_AMOUNT}(?:[<\s]+{_AMOUNT})*{_END}"
    rf"|(?i:time|data|batch_time|data_time)\s+{_FLOAT}{_END}"
    rf"|(?:±|\+/-|\+-)\s*{_FLOAT}%?{_END}|\(\s*{_FLOAT}\s*%?\s*\)|\?it/s"
    r"|[0-9]+ (?:trees?|leaves)\b|max depth = [0-9]+"
)
_OF = r"(?:\s*(?:/|\bof\b)\s*([0-9]{1,15}))?"
_COUNTED = re.compile(
    r"(?i:(epochs?|ep|episode|round|fold)|(steps?|global[_ ]step|iter|iteration|itr|batch|update))"
    rf"(?![\w./@-])\s*[:=#]?\s*[\[(]?\s*([0-9]{{1,15}}(?:\.[0-9]*)?){_OF}(?![\w%]|\.[0-9])\s*[\])]?"
)
_SHARE = re.compile(r"([0-9]{1,15})\s*/\s*([0-9]{1,15})(?![\w./%])")
_INDEX = re.compile(r"\[\s*([0-9]{1,15})(?:,\s*([0-9]{1,15}))?\s*\]|([0-9]{1,15}):(?=\s)")
_NAME = rf"{_WORD}(?:'s)?(?:[ ]{_WORD}(?:'s)?){{0,3}}?(?:\s?\([A-Za-z]{{1,20}}\))?"
_VALUE = rf"[$€£¥]?({_NUMBER})(?:\s?(%)(?!\|)|/([0-9]{{1,15}}))?{_END}"
_PAIR = re.compile(rf"({_NAME})\s*([:=])(\s*){_VALUE}")
_SCALED_PAIR = re.compile(rf"({_NAME})\s*([:=])\s*({_FLOAT})([kKM]){_END}")
_SPEEDS = ("/s", "/sec", "/second")
_SCALES = {"k": 1e3, "K": 1e3, "M": 1e6}
_BLANK_PAIR = re.compile(rf"({_WORD}(?:[ ]{_WORD}){{0,2}}?)\s+{_VALUE}")
_LABEL = re.compile(
    r"(?i:(train(?:ing)?|test(?:ing)?|val(?:id(?:ation)?)?|eval(?:uation)?|dev|holdout)"
    r"|final|results?|metrics|scores?)"
    r"(?i:\s+(set|data|results?|metrics|scores?))?(?=\s*[:|\]>{)-]|\s+(?i:epoch)\b)"
)


@dataclass(frozen=True, slots=True)
class Said:
    """What a line says.

    Attributes:
        pairs: metrics by name; none where the line only tells how far the training is.
        epoch: the number of an epoch, a round or `[n]`; it need not be whole.
        step: the number of a step within it, or of a share such as 10/391.
        of: what the step is a share of.
    """

    pairs: dict[str, float] = field(default_factory=dict)
    epoch: float | None = None
    step: float | None = None
    of: int | None = None


class _Line:
    """One line while it is read."""

    def __init__(self, text: str, at: int) -> None:
        self.text = text
        self.at = at
        self.pairs: dict[str, float] = {}
        self.epoch: float | None = None
        self.step: float | None = None
        self.of: int | None = None
        self.counted = False  # a word such as `epoch` says so
        self.label = ""

    def take(self, item: re.Pattern[str]) -> re.Match[str] | None:
        found = item.match(self.text, self.at)
        if found is not None:
            self.at = found.end()
        return found

    def keep(self, name: str, value: float) -> None:
        self.pairs[f"{self.label}_{name}" if self.label else name] = value


def read_line(text: str) -> Said | None:
    """Read a line that tells metrics or how far a training is, and nothing else; None for any other.

    A repeated name keeps its last value.
    """
    if "\x1b" in text or "\x08" in text:
        text = _ESCAPES.sub("", text)
    if "^2" in text:
        text = text.replace("R^2", "R2").replace("r^2", "r2")
    if "(" in text:
        text = _WRAPPED.sub(r"\1", text)
    before = _BEFORE.match(text)
    line = _Line(text, before.end() if before else 0)
    length = len(text.rstrip())
    _index(line)
    for _ in range(_MOST_ITEMS):
        line.take(_BETWEEN)
        if line.at >= length or line.text[line.at :].strip(" .") == "":
            break
        for item in _WORDS if text[line.at].isalpha() or text[line.at] == "_" else _SIGNS:
            if item(line):
                break
        else:
            return None
    else:
        return None
    if not line.pairs and not line.counted:
        return None
    return Said(line.pairs, line.epoch, line.step, line.of)


def _index(line: _Line) -> None:
    """What a line begins with may be a number of its step: `[0]`, `[1, 2000]`, `0:`."""
    if (found := line.take(_INDEX)) is not None:
        line.epoch = float(found[1] or found[3])
        if found[2]:
            line.step = float(found[2])


def _counted(line: _Line) -> bool:
    found = line.take(_COUNTED)
    if found is None:
        return False
    line.counted = True
    if found[1]:
        line.epoch = float(found[3])
    else:
        line.step, line.of = float(found[3]), int(found[4]) if found[4] else None
    return True


def _share(line: _Line) -> bool:
    found = line.take(_SHARE)
    if found is None or line.step is not None:
        return found is not None
    line.step, line.of = float(found[1]), int(found[2])
    return True


def _bar(line: _Line) -> bool:
    return line.take(_BAR) is not None


def _spent(line: _Line) -> bool:
    return line.take(_SPENT) is not None


def _scaled(line: _Line) -> bool:
    """A metric or a speed in thousands or millions; what else is said so is an amount of something."""
    at = line.at
    if (found := line.take(_SCALED_PAIR)) is not None:
        words = tuple(found[1].split())
        if measures(words[-1:]) or (len(words) == 1 and words[0].endswith(_SPEEDS)):
            value = float(found[3]) * _SCALES[found[4]]
            if _keep(line, words, found[2], False, False, value, None):
                return True
    line.at = at
    return False


def _pair(line: _Line) -> bool:
    at = line.at
    if (found := line.take(_PAIR)) is not None:
        words, value = tuple(found[1].replace("(", "").replace(")", "").split()), _value(found, 4)
        whole = found[4].lstrip("+-").isdigit() and not found[5]
        listed = "," in found[4] and "." not in found[4]  # 128,256,512 may be three numbers
        fits = not listed or measures(words)
        if fits and _keep(line, words, found[2], not found[3] and whole, whole, value, found[6]):
            return True
    line.at = at
    if (found := line.take(_BLANK_PAIR)) is not None:
        value = _value(found, 2)
        # `Error 404` and `score 3` are prose; `loss 0.5` is none, nor is anything after `epoch 3`.
        clear = not found[2].isdigit() or found[3] or line.counted or line.epoch is not None
        if clear and _keep(line, tuple(found[1].split()), "", False, False, value, found[4]):
            return True
    line.at = at
    return False


def _value(found: re.Match[str], group: int) -> float:
    value = float(found[group].replace(",", ""))
    if found[group + 1]:
        return value / 100
    if found[group + 2]:
        return value / float(found[group + 2]) if float(found[group + 2]) else math.nan
    return value


def _keep(
    line: _Line, words: tuple[str, ...], joint: str, tight: bool, whole: bool, value: float, share: str | None
) -> bool:
    name = "_".join(words).replace("'s", "")
    if name.endswith("..."):
        name = name.rstrip(".")  # dots that lead to the number
    small = name.lower()
    if small in ("epoch", "step", "global_step", "iteration", "iter"):
        # What is no count does not count.
        if math.isfinite(value) and abs(value) < 2**53:
            if small == "epoch":
                line.epoch = value
            else:
                line.step = value
        line.counted = True
        return True
    verdict = judge_name(words, joint, tight, whole or bool(share))
    if verdict and not (share and not measures(words)):
        line.keep(name, value)
        return True
    return verdict is None


def _dict(line: _Line) -> bool:
    if line.text[line.at] != "{":
        return False
    found = read_dict(line.text[line.at :])
    if found is None:
        return False
    values, epoch, step = found
    if not values and epoch is None and step is None:
        return False
    line.at = len(line.text)
    line.counted = True
    line.epoch = line.epoch if epoch is None else epoch
    line.step = line.step if step is None else step
    for name, value in values.items():
        line.keep(name, value)
    return True


def _label(line: _Line) -> bool:
    if line.label or line.pairs:
        return False
    found = line.take(_LABEL)
    if found is None:
        return False
    if found[1]:
        line.label = f"{found[1]}_{found[2]}" if found[2] in ("set", "data") else found[1]
    return True


_WORDS: tuple[Callable[[_Line], bool], ...] = (_counted, _scaled, _spent, _pair, _label)
_SIGNS: tuple[Callable[[_Line], bool], ...] = (_share, _dict, _bar, _spent)
