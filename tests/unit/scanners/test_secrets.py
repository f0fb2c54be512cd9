"""Secrets: found on added lines, shown masked, silenced by nothing."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from reviewer.domain import ChangedFile, Confidence, Finding, Severity
from reviewer.errors import ConfigError
from reviewer.scanners.allowed_secrets import AllowList
from reviewer.scanners.secrets import SecretScanner
from tests.fakes.changes import change_set, changed_file
from tests.fakes.labelled_secrets import read_labelled

# Made up, and put together here so that no other scanner takes them for real ones.
GITHUB = "ghp_" + "wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx"
AWS = "AKIA" + "QYLPMN5HFIQR7B3Z"
HEX, MIXED = "8f1c2b3d7a6e5f40" * 2, "Zk9QaX3vTb7LmW2c" * 2
PAGE = base64.urlsafe_b64encode(b'{"page":"seventeenth"}').decode().rstrip("=")
KEY_LINE = "MIIEpAIBAAKCAQEA7bq1Vf0Zs0QwErTyUiOpAsDfGhJkLzXcVbNmQwErTyUi"
KEY = f"-----BEGIN RSA PRIVATE KEY-----\n{KEY_LINE}\n{KEY_LINE[::-1]}\n-----END RSA PRIVATE KEY-----\n"


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kingfisher")


@pytest.fixture(scope="module")
def scanner(cache: Path) -> SecretScanner:
    return SecretScanner(cache)


def found(scanner: SecretScanner, *files: ChangedFile) -> tuple[Finding, ...]:
    report = scanner.scan(change_set(*files))
    assert report.warnings == ()
    return report.findings


@pytest.mark.parametrize(
    ("code", "kind", "secret"),
    [
        (f'key = "{AWS}"\n', "aws-access-key", AWS),
        (f"token: {GITHUB}\n", "github-token", GITHUB),
        ('id = "LTAI5tAbCdEfGhIjKlMnOpQr"\n', "alibaba-access-key", "LTAI5tAbCdEfGhIjKlMnOpQr"),
        (
            'id = "AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA"\n',
            "tencent-secret-id",
            "AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA",
        ),
        ('HUAWEI_SK = "' + "Zk9Qa" * 8 + '"\n', "huawei-secret-key", "Zk9Qa" * 8),
        (
            "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=693a91f6-7a0c-4bc4-97a0-0ec25afa5aaa\n",
            "wecom-webhook",
            "693a91f6-7a0c",
        ),
        ('secret = "SEC' + "0f9a3c" * 10 + 'beef"\n', "dingtalk-sign-secret", "SEC0f9a3c0f9a"),
        (
            "https://open.feishu.cn/open-apis/bot/v2/hook/8f1c2b3d-1a2b-4c3d-9e8f-7a6b5c4d3e2f\n",
            "feishu-webhook",
            "8f1c2b3d-1a2b",
        ),
        (f"ZHIPU = '{HEX}.{MIXED[:16]}'\n", "zhipu-api-key", f"{HEX}.{MIXED[:16]}"),
        (f"MOONSHOT = 'sk-{MIXED}{MIXED[:16]}'\n", "model-api-key", f"sk-{MIXED}{MIXED[:16]}"),
        (
            f"QIANFAN = 'bce-v3/ALTAK-{MIXED[:21]}/{HEX}{HEX[:8]}'\n",
            "baidu-api-key",
            f"ALTAK-{MIXED[:21]}/{HEX}",
        ),
        (f"volc = 'AKLT{MIXED}{MIXED[:12]}'\n", "volcengine-access-key", f"AKLT{MIXED}"),
        (f"sts = 'STS.{MIXED[:25]}'\n", "alibaba-sts-token", f"STS.{MIXED[:25]}"),
        (f"wx_appsecret = '{HEX}'\n", "key", HEX),
        (f"gitee.token={HEX}\n", "key", HEX),
        (f"qiniu_secret_key = '{MIXED}{MIXED[:8]}'\n", "key", MIXED),
        (f"alipay = 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASC{MIXED * 4}'\n", "private-key", MIXED),
        (f"KEY = '''\n{KEY}'''\n", "private-key", KEY_LINE),
        ('db.password = "k8Zq!11vvT"\n', "password", "k8Zq!11vvT"),
        ('url = "mysql://trade:k8Zq11vvT@10.0.0.8:3306/x"\n', "uri-password", "k8Zq11vvT"),
        ("curl -u admin:k8Zq11vvT https://internal/\n", "curl-password", "k8Zq11vvT"),
    ],
)
def test_each_kind_is_found_and_masked(scanner: SecretScanner, code: str, kind: str, secret: str) -> None:
    path = "src/app.properties" if code.startswith("gitee") else "src/settings.py"
    findings = found(scanner, changed_file(path, None, code))
    [finding] = [finding for finding in findings if finding.rule_id == f"secret/{kind}"]
    assert finding.severity.rank >= Severity.HIGH.rank
    assert finding.category == "secret"
    shown = repr(finding)
    assert secret not in shown
    assert secret[:8] not in shown
    assert "****" in finding.message


@pytest.mark.parametrize(
    "code",
    [
        'password = os.environ["DB_PASSWORD"]\n',
        'password = "your-password-here"\n',
        'password = "${DB_PASSWORD}"\n',
        'password = "changeme"\n',
        'password = get_password("orders")\n',
        'label = {"password": "Password must not be empty"}\n',
        'password_field = "user.password"\n',
        'token = "xxxxxxxxxxxxxxxxxxxxxxxx"\n',
        "key = 'AKIAIOSFODNN7EXAMPLE'\n",
        "key = 'AKIAZZZZZZZZZZZZZZZZ'\n",
        "publicKeyToken='6595b64144ccf1df'\n",
        "postgres://user:password@localhost/x\n",
        'curl -u "$USER:$PASSWORD" https://internal/\n',
        "-----BEGIN RSA PRIVATE KEY-----\n...\n-----END RSA PRIVATE KEY-----\n",
        'digest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"\n',
    ],
)
def test_placeholders_and_references_are_left_alone(scanner: SecretScanner, code: str) -> None:
    assert found(scanner, changed_file("src/settings.py", None, code)) == ()


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("src/i18n/cs.json", '"password": "Skrztwrhslo"\n'),
        ("res/messages_nl.properties", "login.password=Wprzdhslkpt\n"),
        ("src/x.py", f"cursor = 'eyJ{MIXED}.eyJ{MIXED}.{MIXED}'\n"),  # no JSON in it
        ("src/x.py", f"cursor = '{PAGE}.{PAGE}.{MIXED}'\n"),  # JSON, but of no token
        ("src/x.py", "url = 'postgres://orders:orders@db/orders'\n"),
    ],
)
def test_words_of_translations_and_made_up_tokens_are_left_alone(
    scanner: SecretScanner, path: str, code: str
) -> None:
    assert found(scanner, changed_file(path, None, code)) == ()


def test_a_value_below_its_name_is_found_where_it_stands(scanner: SecretScanner) -> None:
    code = "a: 1\nb: 2\n" * 20 + '- name: DB_PASSWORD\n  value: "k8Zq11vvT"\n' + "c: 3\n" * 20
    [finding] = found(scanner, changed_file("deploy.yaml", None, code))
    assert (finding.start_line, finding.end_line) == (42, 42)


def test_only_added_lines_have_findings(scanner: SecretScanner) -> None:
    old = f"a = 1\ntoken = '{GITHUB}'\nb = 2\n"
    assert found(scanner, changed_file("x.py", old, old + "c = 3\n")) == ()
    [finding] = found(scanner, changed_file("x.py", old, old + f"key = '{AWS}'\n"))
    assert (finding.rule_id, finding.start_line, finding.end_line) == ("secret/aws-access-key", 4, 4)


def test_a_key_block_is_found_where_it_was_changed(scanner: SecretScanner) -> None:
    [finding] = found(scanner, changed_file("key.pem", KEY, KEY.replace("VbNmQ", "VbNmX")))
    assert (finding.start_line, finding.end_line) == (2, 2)
    assert finding.severity is Severity.CRITICAL
    assert KEY_LINE[10:] not in finding.evidence


def test_a_new_key_block_is_one_finding_on_its_text(scanner: SecretScanner) -> None:
    [finding] = found(scanner, changed_file("key.pem", None, KEY))
    assert (finding.rule_id, finding.start_line, finding.end_line) == ("secret/private-key", 2, 3)


@pytest.mark.parametrize(
    "comment", ["# kingfisher:ignore", "# gitleaks:allow", "# pragma: allowlist secret", "# nosec"]
)
def test_no_comment_of_the_code_silences_a_secret(scanner: SecretScanner, comment: str) -> None:
    assert len(found(scanner, changed_file("x.py", None, f"{comment}\ntoken = '{GITHUB}'  {comment}\n"))) == 1


def test_a_bare_diff_is_enough(scanner: SecretScanner) -> None:
    before = "\n".join(f"a{number} = {number}" for number in range(40)) + "\n"
    [finding] = found(scanner, changed_file("x.py", before, f"{before}key = '{AWS}'\n", bare=True))
    assert (finding.start_line, finding.evidence) == (41, "key = 'AKIA****'")


def test_all_secrets_of_a_line_are_masked_in_its_evidence(scanner: SecretScanner) -> None:
    findings = found(scanner, changed_file("x.py", None, f"keys = ['{AWS}', '{GITHUB}']\n"))
    assert {finding.rule_id for finding in findings} == {"secret/aws-access-key", "secret/github-token"}
    assert {finding.evidence for finding in findings} == {"keys = ['AKIA****', 'ghp_****']"}


def test_one_place_is_one_finding(scanner: SecretScanner) -> None:
    assert len(found(scanner, changed_file("x.py", None, f'github_token = "{GITHUB}"\n'))) == 1


def test_bare_settings_are_believed_in_settings_files_only(scanner: SecretScanner) -> None:
    code = "spring.datasource.password=k8Zq11vvT\n"
    assert len(found(scanner, changed_file("app.properties", None, code))) == 1
    assert found(scanner, changed_file("app.py", None, code)) == ()


def test_a_made_up_password_of_a_test_is_unsure(scanner: SecretScanner) -> None:
    code = 'password = "k8Zq!11vvT"\n'
    for path, confidence, severity in (
        ("src/login.py", Confidence.MEDIUM, Severity.HIGH),
        ("tests/test_login.py", Confidence.LOW, Severity.MEDIUM),
        ("src/main/LoginTest.java", Confidence.LOW, Severity.MEDIUM),
        ("README.md", Confidence.LOW, Severity.MEDIUM),
    ):
        [finding] = found(scanner, changed_file(path, None, code))
        assert (finding.confidence, finding.severity) == (confidence, severity)


def test_the_words_come_in_chinese_too(cache: Path) -> None:
    [finding] = found(SecretScanner(cache, "zh-CN"), changed_file("x.py", None, f"key = '{AWS}'\n"))
    assert "访问密钥" in finding.title
    assert "吊销" in finding.why


def test_whole_values_are_known_for_redaction_on_both_sides(scanner: SecretScanner) -> None:
    change = change_set(changed_file("x.py", f"old = '{AWS}'\n", f"x = 1\ntoken = '{GITHUB}'\n"))
    assert scanner.values(change) == {AWS, GITHUB}


@pytest.mark.parametrize(
    "allowed",
    [
        AllowList(paths=["demo/**"]),
        AllowList(hashes=[hashlib.sha256(AWS.encode()).hexdigest().upper()]),
        AllowList(patterns=["AKIAQ[A-Z0-9]{15}"]),
    ],
    ids=["path", "hash", "pattern"],
)
def test_what_the_operator_allows_is_no_finding_but_is_said_and_redacted(
    cache: Path, allowed: AllowList
) -> None:
    report = SecretScanner(cache, allowed=allowed).scan(
        change_set(changed_file("demo/x.py", None, f"k = '{AWS}'\n"))
    )
    assert report.findings == ()
    assert [(warning.code, warning.path) for warning in report.warnings] == [("secret-allowed", "demo/x.py")]
    assert report.secrets == (AWS,)


def test_what_is_allowed_hides_nothing_beside_it(cache: Path) -> None:
    scanner = SecretScanner(cache, allowed=AllowList(patterns=["AKIA"], paths=["demo/**"]))
    report = scanner.scan(change_set(changed_file("src/x.py", None, f"k = '{AWS}'\n")))
    assert len(report.findings) == 1


@pytest.mark.parametrize(("key", "value"), [("patterns", "(a"), ("paths", "!")])
def test_an_allow_list_that_is_none_names_its_key(key: str, value: str) -> None:
    with pytest.raises(ConfigError, match="not a") as caught:
        AllowList(**{key: [value]})
    assert caught.value.key == f"secrets.allow_{key}"


def test_one_scanner_speaks_the_language_of_each_review(scanner: SecretScanner) -> None:
    change = change_set(changed_file("x.py", None, 'db_password = "k8Zq!11vvT"\n'))
    assert "硬编码口令" in scanner.speaking("zh-CN").scan(change).findings[0].title
    assert "hard-coded password" in scanner.scan(change).findings[0].title


def test_a_secret_far_into_one_long_line_is_found(scanner: SecretScanner) -> None:
    line = "var a=1;" * 200_000 + f"key='{AWS}';db_password='k8Zq11vvT'"
    assert {one.rule_id for one in found(scanner, changed_file("x.min.js", None, line))} == {
        "secret/aws-access-key",
        "secret/password",
    }


def test_each_of_many_secrets_stands_on_its_own_line(scanner: SecretScanner) -> None:
    text = "".join(f"# line {number}\ntoken = '{GITHUB[:-4]}{number:04}'\n" for number in range(500))
    assert [one.start_line for one in found(scanner, changed_file("x.py", None, text))] == list(
        range(2, 1001, 2)
    )


def test_a_search_that_takes_too_long_is_undecided(cache: Path) -> None:
    hurried = SecretScanner(cache, seconds=0.000_001)
    change = change_set(changed_file("x.py", None, f"key = '{AWS}'\n" + "a = 1\n" * 100_000))
    [warning] = hurried.scan(change).warnings
    assert (warning.code, warning.path, warning.undecided) == ("scanner-failed", "x.py", True)
    assert hurried.values(change) == {AWS}


@pytest.mark.parametrize(
    ("name", "held", "recall"), [("labelled", False, 0.95), ("labelled", True, 0.95), ("unseen", None, 0.8)]
)
@pytest.mark.parametrize("seed", ["", "b"])
def test_recall_and_precision_on_our_own_lines(
    scanner: SecretScanner, name: str, held: bool | None, recall: float, seed: str
) -> None:
    lines = [line for line in read_labelled(name, seed=seed) if held in (None, line.held)]
    hits = [bool(found(scanner, changed_file(line.path, None, line.text))) for line in lines]
    right = sum(hit and line.bad for hit, line in zip(hits, lines, strict=True))
    assert right >= recall * sum(line.bad for line in lines)
    assert right >= 0.95 * sum(hits)


def test_recall_and_precision_on_labelled_payloads(
    scanner: SecretScanner, rows: Callable[[str], Iterator[dict[str, Any]]]
) -> None:
    right = wrong = missed = 0
    for row in rows("unit_payloads"):
        positive = any(label["kind"] == "positive" for label in row["expected"])
        hit = bool(found(scanner, changed_file("a.txt", None, row["content"])))
        right, wrong, missed = (
            right + (hit and positive),
            wrong + (hit and not positive),
            missed + (positive and not hit),
        )
    assert right / (right + missed) >= 0.8
    assert right / (right + wrong) >= 0.95


def test_reviewed_code_has_few_findings(
    scanner: SecretScanner, rows: Callable[[str], Iterator[dict[str, Any]]]
) -> None:
    files = [
        changed_file(row["path"], None, row["new"])
        for row in rows("file_pairs")
        if isinstance(row["new"], str)
    ]
    assert len(found(scanner, *files)) <= 10
