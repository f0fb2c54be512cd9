"""Which test framework a repository uses: found in its build files and in the tests it has."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from types import MappingProxyType

_JS = ("javascript", "typescript", "tsx", "vue")


@dataclass(frozen=True, slots=True)
class Framework:
    """One framework for some languages.

    `imports` recognises it in a test, `depends` in a build file, `case` a test case in code. `names`
    are the forms of a test file's name, the usual first: `{stem}` stands for the tested file's.
    """

    name: str
    languages: tuple[str, ...]
    imports: str
    depends: str
    case: str
    names: tuple[str, ...]


# In order of preference where a repository has none of its marks: the first of a language is its default.
FRAMEWORKS = (
    Framework(
        "pytest", ("python",), r"\bpytest\b|^def test_|^async def test_", r"\bpytest\b",
        r"^\s*(?:async )?def test_", ("test_{stem}.py", "{stem}_test.py"),
    ),
    Framework(
        "unittest", ("python",), r"\bunittest\b", r"\bunittest\b",
        r"^\s+(?:async )?def test", ("test_{stem}.py", "{stem}_test.py"),
    ),
    Framework(
        "JUnit 5", ("java", "kotlin"), r"org\.junit\.jupiter",
        r"junit-jupiter|junit-platform|useJUnitPlatform|org\.junit\.jupiter",
        r"@(?:\w+\.)*(?:Test|ParameterizedTest|RepeatedTest|TestFactory)\b",
        ("{Stem}Test{suffix}", "{Stem}Tests{suffix}"),
    ),
    Framework(
        "JUnit 4", ("java", "kotlin"), r"org\.junit\.(?:Test|Assert|Before|runner)\b",
        r"<artifactId>junit</artifactId>|junit:junit",
        r"@(?:\w+\.)*Test\b", ("{Stem}Test{suffix}", "{Stem}Tests{suffix}"),
    ),
    Framework(
        "TestNG", ("java", "kotlin"), r"org\.testng", r"testng",
        r"@(?:\w+\.)*Test\b", ("{Stem}Test{suffix}", "{Stem}Tests{suffix}"),
    ),
    Framework(
        "Jest", _JS, r"@jest/globals|\bjest\.", r'"(?:jest|ts-jest|@jest/globals|react-scripts|jest-preset[\w-]*)"',
        r"^\s*(?:it|test)(?:\.\w+)*\(", ("{stem}.test{suffix}", "{stem}.spec{suffix}"),
    ),
    Framework(
        "Vitest", _JS, r"from ['\"]vitest['\"]", r'"vitest"',
        r"^\s*(?:it|test)(?:\.\w+)*\(", ("{stem}.test{suffix}", "{stem}.spec{suffix}"),
    ),
    Framework(
        "Mocha", _JS, r"from ['\"](?:mocha|chai)['\"]|require\(['\"](?:mocha|chai)['\"]\)", r'"mocha"',
        r"^\s*(?:it|specify|test)(?:\.\w+)*\(", ("{stem}.test{suffix}", "{stem}.spec{suffix}"),
    ),
    Framework(
        "node:test", _JS, r"['\"]node:test['\"]", r"node --test",
        r"^\s*(?:it|test)(?:\.\w+)*\(", ("{stem}.test{suffix}", "{stem}.spec{suffix}"),
    ),
    Framework(
        "Go testing", ("go",), r'"testing"', r"^go \d",
        r"^func (?:Test|Fuzz|Benchmark|Example)\w*\(", ("{stem}_test.go",)
    ),
    Framework(
        "xUnit", ("csharp",), r"using Xunit", r"xunit", r"\[(?:Fact|Theory)\b", ("{Stem}Tests.cs", "{Stem}Test.cs"),
    ),
    Framework(
        "NUnit", ("csharp",), r"using NUnit", r"NUnit", r"\[(?:Test|TestCase)\b", ("{Stem}Tests.cs", "{Stem}Test.cs"),
    ),
    Framework(
        "MSTest", ("csharp",), r"Microsoft\.VisualStudio\.TestTools", r"MSTest", r"\[(?:TestMethod|DataTestMethod)\b",
        ("{Stem}Tests.cs", "{Stem}Test.cs"),
    ),
    Framework(
        "GoogleTest", ("cpp", "c"), r"gtest/gtest\.h|gmock/gmock\.h", r"\b(?:gtest|GTest|googletest)\b",
        r"^\s*(?:TYPED_)?TEST(?:_F|_P)?\s*\(",
        ("{stem}_test.cpp", "{stem}_test.cc", "test_{stem}.cpp", "{Stem}Test.cpp"),
    ),
    Framework(
        "Catch2", ("cpp", "c"), r"catch2/|catch\.hpp", r"\bCatch2\b", r"^\s*(?:TEST_CASE|SCENARIO)\s*\(",
        ("test_{stem}.cpp", "{stem}_test.cpp"),
    ),
    Framework(
        "doctest", ("cpp", "c"), r"doctest\.h", r"\bdoctest\b", r"^\s*(?:TEST_CASE|SCENARIO)\s*\(",
        ("test_{stem}.cpp", "{stem}_test.cpp"),
    ),
    Framework(
        "Boost.Test", ("cpp", "c"), r"boost/test", r"unit_test_framework", r"^\s*BOOST_(?:AUTO|FIXTURE|DATA)_TEST_CASE",
        ("test_{stem}.cpp", "{stem}_test.cpp"),
    ),
    Framework(
        "PHPUnit", ("php",), r"PHPUnit\\Framework", r"phpunit/phpunit",
        r"function test\w*\(|#\[Test\]|@test\b", ("{Stem}Test.php",)
    ),
    Framework("Pest", ("php",), r"^\s*(?:it|test)\(", r"pestphp/pest", r"^\s*(?:it|test)\(", ("{Stem}Test.php",)),
    Framework(
        "RSpec", ("ruby",), r"RSpec\.describe|spec_helper", r"\brspec\b", r"^\s*(?:it|specify)\b", ("{stem}_spec.rb",)
    ),
    Framework(
        "Minitest", ("ruby",), r"[Mm]initest|test_helper", r"\bminitest\b", r"^\s*(?:def test_|test ['\"])",
        ("{stem}_test.rb", "test_{stem}.rb"),
    ),
    Framework(
        "Rust's own tests", ("rust",), r"#\[(?:cfg\(test\)|test)\]", r"^\[package\]",
        r"#\[(?:\w+::)*test\b", ("{stem}.rs",)
    ),
)  # fmt: skip

# What a project that uses one of these beside its framework is expected to go on using.
_BESIDE = MappingProxyType(
    {
        "Mockito": r"org\.mockito|mockito",
        "AssertJ": r"org\.assertj|assertj",
        "MockK": r"io\.mockk|mockk",
        "testify": r"stretchr/testify",
        "Chai": r"['\"]chai['\"]",
        "Testing Library": r"@testing-library/",
        "Moq": r"\bMoq\b",
        "NSubstitute": r"\bNSubstitute\b",
        "FluentAssertions": r"\bFluentAssertions\b",
        "pytest-asyncio": r"pytest[-_]asyncio",
        "hypothesis": r"\bhypothesis\b",
        "GoogleMock": r"gmock/gmock\.h",
    }
)
_BESIDE_OF = MappingProxyType(
    {
        "java": ("Mockito", "AssertJ"),
        "kotlin": ("MockK", "Mockito", "AssertJ"),
        "go": ("testify",),
        "csharp": ("Moq", "NSubstitute", "FluentAssertions"),
        "python": ("pytest-asyncio", "hypothesis"),
        "cpp": ("GoogleMock",),
        **dict.fromkeys(_JS, ("Chai", "Testing Library")),
    }
)

_BUILD_NAMES = frozenset(
    {
        "pyproject.toml", "setup.cfg", "setup.py", "tox.ini", "pytest.ini", "requirements.txt", "requirements-dev.txt",
        "requirements-test.txt", "pom.xml", "build.gradle", "build.gradle.kts", "libs.versions.toml", "package.json",
        "go.mod", "composer.json", "Gemfile", "Cargo.toml", "CMakeLists.txt", "meson.build", "conanfile.txt",
        "vcpkg.json", "WORKSPACE", "MODULE.bazel", "Directory.Packages.props",
    }
)  # fmt: skip
_BUILD_SUFFIXES = frozenset({".csproj", ".gemspec"})
_TEST = re.compile(
    r"(?:^|/)(?:test_[^/]+|[^/]+[_.](?:test|tests|spec)\.[^/]+|[^/]*[a-z0-9](?:Test|Tests|TestCase|Spec)\.\w+)$"
    r"|(?:^|/)(?:__tests__|tests?|specs?)/(?:[^/]+/)*(?!conftest|__init__|helpers?\b|fixtures?\b)[^/]+$"
)


def is_test(path: str) -> bool:
    """Say whether a path is that of a test, by the customs of the languages that we know."""
    return _TEST.search(path) is not None


def is_build_file(path: str) -> bool:
    """Say whether a file may name a test framework."""
    pure = PurePosixPath(path)
    return pure.name in _BUILD_NAMES or pure.suffix in _BUILD_SUFFIXES


def choose(
    language: str, tests: Mapping[str, str], builds: Mapping[str, str]
) -> tuple[Framework | None, tuple[str, ...]]:
    """Return a language's framework and what is used beside it.

    `tests` and `builds` map paths to texts, the nearest first. The nearest test that shows one decides,
    then the nearest build file, then the custom of the language.
    """
    own = [one for one in FRAMEWORKS if language in one.languages]
    found = _first(((one, one.imports) for one in own), tests.values())
    found = found or _first(((one, one.depends) for one in own), builds.values())
    known = [*tests.values(), *builds.values()]
    beside = tuple(name for name in _BESIDE_OF.get(language, ()) if _mentions(known, _BESIDE[name]))
    return found or (own[0] if own else None), beside


def holds_test(framework: Framework, code: str) -> bool:
    """Say whether a test case stands in the code."""
    return re.search(framework.case, code, re.MULTILINE) is not None


def _mentions(texts: Iterable[str], pattern: str) -> bool:
    return any(re.search(pattern, text) for text in texts)


def _first(candidates: Iterable[tuple[Framework, str]], texts: Iterable[str]) -> Framework | None:
    patterns = [(one, re.compile(pattern, re.MULTILINE)) for one, pattern in candidates]
    return next((one for text in texts for one, pattern in patterns if pattern.search(text)), None)
