"""Hand-labelled lines of configuration, pages, style sheets and shell scripts."""

from __future__ import annotations

import pytest

from tests.unit.parsers.labelled import Case, Sheet, describe

YAML = """\
# What runs on a merge request.
stages: [test, deploy]

jobs:
  # Build it.
  build: &build
    image: python:3.11
    steps:
      - uses: actions/checkout@v4
      - name: Install
        run: |
          pip install .
          pip check
    env: {MODE: test,
      "LEVEL": "1"}
  deploy:
    <<: *build
---
"second document":
  - 1
"""
YAML_CASES = [
    Case("stages:"),
    Case("# Build it.", chain="key jobs > key jobs.build", starts="# Build it.", signature="build:"),
    Case("image: python", chain="key jobs > key jobs.build", starts="# Build it.", signature="build:"),
    Case(
        "uses: actions",
        chain="key jobs > key jobs.build > key jobs.build.steps",
        starts="steps:",
        signature="steps:",
    ),
    Case(
        "pip check",
        chain="key jobs > key jobs.build > key jobs.build.steps > key jobs.build.steps.run",
        starts="run: |",
        signature="run:",
    ),
    Case(
        '"LEVEL"',
        chain="key jobs > key jobs.build > key jobs.build.env",
        starts="env: {MODE: test,",
        signature="env:",
    ),
    Case("<<: *build", chain="key jobs > key jobs.deploy", starts="deploy:", signature="deploy:"),
    Case("- 1", chain="key second document", starts='"second document":', signature='"second document":'),
]

DOCKERFILE = """\
# syntax=docker/dockerfile:1
ARG VERSION=3.11

# Builds the wheel.
FROM --platform=linux/amd64 python:${VERSION}-slim AS build
RUN pip wheel \\
    --no-deps .

FROM python:3.11-slim
COPY --from=build /app/*.whl /app/
RUN <<EOF
echo "
FROM nowhere
"
EOF
USER reviewer
"""
BUILD = "FROM --platform=linux/amd64 python:${VERSION}-slim AS build"
DOCKERFILE_CASES = [
    Case("ARG VERSION"),
    Case("# Builds", chain="stage build", starts="# Builds the wheel.", signature=BUILD),
    Case("--no-deps", chain="stage build", starts="# Builds the wheel.", signature=BUILD),
    Case(
        "COPY --from",
        chain="stage python:3.11-slim",
        starts="FROM python:3.11-slim",
        signature="FROM python:3.11-slim",
    ),
    Case(
        "FROM nowhere",
        chain="stage python:3.11-slim",
        starts="FROM python:3.11-slim",
        signature="FROM python:3.11-slim",
    ),
]

BASH = """\
#!/usr/bin/env bash
set -euo pipefail
source ./lib.sh

# Copies a release.
# Needs ssh.
function copy {
  local from="$1"
  scp "$from" "$(target_of "$2")" && restart_app
}

stop_all() {
  for pid in $(pgrep broker); do
    kill -9 "$pid" || true
  done
  inner() { cleanup --all; }
}

copy build/app.tar "$HOST"
"""
COPY_STARTS = "# Copies a release."
BASH_CASES = [
    Case("source ./lib.sh", called=("source",)),
    Case("# Needs ssh", chain="function copy", starts=COPY_STARTS, signature="function copy"),
    Case("local from", chain="function copy", starts=COPY_STARTS, signature="function copy"),
    Case(
        "scp",
        chain="function copy",
        starts=COPY_STARTS,
        signature="function copy",
        called=("scp", "target_of", "restart_app"),
    ),
    Case(
        "kill -9",
        chain="function stop_all",
        starts="stop_all() {",
        signature="stop_all()",
        called=("kill", "true"),
    ),
    Case(
        "inner() {",
        chain="function stop_all > function stop_all.inner",
        starts="inner() { cleanup --all; }",
        signature="inner()",
        called=("cleanup",),
    ),
    Case("copy build/app.tar", called=("copy",)),
]

HTML = """\
<!DOCTYPE html>
<html>
<head>
  <style>
    .form {
      color: red;
    }
  </style>
  <script>
    // Sends it.
    function send(order) {
      return post('/orders', order)
    }
  </script>
  <script>const later = () => { send(draft) }</script>
</head>
<body>
  <!-- The form. -->
  <form id="order"
        method="post">
    <input name="amount">
  </form>
  <p>
    no landmark
  </p>
</body>
</html>
"""
FORM = '<form id="order"\n      method="post">'
HTML_CASES = [
    Case("color: red", chain="element head > rule .form", starts=".form {", signature=".form"),
    Case(
        "post('/orders'",
        chain="element head > function send",
        starts="// Sends it.",
        signature="function send(order)",
        called=("post",),
    ),
    Case(
        "send(draft)",
        chain="element head > function later",
        starts="<script>const later = () => { send(draft) }</script>",
        signature="const later = () =>",
        called=("send",),
    ),
    Case("<input", chain="element body > form body.order", starts="<!-- The form. -->", signature=FORM),
    Case("no landmark", chain="element body", starts="<body>", signature="<body>"),
]

CSS = """\
@import url("base.css");

/* Money is right-aligned. */
.amount > td:last-child,
#total {
  text-align: right;
}

@media (min-width: 600px) {
  .amount {
    width: calc(100% - 2px);
  }
}

@keyframes fade {
  from { opacity: 0 }
  to {
    opacity: 1;
  }
}
"""
CSS_CASES = [
    Case("@import"),
    Case(
        "text-align",
        chain="rule .amount > td:last-child",
        starts="/* Money is right-aligned. */",
        signature=".amount > td:last-child,\n#total",
    ),
    Case(
        "width: calc",
        chain="media (min-width: 600px) > rule (min-width: 600px)..amount",
        starts=".amount {",
        signature=".amount",
    ),
    Case("opacity: 1", chain="keyframes fade > keyframe fade.to", starts="to {", signature="to"),
]

JSON = """\
{
  "name": "desk",
  "scripts": {
    "build": "vite build",
    "check": ["lint",
      "test"]
  },
  "limits": [
    {"venue": "SSE"}
  ]
}
"""
JSON_CASES = [
    Case('"name"'),
    Case('"build"', chain="key scripts", starts='"scripts": {', signature='"scripts":'),
    Case('"test"', chain="key scripts > key scripts.check", starts='"check": ["lint",', signature='"check":'),
    Case('"venue"', chain="key limits", starts='"limits": [', signature='"limits":'),
]

XML = """\
<?xml version="1.0"?>
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <dependencies>
    <!-- Money. -->
    <dependency>
      <groupId>org.joda</groupId>
    </dependency>
  </dependencies>
  <bean id="orderService"
        class="com.broker.OrderService">
    <property name="limit" value="10"/>
  </bean>
</project>
"""
DEPENDENCIES = "element project > element project.dependencies"
XML_CASES = [
    Case(
        "<groupId>",
        chain=DEPENDENCIES + " > element project.dependencies.dependency",
        starts="<!-- Money. -->",
        signature="<dependency>",
    ),
    Case(
        "<property name",
        chain="element project > bean project.orderService",
        starts='<bean id="orderService"',
        signature='<bean id="orderService"\n      class="com.broker.OrderService">',
    ),
    Case("</dependencies>", chain=DEPENDENCIES, starts="<dependencies>", signature="<dependencies>"),
]

SHEETS = (
    Sheet("yaml", YAML, YAML_CASES),
    Sheet("dockerfile", DOCKERFILE, DOCKERFILE_CASES),
    Sheet("bash", BASH, BASH_CASES),
    Sheet("html", HTML, HTML_CASES),
    Sheet("css", CSS, CSS_CASES),
    Sheet("json", JSON, JSON_CASES),
    Sheet("xml", XML, XML_CASES),
)
CASES = [
    pytest.param(sheet, case, id=f"{sheet.language}: {case.line.strip()}")
    for sheet in SHEETS
    for case in sheet.cases
]


@pytest.mark.parametrize(("sheet", "case"), CASES)
def test_a_line_is_described_as_a_person_would(sheet: Sheet, case: Case) -> None:
    assert describe(sheet.language, sheet.source, case.line) == case
