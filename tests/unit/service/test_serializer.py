"""JSON in, JSON out, and errors that come back as what they were."""

from __future__ import annotations

import inspect
import pickle
from base64 import b64encode
from pathlib import Path
from typing import Any

import pytest
from dbos import _serialization
from hypothesis import given
from hypothesis import strategies as st

from reviewer import errors
from reviewer.errors import ForgeRateLimited, ModelOverflow, ReviewerError, RuleError, StoreError, Superseded
from reviewer.service.serializer import JsonSerializer, refuse_pickle

SERIALIZER = JsonSerializer()
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


def again(value: Any) -> Any:
    return SERIALIZER.deserialize(SERIALIZER.serialize(value))


@given(value=json_values)
def test_values_come_back(value: Any) -> None:
    assert again(value) == value


def test_a_value_that_looks_like_an_error_stays_a_value() -> None:
    value = {"error": {"kind": "Superseded", "message": "x", "attributes": {}}}
    assert again(value) == value


@pytest.mark.parametrize("value", [object(), {1, 2}, b"bytes", float("nan"), Path("x")])
def test_what_is_no_json_is_refused(value: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        SERIALIZER.serialize(value)


def test_errors_keep_type_words_and_attributes() -> None:
    limited = again(ForgeRateLimited("slow down", retry_after=7.5))
    assert isinstance(limited, ForgeRateLimited)
    assert (str(limited), limited.retry_after, limited.status, limited.remedy) == ("slow down", 7.5, 429, "")
    overflow = again(ModelOverflow("too long", model="coder", prompt_tokens=9, context=8))
    assert (overflow.model, overflow.prompt_tokens, overflow.context) == ("coder", 9, 8)
    assert str(again(RuleError("bad", file=Path("r.yml"), line=3)).file) == "r.yml"


def test_every_error_of_the_house_comes_back() -> None:
    for name, kind in inspect.getmembers(errors, inspect.isclass):
        if issubclass(kind, ReviewerError):
            error = kind.__new__(kind, "words")
            assert type(again(error)).__name__ == name
            assert str(again(error)) == "words"


def test_foreign_errors_come_back_as_ours_and_name_their_type() -> None:
    error = again(KeyError("x"))
    assert type(error) is ReviewerError
    assert str(error) == "KeyError: 'x'"


def test_a_stored_kind_never_reaches_beyond_our_errors() -> None:
    for kind in ("Path", "annotations", "__builtins__", "nothing"):
        stored = f'{{"error": {{"kind": "{kind}", "message": "m", "attributes": {{}}}}}}'
        assert type(SERIALIZER.deserialize(stored)) is ReviewerError


class Bomb:
    def __reduce__(self) -> Any:
        return (Path.touch, (Path("/nowhere/exploded"),))


def test_a_pickled_row_is_refused_before_it_is_read() -> None:
    refuse_pickle()
    row = b64encode(pickle.dumps(Bomb())).decode()
    for read in (_serialization.deserialize_value, _serialization.deserialize_args):
        with pytest.raises(StoreError, match="pickled"):
            read(row, "py_pickle", SERIALIZER)
    with pytest.raises(StoreError, match="pickled"):
        _serialization.deserialize_exception(row, "py_pickle", SERIALIZER)


def test_superseded_is_one_of_them() -> None:
    assert isinstance(again(Superseded("gone")), Superseded)
