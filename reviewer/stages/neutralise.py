"""Make any text safe to post: nothing in it acts, calls, links, hides or gives a secret away.

A forge reads a comment as Markdown and obeys parts of it: a line that begins with `/` is a quick
action which GitLab runs with the bot's rights (inside `~~~`, `<details>` and after an unclosed fence
too), `@name` and `#1` notify people, a link or an image calls a host, a `suggestion` block can be
committed. What would act is shown as code instead, or escaped; the words stay readable.

`neutralise` is for a passage, `neutralise_line` for a title, `code_span` and `fenced` for code. All
take secrets out. The first two change nothing in what they have returned.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator

from reviewer.stages.marker import OPENING
from reviewer.stages.redact import redact

PASSAGE_LIMIT = 4_000
LINE_LIMIT = 200

# What a code block in a passage may call itself. Any other name could make it a suggestion, or have
# it rendered by a service (mermaid, plantuml, kroki, ...).
_HIGHLIGHTED = re.compile(
    r"bash|c|cpp|csharp|css|diff|go|html|java|javascript|js|json|jsx|kotlin|php|properties|py|python|ruby|rust"
    r"|sh|shell|sql|swift|text|toml|ts|tsx|typescript|vue|xml|ya?ml",
    re.IGNORECASE,
)
_FENCE = re.compile(r" {0,3}`{3,}[ \t]*([\w+#-]*)[^`]*")
_FENCE_END = re.compile(r" {0,3}`{3,}[ \t]*")
# Quote and list marks, as they may stand in front of a line's text.
_CONTAINERS = re.compile(r"(?:\s*(?:>|[-*+](?=\s)|\d{1,9}[.)](?=\s)))*\s*")
_TABLE_RULE = re.compile(r"(?=.*-)(?=.*[|:])[\s|:-]+")
_ACTING_START = re.compile(r"/(?=\w)|~~~")
_QUICK_ACTION = re.compile(r"^(\s*)/(?=\w)", re.MULTILINE)

_TOKEN = re.compile(
    r"""
      (?P<code>(?P<run>`{1,2})(?!`).*?(?<!`)(?P=run)(?!`))  # a code span that ends on its line
    | (?P<tick>\\?`)                                        # a backtick that opens nothing
    | (?P<keep>&(?:lt|\#96);                                # entities that we write ourselves
        | \\[^\w\s`@\#!&~<\\]                               # escapes of what does not act
        | \\\\)
    | (?P<slip>\\(?=[@\#!&~<]))                             # escapes that not every forge heeds
    | (?P<slash>\\)                                         # one that would escape our own backtick
    | (?P<link>\](?=[(\[:]))
    | (?P<acts>
        <redacted:[a-z0-9-]+:\d+>
      | (?:[A-Za-z][A-Za-z0-9+.-]{0,20}://|www\.|mailto:|xmpp:)[!-;=?-\[\]-_a-~]*[\w/]
      | (?<![\w.+-])[\w.+-]+@[\w.-](?:[\w./-]*\w)?          # mail
      | @[\w.-](?:[\w./-]*\w)?                              # people and groups
      | (?<![\w./-])[\w./-]+[\#!&]\d+                       # issues, merge requests, epics elsewhere
      | [\#!&]\d+                                           # and here
      | (?<![\w~])~[\w"-]++(?!://)                           # labels
      | GH-\d+
      | &\#?\w+;
      )
    | (?P<angle><)
    """,
    re.VERBOSE | re.ASCII,
)
_REPLACEMENTS = {"tick": "&#96;", "slip": "", "slash": "\\\\", "link": "]\\", "angle": "&lt;"}

# Marks that show nothing and are not of the category of formats: fillers and variation selectors.
_BLANKS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")
_LINE_ENDS = re.compile(r"\r\n?")


def neutralise(text: str, limit: int = PASSAGE_LIMIT) -> str:
    """Return a passage that is safe in a comment, of at most `limit` characters."""
    return _fit(text, limit, _passage)


def neutralise_line(text: str, limit: int = LINE_LIMIT) -> str:
    """Return one line that is safe in a comment, of at most `limit` characters."""
    return _fit(text, limit, lambda text: _prose_line(" ".join(text.split())))


def code_span(text: str, limit: int = LINE_LIMIT) -> str:
    """Show one line of anything (a path, a rule id, code) as inline code."""
    content = _shorten(_break_comments(_clean(" ".join(visible(text).split()))), limit)
    run = "`" * (_longest_run(content) + 1)
    if not content or content.startswith("`") or content.endswith("`"):
        content = f" {content} "
    return f"{run}{content}{run}"


def fenced(code: str, language: str = "") -> str:
    """Show code as a block that it cannot break out of."""
    content = _break_comments(_clean(visible(code)))
    fence = fence_for(content)
    if len(fence) > 3:  # GitLab looks for quick actions in longer fences
        content = _QUICK_ACTION.sub(r"\1\\/", content)
    return f"{fence}{language}\n{content}\n{fence}"


def visible(text: str) -> str:
    """Remove what a reader cannot see: controls, zero-width and direction marks, tags; unify line ends."""
    unified = _LINE_ENDS.sub("\n", text)
    return unified if unified.isascii() and unified.isprintable() else "".join(_shown(unified))


def is_postable(code: str) -> bool:
    """Say whether code may be posted exactly as it is: nothing hidden, no secret, no marker of ours."""
    return visible(code) == code and redact(code).count == 0 and OPENING not in code


def holds_quick_action(code: str) -> bool:
    """Say whether a line of the code could be taken for a quick action outside a code block."""
    return _QUICK_ACTION.search(code) is not None


def fence_for(code: str) -> str:
    """Return a fence that is longer than any in the code."""
    return "`" * max(3, _longest_run(code) + 1)


def _shown(text: str) -> Iterator[str]:
    for char in text:
        category = unicodedata.category(char)
        if char in "\n\t":
            yield char
        elif char in "\v\f\x85\u2028\u2029":
            yield " "
        elif category == "Cs":
            yield "\ufffd"
        elif category not in ("Cc", "Cf") and char not in _BLANKS and not _selects_variation(char):
            yield char


def _selects_variation(char: str) -> bool:
    """Recognise variation selectors, which can carry hidden text; the one that makes an emoji may stay."""
    return "\ufe00" <= char <= "\ufe0e" or "\U000e0100" <= char <= "\U000e01ef"


def _clean(text: str) -> str:
    return redact(text).text


def _fit(text: str, limit: int, defuse: Callable[[str], str]) -> str:
    """Defuse a text until nothing changes any more, cutting it until the result fits."""
    source = _clean(visible(text[: 16 * limit]))
    length, safe = len(source), _settle(source, defuse)
    while len(safe) > limit:
        length = min(length - 1, length * limit // len(safe))
        safe = _settle(_shorten(source, length + 1), defuse)
    return safe


def _settle(text: str, defuse: Callable[[str], str]) -> str:
    while (defused := defuse(_clean(text))) != text:
        text = defused
    return text


def _shorten(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: max(0, limit - 1)].rstrip() + "…"


def _passage(text: str) -> str:
    return "\n".join(_passage_lines(text.split("\n")))


def _passage_lines(lines: list[str]) -> Iterator[str]:
    """Keep whole code blocks as code, closing the last one; everything else is prose."""
    index = 0
    while index < len(lines):
        opening = _FENCE.fullmatch(lines[index])
        end = _block_end(lines, index + 1) if opening else None
        if opening is None or end is None:
            yield _prose_line(lines[index])
            index += 1
            continue
        yield "```" + (opening[1] if _HIGHLIGHTED.fullmatch(opening[1]) else "")
        # A quick action in a code block is dead only while every reader agrees where blocks begin.
        yield from (_QUICK_ACTION.sub(r"\1\\/", _break_comments(line)) for line in lines[index + 1 : end])
        yield "```"
        index = end + 1


def _block_end(lines: list[str], start: int) -> int | None:
    """Return the index of the line that ends a block; None if readers could take different ones for it."""
    for index in range(start, len(lines)):
        if lines[index].lstrip().startswith("```"):
            return index if _FENCE_END.fullmatch(lines[index]) else None
    return len(lines)


def _prose_line(line: str) -> str:
    match = _CONTAINERS.match(line)
    marks = match[0] if match else ""
    text = _TOKEN.sub(_safe_token, line[len(marks) :])
    if _ACTING_START.match(text) or _TABLE_RULE.fullmatch(text):
        text = f"\\{text}"
    # `>>>` alone opens a quotation that GitLab looks for the end of.
    return marks.replace(">>>", "\\>>>") + text


def _safe_token(match: re.Match[str]) -> str:
    kind, token = str(match.lastgroup), match[0]
    if kind == "acts":
        return f"`{token}`"
    if kind == "code":
        return _break_comments(token)
    return _REPLACEMENTS.get(kind, token)


def _break_comments(code: str) -> str:
    """Take the start of an HTML comment apart, so that no marker of ours can be forged inside code."""
    return code.replace("<!--", "<! --")


def _longest_run(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)
