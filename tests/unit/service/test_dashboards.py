"""The dashboard and the alert rules name only metrics that there are, and labels that these have."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client.parser import text_string_to_metric_families

from reviewer.domain import JobState
from reviewer.service.census import Census
from reviewer.service.metrics import Metrics

ROOT = Path(__file__).resolve().parents[3]
DASHBOARD = ROOT / "ci" / "grafana" / "reviewer.json"
ALERTS = ROOT / "ci" / "prometheus" / "reviewer-alerts.yml"
NAME = re.compile(r"\b(?:reviewer|process)_[a-z_]+")
ADDED_BY_PROMETHEUS = {"job", "instance", "le"}


def known() -> dict[str, set[str]]:
    """Return the names of all series, each with its labels."""
    metrics = Metrics()
    metrics.attach(lambda: Census(dict.fromkeys(JobState, 0), 0.0), lambda: 0)
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(metrics.page().decode()):
        endings = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}.get(family.type, [""])
        name = family.name.removesuffix("_total")
        made = getattr(metrics.registry._names_to_collectors.get(name), "_labelnames", ())
        seen = {label for sample in family.samples for label in sample.labels}
        found |= {name + ending: {*made, *seen} for ending in endings}
    return found


def expressions() -> list[str]:
    board = json.loads(DASHBOARD.read_text())
    panels = [target["expr"] for panel in board["panels"] for target in panel.get("targets", ())]
    groups: list[dict[str, Any]] = yaml.safe_load(ALERTS.read_text())["groups"]
    return panels + [rule["expr"] for group in groups for rule in group["rules"]]


def test_every_series_exists() -> None:
    there = known()
    named = {name for text in expressions() for name in NAME.findall(text)}
    assert len(named) > 15
    assert named - there.keys() == set()


@pytest.mark.parametrize("text", expressions())
def test_every_label_exists(text: str) -> None:
    there = known()
    labels = set().union(*(there[name] for name in NAME.findall(text))) | ADDED_BY_PROMETHEUS
    used = {
        label.strip() for group in re.findall(r"\bby \(([^)]*)\)", text) for label in group.split(",")
    } | set(re.findall(r"([a-z_]+)(?:=~|!~|!=|=)\"", text))
    assert used - labels == set()


def test_each_alert_says_what_to_do() -> None:
    for group in yaml.safe_load(ALERTS.read_text())["groups"]:
        for rule in group["rules"]:
            assert rule["annotations"]["summary"]
            assert rule["annotations"]["remedy"]
            assert rule["labels"]["severity"] in {"critical", "warning"}


def test_panels_do_not_overlap() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        taken |= cells
