"""Redaction: no secret leaves, no line moves, ordinary code stays readable."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reviewer.stages.redact import Redactor, mask, redact
from tests.fakes.labelled_secrets import read_labelled

KEY = "MIIEpAIBAAKCAQEA7bq1Vf0Zs0QwErTyUiOpAsDfGhJkLzXcVbNm"


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("postgres://trade:hunter2@db.internal/orders", "hunter2"),
        ("jdbc:mysql://root:Pa55!word@10.0.0.8:3306/x", "Pa55!word"),
        ('password = "correct horse"', "correct horse"),
        ("'password': 'correct horse',", "correct horse"),
        ('props.put("db.password", "s3cret!x")', "s3cret!x"),
        ("const apiKey = 'abcd-1234';", "abcd-1234"),
        ('数据库密码 := "龙腾虎跃一二三"', "龙腾虎跃一二三"),
        ("DB_PASSWORD=changeit", "changeit"),
        ("+export API_TOKEN=abcdef", "abcdef"),
        ("spring.datasource.password=changeit", "changeit"),
        ("  12 + redis_password: ch4ngeit", "ch4ngeit"),
        ("curl -s -u admin:letmein https://x", "letmein"),
        ("curl --user 'admin:let me' https://x", "let"),
        ("Authorization: Basic YWRtaW46bGV0bWVpbg==", "YWRtaW46bGV0bWVpbg=="),
        ('headers = {"Authorization": "Bearer abcdef1234567890"}', "abcdef1234567890"),
        ("GET /v1/order?access_token=abc123def HTTP/1.1", "abc123def"),
        ("key AKIAQYLPMN5HFIQR7B3Z in a comment", "AKIAQYLPMN5HFIQR7B3Z"),
        ("LTAI5tAbCdEfGhIjKlMnOpQr", "LTAI5tAbCdEfGhIjKlMnOpQr"),
        ("glpat-hellOworld380_testin", "glpat-hellOworld380_testin"),
        ("Server=db1;User Id=sa;Password=orchard;Timeout=5", "orchard"),
        ("CREATE USER 'app' IDENTIFIED BY 'orchard';", "orchard"),
        ("mysql -h db -u root -porchard fund", "orchard"),
        ("sshpass -p 'Tiger*4682' ssh deploy@10.0.0.9", "Tiger*4682"),
        ("mysqldump --password=k8zq11vvt fund", "k8zq11vvt"),
        ("<password>k8zq11vvt</password>", "k8zq11vvt"),
        ('<add key="SmtpPassword" value="k8zq11vvt"/>', "k8zq11vvt"),
        ("- name: DB_PASSWORD\n  value: k8zq11vvt", "k8zq11vvt"),
        ("Cookie: JSESSIONID=0a1b2c3d4e5f; theme=dark", "0a1b2c3d4e5f"),
        ("the admin password is k8zq11vvt", "k8zq11vvt"),
        ("账号：admin 密码：k8zq11vvt", "k8zq11vvt"),
        ('auth=("robot", "k8zq11vvt")', "k8zq11vvt"),
        ("X-JFrog-Art-Api: AP6xxxxxxxxxx", "AP6xxxxxxxxxx"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl", "eyJzdWIiOiIxMjM0In0"),
        (f"-----BEGIN RSA PRIVATE KEY-----\n 12 + {KEY}\n 13 + QQ==\n-----END RSA PRIVATE KEY-----", KEY),
        (f"-----BEGIN PRIVATE KEY-----\n{KEY}", KEY),  # cut off by a diff
        (rf'k = "-----BEGIN PRIVATE KEY-----\n{KEY}\n-----END PRIVATE KEY-----\n"', KEY),
    ],
)
def test_secrets_are_replaced(text: str, secret: str) -> None:
    redacted = redact(text)
    assert secret not in redacted.text
    assert redacted.count >= 1
    assert all(placeholder in redacted.text for placeholder in redacted.placeholders)


@pytest.mark.parametrize(
    "text",
    [
        "token: string;",
        "self.password = password",
        'String password = request.getParameter("password");',
        "token = parser.next_token()",
        "def login(user: str, password: str) -> None:",
        'password = os.environ["DB_PASSWORD"]',
        "if len(password) < 8:",
        "url = 'https://gitlab.example.internal/group/project.git'",
        "the bearer of this ticket",
        'token = o.SelectToken("Stores[0].Name")',
        "GITHUB_TOKEN: '${{ secrets.GITHUB_TOKEN }}'",
        "password: '{{ vault_db_password }}'",
        "max_tokens=4096, prompt_tokens=usage.prompt",
        "PublicKeyToken='b77a5c561934e089'",
        "cookie = parse(request)",
        "-----BEGIN CERTIFICATE-----\nMIIDdzCCAl+gAwIBAgIEAgAAuTANBgkqhkiG9w0BAQUFADBaMQswCQYDVQQGEwJJ",
    ],
)
def test_ordinary_code_stays_as_it_is(text: str) -> None:
    assert redact(text).text == text


def test_one_secret_has_one_placeholder_over_texts() -> None:
    redactor = Redactor()
    first = redactor.redact('password = "s3cret!x"\napi_key = "another1"')
    second = redactor.redact('pwd = "another1"\npwd = "s3cret!x"')
    assert first.text == 'password = "<redacted:password:1>"\napi_key = "<redacted:password:2>"'
    assert second.text == 'pwd = "<redacted:password:2>"\npwd = "<redacted:password:1>"'
    assert second.placeholders == ("<redacted:password:2>", "<redacted:password:1>")


def test_known_secrets_are_replaced_wherever_they_stand() -> None:
    redacted = redact("log.info('zq81-Vt') # zq81-Vt\nprint(x)", extra=["zq81-Vt"])
    assert redacted.text == "log.info('<redacted:secret:1>') # <redacted:secret:1>\nprint(x)"
    assert redacted.count == 2


def test_a_known_secret_inside_another_leaves_no_end_behind() -> None:
    redacted = redact("abcdef-ghijkl-mnopqr", extra=["abcdef-ghijkl", "ghijkl-mnopqr"])
    assert redacted.text == "<redacted:secret:1>"


def test_a_key_of_several_lines_is_known_line_by_line() -> None:
    assert "QwErTy" not in redact("a = 'QwErTyUiOp'", extra=["AsDfGh\n  QwErTyUiOp\n"]).text


def test_short_known_secrets_do_not_tear_words_apart() -> None:
    assert redact("rotate the log", extra=["at", "log"]).text == "rotate the log"


@pytest.mark.parametrize(
    ("secret", "shown"),
    [("AKIAQYLPMN5HFIQR7B3Z", "AKIA****"), ("12345678", "12****"), ("abc", "****"), ("", "****")],
)
def test_mask(secret: str, shown: str) -> None:
    assert mask(secret) == shown


def test_a_secret_that_comes_into_reach_by_a_replacement_is_replaced_too() -> None:
    long = "a1" * 400
    redacted = redact(f"curl https://x/?token={long} -u admin:letmein")
    assert (
        redacted.text == "curl https://x/?token=<redacted:query-secret:1> -u admin:<redacted:curl-password:1>"
    )


PIECES = st.sampled_from(
    [
        "password", "token=", "=", ":", '"', "'", " ", "\n", "\r\n", "hunter2", "s3cret!x", "密码", "é", "\ud800",
        "https", "://", "user:", "@", "?key=", "curl -u ", "-u a:", "Authorization: Bearer ", "abcdef0123456789", KEY,
        "-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----", "AKIAQYLPMN5HFIQR7B3Z",
        "<redacted:password:1>", "<redacted:", ":1>", "****",
    ]
)  # fmt: skip
TEXTS = st.one_of(st.text(), st.lists(PIECES, max_size=30).map("".join))


@given(TEXTS, st.lists(TEXTS, max_size=2))
def test_redaction_is_idempotent_and_moves_no_line(text: str, extra: list[str]) -> None:
    once = redact(text, extra)
    again = redact(once.text, extra)
    assert (again.text, again.count) == (once.text, 0)
    assert once.text.count("\n") == text.count("\n")
    assert (once.count == 0) == (once.text == text)


@given(TEXTS)
@example("curl -u admin:letmein https://x")
def test_a_placeholder_that_a_comment_shows_as_code_is_no_secret_again(text: str) -> None:
    """Comments are redacted and defused in turns until nothing changes any more: that has to end."""
    for _ in range(len(text) + 2):
        shown = re.sub(r"`?(<redacted:[a-z0-9-]+:\d+>)`?", r"`\1`", redact(text).text)
        if shown == text:
            return
        text = shown
    pytest.fail("no end")


@given(TEXTS)
def test_a_mask_never_shows_the_whole(text: str) -> None:
    assert len(mask(text).removesuffix("****")) <= min(4, len(text) // 4)


def test_of_our_own_labelled_secrets_hardly_one_stays_whole() -> None:
    bad = [line for line in read_labelled() if line.bad]
    whole = [line for line in bad if any(one in redact(line.text).text for one in line.secrets)]
    assert len(whole) <= 0.02 * len(bad)


def test_real_code_stays_readable(rows: Callable[[str], Iterator[dict[str, Any]]]) -> None:
    texts = [row["new"] for row in rows("file_pairs") if isinstance(row["new"], str)]
    places = sum(redact(text).count for text in texts)
    assert places <= 0.5 * sum(text.count("\n") for text in texts) / 1000


PASSWORD = "Vx7!" + "kQ2#mZpW9"


@pytest.mark.parametrize(
    "text",
    [
        f'password = (\n    "{PASSWORD}"\n)',
        f'{{"password": {{"value": "{PASSWORD}"}}}}',
        f"passwords:\n  - {PASSWORD}\n",
        f"密码：{PASSWORD}\n",
        f'password ＝ "{PASSWORD}"',
        f'password = "{PASSWORD}<redacted:password:1>{PASSWORD}"',
        f'x = "<redacted:password:1>"; password = "{PASSWORD}"',
    ],
)
def test_a_secret_that_stands_a_little_apart_from_its_name_is_replaced(text: str) -> None:
    redacted = redact(text)
    assert PASSWORD not in redacted.text
    assert redact(redacted.text).text == redacted.text


def test_what_one_text_gives_away_is_hidden_in_the_others() -> None:
    redactor = Redactor()
    redactor.learn(f'password = "{PASSWORD}"\nuser_password = "administrator"\n')
    assert redactor.redact(f'open("{PASSWORD}")').text == 'open("<redacted:secret:1>")'
    assert redactor.redact("an administrator").text == "an administrator"
