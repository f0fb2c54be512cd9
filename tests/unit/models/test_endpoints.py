"""Which models share a server, and how many calls it takes from all of them."""

from __future__ import annotations

import pytest

from reviewer.config import ModelSettings
from reviewer.models.endpoints import endpoint_of, endpoints


def model(url: str, **keys: object) -> ModelSettings:
    return ModelSettings.model_validate({"backend": "openai", "url": url, "model": "m", **keys})


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("http://10.0.0.1:11434", "http://10.0.0.1:11434"),
        ("http://10.0.0.1:11434/", "http://10.0.0.1:11434"),
        ("http://10.0.0.1:11434/v1", "http://10.0.0.1:11434"),
        ("http://10.0.0.1:11434/v1/", "http://10.0.0.1:11434"),
        ("HTTP://GPU.example:80/v1?x=1", "http://gpu.example"),
        ("https://gw.example/llm/a/v1", "https://gw.example/llm/a"),
        ("https://gw.example/llm/b", "https://gw.example/llm/b"),
    ],
)
def test_one_server_has_one_name(url: str, endpoint: str) -> None:
    assert endpoint_of("coder", model(url)) == endpoint


def test_an_embedded_model_is_a_server_of_its_own() -> None:
    settings = ModelSettings(backend="llamacpp", model="/models/x.gguf")
    assert endpoint_of("coder", settings) == "embedded:coder"


def test_the_smallest_written_limit_holds_for_all_of_an_endpoint() -> None:
    found = endpoints(
        {
            "coder": model("http://10.0.0.1:11434", parallel=4),
            "r1": model("http://10.0.0.1:11434/v1", parallel=2),
            "silent": model("http://10.0.0.1:11434"),
            "elsewhere": model("http://10.0.0.2:11434", parallel=8),
            "alone": model("http://10.0.0.3:11434"),
        }
    )
    limits = {name: endpoint.limit for name, endpoint in found.items()}
    assert limits == {"coder": 2, "r1": 2, "silent": 2, "elsewhere": 8, "alone": 1}
    assert found["silent"].overruled == ("coder",)
    assert found["elsewhere"].overruled == ()


def test_who_says_nothing_follows_who_does() -> None:
    found = endpoints({"a": model("http://h:1"), "b": model("http://h:1", parallel=6)})
    assert found["a"].limit == 6
