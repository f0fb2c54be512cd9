"""Labelled lines with secrets and look-alikes; the secrets are drawn anew at every run, none is written down."""

from __future__ import annotations

import base64
import random
import re
import string
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_FOLDER = Path(__file__).parent.parent / "fixtures" / "secrets"
_DRAWN = re.compile(r"‹(\w+)(?::(\d+))?›")
_SIGNS = "!@#$%^&*-_+?"
_URL = string.ascii_letters + string.digits + "-_"
_WORDS = ("Tiger", "summer", "Orange", "dragon", "River", "trader", "Falcon", "winter", "Shanghai", "coffee")


@dataclass(frozen=True, slots=True)
class Labelled:
    """A text of a file at `path`; `secrets` are what was drawn for it, empty for a look-alike.

    Every other line is `held` out: it measures what the patterns make of lines they were not tuned on.
    """

    path: str
    text: str
    bad: bool
    held: bool
    secrets: tuple[str, ...]


def read_labelled(name: str = "labelled", *, seed: str = "") -> list[Labelled]:
    """Read all lines of a file; another seed draws other secrets."""
    lines = (_FOLDER / f"{name}.tsv").read_text(encoding="utf-8").splitlines()
    rows = [line.split("\t", 2) for line in lines if line[0] != "#"]
    return [_draw(number, *row, seed=seed) for number, row in enumerate(rows)]


def _draw(number: int, label: str, path: str, template: str, *, seed: str) -> Labelled:
    source = random.Random(f"{seed}{number}{template}")
    drawn: list[str] = []

    def put(match: re.Match[str]) -> str:
        drawn.append(_KINDS[match[1]](source, int(match[2] or 0)))
        return drawn[-1]

    text = _DRAWN.sub(put, template.replace("⏎", "\n")) + "\n"
    return Labelled(path, text, label == "T", number % 2 == 1, tuple(drawn) if label == "T" else ())


def _of(letters: str, *required: str) -> Callable[[random.Random, int], str]:
    """Draw from an alphabet, with at least one of each of the required ones."""

    def draw(source: random.Random, length: int) -> str:
        chars = [source.choice(some) for some in required]
        chars += source.choices(letters, k=length - len(chars))
        source.shuffle(chars)
        return "".join(chars)

    return draw


def _hex(source: random.Random, length: int) -> str:
    return "".join(source.choices("0123456789abcdef", k=length))


def _base64(source: random.Random, size: int) -> str:
    return base64.b64encode(source.randbytes(size)).decode()


def _human(source: random.Random, _: int) -> str:
    return f"{source.choice(_WORDS)}{source.choice(_SIGNS)}{source.randrange(10, 9999)}"


def _basic(source: random.Random, _: int) -> str:
    return base64.b64encode(f"svc:{_base64(source, 9)}".encode()).decode()


def _jwt(source: random.Random, _: int) -> str:
    claims = b'{"sub":"%d","scope":"trade"}' % source.randrange(10**9)
    parts = (b'{"alg":"HS256","typ":"JWT"}', claims, source.randbytes(32))
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def _key_lines(source: random.Random, lines: int) -> str:
    return "\n".join("".join(source.choices(_URL[:62] + "+/", k=64)) for _ in range(lines))


_SMALL, _LARGE, _DIGITS = string.ascii_lowercase, string.ascii_uppercase, string.digits

_KINDS: dict[str, Callable[[random.Random, int], str]] = {
    "low": _of(_SMALL),
    "mix": _of(_SMALL + _DIGITS, _SMALL, _SMALL, _DIGITS),
    "Mix": _of(_SMALL + _LARGE + _DIGITS, _SMALL, _LARGE, _DIGITS),
    "sig": _of(_SMALL + _LARGE + _DIGITS + _SIGNS, _SMALL, _LARGE, _DIGITS, _SIGNS),
    "up": _of(_LARGE + _DIGITS, _LARGE, _DIGITS),
    "dig": _of(_DIGITS),
    "url": _of(_URL, _SMALL, _DIGITS, _DIGITS),
    "hex": _hex,
    "b64": _base64,
    "uuid": lambda source, _: str(uuid.UUID(int=source.getrandbits(128), version=4)),
    "hum": _human,
    "basic": _basic,
    "jwt": _jwt,
    "pem": _key_lines,
}
