"""What fits which machine, with the figures of machines that are known."""

from __future__ import annotations

from pathlib import Path

import pytest

from reviewer.models.fit import GIB, Fit, fitting, recommend
from reviewer.models.hardware import Machine, read_machine
from reviewer.models.profiles import PROFILES, find
from reviewer.models.sizes import QUANTISATIONS, SIZES, size_of


def fits(machine: Machine, context: int = 16_384) -> dict[str, Fit]:
    return {fit.size.tag: fit for fit in fitting(machine, context)[0]}


@pytest.mark.parametrize(
    ("name", "tag"),
    [
        ("deepseek-coder:6.7b", "deepseek-coder:6.7b"),
        ("deepseek-ai/deepseek-coder-33b-instruct", "deepseek-coder:33b"),
        ("deepseek-ai/DeepSeek-Coder-V2-Lite-Instruct", "deepseek-coder-v2:16b"),
        ("deepseek-ai/DeepSeek-Coder-V2-Instruct", "deepseek-coder-v2:236b"),
        ("deepseek-coder-v2:16b-lite-instruct-q4_K_M", "deepseek-coder-v2:16b"),
        ("deepseek-r1:14b", "deepseek-r1:14b"),
        ("deepseek-ai/DeepSeek-R1-Distill-Qwen-14B", "deepseek-r1:14b"),
        ("deepseek-ai/DeepSeek-R1-Distill-Llama-70B", "deepseek-r1:70b"),
        ("deepseek-r1:8b", "deepseek-r1:8b"),
        ("DeepSeek-R1-Distill-Llama-8B-Q4_K_M.gguf", "deepseek-r1:8b-llama-distill-q4_K_M"),
        ("deepseek-ai/DeepSeek-R1", "deepseek-r1:671b"),
        ("deepseek-ai/DeepSeek-R1-0528", "deepseek-r1:671b"),
        ("deepseek-ai/DeepSeek-V3-0324", "deepseek-v3:671b"),
        ("deepseek-ai/DeepSeek-V3.1", "deepseek-v3.1:671b"),
        ("deepseek-ai/DeepSeek-V4-Flash", "deepseek-v4-flash:284b"),
        ("deepseek_v4_pro", "deepseek-v4-pro:1600b"),
        ("/models/qwen2.5-coder-32b-instruct-q4_k_m.gguf", "qwen2.5-coder:32b"),
        ("Qwen/Qwen3-Coder-30B-A3B-Instruct", "qwen3-coder:30b"),
        ("Qwen/Qwen3-Coder-Next", "qwen3-coder-next:80b"),
        ("qwen3-coder:480b", "qwen3-coder:480b"),
    ],
)
def test_a_size_is_found_by_any_name(name: str, tag: str) -> None:
    size = size_of(name)
    assert size is not None
    assert size.tag == tag


@pytest.mark.parametrize("name", ["our-own-model", "deepseek-r1:3b", "deepseek-coder"])
def test_an_unknown_size_is_not_guessed(name: str) -> None:
    assert size_of(name) is None


def test_every_size_belongs_to_a_profile_and_names_quantisations_that_there_are() -> None:
    for size in SIZES:
        assert size.family in PROFILES
        assert find(size.repository).family == size.family
        assert find(size.tag).family == size.family
        assert set(size.quantisations) <= set(QUANTISATIONS)
        assert size.context <= PROFILES[size.family].context


def test_the_cache_of_a_token_is_what_was_measured() -> None:
    coder = size_of("deepseek-coder:6.7b")
    assert coder is not None
    assert coder.per_token("q4_K_M") == 512 * 1024
    assert coder.per_token("q4_K_M") * 16_384 == 8 * GIB


def test_a_server_with_latent_attention_keeps_a_small_part_of_what_one_without_does() -> None:
    large = size_of("deepseek-r1:671b")
    assert large is not None
    assert large.per_token("fp8") == 61 * (512 + 64) * 2
    assert large.per_token("q4_K_M") == 61 * 128 * (128 + 64 + 128) * 2


def test_a_gpu_of_24_gib() -> None:
    machine = Machine(64, (24,))
    found = fits(machine)
    assert {"qwen3-coder:30b", "deepseek-coder-v2:16b", "deepseek-r1:14b"} <= found.keys()
    assert found["deepseek-r1:14b"].longest >= 32_768 or "deepseek-r1:14b" in fits(machine, 32_768)
    assert "deepseek-r1:32b" not in found
    assert 8192 <= fits(machine, 8192)["deepseek-r1:32b"].longest < 16_384
    best, _ = recommend(fitting(machine, 16_384)[0], machine)
    assert best is not None
    assert best.size.tag == "qwen3-coder:30b"


def test_two_of_80_gib_hold_70_billion_as_they_were_released() -> None:
    found = fits(Machine(256, (80, 80)))
    assert (found["deepseek-r1:70b"].quantisation, found["deepseek-r1:70b"].gpus) == ("bf16", 2)
    assert found["deepseek-r1:32b"].gpus == 1
    assert "deepseek-r1:671b" not in found


def test_671_billion_need_eight_of_80_gib_in_four_bits_and_eight_of_141_in_eight() -> None:
    assert fits(Machine(1024, (80,) * 8))["deepseek-r1:671b"].quantisation == "q4_K_M"
    assert fits(Machine(1024, (141,) * 8))["deepseek-r1:671b"].quantisation == "fp8"


def test_a_machine_without_a_gpu_is_told_what_it_can_bear_to_wait_for() -> None:
    machine = Machine(64)
    ranked, _ = fitting(machine, 16_384)
    best, _ = recommend(ranked, machine)
    assert best is not None
    assert (best.size.active < 4, best.quantisation) == (True, "q4_K_M")
    assert [fit.size.tag for fit in ranked if fit.usable][:1] == [best.size.tag]
    slow = next(fit for fit in ranked if fit.size.tag == "deepseek-r1:32b")
    assert "slow on a CPU" in slow.notes


def test_nothing_fits_a_small_machine_and_nothing_is_recommended() -> None:
    machine = Machine(2)
    ranked, rest = fitting(machine, 16_384)
    assert recommend(ranked, machine) == (None, None)
    assert len(ranked) + len(rest) == len(SIZES)


def test_unequal_gpus_share_evenly_what_the_smaller_one_holds() -> None:
    assert fits(Machine(64, (24, 8)))["deepseek-r1:14b"].gpus == 1
    assert "deepseek-r1:32b" not in fits(Machine(64, (24, 8)))


def test_who_verifies_is_of_another_family_and_fits_beside() -> None:
    machine = Machine(256, (80, 80))
    reviewer, verifier = recommend(fitting(machine, 16_384)[0], machine)
    assert reviewer is not None
    assert verifier is not None
    assert verifier.size.family == "deepseek-r1"


def test_what_is_verified_and_what_is_not_is_part_of_the_answer() -> None:
    flash = next(fit for fit in fitting(Machine(1024, (141,) * 8), 16_384)[0] if "flash" in fit.size.tag)
    assert "figures not verified" in flash.notes


def test_the_machine_is_read(tmp_path: Path) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemFree:  1 kB\nMemTotal:       65839636 kB\n")
    machine = read_machine(meminfo=meminfo, ask_gpus=lambda: "24564\n81559\n\n[N/A]\n")
    assert (round(machine.memory, 1), [round(gpu, 1) for gpu in machine.gpus]) == (62.8, [24.0, 79.6])
    assert read_machine(meminfo=tmp_path / "none", ask_gpus=lambda: "") == Machine(0.0, ())


@pytest.mark.parametrize(
    ("script", "gpus"),
    [
        ('[ "$1" = --query-gpu=memory.total ] && printf "24564\\n24564\\n"', (23.98828125, 23.98828125)),
        ("echo NVIDIA-SMI has failed; exit 9", ()),
        ("echo no numbers", ()),
    ],
)
def test_the_driver_is_asked_by_its_own_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, gpus: tuple[float, ...]
) -> None:
    program = tmp_path / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o700)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert read_machine().gpus == gpus
