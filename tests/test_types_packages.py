"""The names of packages, and what stands at the top of files: of any catalog, in every language."""

from __future__ import annotations

import keyword
import re
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import example, given
from hypothesis import strategies as st

from wirecheck.catalog import Dialect, load_file
from wirecheck.cli import cli
from wirecheck.types import LANGUAGES, generate

PACKAGED = tuple(name for name, language in LANGUAGES.items() if language.packages)
BARE = """
dialect: my-parrot
envelope: {style: flat, tag: type}
frames:
  say: {from: client, payload: {text: string}}
  word: {from: server, source: word, payload: {text: string}}
"""


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> Dialect:
    """A dialect of a user's own, who says no more than needed."""
    path = tmp_path_factory.mktemp("own") / "parrot.yaml"
    path.write_text(BARE, encoding="utf-8")
    return load_file(path)


def told(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(cli, ["types", "--dialect", "vonz", *arguments])
    return result.exit_code, result.output


@pytest.mark.parametrize("language", PACKAGED)
@given(wanted=st.text(max_size=12) | st.text(alphabet="a.2-/_", max_size=12))
@example("../x")
@example("class.in.java")
@example("java.x")
@example("kotlin")
@example("")
def test_a_fitted_name_is_one_that_fits(language: str, wanted: str) -> None:
    fitted = LANGUAGES[language].package(wanted)
    assert LANGUAGES[language].package(fitted) == fitted
    parts = fitted.split(".")
    assert all(re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", part) for part in parts)
    if language.startswith("python"):
        assert not any(map(keyword.iskeyword, parts))
    if language in ("java", "kotlin"):
        assert parts[0] not in (language, "java")


@pytest.mark.parametrize(
    ("language", "wanted", "fitting"),
    [
        ("python", "my-app", "my_app"),
        ("python", "class", "class_"),
        ("python-pydantic", "../x", "_._._x"),
        ("go", "com.example.vonz", "comexamplevonz"),
        ("go", "func", "wirefunc"),
        ("java", "2fa", "_2fa"),
        ("java", "java", "java_"),
        ("kotlin", "com.object", "com.object_"),
        ("kotlin", "kotlin.mine", "kotlin_.mine"),
        ("kotlin", "", "__"),
    ],
)
def test_a_name_that_does_not_fit_is_refused_with_one_that_does(
    language: str, wanted: str, fitting: str, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    code, said = told("--language", language, "--package", wanted, "--out", str(out))
    assert code == 2
    assert f"`{wanted}` is no name of a package" in said
    assert f"`{fitting}` is one" in said
    assert [*tmp_path.iterdir()] == []
    assert told("--language", language, "--package", fitting, "--out", str(out))[0] == 0


def test_a_package_with_dots_lies_in_folders(tmp_path: Path) -> None:
    for language in ("python", "python-pydantic", "java", "kotlin"):
        code, _ = told("--language", language, "--package", "com.example.vonz", "--out", str(tmp_path / language))
        assert code == 0
        assert (tmp_path / language / "com" / "example" / "vonz").is_dir()


@pytest.mark.parametrize("language", sorted(set(LANGUAGES) - {*PACKAGED}))
def test_where_the_folder_is_the_name_no_other_is_taken(language: str, tmp_path: Path) -> None:
    code, said = told("--language", language, "--package", "vonz", "--out", str(tmp_path / "out"))
    assert code == 2
    assert "leave out --package" in said
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_dialect_with_a_hyphen_makes_files_that_can_be_used(language: str, bare: Dialect) -> None:
    assert not any("-" in path for path in generate(bare, language) if not path.endswith("package-info.java"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_catalog_does_not_say_leaves_no_hole(language: str, bare: Dialect) -> None:
    for text in generate(bare, language).values():
        assert "Source: ." not in text
        assert "<code></code>" not in text
        assert "documented under" not in text, "a source that is the name of the frame says nothing"
