"""Parts of files in other languages: where they lie, and what their errors prove."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from parsers.context import context
from parsers.edits import EditVerdict, check
from parsers.embedded import embed, parts, unescape
from parsers.languages import LANGUAGES
from parsers.source import ParsedSource, parse

VUE = """\
<template>
  <p v-for="(row, index) in rows" :key="row.id" @click="pick(row); done()" #default="{ row: { a } }">
    {{ format(row) && 1 < 2 }}
  </p>
  <!-- {{ ( }} -->
</template>
<script>
export default {}
</script>
<script setup lang="ts">
const n: number = 1
</script>
<style>
.a { color: red; }
</style>
<style lang="scss">
.a { .b { color: $c; } }
</style>
"""
MAPPER = """\
<mapper namespace="a.B">
  <select id="find">
    SELECT <include refid="columns"/> FROM t
    <where>
      <if test="a > 0">AND a &lt;= #{a,
        jdbcType=INT}</if>
      <![CDATA[ AND b <> ${b} ]]>
      ${scope}
    </where>
  </select>
  <update id="set">
    UPDATE t <set><if test="a">a = #{a},</if></set> WHERE id IN
    <foreach collection="ids" item="id" open="(" separator="," close=")">#{id}</foreach>
  </update>
  <insert id="add">
    <selectKey keyProperty="id">SELECT next_id()</selectKey>
    INSERT INTO t <trim prefix="(" suffix=")">a, b</trim> VALUES (1, 2)
  </insert>
</mapper>
"""


def read(language: str, text: str) -> ParsedSource:
    return parse(text.encode(), LANGUAGES[language])


def shown(language: str, text: str, part: int = 0) -> list[str]:
    """Return the words of a part, line by line, blank lines left out."""
    laid = read(language, text).embedded[part].source.utf8.decode()
    assert len(laid) == len(text)
    assert laid.count("\n") == text.count("\n")
    return [" ".join(line.split()) for line in laid.split("\n") if line.strip()]


def test_a_component_has_scripts_expressions_and_style_sheets() -> None:
    source = read("vue", VUE)
    names = [part.language.name for part in parts(source, LANGUAGES["vue"])]

    assert names == ["vue", "javascript", "typescript", "typescript", "css"]
    assert shown("vue", VUE, 0) == ["export default {}"]
    assert shown("vue", VUE, 1) == ["const n: number = 1"]
    assert shown("vue", VUE, 2) == [
        ";( rows) ;(row.id) ; pick(row); done();",
        ";( format(row) && 1 < 2 )",
    ]
    assert shown("vue", VUE, 3) == [".a { color: red; }"]
    assert source.error_lines == ()


def test_parts_stand_on_the_lines_and_columns_of_the_file() -> None:
    text = VUE.replace("const n", "const 价格 = 1; const n")
    tree = read("vue", text).embedded[1].source.tree
    found = tree.root_node.descendant_for_byte_range(
        text.encode().index(b"n: number"), text.encode().index(b": number")
    )

    assert found is not None
    assert found.text == b"n"
    assert found.start_point.row + 1 == text[: text.index("n: number")].count("\n") + 1


def test_a_mapper_is_one_sql_text_without_its_tags() -> None:
    assert shown("xml", MAPPER) == [
        "SELECT _________ FROM t",
        "WHERE",
        "a <= 1111",
        "AND b <> ____",
        ";",
        "UPDATE t SET a = 1111 WHERE id IN",
        "( 11111 )",
        ";",
        "SELECT next_id() ;",
        "INSERT INTO t ( a, b ) VALUES (1, 2)",
        ";",
    ]
    (part,) = read("xml", MAPPER).embedded
    assert (part.language.name, part.source.error_lines) == ("sql", ())


PIECES = st.sampled_from(
    [
        *(
            "<if test='a > 0'>",
            "</if>",
            "<where>",
            "</where>",
            "<set>",
            "<trim suffix='ON CONFLICT DO NOTHING'>",
            "</trim>",
        ),
        *(
            "<trim prefix='a\nb'>",
            "<foreach open='(' close=')'>",
            "</foreach>",
            "<include refid='x'/>",
            "<![CDATA[",
            "]]>",
        ),
        *(
            "<!-- c -->",
            "#{a,\n b}",
            "${b}",
            "\n",
            " ",
            "AND ",
            "select 1",
            ", ",
            "价",
            "&lt;",
            "&amp;",
            "#{",
            "${",
            "<",
            "'",
        ),
    ]
)


@given(st.lists(PIECES, max_size=12).map("".join))
def test_no_mapper_moves_its_sql(body: str) -> None:
    text = f'<mapper namespace="a"><select id="b">{body}</select>\n</mapper>\n'
    for part in read("xml", text).embedded:
        laid, written = part.source.utf8, text.encode()
        assert len(laid) == len(written)
        assert [at for at, byte in enumerate(laid) if byte == 0x0A] == [
            at for at, byte in enumerate(written) if byte == 0x0A
        ]


def test_words_for_tags_stand_apart() -> None:
    assert shown("xml", '<mapper><sql id="a">FROM t<where>a = 1</where></sql></mapper>') == [
        "FROM t WHERE a = 1 ;"
    ]


def test_other_xml_holds_no_sql() -> None:
    assert read("xml", MAPPER.replace("mapper", "beans")).embedded == ()


@pytest.mark.parametrize(
    ("attributes", "names"),
    [
        ("", ["javascript"]),
        (' type="module"', ["javascript"]),
        (' type="text/javascript;version=1.8"', ["javascript"]),
        (' type="text/typescript"', ["typescript"]),
        (' type="application/json"', []),
        (' type="text/x-template"', []),
        (" src=a.js type='importmap'", []),
    ],
)
def test_scripts_of_pages_are_those_of_a_browser(attributes: str, names: list[str]) -> None:
    source = read("html", f"<html><script{attributes}>f(1)</script></html>")
    assert [part.language.name for part in source.embedded] == names


def test_errors_of_parts_are_errors_of_the_file() -> None:
    broken = VUE.replace("number = 1", "number = (1").replace("color: red;", "color red }")

    assert set(read("vue", broken).error_lines) & {11, 12}
    assert read("html", "<p>\n<script>\nf(\n</script>").error_lines != ()


@pytest.mark.parametrize(
    "script", ["let a = {{ value }};", "{% if a %} f( {% endif %}", "var a = <?= $a ?>;", "let a = [[${a}]];"]
)
def test_scripts_that_a_template_engine_has_still_to_write_prove_nothing(script: str) -> None:
    (part,) = read("html", f"<script>{script}</script>").embedded
    assert part.language.tolerant


def test_sql_proves_nothing() -> None:
    assert LANGUAGES["sql"].tolerant
    assert read("xml", MAPPER.replace("FROM t", "FROM FROM (")).error_lines == ()


@pytest.mark.parametrize(
    ("line", "replacement", "verdict"),
    [
        (11, "const n: number = 2", EditVerdict.CLEAN),
        (11, "const n: number = (2", EditVerdict.BREAKS_SYNTAX),
        (8, "export default {", EditVerdict.BREAKS_SYNTAX),
        (3, "    {{ format(row }}", EditVerdict.BREAKS_SYNTAX),
        (3, "    {{ 1 < row && row.b }}", EditVerdict.CLEAN),
        (14, ".a { color: blue; ", EditVerdict.BREAKS_SYNTAX),
    ],
)
def test_an_edit_is_checked_in_the_part_that_it_lies_in(
    line: int, replacement: str, verdict: EditVerdict
) -> None:
    assert check("a.vue", VUE.encode(), line, line, replacement).verdict is verdict


def test_expressions_use_what_the_script_imports() -> None:
    statement = "import OrderRow from './OrderRow.vue'"
    text = f"<template>\n<OrderRow :row='row' />\n</template>\n<script setup>\n{statement}\n</script>\n"
    found = context(read("vue", text), LANGUAGES["vue"], [2])
    assert (found.called, found.imports) == (("OrderRow",), (statement,))


def test_pieces_are_laid_over_a_blank_text() -> None:
    css = LANGUAGES["css"]
    (laid,) = embed(css, b"ab\ncdef", [(1, b"X"), (4, b"YZ..")])
    assert (laid.text, laid.start, laid.end) == (b" X\n YZ.", 1, 7)
    assert list(embed(css, b"abc", [])) == []


@given(st.text(alphabet="&ltgamp;<quo t#39"))
def test_unescaping_moves_nothing(text: str) -> None:
    assert len(unescape(text.encode())) == len(text.encode())


def test_unescaped_operators_stay_whole() -> None:
    assert (
        unescape(b"a &lt;= b &amp;&amp; c &lt;&gt; d &quot;") == b'a    <= b         && c       <> d      "'
    )


@pytest.mark.parametrize("count", [10, 10_000])
def test_a_file_has_a_few_parts_however_many_scripts_it_has(count: int) -> None:
    text = "<script>let a = 1</script>\n<style>a{}</style>\n<template>{{ a }}</template>\n"
    assert len(read("vue", text * count).embedded) == 3
    assert len(read("html", text * count).embedded) == 2
