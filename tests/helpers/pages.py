"""The pages of the documentation, and the blocks of code that they show."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
MARKS = ("not run", "needs", "in small", "tried by")
BLOCK = re.compile(
    r"(?P<marks>(?:<!-- (?:" + "|".join(MARKS) + r"):[^>]*-->\s*)*)"
    r"^```(?P<language>sh|python|yaml)(?: title=\"(?P<title>[^\"]+)\")?\n(?P<code>.*?)^```",
    re.MULTILINE | re.DOTALL,
)


class Block(NamedTuple):
    """A fenced block.

    Attributes
    ----------
    page, line : where it stands.
    language : "sh", "python" or "yaml".
    code : what stands in it.
    title : the file that it is to be saved as, or "".
    reason : why it is not run, or "".
    needs : packages and programs that it is run with where they are here.
    small : options that are added to each of its commands, to have less to do.
    tried : the file of tests that runs what it shows, with less to do, or "".
    """

    page: str
    line: int
    language: str
    code: str
    title: str
    reason: str = ""
    needs: tuple[str, ...] = ()
    small: str = ""
    tried: str = ""

    @property
    def place(self) -> str:
        """Page and line."""
        return f"{self.page}:{self.line}"


def blocks() -> list[Block]:
    """All of them, in the order of the pages."""
    found = []
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for match in BLOCK.finditer(text):
            marks = dict(re.findall(r"<!-- ([a-z ]+):\s*([^>]*?)\s*-->", match["marks"]))
            assert all(marks.values()), f"{page}: a mark of a block says nothing"
            line = text[: match.start()].count("\n") + 1
            name = page.relative_to(ROOT).as_posix()
            found.append(
                Block(
                    name,
                    line,
                    match["language"],
                    match["code"],
                    match["title"] or "",
                    reason=marks.get("not run", ""),
                    needs=tuple(marks.get("needs", "").replace(",", " ").split()),
                    small=marks.get("in small", ""),
                    tried=marks.get("tried by", ""),
                )
            )
    return found


def commands(code: str) -> list[str]:
    """Lines of a shell block, continuation lines joined, comments left out."""
    joined = code.replace("\\\n", " ")
    lines = [line.split("  #")[0].strip() for line in joined.splitlines()]
    return [line for line in lines if line and not line.startswith("#")]


def in_blocks(beginning: str) -> list[str]:
    """Commands that begin so, in blocks of shell, whether these are run or not."""
    shells = [block for block in blocks() if block.language == "sh"]
    lines = [line for block in shells for line in commands(block.code)]
    return sorted({line for line in lines if line.startswith(beginning)})


def in_sentences(beginning: str) -> list[str]:
    """Commands that begin so, whole or not, in the midst of text."""
    spans = [
        " ".join(span.split())
        for page in PAGES
        for span in re.findall(r"(?<!`)`([^`]+)`(?!`)", page.read_text(encoding="utf-8"))
    ]
    return sorted({span for span in spans if span.startswith(beginning)})
