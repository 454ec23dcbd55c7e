"""Tables, models and results that others wrote: each is read, or refused in a sentence."""

from __future__ import annotations

import json
import random
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.abuse.attempt import Trial
from benchmarks.abuse.damage import cut, damaged
from benchmarks.abuse.lossless import Sample
from msds.errors import MSDSError, require
from msds.metric import MSDS
from msds.models.load import find_model
from msds.pairs import Pair, Plan
from msds.pairs.manifest import read_manifest
from msds.results import Run, Score, write_results
from msds.results.earlier import read_results
from msds.study.datasets.manifest import read_manifest as read_rated

TITLE = "Manifests, model files and results, hostile and damaged"
MUTANTS = 16_000
"""In all, at scale 1."""

Read = Callable[[Path], object]

MODEL: dict[str, Any] = {
    "format": "msds-model-1",
    "id": "mine",
    "trunk": "compact",
    "levels": 2,
    "weights": [0.25, 0.75],
    "fusion": "geometric",
    "provenance": {"by": "hand"},
}
ROWS = [
    {"reference": "a.png", "distorted": "b.jpg", "mos": 3.5, "note": "good"},
    {"reference": "ü/a.png", "distorted": "c, d.jpg", "mos": 1.25, "note": 'of "quotes"'},
    {"reference": "e.png", "distorted": "f.jpg", "mos": 4.0, "note": ""},
]
NUMBERS = ("NaN", "-Infinity", "1e999", "1" + "0" * 5000, "-0", "0x10", "1_0", "٣", "9" * 30)
TEXTS = (
    "",
    "\0",
    "\ud800",
    "../" * 2000,
    "x" * 1_000_000,
    "a\nb",
    "=1+2",
    "\u202egpj.a",
    "$x^{",
    "<script>alert(1)</script>",
    "~nosuchuser/x",
    "{stem}",
    "/dev/zero",
)
VALUES = (
    *(json.loads(number) for number in NUMBERS[:3]),
    *TEXTS,
    None,
    True,
    [],
    {},
    10**400,
    -1,
    [[1]],
    {"a": {"b": []}},
)
WHOLE = (
    b"",
    b"\0" * 4096,
    b"[" * 200_000,
    b'{"a":' * 100_000,
    b"\xff\xfe" + "reference,distorted\na,b\n".encode("utf-16-le"),
    b"\xef\xbb\xbfreference,distorted\na,b\n",
    "référence,distorted\na,b\n".encode("latin-1"),
    b"reference,distorted\r" * 3,
    b'reference,distorted\n"a,b\n',
    b"reference,reference\na,b\n",
    b"reference,distorted,mos\n" + b"a,b,1,2,3,4\n" * 3,
    b"reference,distorted,mos\na\n",
    b"reference;distorted\na;b\n",
    b",".join([b"c"] * 50_000) + b"\n",
    b"1" * 1_000_000,
    b"null",
    b"[]",
    b'"text"',
    b"{}",
    b"PAR1",
    b"PAR1" + b"\xff" * 64 + b"PAR1",
    *(b'{"reference": "a", "distorted": "b", "mos": ' + n.encode() + b"}" for n in NUMBERS),
    *(b'{"format": "msds-model-1", "id": "m", "levels": ' + n.encode() + b"}" for n in NUMBERS),
)
"""Contents that have nothing to do with what is expected, for every reader."""


def trials(scale: float, seed: int) -> Iterator[Trial]:
    """Every reader with files of its own that are damaged, and with odd contents."""
    found = files()
    share = round(MUTANTS * scale / len(found))
    for what, (name, data, read) in found.items():
        mutants = partial(_mutants, what, data, share, seed)
        yield Trial(f"{what}, damaged", partial(_outcomes, name, mutants, read), ("raised",))
        odd = partial(_some, partial(_odd, name, data), max(1, round(0.05 / scale)))
        yield Trial(f"{what}, odd contents", partial(_outcomes, name, odd, read), ("raised",))


def files() -> dict[str, tuple[str, bytes, Read]]:
    """Name, content and reader of a file of each kind."""
    lines = "".join(json.dumps(row) + "\n" for row in ROWS).encode()
    csv = 'reference,distorted,mos,note\na.png,b.jpg,3.5,good\nü,\'c d\',1.25,"of ""quotes"""\n'
    table, model = csv.encode(), json.dumps(MODEL, indent=1).encode()
    return {
        "manifest, CSV": ("m.csv", table, read_manifest),
        "manifest, TSV": ("m.tsv", table.replace(b",", b"\t"), read_manifest),
        "manifest, JSON Lines": ("m.jsonl", lines, read_manifest),
        "manifest, Parquet": ("m.parquet", _parquet(), read_manifest),
        "rated table, CSV": ("r.csv", table, read_rated),
        "rated table, JSON Lines": ("r.jsonl", lines, read_rated),
        "model file": ("m.json", model, find_model),
        "saved model": ("saved/config.json", b"", MSDS.from_pretrained),
        "results, CSV": ("o.csv", _results(".csv"), read_results),
        "results, JSON Lines": ("o.jsonl", _results(".jsonl"), read_results),
        "results, Parquet": ("o.parquet", _results(".parquet"), read_results),
    }


def _outcomes(name: str, contents: Callable[[], Iterator[bytes]], read: Read) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        path, what = Path(folder) / name, Path(folder) / name
        if name.startswith("saved"):
            what = path.parent
            MSDS("compact", levels=2, trunk_weights="random").save_pretrained(what)
        for content in contents():
            path.write_bytes(content)
            yield _outcome(what, read)


def _outcome(path: Path, read: Read) -> str:
    try:
        read(path)
    except MSDSError as error:
        text = str(error)
        return "refused" if path.name in text and "\n" not in text else "raised"
    except Exception:  # what is looked for
        return "raised"
    return "read"


def _mutants(what: str, data: bytes, count: int, seed: int) -> Iterator[bytes]:
    rng = random.Random(f"{seed} {what}")
    whole = data or _config()
    sample = Sample(whole, ((0, len(whole)),))
    for _ in range(count):
        yield cut(sample, rng) if rng.random() < 0.2 else damaged(sample, rng)


def _some(contents: Callable[[], Iterator[bytes]], step: int) -> Iterator[bytes]:
    """One of so many."""
    return islice(contents(), None, None, step)


def _odd(name: str, data: bytes) -> Iterator[bytes]:
    """Odd contents; of JSON also every value replaced by odd ones."""
    yield from WHOLE
    if name.endswith((".json", ".jsonl")):
        whole = (data or _config()).splitlines()[0] if name.endswith("l") else data or _config()
        content = json.loads(whole)
        for places in _places(content):
            for value in VALUES:
                changed = json.loads(whole)
                place = changed
                for key in places[:-1]:
                    place = place[key]
                place[places[-1]] = value
                yield json.dumps(changed).encode()


def _places(content: Any) -> Iterator[list[Any]]:
    """Where the values of JSON stand; of a list the first alone."""
    keys = content if isinstance(content, dict) else range(min(len(content), 1))
    for key in keys:
        yield [key]
        if isinstance(content[key], dict | list):
            yield from ([key, *rest] for rest in _places(content[key]))


def _config() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        MSDS("compact", levels=2, trunk_weights="random").save_pretrained(folder)
        return (Path(folder) / "config.json").read_bytes()


def _parquet() -> bytes:
    arrow, parquet = require("pyarrow", "parquet"), require("pyarrow.parquet", "parquet")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "m.parquet"
        parquet.write_table(arrow.Table.from_pylist(ROWS), path)
        return path.read_bytes()


def _results(suffix: str) -> bytes:
    run = Run("msds-test", "f" * 64, {"levels": 2, "weights": [0.25, 0.75]})
    names = [(f"r{k}.png", f"d{k}.png") for k in range(3)]
    plan = Plan(tuple(Pair(*two, Path(two[0]), Path(two[1]), {"q": "5"}) for two in names))
    scores = [
        Score(*two, score=0.5, levels=(0.25, 0.75), run=run, columns={"q": "5"}) for two in names
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"o{suffix}"
        write_results(path, plan, run, scores)
        return path.read_bytes()
