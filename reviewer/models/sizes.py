"""How big known models are, as data: what their weights and each token of context take.

Sources: parameters, layers, heads and latent widths are those of the `config.json` and model cards that
DeepSeek, Qwen and Meta publish with the weights. `verified` is false where a figure was not read there
but derived or taken from a third party; `recommend` marks those. Bytes per weight are the bits that
llama.cpp's own `quantize` prints per type (mixed types on average) and the plain widths of FP8 and BF16.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from types import MappingProxyType

from reviewer.models.installed import billions_in
from reviewer.models.profiles import family_of

# Bytes per weight: q4_K_M 4.83 bits, q8_0 8.5 bits; FP8 and BF16 as their names say; fp4+fp8 is V4's own.
QUANTISATIONS: Mapping[str, float] = MappingProxyType(
    {"bf16": 2.0, "fp8": 1.0, "q8_0": 1.0625, "q4_K_M": 0.604, "fp4+fp8": 0.588}
)
GGUF = frozenset({"q8_0", "q4_K_M"})
_CACHE_BYTES = 2  # of one number in the cache: 16 bits, as servers keep it unless told otherwise


@dataclass(frozen=True, slots=True)
class Size:
    """A model: billions of parameters in all and per token, and what a token of context takes.

    `family` is that of `profiles`, `tag` the name in Ollama's library, `repository` the one on Hugging
    Face. `latent` is the width per layer that servers with multi-head latent attention keep (vLLM,
    SGLang); `heads` x (`key` + `value`) is what those without it keep of the same model (older GGUF
    files). `quantisations` are the ones there are, the most exact first.
    """

    family: str
    tag: str
    repository: str
    billions: float
    active: float
    layers: int
    heads: int
    key: int
    value: int
    context: int
    latent: int = 0
    quantisations: tuple[str, ...] = ("bf16", "q8_0", "q4_K_M")
    verified: bool = True
    alias: str = ""

    def weights(self, quantisation: str) -> float:
        """Return the bytes of the weights."""
        return self.billions * 1e9 * QUANTISATIONS[quantisation]

    def per_token(self, quantisation: str) -> int:
        """Return the bytes that one token of context takes."""
        if self.latent and quantisation not in GGUF:
            return self.layers * self.latent * _CACHE_BYTES
        return self.layers * self.heads * (self.key + self.value) * _CACHE_BYTES

    @property
    def label(self) -> str:
        """Return the size as the tag names it: 14b."""
        return self.tag.partition(":")[2]


def _dense(
    tag: str, repository: str, billions: float, layers: int, heads: int, *, context: int = 131_072
) -> Size:
    """Describe a model that uses all of its weights for each token; its heads are 128 wide."""
    family = tag.partition(":")[0]
    return Size(family, tag, repository, billions, billions, layers, heads, 128, 128, context)


_FP8 = ("fp8", "q4_K_M")  # released in 8 bits: there is nothing more exact
_LATENT = 512 + 64  # kv_lora_rank + qk_rope_head_dim of all DeepSeek models since V2
_MLA_KEY = 128 + 64  # qk_nope_head_dim + qk_rope_head_dim
_R1 = "deepseek-ai/DeepSeek-R1"
_128K, _256K, _1M = 131_072, 262_144, 1_048_576


def _v3(family: str, tag: str, repository: str, *, verified: bool = True, alias: str = "") -> Size:
    """Describe one of the 671B models: the same architecture from V3 to V3.2."""
    return Size(
        family, tag, repository, 671, 37, 61, 128, _MLA_KEY, 128, _128K, _LATENT, _FP8, verified, alias
    )


SIZES: tuple[Size, ...] = (
    _dense("deepseek-coder:1.3b", "deepseek-ai/deepseek-coder-1.3b-instruct", 1.35, 24, 16, context=16_384),
    _dense("deepseek-coder:6.7b", "deepseek-ai/deepseek-coder-6.7b-instruct", 6.74, 32, 32, context=16_384),
    _dense("deepseek-coder:33b", "deepseek-ai/deepseek-coder-33b-instruct", 33.3, 62, 8, context=16_384),
    Size(
        "deepseek-coder-v2",
        "deepseek-coder-v2:16b",
        "deepseek-ai/DeepSeek-Coder-V2-Lite-Instruct",
        15.7,
        2.4,
        27,
        16,
        _MLA_KEY,
        128,
        _128K,
        _LATENT,
        alias="lite",
    ),
    Size(
        "deepseek-coder-v2",
        "deepseek-coder-v2:236b",
        "deepseek-ai/DeepSeek-Coder-V2-Instruct",
        236,
        21,
        60,
        128,
        _MLA_KEY,
        128,
        _128K,
        _LATENT,
        alias="coder-v2-instruct",
    ),
    _dense("deepseek-r1:1.5b", f"{_R1}-Distill-Qwen-1.5B", 1.78, 28, 2),
    _dense("deepseek-r1:7b", f"{_R1}-Distill-Qwen-7B", 7.62, 28, 4),
    _dense("deepseek-r1:8b", f"{_R1}-0528-Qwen3-8B", 8.19, 36, 8),
    _dense("deepseek-r1:8b-llama-distill-q4_K_M", f"{_R1}-Distill-Llama-8B", 8.03, 32, 8),
    _dense("deepseek-r1:14b", f"{_R1}-Distill-Qwen-14B", 14.77, 48, 8),
    _dense("deepseek-r1:32b", f"{_R1}-Distill-Qwen-32B", 32.76, 64, 8),
    _dense("deepseek-r1:70b", f"{_R1}-Distill-Llama-70B", 70.55, 80, 8),
    _v3("deepseek-r1", "deepseek-r1:671b", f"{_R1}-0528", alias="r1(-0528)?$"),
    _v3("deepseek-v3", "deepseek-v3:671b", "deepseek-ai/DeepSeek-V3-0324", alias="v3(-0324)?$"),
    _v3("deepseek-v3.1", "deepseek-v3.1:671b", "deepseek-ai/DeepSeek-V3.1", alias="v3.1"),
    # Its indexer keeps a little more per token, which is left out here.
    _v3("deepseek-v3.2", "deepseek-v3.2:671b", "deepseek-ai/DeepSeek-V3.2", verified=False, alias="v3.2"),
    # V4 keeps about a tenth of V3.2's cache (its model card); the weights are FP4 and FP8 mixed, 0.588
    # bytes each by the size of the published checkpoint of Flash. Neither was measured.
    Size(
        "deepseek-v4",
        "deepseek-v4-flash:284b",
        "deepseek-ai/DeepSeek-V4-Flash",
        284,
        13,
        61,
        1,
        58,
        0,
        _1M,
        58,
        ("fp4+fp8",),
        verified=False,
        alias="flash",
    ),
    Size(
        "deepseek-v4",
        "deepseek-v4-pro:1600b",
        "deepseek-ai/DeepSeek-V4-Pro",
        1600,
        49,
        61,
        1,
        58,
        0,
        _1M,
        58,
        ("fp4+fp8",),
        verified=False,
        alias="pro",
    ),
    _dense("qwen2.5-coder:7b", "Qwen/Qwen2.5-Coder-7B-Instruct", 7.62, 28, 4, context=32_768),
    _dense("qwen2.5-coder:14b", "Qwen/Qwen2.5-Coder-14B-Instruct", 14.77, 48, 8, context=32_768),
    _dense("qwen2.5-coder:32b", "Qwen/Qwen2.5-Coder-32B-Instruct", 32.76, 64, 8, context=32_768),
    Size(
        "qwen3-coder",
        "qwen3-coder:30b",
        "Qwen/Qwen3-Coder-30B-A3B-Instruct",
        30.5,
        3.3,
        48,
        4,
        128,
        128,
        _256K,
    ),
    # Twelve of its 48 layers attend to the whole context; the others keep a state of fixed size.
    Size(
        "qwen3-coder",
        "qwen3-coder-next:80b",
        "Qwen/Qwen3-Coder-Next",
        79.7,
        3,
        12,
        2,
        256,
        256,
        _256K,
        verified=False,
        alias="next",
    ),
    Size(
        "qwen3-coder",
        "qwen3-coder:480b",
        "Qwen/Qwen3-Coder-480B-A35B-Instruct",
        480,
        35,
        62,
        8,
        128,
        128,
        _256K,
        quantisations=("bf16", "fp8", "q8_0", "q4_K_M"),
    ),
)


def size_of(model_name: str) -> Size | None:
    """Return the size of a model by its name: an Ollama tag, a Hugging Face id or a GGUF file; None if unknown."""
    family = family_of(model_name)
    name = re.sub(r"[_\s]+", "-", PurePosixPath(model_name).name.lower()).removesuffix(".gguf")
    candidates = [size for size in SIZES if size.family == family]
    if "llama" in name and family == "deepseek-r1":
        candidates = [size for size in candidates if "Llama" in size.repository]
    by_alias = (size for size in candidates if size.alias and re.search(size.alias, name))
    return next(by_alias, None) or _by_number(candidates, billions_in(name))


def _by_number(candidates: list[Size], billions: float | None) -> Size | None:
    if billions is None:
        return None
    return next((size for size in candidates if billions_in(size.label) == billions), None)
