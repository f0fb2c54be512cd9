"""`python -m tests.bench.injections`: every hostile text with every model on both forges, and what it achieved."""

from __future__ import annotations

import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.safety.injections import read_injections
from tests.safety.judging import problems
from tests.safety.obedient import MODELS
from tests.safety.stage import FORGES, open_stage


def main() -> None:
    """Print how many flows there were of each threat, how many stayed without effect, and what the others did."""
    flows: Counter[str] = Counter()
    dead: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder, open_stage(Path(folder)) as stage:
        for injection in read_injections():
            for forge in FORGES:
                for name, model in MODELS.items():
                    found = problems(stage.play(forge, injection, model(injection)), injection, stage.framing)
                    flows[injection.threat] += 1
                    dead[injection.threat] += not found
                    for problem in found:
                        sys.stdout.write(f"{injection.id}, {forge}, {name}: {problem}\n")
    for threat, count in sorted(flows.items()):
        sys.stdout.write(f"{threat:<10}{dead[threat]:>5} of {count} without effect\n")
    texts = len(read_injections())
    sys.stdout.write(f"{texts} texts, {dead.total()} of {flows.total()} flows without effect\n")


if __name__ == "__main__":
    main()
