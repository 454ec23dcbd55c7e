"""What sections of a page are made of; what is costly is made when the page is written."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from msds.report.charts import Chart
from msds.report.table import Table

Tone = Literal["good", "poor", "plain", "self"]


@dataclass(frozen=True)
class Text:
    """A paragraph."""

    text: str


@dataclass(frozen=True)
class Heading:
    """A heading within a section."""

    text: str


@dataclass(frozen=True)
class Code:
    """A command or settings, word for word."""

    text: str


@dataclass(frozen=True)
class Folded:
    """Words that are shown when a reader asks for them."""

    summary: str
    code: Code


@dataclass(frozen=True)
class Figure:
    """A chart, or several of one legend, made when the page is written.

    Attributes
    ----------
    title : stands above it.
    caption : a description, which is also read to those who cannot see it.
    charts : what makes each, by its own title; a single one needs none.
    """

    title: str
    caption: str
    charts: Mapping[str, Callable[[], Chart]]


@dataclass(frozen=True)
class Matrix:
    """Words for every two of some names: a row's against a column's.

    Attributes
    ----------
    cells : (word, tone) of each row and column.
    """

    title: str
    names: Sequence[str]
    cells: Sequence[Sequence[tuple[str, Tone]]]
    caption: str


@dataclass(frozen=True)
class PicturePair:
    """A reference and a distorted image, to be compared by eye.

    Attributes
    ----------
    reference, distorted : what each is called.
    load : makes both pictures, as data URIs.
    """

    reference: str
    distorted: str
    load: Callable[[], tuple[str, str]]
    caption: str


Block = Text | Heading | Code | Folded | Table | Figure | Matrix | PicturePair


@dataclass
class Section:
    """A part of a page with a title of its own; it owns its tables."""

    title: str
    blocks: list[Block] = field(default_factory=list)

    @property
    def tables(self) -> list[Table]:
        """Its tables, in their order."""
        return [block for block in self.blocks if isinstance(block, Table)]
