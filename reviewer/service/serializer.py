"""What the job engine may store and read back: JSON, and nothing that could become code.

The engine's own default is pickle, and it unpickles whatever row is tagged so, whichever serializer
it was given: write access to the database would be code execution. `refuse_pickle` closes that.
"""

from __future__ import annotations

import json
from typing import Any, cast

from dbos import Serializer, _serialization

from reviewer import errors
from reviewer.errors import ReviewerError, StoreError


class JsonSerializer(Serializer):
    """Write values and exceptions as JSON.

    A ReviewerError comes back as what it was, attributes included, so that a resumed job takes the
    same branch as before; any other exception comes back as a ReviewerError that names its type.
    """

    def name(self) -> str:
        """Return the tag that rows carry."""
        return "reviewer_json"

    def serialize(self, data: Any) -> str:
        """Write a value; raise TypeError or ValueError if it is not JSON."""
        if isinstance(data, BaseException):
            return json.dumps({"error": _write_error(data)})
        return json.dumps({"value": data}, allow_nan=False)

    def deserialize(self, serialized_data: str) -> Any:
        """Read a value back."""
        stored = json.loads(serialized_data)
        return _read_error(**stored["error"]) if "error" in stored else stored["value"]


def refuse_pickle() -> None:
    """Make the engine refuse rows that are tagged as pickled, its queue and step results included."""
    # The functions that read rows pick the deserializer by the row's tag and leave no other seam.
    setattr(_serialization.DefaultSerializer, "deserialize", _refuse)  # noqa: B010  # typed as a method


def _refuse(_: Serializer, __: str) -> Any:
    raise StoreError("a row of the job engine is pickled; this program never writes such rows")


def _write_error(error: BaseException) -> dict[str, Any]:
    kind = type(error).__name__
    if not isinstance(error, ReviewerError):
        return {"kind": "ReviewerError", "message": f"{kind}: {error}", "attributes": {"remedy": ""}}
    plain = {name: value if _is_json(value) else str(value) for name, value in vars(error).items()}
    return {"kind": kind, "message": str(error), "attributes": plain}


def _read_error(kind: str, message: str, attributes: dict[str, Any]) -> ReviewerError:
    known = getattr(errors, kind, None)
    ours = isinstance(known, type) and issubclass(known, ReviewerError)
    error_type = cast("type[ReviewerError]", known) if ours else ReviewerError
    error = error_type.__new__(error_type, message)  # __init__ differs from class to class
    vars(error).update(attributes)
    return error


def _is_json(value: Any) -> bool:
    return value is None or isinstance(value, (str, int, float))
