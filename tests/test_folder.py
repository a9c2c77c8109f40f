"""Generated files in a folder: what differs is named, and only what is ours is removed."""

from __future__ import annotations

from pathlib import Path

import pytest

from wirecheck.folder import drift, write

FILES = {"a/one.json": "1\n", "a/two.json": "2\n", "three.yaml": "drei: 3 → é\n"}


def ours(path: str) -> bool:
    return path.endswith(".json")


def test_what_was_written_differs_in_nothing(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    assert drift(tmp_path, FILES) == ()
    assert {path: (tmp_path / path).read_bytes().decode() for path in FILES} == FILES
    write(tmp_path, FILES, prune=True)
    assert drift(tmp_path, FILES) == ()


def test_changed_missing_and_extra_files_are_named_in_order(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    (tmp_path / "three.yaml").write_bytes(FILES["three.yaml"].encode() + b"\n")
    (tmp_path / "a" / "one.json").unlink()
    (tmp_path / "a" / "README.md").write_text("of nobody\n", encoding="utf-8")
    (tmp_path / ".hidden").touch()
    expected = ("extra: .hidden", "extra: a/README.md", "missing: a/one.json", "changed: three.yaml")
    assert drift(tmp_path, FILES) == expected
    write(tmp_path, FILES)
    assert drift(tmp_path, FILES) == expected[:2]
    write(tmp_path, FILES, prune=True)
    assert drift(tmp_path, FILES) == ()
    assert not (tmp_path / "a" / "README.md").exists()


def test_line_endings_count(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    (tmp_path / "a" / "one.json").write_bytes(b"1\r\n")
    assert drift(tmp_path, FILES) == ("changed: a/one.json",)


def test_of_a_shared_folder_only_what_is_ours_is_extra_and_goes(tmp_path: Path) -> None:
    write(tmp_path, {**FILES, "a/old.json": "0\n", "a/notes.txt": "of somebody else\n"})
    assert drift(tmp_path, FILES, ours=ours) == ("extra: a/old.json",)
    write(tmp_path, FILES, prune=True, ours=ours)
    assert drift(tmp_path, FILES, ours=ours) == ()
    assert (tmp_path / "a" / "notes.txt").exists()
    assert not (tmp_path / "a" / "old.json").exists()


def test_what_python_leaves_is_nobodys(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    (tmp_path / "a" / "__pycache__").mkdir()
    (tmp_path / "a" / "__pycache__" / "one.pyc").touch()
    assert drift(tmp_path, FILES) == ()
    write(tmp_path, FILES, prune=True)
    assert (tmp_path / "a" / "__pycache__" / "one.pyc").exists()


def test_a_folder_that_is_not_there_lacks_everything(tmp_path: Path) -> None:
    assert drift(tmp_path / "none", {"a.json": "1\n"}) == ("missing: a.json",)


def test_a_folder_where_a_file_is_meant_counts_as_missing_and_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "three.yaml").mkdir()
    assert drift(tmp_path, {"three.yaml": "3\n"}) == ("missing: three.yaml",)
    with pytest.raises(OSError):
        write(tmp_path, {"three.yaml": "3\n"})


def test_a_link_that_leads_nowhere_is_extra_too(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    assert drift(tmp_path, FILES) == ("extra: gone",)
    write(tmp_path, FILES, prune=True)
    assert drift(tmp_path, FILES) == ()
