"""Run the operator's other tools over copies of the changed files, and take in what they say as SARIF.

Which tools, and how, is said by the instance's configuration alone. A tool gets a folder of its own with
the changed files that it is for, and nothing else of the repository: what a tool reads in a folder
(configuration, plug-ins) would be the author's, and could silence it or run. So a file that would steer a
tool is left out, and what configures a tool is named in its command.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from reviewer.config import RulesSettings, ToolSettings, Weight
from reviewer.domain import ChangeSet, Finding, ReviewWarning
from reviewer.errors import ConfigError, UsageError
from reviewer.ports import ScanReport
from reviewer.scanners import toolrun
from reviewer.scanners.sarif import take
from reviewer.scanners.sarif_file import MAX_BYTES, SarifReport, parse
from reviewer.scanners.toolrun import ToolFailed
from reviewer.stages.globs import Globs
from reviewer.stages.redact import redact

STEERING = Globs(
    [
        ".bandit", ".checkov.y*ml", ".editorconfig", ".eslintrc*", ".flake8", ".gitignore", ".golangci.*",
        ".hadolint.y*ml", ".ignore", ".npmrc", ".pylintrc", ".ruff.toml", ".semgrep/", ".semgrepignore",
        ".shellcheckrc", ".stylelintrc*", ".yamllint*", "eslint.config.*", "mypy.ini",
        "node_modules/", "package.json", "pylintrc", "pyproject.toml", "pytest.ini", "ruff.toml", "setup.cfg",
        "sonar-project.properties", "tox.ini", "tsconfig*.json",
    ]
)  # fmt: skip
"""Files that tell a linter what to do, or that it would execute."""

MOST_ARGUMENTS = 100_000
"""Bytes of file names in one command; what exceeds it goes into another run."""

_FILES, _OUTPUT = "{files}", "{output}"


class ToolScanner:
    """Runs the tools of `[[rules.tools]]`, one after the other; what goes wrong with one is a warning."""

    name = "tools"
    thorough = False

    def __init__(
        self, rules: RulesSettings, *, weights: Sequence[Weight] = (), search_path: str | None = None
    ) -> None:
        self._rules = rules
        self._weights = tuple(weights)
        self._search_path = absolute(
            os.environ.get("PATH", os.defpath) if search_path is None else search_path
        )
        self._tools = [(tool, _globs(tool, number)) for number, tool in enumerate(rules.tools, start=1)]

    def scan(self, change: ChangeSet) -> ScanReport:
        """Give each tool the changed files that it is for, and keep what lies on changed lines."""
        findings: dict[Finding, None] = {}
        warnings: list[ReviewWarning] = []
        for tool, globs in self._tools:
            report = self._run(tool, globs, change)
            findings |= dict.fromkeys(report.findings)
            warnings += report.warnings
        return ScanReport(tuple(findings), tuple(warnings))

    def _run(self, tool: ToolSettings, globs: Globs | None, change: ChangeSet) -> ScanReport:
        files = {
            file.path: file.new
            for file in change.files
            if file.new is not None and file.diff.added_lines and (globs is None or globs.match(file.path))
        }
        steering = [path for path in files if STEERING.match(path) or not _is_inside(path)]
        for path in steering:
            del files[path]
        warnings = [_left_out(tool, steering)] if steering else []
        if not files:
            return ScanReport((), tuple(warnings))
        findings: list[Finding] = []
        try:
            for report in self._reports(tool, files):
                kept = take(
                    report,
                    change,
                    tool.name,
                    weights=self._weights,
                    rules=self._rules,
                    required=tool.required,
                )
                findings += kept.findings
                warnings += kept.warnings
        except (ToolFailed, UsageError) as err:
            # What a tool says on its way out may quote the code that it looked at.
            message = redact(f"{tool.name}: {err}").text
            warnings.append(ReviewWarning("tool-failed", message, undecided=tool.required))
        return ScanReport(tuple(findings), tuple(warnings))

    def _reports(self, tool: ToolSettings, files: dict[str, bytes]) -> Iterator[SarifReport]:
        program = shutil.which(tool.command[0], path=self._search_path)
        if program is None:
            raise ToolFailed(f"{tool.command[0]} is not on PATH")
        with tempfile.TemporaryDirectory(prefix="reviewer-tool-") as made:
            folder = Path(made).resolve()
            checkout = folder / "checkout"
            _lay_out(checkout, files)
            for batch in _batches(files) if _FILES in tool.command else [[]]:
                output = folder / "output"
                output.unlink(missing_ok=True)
                command = _expand((program, *tool.command[1:]), batch, output)
                printed = toolrun.run(
                    command,
                    folder=checkout,
                    home=folder,
                    search_path=self._search_path,
                    seconds=tool.timeout_s,
                    most_bytes=MAX_BYTES,
                )
                if any(_OUTPUT in word for word in tool.command):
                    printed = printed.with_output(_read(output))
                yield _parse(printed, checkout, tool)


def _parse(printed: toolrun.Printed, checkout: Path, tool: ToolSettings) -> SarifReport:
    """Read what a tool has printed. A tool may end with any code: most end with 1 where they find something."""
    try:
        return parse(printed.output, "its output", checkout, tool=tool.name)
    except UsageError as err:
        said = f": {printed.said}" if printed.said else ""
        raise ToolFailed(f"{err} (it ended with {printed.status}{said})") from err


def _read(output: Path) -> bytes:
    try:
        if output.stat().st_size > MAX_BYTES:
            raise ToolFailed(f"it wrote more than {MAX_BYTES // 1_000_000} MB")
        return output.read_bytes()
    except OSError:
        return b""


def _expand(command: Sequence[str], files: Sequence[str], output: Path) -> list[str]:
    expanded: list[str] = []
    for word in command:
        expanded += files if word == _FILES else [word.replace(_OUTPUT, str(output))]
    return expanded


def _batches(files: dict[str, bytes]) -> Iterator[list[str]]:
    """Yield the names of files for one command each; `./` in front, for a name may look like an option."""
    batch: list[str] = []
    room = MOST_ARGUMENTS
    for path in sorted(files):
        name = f"./{path}"
        if batch and len(os.fsencode(name)) > room:
            yield batch
            batch, room = [], MOST_ARGUMENTS
        batch.append(name)
        room -= len(os.fsencode(name)) + 1
    yield batch


def _lay_out(checkout: Path, files: dict[str, bytes]) -> None:
    checkout.mkdir()
    try:
        for path, content in files.items():
            file = checkout / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
    except OSError as err:
        raise ToolFailed(f"the files could not be laid out for it: {err.strerror}") from err


def _is_inside(path: str) -> bool:
    """Say whether a path stays in its folder: that of a bare diff was written by anybody."""
    parts = PurePosixPath(path).parts
    return bool(parts) and not path.startswith("/") and ".." not in parts and "\0" not in path


def _left_out(tool: ToolSettings, paths: Sequence[str]) -> ReviewWarning:
    message = f"{tool.name} was not given {', '.join(paths[:5])}: a tool may take orders from such a file"
    return ReviewWarning("tool-file-left-out", message)


def _globs(tool: ToolSettings, number: int) -> Globs | None:
    try:
        return Globs(tool.paths) if tool.paths else None
    except ValueError as err:
        key = f"rules.tools[{number}].paths"
        raise ConfigError(f"{key}: {err}", key=key) from err


def absolute(search_path: str) -> str:
    """Leave out what would be looked up in the folder where the tool runs."""
    return os.pathsep.join(folder for folder in search_path.split(os.pathsep) if Path(folder).is_absolute())
