"""The API gives what the library gives, and says in a sentence why it does not."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image, ImageFilter

import msds
from helpers.image_files import exr, tiff
from helpers.pictures import saved
from msds.metric.maps.position import NOTE
from msds.models.levels import level_name
from msds.models.meaning import in_words
from msds.web.workers import Reply, Workers


def test_a_score_is_that_of_the_library(
    client: TestClient, original: bytes, versions: dict[str, bytes]
) -> None:
    answer = client.post(
        "/api/score",
        files={"reference": ("a.png", original), "distorted": ("b.jpg", versions["q20.jpg"])},
    )
    expected = msds.score(original, versions["q20.jpg"])
    found = answer.json()
    assert answer.status_code == 200
    assert found["score"] == pytest.approx(expected.score, abs=1e-5)
    assert found["levels"] == pytest.approx(list(expected.levels), abs=1e-5)
    assert (found["reference"], found["distorted"]) == ("a.png", "b.jpg")
    for name in ("model", "fingerprint", "reference_sha256", "distorted_sha256"):
        assert found[name] == getattr(expected, name)
    assert found["settings"] == expected.to_dict()["settings"]
    assert found["level_names"] == [level_name(k, 4) for k in range(4)]
    assert found["meaning"] == in_words(expected.score, expected.model)
    assert found["called"] in found["meaning"]
    assert found["position"] is None
    assert found["reference_id"] is None


def test_an_image_and_itself_score_exactly_one(client: TestClient, original: bytes) -> None:
    files = {"reference": ("a.png", original), "distorted": ("b.png", original)}
    assert client.post("/api/score", files=files).json()["score"] == 1


def test_images_are_ranked_and_one_that_cannot_be_used_costs_its_own_place(
    client: TestClient, original: bytes, versions: dict[str, bytes]
) -> None:
    given = [("reference", ("a.png", original)), ("distorted", ("bad.png", original[:300]))]
    given += [("distorted", (name, data)) for name, data in reversed(versions.items())]
    answer = client.post("/api/rank", files=given)
    ranking = answer.json()["ranking"]
    assert answer.status_code == 200
    assert [one["distorted"] for one in ranking] == [*versions, "bad.png"]
    assert ranking[-1]["score"] is None
    assert ranking[-1]["error"].startswith("bad.png: ")


def test_a_reference_that_is_kept_need_not_be_sent_again(
    client: TestClient, original: bytes, versions: dict[str, bytes]
) -> None:
    files = {"reference": ("a.png", original), "distorted": ("b.jpg", versions["q50.jpg"])}
    first = client.post("/api/score", files=files, data={"keep": "true"}).json()
    key = first["reference_id"]
    again = client.post(
        "/api/score",
        files={"distorted": ("b.jpg", versions["q50.jpg"])},
        data={"reference_id": key},
    ).json()
    same = ("reference", "levels", "reference_sha256", "reference_size", "reference_id")
    assert again["score"] == pytest.approx(first["score"], abs=1e-6)
    assert {name: again[name] for name in same[:1] + same[2:]} == {
        name: first[name] for name in same[:1] + same[2:]
    }
    assert client.delete(f"/api/references/{key}").status_code == 204
    assert client.delete(f"/api/references/{key}").status_code == 404
    gone = client.post(
        "/api/score",
        files={"distorted": ("b.jpg", versions["q50.jpg"])},
        data={"reference_id": key},
    )
    assert gone.status_code == 400


def test_a_kept_reference_is_not_used_with_other_options(
    client: TestClient, original: bytes
) -> None:
    files = {"reference": ("a.png", original), "distorted": ("b.png", original)}
    key = client.post("/api/score", files=files, data={"keep": "1"}).json()["reference_id"]
    answer = client.post(
        "/api/score",
        files={"distorted": ("b.png", original)},
        data={"reference_id": key, "background": "black"},
    )
    assert answer.status_code == 400
    assert "other options" in answer.json()["error"]


def test_deep_pixels_are_not_cut_to_bytes_on_their_way(
    client: TestClient, photo: Image.Image, original: bytes
) -> None:
    deep = np.asarray(photo).astype(np.uint16) * 257 + 40
    data = tiff(np.clip(deep, 0, 65535).astype(np.uint16))
    answer = client.post(
        "/api/score", files={"reference": ("a.png", original), "distorted": ("b.tif", data)}
    ).json()
    assert answer["score"] == pytest.approx(msds.score(original, data).score, abs=1e-5)
    assert answer["score"] < 1


def test_parts_that_moved_are_told_and_not_put_into_words_of_others(
    client: TestClient, photo: Image.Image, original: bytes, versions: dict[str, bytes]
) -> None:
    mirrored = saved(photo.transpose(Image.Transpose.FLIP_LEFT_RIGHT))
    files = {"reference": ("a.png", original), "distorted": ("b.png", mirrored)}
    found = client.post("/api/places", files=files).json()
    assert found == {"position": NOTE, "unknown": None}
    asked = client.post("/api/score", files=files, data={"places": "true"}).json()
    assert (asked["position"], asked["meaning"], asked["called"]) == (NOTE, None, None)
    assert NOTE in asked["notes"]
    given = [("reference", files["reference"]), ("distorted", files["distorted"])]
    given.append(("distorted", ("c.jpg", versions["q50.jpg"])))
    ranking = client.post("/api/rank", files=given, data={"places": "true"}).json()["ranking"]
    assert {one["distorted"]: one["position"] for one in ranking} == {"b.png": NOTE, "c.jpg": None}
    key = client.post("/api/score", files=files, data={"keep": "true"}).json()["reference_id"]
    kept = {"reference_id": key, "places": "true"}
    only_distorted = {"distorted": files["distorted"]}
    assert client.post("/api/score", files=only_distorted, data=kept).status_code == 400


def test_what_places_cannot_be_told_of_is_refused_before_anything_is_scored(
    client: TestClient, original: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = ("a.png", original)
    key = client.post(
        "/api/score", files={"reference": file, "distorted": file}, data={"keep": "true"}
    ).json()["reference_id"]

    async def fail(*_: object, **__: object) -> None:
        pytest.fail("was scored")

    monkeypatch.setattr("msds.web.service.Service.score", fail)
    for data, said in (
        ({"reference_id": key, "places": "true"}, "one file in the field 'reference'; found 0"),
        ({"reference_id": key, "places": "perhaps"}, "'places' is 'perhaps'; expected true or"),
    ):
        for path in ("/api/score", "/api/rank"):
            answer = client.post(path, files={"distorted": file}, data=data)
            assert answer.status_code == 400
            assert said in answer.json()["error"]


def test_an_image_is_decoded_once_though_its_places_are_looked_at(
    client: TestClient,
    original: bytes,
    versions: dict[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    decoded, asking = [], Workers.ask

    async def counted(self: Workers, about: dict[str, str], data: bytes, *rest: Any) -> Reply:
        decoded.append(data)
        return await asking(self, about, data, *rest)

    monkeypatch.setattr(Workers, "ask", counted)
    files = [("reference", ("a.png", original)), ("distorted", ("no.png", b"no image"))]
    files += [("distorted", (name, data)) for name, data in versions.items()]
    ranking = client.post("/api/rank", files=files, data={"places": "true"}).json()["ranking"]
    assert sorted(decoded) == sorted(content for _, (_, content) in files)
    decoded.clear()
    plain = client.post("/api/rank", files=files).json()["ranking"]
    for with_places, without in zip(ranking, plain, strict=True):
        for name in ("distorted", "error", "notes", "reference_sha256"):
            assert with_places[name] == without[name]
        assert with_places["score"] == pytest.approx(without["score"], abs=1e-5)


def test_why_places_are_not_known_is_told(
    client: TestClient, photo: Image.Image, original: bytes
) -> None:
    smaller = saved(photo.crop((0, 0, 128, 144)))
    files = {"reference": ("a.png", original), "distorted": ("b.png", smaller)}
    found = client.post("/api/places", files=files).json()
    assert found == {"position": None, "unknown": "not looked at: the sizes differ"}


def test_a_map_of_a_smaller_size_is_that_of_the_smaller_image(
    client: TestClient, photo: Image.Image, metric: msds.MSDS
) -> None:
    # Every pixel as four: a quarter of them is the image itself.
    blurred = photo.filter(ImageFilter.BoxBlur(1))
    both = [one.resize((384, 288), Image.Resampling.NEAREST) for one in (photo, blurred)]
    files = {"reference": ("a.png", saved(both[0])), "distorted": ("b.png", saved(both[1]))}
    answer = client.post("/api/map", files=files, data={"side": "192"}).json()
    assert (answer["width"], answer["height"]) == (192, 144)
    expected = msds.map_pair(photo, blurred, model=metric)
    assert answer["score"] == pytest.approx(expected.score, abs=1e-5)
    drawn = client.post("/api/map", files=files, data={"side": "192", "form": "png"})
    assert drawn.headers["content-type"] == "image/png"


def test_a_map_is_that_of_the_library(
    client: TestClient, original: bytes, versions: dict[str, bytes], metric: msds.MSDS
) -> None:
    files = {"reference": ("a.png", original), "distorted": ("b.jpg", versions["q5.jpg"])}
    answer = client.post("/api/map", files=files).json()
    expected = msds.map_pair(original, versions["q5.jpg"], model=metric)
    assert answer["score"] == pytest.approx(expected.score, abs=1e-5)
    assert len(answer["pictures"]) == len(expected.levels) + 1
    fused = Image.open(io.BytesIO(base64.b64decode(answer["pictures"][0]["png"])))
    assert fused.size == (expected.width, expected.height)
    shown = np.asarray(fused)[..., 3].astype(float)
    wanted = expected.fused.numpy() / answer["top"]
    assert shown == pytest.approx(255 * (0.12 + 0.88 * wanted), abs=1.0)


def test_a_map_can_be_had_as_the_command_draws_it(
    client: TestClient, original: bytes, versions: dict[str, bytes]
) -> None:
    files = {"reference": ("a.png", original), "distorted": ("b.jpg", versions["q5.jpg"])}
    answer = client.post("/api/map", files=files, data={"form": "png", "kind": "attribution"})
    assert answer.headers["content-type"] == "image/png"
    assert Image.open(io.BytesIO(answer.content)).size[0] >= 460


def test_a_map_of_images_of_different_sizes_is_refused(
    client: TestClient, photo: Image.Image, original: bytes
) -> None:
    smaller = saved(photo.crop((0, 0, 128, 128)))
    files = {"reference": ("a.png", original), "distorted": ("b.png", smaller)}
    answer = client.post("/api/map", files=files)
    assert answer.status_code == 422
    assert "192 x 144" in answer.json()["error"]


def test_what_browsers_cannot_show_comes_back_as_png(
    client: TestClient, photo: Image.Image, tmp_path: Path
) -> None:
    samples = np.asarray(photo)
    answer = client.post("/api/picture", files={"image": ("a.tif", tiff(samples))})
    assert answer.headers["content-type"] == "image/png"
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(answer.content))), samples)
    linear = {name: samples[..., k].astype(np.float32) / 255 for k, name in enumerate("RGB")}
    data = exr(tmp_path / "a.exr", linear).read_bytes()
    shown = client.post("/api/picture", files={"image": ("a.exr", data)}, data={"transfer": "srgb"})
    found = np.asarray(Image.open(io.BytesIO(shown.content))).astype(int)
    assert np.abs(found - samples).max() <= 1


def test_a_report_is_one_file_with_all_pictures_in_it(
    client: TestClient, original: bytes, versions: dict[str, bytes]
) -> None:
    given = [("reference", ("a.png", original)), ("distorted", ("bad.png", original[:300]))]
    given += [("distorted", ("</script>.jpg", data)) for data in list(versions.values())[:2]]
    answer = client.post("/api/report", files=given)
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].startswith("attachment")
    assert "script&gt;.jpg (2)" in answer.text or "script>.jpg (2)" in answer.text
    assert answer.text.count('id="p-') == 3
    assert "</script>.jpg" not in answer.text
    for quality in list(versions.values())[:2]:
        assert f"{msds.score(original, quality).score:.4f}"[:6] in answer.text


def test_a_picture_can_be_had_small(client: TestClient, original: bytes) -> None:
    answer = client.post("/api/picture", files={"image": ("a.png", original)}, data={"side": "96"})
    expected = Image.open(io.BytesIO(original)).convert("RGB").resize((96, 72), Image.LANCZOS)
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(answer.content))), np.asarray(expected))


@pytest.mark.parametrize(
    ("path", "files", "fields", "status", "words"),
    [
        ("/api/score", ["reference"], {}, 400, "one file in the field 'distorted'; found 0"),
        ("/api/score", ["distorted"], {}, 400, "one file in the field 'reference'"),
        ("/api/score", ["reference", "other"], {}, 400, "'other' is no field here"),
        ("/api/score", ["reference", "distorted"], {"distorted": "x"}, 400, "another kind"),
        ("/api/score", ["reference", "distorted"], {"keep": "perhaps"}, 400, "true or false"),
        ("/api/score", ["reference", "distorted"], {"frame": "-1"}, 400, "'frame'"),
        ("/api/score", ["reference", "distorted"], {"background": "mauve"}, 400, "mauve"),
        ("/api/score", ["reference", "distorted"], {"transfer": "x"}, 400, "transfer"),
        ("/api/score", ["reference", "distorted"], {"reference_id": "x"}, 400, "not both"),
        ("/api/score", ["distorted"], {"reference_id": "x"}, 400, "no such reference"),
        ("/api/rank", ["reference"], {}, 400, "at least one file"),
        ("/api/map", ["reference", "distorted"], {"kind": "x"}, 400, "local or attribution"),
        ("/api/picture", ["image"], {"side": "0"}, 400, "'side'"),
    ],
)
def test_a_form_that_is_wrong_is_refused_in_a_sentence(
    client: TestClient,
    original: bytes,
    path: str,
    files: list[str],
    fields: dict[str, str],
    status: int,
    words: str,
) -> None:
    given = dict.fromkeys(files, ("a.png", original))
    answer = client.post(path, files=given, data=fields)
    assert answer.status_code == status
    assert words in answer.json()["error"]


def test_too_many_images_are_refused(client: TestClient, original: bytes) -> None:
    given = [("reference", ("a.png", original))]
    given += [("distorted", (f"{k}.png", original)) for k in range(8)]
    answer = client.post("/api/rank", files=given)
    assert answer.status_code == 400
    assert "Too many files" in answer.json()["error"]


def test_an_image_of_too_many_pixels_is_refused_by_its_header(client: TestClient) -> None:
    large = saved(Image.new("L", (3000, 2000)))
    files = {"reference": ("a.png", large), "distorted": ("b.png", large)}
    answer = client.post("/api/score", files=files)
    assert answer.status_code == 422
    assert "6000000 pixels; at most 4000000" in answer.json()["error"]


def test_what_is_no_form_is_refused(client: TestClient) -> None:
    assert client.post("/api/score", json={"a": 1}).status_code == 415
    broken = client.post(
        "/api/score", content=b"--x", headers={"content-type": "multipart/form-data; boundary=y"}
    )
    assert broken.status_code == 400
    nameless = client.post(
        "/api/score", content=b"--x", headers={"content-type": "multipart/form-data"}
    )
    assert nameless.status_code == 400


def test_a_name_is_text_and_leads_nowhere(client: TestClient, original: bytes) -> None:
    files = {
        "reference": ("../../etc/passwd", original),
        "distorted": ("C:\\x\\y\u202egnp.exe", original),
    }
    found = client.post("/api/score", files=files).json()
    assert found["reference"] == "passwd"
    assert found["distorted"] == "y\\u202egnp.exe"


def test_paths_that_are_not_known_are_not_looked_for(client: TestClient) -> None:
    for path in ("/files/../app.py", "/files/%2e%2e%2fapp.py", "/files/app.py", "/examples/x.png"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert answer.json()["error"]


def test_health_names_the_model(client: TestClient, metric: msds.MSDS) -> None:
    found = client.get("/api/health").json()
    assert (found["status"], found["fingerprint"]) == ("ok", metric.fingerprint)
    assert found["waiting"] == 0


def test_the_api_is_described_without_anything_from_elsewhere(client: TestClient) -> None:
    paths = client.get("/openapi.json").json()["paths"]
    assert {"/api/score", "/api/rank", "/api/map", "/api/picture", "/api/health"} <= set(paths)
    page = client.get("/api")
    assert page.status_code == 200
    for path in paths:
        assert path in page.text
    assert "<script" not in page.text
    assert "https://" not in page.text
