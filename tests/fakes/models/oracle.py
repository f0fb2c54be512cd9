"""A model that knows the answers and is as good, and as bad, as it is told to be.

It finds each golden with a stated chance, mixes its drafts with wrong ones of stated kinds, falls into
stated faults, and verifies with a stated skill. Everything follows from its seed and from the seed of
the request, so that two passes of one oracle are independent and two runs are the same. It speaks over
the scripted server: the whole wire is exercised.
"""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from parsers.diff import Side
from reviewer.evaluation.dataset import Case, Golden
from tests.fakes.models.script import Asked, Script

RIGHT = "right"
# How a wrong draft is wrong. `nonsense` quotes a changed line of no golden: it looks like any right draft,
# so that only a verifier can tell. A `repeat` says again, in other words, what a right draft has said.
WRONG_KINDS = (
    "invented-quote",
    "unchanged-line",
    "unknown-path",
    "repeat",
    "hedged",
    "malformed",
    "nonsense",
)
FAULTS = ("broken-json", "endless-reasoning", "refusal")  # each once for a case, the next answer is in order
_TAG = re.compile(r"\[d\d+\]")


@dataclass(frozen=True, slots=True)
class Quality:
    """How good an oracle is; shares from 0 to 1.

    `wrong` is the share of wrong ones among all drafts, taken evenly from `kinds`. `misplaced` is the share
    of right drafts that name a wrong line beside the right quote. `faults` gives each fault's share of
    the cases. `refutes` and `doubts` are the shares of wrong and of right drafts that the verifier refutes
    and is unsure of; the rest it confirms.
    """

    recall: float
    wrong: float = 0.0
    kinds: tuple[str, ...] = WRONG_KINDS
    misplaced: float = 0.0
    faults: Mapping[str, float] = field(default_factory=dict)
    refutes: float = 1.0
    doubts: float = 0.0


@dataclass(frozen=True, slots=True)
class Said:
    """A draft as the oracle wrote it; `shown` is the line that a prompt must show for it to be said."""

    tag: str
    kind: str
    case: str
    item: Mapping[str, Any]
    shown: str
    golden: Golden | None = None

    @property
    def right(self) -> bool:
        return self.kind == RIGHT


def tag_of(text: str) -> str:
    """Return the tag that every draft carries in its title, empty if there is none."""
    found = _TAG.search(text)
    return found[0] if found else ""


class Oracle:
    """Plays one model of a script; `said` holds every draft that went over the wire, by its tag."""

    def __init__(self, cases: Iterable[Case], quality: Quality, *, seed: int = 1) -> None:
        self.said: dict[str, Said] = {}
        self._cases = {case.title: case for case in cases}
        self._quality = quality
        self._seed = seed
        self._drafts: dict[tuple[str, int], list[Said]] = {}
        self._fallen: set[tuple[str, str]] = set()
        self._written = 0

    def play(self, script: Script, model: str | None = None) -> None:
        """Write the rules of a script: faults first, then verification, summary, listing, prose."""

        def falls(fault: str) -> Any:
            return lambda asked: self._falls(fault, asked)

        script.when(model=model, matches=falls("endless-reasoning")).reason_endlessly()
        script.when(model=model, matches=falls("refusal")).reply("I am sorry, I cannot help with that.")
        script.when(model=model, matches=falls("broken-json")).reply('{"findings": [{"path": "a", "quote": ')
        script.when(model=model, contains='"verdict"').reply(self._verify)
        script.when(model=model, contains='"overview"').reply(
            {"overview": "Changes one file.", "risk": "low", "files_first": [], "missing_tests": []}
        )
        script.when(model=model, schema=True).reply(lambda asked: {"findings": self._items(asked)})
        script.when(model=model).reply(self._tell)

    # --- what is said ---------------------------------------------------------------------------------

    def _tell(self, asked: Asked) -> Any:
        items = self._items(asked)
        if '"findings"' in asked.prompt:  # asked for JSON at once, or again after JSON that was broken
            return {"findings": items}
        return "\n".join(str(item.get("title")) for item in items) or "NOTHING TO REPORT"

    def _items(self, asked: Asked) -> list[Mapping[str, Any]]:
        case = self._case(asked)
        if case is None:
            return []
        code = asked.messages[1 if asked.messages[0]["role"] == "system" else 0]["content"]
        shown = [said for said in self._plan(case, _seed_of(asked)) if said.shown in code]
        self.said |= {said.tag: said for said in shown}
        return [said.item for said in shown]

    def _verify(self, asked: Asked) -> dict[str, str]:
        said = self.said[tag_of(asked.prompt)]
        chance = random.Random(f"{self._seed} verify {said.tag} {said.case}")
        if not said.right and chance.random() < self._quality.refutes:
            verdict = "refuted"
        else:
            verdict = "unsure" if said.right and chance.random() < self._quality.doubts else "confirmed"
        return {"verdict": verdict, "quote": said.shown, "reason": f"The oracle knows {said.kind}."}

    def _case(self, asked: Asked) -> Case | None:
        found = re.search(r"^title: (.*)$", asked.prompt, re.MULTILINE)
        return self._cases.get(found[1]) if found else None

    def _falls(self, fault: str, asked: Asked) -> bool:
        """Say whether this answer is to go wrong: broken JSON when listing, the others when writing freely."""
        case = self._case(asked)
        if (
            case is None
            or (asked.schema is not None) is not (fault == "broken-json")
            or '"overview"' in asked.prompt
        ):
            return False
        chance = random.Random(f"{self._seed} {fault} {case.id}").random()
        if chance >= self._quality.faults.get(fault, 0.0) or (fault, case.id) in self._fallen:
            return False
        self._fallen.add((fault, case.id))
        return True

    # --- what there is to say -------------------------------------------------------------------------

    def _plan(self, case: Case, seed: int) -> list[Said]:
        key = (case.id, seed)
        if key not in self._drafts:
            chance = random.Random(f"{self._seed} {seed} {case.id}")
            right = [self._right(case, golden, chance) for golden in case.findings if self._finds(chance)]
            self._drafts[key] = [*right, *self._wrongs(case, right, chance)]
        return self._drafts[key]

    def _finds(self, chance: random.Random) -> bool:
        return chance.random() < self._quality.recall

    def _right(self, case: Case, golden: Golden, chance: random.Random) -> Said:
        lines = _lines(case, golden.side)
        assert golden.start_line is not None
        assert golden.end_line is not None
        quoted = lines[golden.start_line - 1 : golden.end_line]
        shift = 7 if chance.random() < self._quality.misplaced else 0
        item = self._item(case, quoted, golden.start_line + shift, golden.text, str(golden.category))
        return self._say(RIGHT, case, {**item, "side": golden.side.value}, quoted[0].strip(), golden)

    def _wrongs(self, case: Case, right: list[Said], chance: random.Random) -> Iterator[Said]:
        quality = self._quality
        goldens = sum(len(each.findings) for each in self._cases.values())
        rate = quality.recall * goldens / len(self._cases) * quality.wrong / (1 - quality.wrong)
        for _ in range(int(rate) + (chance.random() < rate % 1)):
            kinds = [kind for kind in quality.kinds if kind != "repeat" or right]
            yield self._wrong(chance.choice(kinds), case, right, chance)

    def _wrong(self, kind: str, case: Case, right: list[Said], chance: random.Random) -> Said:
        new, old = _lines(case, Side.NEW), set(_lines(case, Side.OLD))
        labelled = {
            line.strip() for golden in case.findings for line in _lines(case, golden.side)[_span(golden)]
        }
        changed = [at for at, line in enumerate(new) if line not in old and len(line.strip()) > 8]
        fresh = [at for at in changed if new[at].strip() not in labelled] or changed
        kept = [
            at
            for at, line in enumerate(new)
            if line in old and new.count(line) == 1 and len(line.strip()) > 8
        ]
        at = chance.choice(kept if kind == "unchanged-line" else fresh)
        item = self._item(case, [new[at]], at + 1, f"This {chance.choice(_FEARS)}.", "correctness")
        if kind == "invented-quote":
            item |= {
                "quote": "reserve(amount, Clock.frozen(), unchecked)",
                "start_line": 9999,
                "end_line": 9999,
            }
        elif kind == "unknown-path":
            item |= {"path": f"lib/imagined/{at}.txt"}
        elif kind == "hedged":
            item |= {"confidence": "low"}
        elif kind == "malformed":
            item |= {"severity": "catastrophic"}
        elif kind == "repeat":
            first = right[0]
            item = {
                **first.item,
                "message": f"Again: {first.item['message']}",
                "title": self._title("Once more"),
            }
            return self._say(kind, case, item, first.shown)
        return self._say(kind, case, item, new[at].strip())

    def _item(self, case: Case, quoted: list[str], line: int, text: str, category: str) -> dict[str, Any]:
        return {
            "path": case.files[0].path, "quote": "\n".join(quoted), "side": "new", "start_line": line,
            "end_line": line + len(quoted) - 1, "severity": "high", "category": category,
            "title": self._title(" ".join(text.split()[:8])), "message": text, "confidence": "high",
            "replacement": None,
        }  # fmt: skip

    def _title(self, text: str) -> str:
        self._written += 1
        return f"{text} [d{self._written}]"

    def _say(
        self, kind: str, case: Case, item: Mapping[str, Any], shown: str, golden: Golden | None = None
    ) -> Said:
        return Said(tag_of(str(item["title"])), kind, case.id, item, shown, golden)


_FEARS = ("may be null at midnight", "leaks when the market closes", "is slow on Mondays", "loses a bit")


def _span(golden: Golden) -> slice:
    return slice((golden.start_line or 1) - 1, golden.end_line or 0)


def _lines(case: Case, side: Side) -> list[str]:
    file = case.files[0]
    return ((file.new if side is Side.NEW else file.old) or "").split("\n")


def _seed_of(asked: Asked) -> int:
    options = asked.body.get("options") or asked.body
    return int(options.get("seed") or 0)
