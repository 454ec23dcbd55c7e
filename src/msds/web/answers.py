"""The shapes of answers, for the description of the API; imported with its application only."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field


class Failure(BaseModel):
    """Why a request did not get what it asked for."""

    error: str = Field(description="One sentence.")


class Record(BaseModel):
    """A pair, as `msds score` writes it, and its levels in words."""

    reference: str
    distorted: str
    score: float | None = Field(description="1 is identical, lower is worse; null: see error.")
    levels: list[float] = Field(description="DeepSSIM of each level, from full size down.")
    level_names: list[str]
    weights: list[float] = Field(description="Of each level in the score.")
    meaning: str | None = Field(description="The score in words, where that was measured.")
    called: str | None = Field(description="What most rated pairs of such a score were called.")
    position: str | None = Field(
        description="With places: that parts are alike but not in the same places, if so."
    )
    error: str | None
    model: str
    fingerprint: str = Field(description="SHA-256 over the trunk's weights and all settings.")
    settings: dict[str, Any]
    notes: list[str] = Field(description="What was done to the images.")
    reference_size: list[int] | None = Field(description="Width and height in pixels.")
    distorted_size: list[int] | None
    reference_sha256: str | None
    distorted_sha256: str | None
    seconds: float


class ScoreAnswer(Record):
    """One pair."""

    reference_id: str | None = Field(
        description="With keep: send it instead of the reference; it is forgotten after an hour."
    )


class RankAnswer(BaseModel):
    """Several images against one, the best first and those without a score last."""

    reference: str
    model: str
    ranking: list[Record]
    reference_id: str | None


class PlacesAnswer(BaseModel):
    """Whether parts are in their places."""

    position: str | None = Field(description="That they are not, though they are alike, if so.")
    unknown: str | None = Field(description="Why it cannot be told, if so.")


class MapPicture(BaseModel):
    """One level, or all of them."""

    name: str
    score: float
    png: str = Field(description="Base64 of a transparent PNG to lay over the image.")


class MapAnswer(BaseModel):
    """Where two images differ."""

    kind: str
    unit: str
    score: float
    model: str
    fingerprint: str
    width: int
    height: int
    top: float = Field(description="What the last of the colours stands for.")
    signed: bool = Field(description="Whether the first of the colours stands for -top, or for 0.")
    note: str | None
    colours: list[str]
    pictures: list[MapPicture]


class Health(BaseModel):
    """That the server is there."""

    status: str
    version: str
    model: str
    fingerprint: str
    waiting: int
    most_waiting: int
