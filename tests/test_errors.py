"""What is said of an optional library that is missing, or that is there and does not work."""

from __future__ import annotations

from pathlib import Path

import pytest

from msds.errors import MissingExtraError, require


def test_an_absent_library_is_named_once_with_what_installs_it() -> None:
    with pytest.raises(MissingExtraError) as raised:
        require("no_such_library.part", "sweep")
    assert str(raised.value) == (
        "This needs no_such_library, which is not installed: run `pip install 'msds-iqa[sweep]'`."
    )


def test_why_a_library_cannot_be_imported_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "half_a_library.py").write_text("import its_missing_half\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(MissingExtraError, match="No module named 'its_missing_half'"):
        require("half_a_library", "sweep")
