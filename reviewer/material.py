"""Find the material that operators edit or copy: `rules/` and `ci/`.

In a checkout both lie beside the package; a wheel carries them inside it, in `_material/`.
"""

from __future__ import annotations

from pathlib import Path

from reviewer.errors import ConfigError

_PACKAGE = Path(__file__).resolve().parent


def rules_dir() -> Path:
    """Return the folder of the built-in rules. Raises ConfigError if the installation lacks it."""
    return _find("rules")


def ci_dir() -> Path:
    """Return the folder of the CI and deployment templates. Raises ConfigError if it is missing."""
    return _find("ci")


def _find(name: str) -> Path:
    for folder in (_PACKAGE / "_material" / name, _PACKAGE.parent / name):
        if folder.is_dir():
            return folder
    raise ConfigError(
        f"the folder {name}/ of this installation is missing",
        source=str(_PACKAGE),
        remedy="install the package again",
    )
