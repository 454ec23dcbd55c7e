"""The folder of encodings: what lies there is believed only if it is what was stored."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load, save

from helpers.scoring_files import write_image
from msds.errors import InputError
from msds.metric import MSDS
from msds.scoring import Reading
from msds.scoring.cache import DiskCache, Encoded

posix = pytest.mark.skipif(sys.platform == "win32", reason="permissions and links of POSIX")
DIGEST = hashlib.sha256(b"some file").hexdigest()


@pytest.fixture(scope="module")
def metric() -> MSDS:
    return MSDS("compact", levels=2, trunk_weights="random")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def cache(folder: Path, metric: MSDS) -> DiskCache:
    return DiskCache(folder, metric, Reading().settings)


def encoded(metric: MSDS, folder: Path, seed: int = 0) -> Encoded:
    image = Reading().load(write_image(folder / f"{seed}.png", seed))
    return Encoded(metric.encode(image.pixels[None]), ("a note",))


def kept(cache: DiskCache, metric: MSDS, folder: Path) -> Path:
    """Keep an encoding; returns its file."""
    cache.keep(DIGEST, encoded(metric, folder))
    (path,) = cache.folder.iterdir()
    return path


def same(found: Encoded | None, expected: Encoded) -> bool:
    return (
        found is not None
        and found.notes == expected.notes
        and found.size == expected.size
        and all(
            torch.equal(a, b)
            for a, b in zip(found.encoding.grams, expected.encoding.grams, strict=True)
        )
    )


def test_what_was_kept_is_found(cache: DiskCache, metric: MSDS, tmp_path: Path) -> None:
    assert cache.find(DIGEST) is None
    kept(cache, metric, tmp_path)
    assert same(cache.find(DIGEST), encoded(metric, tmp_path))
    assert cache.find("0" * 64) is None


def rewritten(path: Path, change: str) -> None:
    """The file with another content that is well formed."""
    data = path.read_bytes()
    tensors = load(data)
    length = int.from_bytes(data[:8], "little")
    about = json.loads(json.loads(data[8 : 8 + length])["__metadata__"]["msds"])
    if change == "zeroed":
        tensors = {name: torch.zeros_like(tensor) for name, tensor in tensors.items()}
    elif change == "two images":
        tensors = {name: tensor.repeat(2, 1, 1) for name, tensor in tensors.items()}
    elif change == "one flipped":
        tensors["level_0"].view(-1)[3] += 1
    elif change == "another size":
        about["width"] += 1
    elif change == "another note":
        about["notes"] = ["nothing was done"]
    elif change == "no levels":
        about["levels"] = 0
    elif change == "too many levels":
        about["levels"] = 10**9
    path.write_bytes(save(tensors, {"msds": json.dumps(about)}))


@pytest.mark.parametrize(
    "change",
    [
        "zeroed",
        "two images",
        "one flipped",
        "another size",
        "another note",
        "no levels",
        "too many levels",
    ],
)
def test_a_changed_content_is_not_used(
    cache: DiskCache, metric: MSDS, tmp_path: Path, change: str
) -> None:
    path = kept(cache, metric, tmp_path)
    rewritten(path, change)
    assert cache.find(DIGEST) is None
    cache.keep(DIGEST, encoded(metric, tmp_path))
    assert same(cache.find(DIGEST), encoded(metric, tmp_path))


def test_what_has_the_right_digest_and_no_possible_values_is_not_used(
    cache: DiskCache, metric: MSDS, tmp_path: Path
) -> None:
    good = encoded(metric, tmp_path).encoding
    nan = torch.full_like(good.grams[0], float("nan"))
    for grams, positions in (
        ((good.grams[0], nan), good.positions),
        ((good.grams[0], good.grams[1][:, 1:, 1:]), good.positions),
        ((good.grams[0], good.grams[1].repeat(2, 1, 1)), good.positions),
        (good.grams[:1], good.positions[:1]),
        (good.grams, (good.positions[0], 0)),
        (good.grams, good.positions[:1]),
    ):
        bad = type(good)(grams, positions, good.height, good.width, good.trunk, good.filter)
        cache.keep(DIGEST, Encoded(bad, ()))
        assert cache.find(DIGEST) is None


def test_another_image_s_encoding_is_not_used(
    cache: DiskCache, metric: MSDS, tmp_path: Path
) -> None:
    path = kept(cache, metric, tmp_path)
    other = hashlib.sha256(b"another file").hexdigest()
    cache.keep(other, encoded(metric, tmp_path, 1))
    (second,) = set(cache.folder.iterdir()) - {path}
    path.write_bytes(second.read_bytes())
    assert cache.find(DIGEST) is None
    assert cache.find(other) is not None


@posix
def test_a_link_under_the_name_is_neither_read_nor_written_through(
    cache: DiskCache, metric: MSDS, tmp_path: Path
) -> None:
    path = kept(cache, metric, tmp_path)
    target = tmp_path / "precious"
    target.write_bytes(path.read_bytes())
    path.unlink()
    path.symlink_to(target)
    assert cache.find(DIGEST) is None
    target.write_text("precious")
    cache.keep(DIGEST, encoded(metric, tmp_path))
    assert target.read_text() == "precious"
    assert not path.is_symlink()
    assert cache.find(DIGEST) is not None


@posix
def test_a_pipe_under_the_name_is_not_waited_for(
    cache: DiskCache, metric: MSDS, tmp_path: Path
) -> None:
    path = kept(cache, metric, tmp_path)
    path.unlink()
    os.mkfifo(path)
    assert cache.find(DIGEST) is None
    cache.keep(DIGEST, encoded(metric, tmp_path))
    assert stat.S_ISREG(path.stat().st_mode)
    assert cache.find(DIGEST) is not None


def test_a_file_of_absurd_size_is_not_read(cache: DiskCache, metric: MSDS, tmp_path: Path) -> None:
    path = kept(cache, metric, tmp_path)
    with path.open("r+b") as file:
        file.truncate(2**40)
    assert cache.find(DIGEST) is None


def test_nothing_but_encodings_is_left(cache: DiskCache, metric: MSDS, tmp_path: Path) -> None:
    path = kept(cache, metric, tmp_path)
    cache.keep(DIGEST, encoded(metric, tmp_path))
    assert list(cache.folder.iterdir()) == [path]


@posix
def test_the_folder_is_its_owner_s_alone(cache: DiskCache) -> None:
    assert stat.S_IMODE(cache.folder.stat().st_mode) == 0o700


@posix
@pytest.mark.parametrize("mode", [0o777, 0o1777, 0o707])
def test_a_folder_that_others_can_write_is_refused(folder: Path, metric: MSDS, mode: int) -> None:
    folder.mkdir()
    folder.chmod(mode)
    with pytest.raises(InputError, match="cache: encodings are not kept there, since everybody"):
        DiskCache(folder, metric, {})
    folder.chmod(0o755)
    DiskCache(folder, metric, {})


@posix
def test_a_folder_of_a_group_is_refused_unless_it_is_the_owner_s_own(
    folder: Path, metric: MSDS, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.mkdir()
    folder.chmod(0o775)
    for own in (True, False):
        monkeypatch.setattr("msds.scoring.folders._is_own_group", lambda _, own=own: own)
        if own:
            DiskCache(folder, metric, {})
        else:
            with pytest.raises(InputError, match="since its group can write"):
                DiskCache(folder, metric, {})


@posix
def test_a_folder_of_another_user_is_refused(
    folder: Path, metric: MSDS, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.mkdir()
    owner = folder.stat().st_uid
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    if owner == 0:
        DiskCache(folder, metric, {})  # whoever is root can do anything
    else:
        with pytest.raises(InputError, match=f"belongs to another user \\(uid {owner}\\)"):
            DiskCache(folder, metric, {})
