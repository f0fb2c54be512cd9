"""The shapes of credentials that give themselves away, for findings and for redaction alike.

Each pattern has one group: the secret itself. They run on RE2 over bytes. The shapes are those of
the vendors' public documentation; what only looks like a secret by its name (`password = ...`) is
not here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import re2


@dataclass(frozen=True, slots=True)
class TokenShape:
    """One kind of credential; `title` and `title_zh` name it in a finding."""

    kind: str
    title: str
    title_zh: str
    pattern: Any  # a compiled re2 pattern; the package has no types


def _shape(kind: str, title: str, title_zh: str, pattern: str) -> TokenShape:
    return TokenShape(kind, title, title_zh, re2.compile(pattern.encode()))


PRIVATE_KEY_BEGIN = re2.compile(rb"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----")

TOKEN_SHAPES: tuple[TokenShape, ...] = (
    _shape(
        "aws-access-key",
        "AWS access key id",
        "AWS 访问密钥 ID",
        r"\b((?:AKIA|ASIA|ABIA|ACCA|A3T[A-Z0-9])[A-Z0-9]{16})\b",
    ),
    _shape(
        "alibaba-access-key",
        "Alibaba Cloud access key id",
        "阿里云 AccessKey ID",
        r"\b(LTAI[0-9A-Za-z]{12,26})\b",
    ),
    _shape("tencent-secret-id", "Tencent Cloud secret id", "腾讯云 SecretId", r"\b(AKID[0-9A-Za-z]{32})\b"),
    _shape(
        "huawei-secret-key",
        "Huawei Cloud secret access key",
        "华为云 SecretAccessKey",
        r"(?i)\b(?:huawei|hwcloud|obs|hwc)[a-z_.-]{0,30}(?:sk|secret[_.-]?(?:access[_.-]?)?key)[\"']?\s{0,3}[:=]\s{0,3}"
        r"[\"']?([0-9A-Za-z]{40})\b",
    ),
    _shape(
        "wecom-webhook",
        "WeCom robot webhook key",
        "企业微信机器人 webhook key",
        r"qyapi\.weixin\.qq\.com/cgi-bin/webhook/send\?key="
        r"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})",
    ),
    _shape(
        "wecom-secret",
        "WeCom application secret",
        "企业微信应用 Secret",
        r"(?i)\b(?:wecom|wework|qywx|corp)[a-z0-9_.-]{0,20}secret[\"']?\s{0,3}[:=]\s{0,3}[\"']([0-9A-Za-z_-]{43})[\"']",
    ),
    _shape(
        "dingtalk-sign-secret",
        "DingTalk robot signing secret",
        "钉钉机器人加签密钥",
        r"\b(SEC[0-9a-f]{64})\b",
    ),
    _shape(
        "dingtalk-webhook",
        "DingTalk robot access token",
        "钉钉机器人 access_token",
        r"oapi\.dingtalk\.com/robot/send\?access_token=([0-9a-f]{64})\b",
    ),
    _shape(
        "feishu-webhook",
        "Feishu robot webhook",
        "飞书机器人 webhook",
        r"open\.(?:feishu\.cn|larksuite\.com)/open-apis/bot/(?:v2/)?hook/([0-9a-zA-Z-]{32,36})\b",
    ),
    _shape(
        "feishu-app-secret",
        "Feishu application secret",
        "飞书应用 App Secret",
        r"(?i)\b(?:feishu|lark)[a-z0-9_.-]{0,20}secret[\"']?\s{0,3}[:=]\s{0,3}[\"']([0-9A-Za-z]{32})[\"']",
    ),
    _shape(
        "azure-client-secret",
        "Azure AD client secret",
        "Azure AD 客户端密钥",
        r"(?:^|[\"'\s>=:`(,\\])([A-Za-z0-9_~.]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34})(?:$|[\"'\s<`),\\])",
    ),
    _shape(
        "gitlab-token",
        "GitLab token",
        "GitLab 令牌",
        r"\b(gl(?:(?:pat|dt|rt|cbt|ft|soat|oas)-[0-9A-Za-z_=-]{20}|imt-[0-9A-Za-z_=-]{25}|ptt-[0-9A-Za-z_=-]{40}"
        r"|agent-[0-9A-Za-z_=-]{50})[0-9A-Za-z_=-]{0,80})",
    ),
    _shape("github-token", "GitHub token", "GitHub 令牌", r"\b(gh[pousr]_[0-9A-Za-z]{36,251})\b"),
    _shape(
        "github-fine-grained-token",
        "GitHub fine-grained token",
        "GitHub 细粒度令牌",
        r"\b(github_pat_[0-9A-Za-z_]{82})\b",
    ),
    _shape(
        "slack-token", "Slack token", "Slack 令牌", r"\b(xox[abeoprs](?:\.xox[bp])?-[0-9A-Za-z-]{10,250})"
    ),
    _shape(
        "jfrog-key",
        "JFrog Artifactory key",
        "JFrog Artifactory 密钥",
        r"\b(AKCp[0-9A-Za-z]{60,80})\b",
    ),
    _shape("npm-token", "npm token", "npm 令牌", r"(?:\b|_authToken=)(npm_[0-9A-Za-z]{36})\b"),
    _shape(
        "npm-auth-token",
        "npm registry token",
        "npm 仓库令牌",
        r"//[\w.-]+(?::\d+)?/(?:[\w./-]*/)?:_authToken=\s{0,2}([0-9A-Za-z_-]{20,80})",
    ),
    _shape(
        "discord-token",
        "Discord bot token",
        "Discord 机器人令牌",
        r"(?:^|[^0-9A-Za-z_.-])([MNO][0-9A-Za-z]{23,25}\.[0-9A-Za-z_-]{6}\.[0-9A-Za-z_-]{27,38})(?:$|[^0-9A-Za-z_-])",
    ),
    _shape("google-api-key", "Google API key", "Google API 密钥", r"\b(AIza[0-9A-Za-z_-]{35})"),
    _shape(
        "telegram-token",
        "Telegram bot token",
        "Telegram 机器人令牌",
        r"\b([0-9]{8,10}:AA[0-9A-Za-z_-]{33})(?:$|[^0-9A-Za-z_-])",
    ),
    _shape("mailchimp-key", "Mailchimp key", "Mailchimp 密钥", r"\b([0-9a-f]{32}-us[0-9]{1,2})\b"),
    _shape("deepseek-api-key", "DeepSeek API key", "DeepSeek API 密钥", r"\b(sk-[0-9a-f]{32})\b"),
    _shape(
        "alibaba-sts-token",
        "Alibaba Cloud STS key id",
        "阿里云 STS AccessKey ID",
        r"\b(STS\.[0-9A-Za-z]{20,64})\b",
    ),
    _shape(
        "volcengine-access-key",
        "Volcengine access key id",
        "火山引擎 AccessKey ID",
        r"\b(AKLT[0-9A-Za-z_-]{40,60})\b",
    ),
    _shape(
        "baidu-api-key",
        "Baidu Cloud API key",
        "百度智能云 API Key",
        r"\b(bce-v3/ALTAK-[0-9A-Za-z]{16,32}/[0-9a-f]{40})\b",
    ),
    _shape("zhipu-api-key", "Zhipu API key", "智谱 API 密钥", r"\b([0-9a-f]{32}\.[0-9A-Za-z]{16})\b"),
    _shape(
        "model-api-key",
        "API key of a model provider",
        "模型服务 API 密钥",
        r"\b(sk-(?:proj-|ant-[a-z0-9]+-)?[0-9A-Za-z]{40,120})\b",
    ),
    _shape("stripe-key", "Stripe key", "Stripe 密钥", r"\b([rs]k_live_[0-9A-Za-z]{20,120})\b"),
    _shape("sendgrid-key", "SendGrid key", "SendGrid 密钥", r"\b(SG\.[0-9A-Za-z_-]{22}\.[0-9A-Za-z_-]{43})"),
    _shape(
        "slack-webhook",
        "Slack webhook",
        "Slack webhook",
        r"hooks\.slack\.com/(?:services|workflows|triggers)/(T[0-9A-Z]{8,12}/[0-9A-Z]{8,20}/[0-9A-Za-z]{20,30})\b",
    ),
    # The DER of a private key without its PEM markers: a version, then RSA's numbers (RFC 8017), an
    # algorithm (RFC 5208) or the key of an elliptic curve (RFC 5915).
    _shape(
        "private-key",
        "private key",
        "私钥",
        r"\b(MII[A-Za-z0-9+/]{3}IBA[A-Za-z0-9+/=]{64,}|MIG[A-Za-z0-9+/]AgEAM[A-Za-z0-9+/=]{64,}|M[A-Za-z0-9+/]{3}AgE[A-Za-z0-9+/]E[A-Za-z0-9+/=]{64,})",
    ),
    _shape(
        "json-web-token",
        "JSON web token",
        "JSON Web Token",
        r"\b(eyJ[0-9A-Za-z_-]{12,}\.eyJ[0-9A-Za-z_-]{12,}(?:\.[0-9A-Za-z_-]*)?)",
    ),
)


def _any_of(shapes: tuple[TokenShape, ...]) -> Any:
    one_pass = re2.Set.SearchSet()
    for shape in shapes:
        one_pass.Add(shape.pattern.pattern)
    one_pass.Compile()
    return one_pass


_ANY = _any_of(TOKEN_SHAPES)


def find_tokens(text: bytes) -> Iterator[tuple[TokenShape, int, int]]:
    """Yield every token with its shape and the bytes start..end (exclusive) of the secret.

    One pass says which shapes are there at all, so that a text without tokens costs one pass.
    """
    for index in sorted(_ANY.Match(text) or ()):
        shape = TOKEN_SHAPES[index]
        for match in shape.pattern.finditer(text):
            yield shape, match.start(1), match.end(1)
