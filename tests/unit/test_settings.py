"""Configuration: where values come from, and what is said of wrong ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from reviewer.config import secret
from reviewer.errors import ConfigError
from reviewer.settings import flatten, load

MODEL = '[models.coder]\nbackend = "ollama"\nmodel = "deepseek-coder-v2:16b"\n'


def write(folder: Path, text: str) -> Path:
    file = folder / "reviewer.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_defaults_need_no_file(tmp_path: Path) -> None:
    loaded = load({"HOME": str(tmp_path)})

    assert loaded.file is None
    assert loaded.settings.review.fail_on == "high"
    assert loaded.origin("review.fail_on") == "default"


def test_later_sources_win_and_every_value_knows_its_own(tmp_path: Path) -> None:
    file = write(tmp_path, '[review]\nlanguage = "zh-CN"\nmax_comments = 5\nfail_on = "low"\n')

    loaded = load(
        {"REVIEWER_REVIEW__MAX_COMMENTS": "3", "REVIEWER_REVIEW__IGNORE": '["a/**"]'},
        config=file,
        overrides={"review.fail_on": "critical"},
    )

    review = loaded.settings.review
    assert (review.language, review.max_comments, review.fail_on, review.ignore) == (
        "zh-CN",
        3,
        "critical",
        ("a/**",),
    )
    assert loaded.origin("review.language") == str(file)
    assert loaded.origin("review.max_comments") == "environment"
    assert loaded.origin("review.fail_on") == "command line"
    assert loaded.origin("review.passes") == "default"


def test_paths_are_relative_to_the_file_that_names_them(tmp_path: Path) -> None:
    file = write(
        tmp_path, '[service]\ndata_dir = "state"\ndatabase = "sqlite:///r.db"\n[rules]\npaths = ["ours"]\n'
    )

    settings = load({}, config=file).settings

    assert settings.service.data_dir == tmp_path / "state"
    assert settings.service.database == f"sqlite:///{tmp_path}/r.db"
    assert settings.rules.paths == (tmp_path / "ours",)


def test_a_checkout_cannot_configure_its_own_judge(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, '[review]\nfail_on = "never"\n')
    monkeypatch.chdir(tmp_path)

    assert load({"HOME": "/nonexistent"}).settings.review.fail_on == "high"
    assert load({"HOME": "/nonexistent"}, local_file=True).settings.review.fail_on == "never"


def test_models_serve_review_and_assist_unless_a_role_is_spelt_out(tmp_path: Path) -> None:
    assert load({}, config=write(tmp_path, MODEL)).settings.roles.review == ("coder",)
    assert load({}, config=write(tmp_path, MODEL)).settings.roles.verify == ()
    switched_off = load({}, config=write(tmp_path, MODEL + "[roles]\nreview = []\n")).settings.roles
    assert (switched_off.review, switched_off.assist) == ((), ("coder",))


@pytest.mark.parametrize(
    ("text", "environ", "said"),
    [
        ("[service]\nprot = 1\n", {}, "unknown key service.prot; did you mean service.port?"),
        (MODEL + "contxt = 4096\n", {}, "did you mean models.coder.context?"),
        (
            '[[forges]]\nid="a"\nkind="gitlab"\nurl="u"\ntokn_env="x"\n',
            {},
            "did you mean forges.0.token_env?",
        ),
        (MODEL + '[roles]\nreview = ["codr"]\n', {}, "undefined model 'codr'; did you mean coder?"),
        ("[service]\nport = 99999\n", {}, "service.port"),
        ("a =\n", {}, "reviewer.toml"),
        ("", {"REVIEWER_REVEW__FAIL_ON": "low"}, "did you mean REVIEWER_REVIEW__FAIL_ON?"),
        ("", {"REVIEWER_REVIEW__MAX_COMMENTS": "many"}, "environment: review.max_comments"),
        ("", {"REVIEWER_REVIEW__IGNORE": "["}, "JSON"),
        ("", {"REVIEWER_TOKEN": "x"}, "unknown variable REVIEWER_TOKEN"),
    ],
)
def test_a_wrong_key_is_named_with_its_source(
    tmp_path: Path, text: str, environ: dict[str, str], said: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        load(environ, config=write(tmp_path, text))

    assert said in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_variable_that_a_key_names_is_no_stray(tmp_path: Path) -> None:
    file = write(tmp_path, '[[forges]]\nid="a"\nkind="gitlab"\nurl="u"\ntoken_env="REVIEWER_TOKEN"\n')

    assert load({"REVIEWER_TOKEN": "x"}, config=file).settings.forges[0].token_env == "REVIEWER_TOKEN"


def test_a_named_file_must_exist(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no such configuration file"):
        load({"REVIEWER_CONFIG": str(tmp_path / "gone.toml")})


def test_every_leaf_is_listed_once() -> None:
    keys = [key for key, _ in flatten(load({"HOME": "/nonexistent"}).settings)]

    assert "review.fail_on" in keys
    assert len(keys) == len(set(keys))


def test_a_secret_is_read_when_needed_and_never_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "token"
    file.write_text("s3cret\n", encoding="utf-8")
    monkeypatch.setenv("EMPTY_TOKEN", " ")

    assert secret(None, file, key="forges.0.token_file") == "s3cret"
    assert secret(None, None, key="x") is None
    with pytest.raises(ConfigError, match="EMPTY_TOKEN"):
        secret("EMPTY_TOKEN", None, key="forges.0.token_env")
