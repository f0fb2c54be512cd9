"""What other tools write for one line of one file, in the shape of each; the words are ours."""

from __future__ import annotations

from typing import Any

Log = dict[str, Any]


def log(driver: dict[str, Any], *results: dict[str, Any], **run: Any) -> Log:
    """Put results of one tool into a file."""
    return {"version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": list(results), **run}]}


def place(uri: str, line: int, **artifact: Any) -> list[dict[str, Any]]:
    """Name a line of a file."""
    region = {"startLine": line, "startColumn": 5, "endLine": line, "endColumn": 20}
    return [{"physicalLocation": {"artifactLocation": {"uri": uri, **artifact}, "region": region}}]


def semgrep(path: str, line: int) -> Log:
    rule = {
        "id": "rules.eval-of-input",
        "name": "rules.eval-of-input",
        "shortDescription": {"text": "Semgrep Finding: rules.eval-of-input"},
        "fullDescription": {"text": "Input is evaluated."},
        "defaultConfiguration": {"level": "error"},
        "properties": {"precision": "very-high", "tags": ["CWE-95: Eval Injection", "HIGH CONFIDENCE", "security"]},
    }  # fmt: skip
    found = {
        "ruleId": "rules.eval-of-input",
        "message": {"text": "Input is evaluated."},
        "locations": place(path, line, uriBaseId="%SRCROOT%"),
        "fingerprints": {"matchBasedId/v1": "requires login"},
        "properties": {},
    }
    return log(
        {"name": "Semgrep OSS", "semanticVersion": "1.182.0", "rules": [rule]},
        found,
        invocations=[{"executionSuccessful": True, "toolExecutionNotifications": []}],
    )


def codeql(path: str, line: int) -> Log:
    rule = {
        "id": "py/code-injection",
        "shortDescription": {"text": "Code injection"},
        "defaultConfiguration": {"enabled": True, "level": "error"},
        "properties": {
            "precision": "high",
            "security-severity": "9.3",
            "tags": ["security", "external/cwe/cwe-094", "external/cwe/cwe-095"],
        },
    }
    found = {
        "ruleId": "py/code-injection",
        "ruleIndex": 0,
        "rule": {"id": "py/code-injection", "index": 0, "toolComponent": {"index": 0}},
        "message": {"text": "This code depends on a [user-provided value](1)."},
        "locations": place(path, line, uriBaseId="%SRCROOT%", index=0),
        "codeFlows": [{"threadFlows": []}],
        "partialFingerprints": {"primaryLocationLineHash": "39fa2ee980eb94b0:1"},
    }
    driver = {"name": "CodeQL", "organization": "GitHub", "rules": []}
    artifacts = [{"location": {"uri": path, "uriBaseId": "%SRCROOT%", "index": 0}}]
    made = log(driver, found, artifacts=artifacts)
    made["runs"][0]["tool"]["extensions"] = [{"name": "codeql/python-queries", "rules": [rule]}]
    return made


def ruff(path: str, line: int) -> Log:
    rule = {
        "id": "S307",
        "shortDescription": {"text": "Use of `{name}` that may be unsafe"},
        "fullDescription": {"text": "See https://cwe.mitre.org/data/definitions/95.html"},
        "defaultConfiguration": {"enabled": False, "level": "error"},
        "properties": {"id": "S307", "kind": "flake8-bandit", "name": "suspicious-eval-usage"},
    }
    found = {
        "ruleId": "S307",
        "level": "error",
        "message": {"text": "Use of `eval` that may be unsafe"},
        "locations": place(f"file:///builds/desk/pay/{path}", line),
    }
    return log({"name": "ruff", "version": "0.17.6", "rules": [rule]}, found)


def eslint(path: str, line: int) -> Log:
    rule = {
        "id": "@team/no-eval",
        "helpUri": "https://lint.example.internal/no-eval",
        "properties": {"category": ""},
    }
    found = {
        "ruleId": "@team/no-eval",
        "ruleIndex": 0,
        "level": "error",
        "message": {"text": "eval can be harmful."},
        "locations": place(f"file:///C:/agent/_work/1/s/{path}", line, index=0),
    }
    return log(
        {"name": "ESLint", "version": "9.1.0", "rules": [rule]},
        found,
        artifacts=[{"location": {"uri": f"file:///C:/agent/_work/1/s/{path}"}}],
        invocations=[
            {"executionSuccessful": True, "workingDirectory": {"uri": "file:///c:/agent/_work/1/s"}}
        ],
    )


def spotbugs(path: str, line: int) -> Log:
    rule = {
        "id": "SCRIPT_EVAL",
        "shortDescription": {"text": "Script of a caller."},
        "messageStrings": {"default": {"text": "{0} runs the script {1}."}},
        "relationships": [{"target": {"id": "95", "toolComponent": {"name": "CWE"}}, "kinds": ["superset"]}],
        "properties": {"tags": ["SECURITY"]},
    }
    found = {
        "ruleId": "SCRIPT_EVAL",
        "ruleIndex": 0,
        "level": "warning",
        "message": {"id": "default", "arguments": ["Desk.run()", "text"]},
        "locations": place(path.removeprefix("src/main/java/"), line, uriBaseId="8736793520"),
    }
    bases = {"8736793520": {"uri": "file:///home/ci/pay/src/main/java/"}}
    return log({"name": "SpotBugs", "rules": [rule]}, found, originalUriBaseIds=bases)


def golangci(path: str, line: int) -> Log:
    found = {
        "ruleId": "gosec",
        "level": "error",
        "message": {"text": "G204: Subprocess with variable"},
        "locations": place(path, line, index=0),
    }
    return log({"name": "golangci-lint"}, found)


def checkov(path: str, line: int) -> Log:
    rule = {
        "id": "CKV_K8S_16",
        "name": "Container is privileged",
        "shortDescription": {"text": "Container is privileged"},
        "defaultConfiguration": {"level": "error"},
        "help": {"text": "Container is privileged\nResource: Pod.default.pay"},
    }
    found = {
        "ruleId": "CKV_K8S_16",
        "ruleIndex": 0,
        "level": "error",
        "attachments": [],
        "message": {"text": "Container is privileged"},
        "locations": place(f"/{path}".lstrip("/"), line),
    }
    return log({"name": "Checkov", "version": "3.2.0", "rules": [rule]}, found)


def bandit(path: str, line: int) -> Log:
    rule = {
        "id": "B307",
        "name": "blacklist",
        "properties": {"tags": ["security", "external/cwe/cwe-78"], "precision": "high"},
    }
    found = {
        "ruleId": "B307",
        "ruleIndex": 0,
        "level": "warning",
        "message": {"text": "Possibly insecure function."},
        "locations": place(f"./{path}", line),
        "properties": {"issue_confidence": "HIGH", "issue_severity": "MEDIUM"},
    }
    return log({"name": "Bandit", "rules": [rule]}, found, invocations=[{"executionSuccessful": True}])
