"""Model servers for tests: scripted ones, and the real llama.cpp with a small model (`llama`)."""

from tests.fakes.models.script import Asked, Rule, Script
from tests.fakes.models.server import CODER, REASONER, ScriptedModels
from tests.fakes.models.wire import ServedModel

__all__ = ["CODER", "REASONER", "Asked", "Rule", "Script", "ScriptedModels", "ServedModel"]
