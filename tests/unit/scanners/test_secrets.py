"""Secrets: found on added lines, shown masked, silenced by nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from reviewer.domain import ChangedFile, Confidence, Finding, Severity
from reviewer.scanners.secrets import SecretScanner
from tests.fakes.changes import change_set, changed_file

# Made up, and put together here so that no other scanner takes them for real ones.
GITHUB = "ghp_" + "wWPw5k4aXcaT4fNP0UcnZwJUVFk6LO0pINUx"
AWS = "AKIA" + "QYLPMN5HFIQR7B3Z"
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
        (f"KEY = '''\n{KEY}'''\n", "private-key", KEY_LINE),
        ('db.password = "k8Zq!11vvT"\n', "password", "k8Zq!11vvT"),
        ('url = "mysql://trade:k8Zq11vvT@10.0.0.8:3306/x"\n', "uri-password", "k8Zq11vvT"),
        ("curl -u admin:k8Zq11vvT https://internal/\n", "curl-password", "k8Zq11vvT"),
    ],
)
def test_each_kind_is_found_and_masked(scanner: SecretScanner, code: str, kind: str, secret: str) -> None:
    findings = found(scanner, changed_file("src/settings.py", None, code))
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
    for path, confidence in (("src/login.py", Confidence.MEDIUM), ("tests/test_login.py", Confidence.LOW)):
        [finding] = found(scanner, changed_file(path, None, code))
        assert finding.confidence is confidence


def test_the_words_come_in_chinese_too(cache: Path) -> None:
    [finding] = found(SecretScanner(cache, "zh-CN"), changed_file("x.py", None, f"key = '{AWS}'\n"))
    assert "访问密钥" in finding.title
    assert "吊销" in finding.why


def test_whole_values_are_known_for_redaction_on_both_sides(scanner: SecretScanner) -> None:
    change = change_set(changed_file("x.py", f"old = '{AWS}'\n", f"x = 1\ntoken = '{GITHUB}'\n"))
    assert scanner.values(change) == {AWS, GITHUB}


def test_a_search_that_takes_too_long_is_undecided(cache: Path) -> None:
    hurried = SecretScanner(cache, seconds=0.000_001)
    change = change_set(changed_file("x.py", None, f"key = '{AWS}'\n" + "a = 1\n" * 100_000))
    [warning] = hurried.scan(change).warnings
    assert (warning.code, warning.path, warning.undecided) == ("scanner-failed", "x.py", True)
    assert hurried.values(change) == {AWS}


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
