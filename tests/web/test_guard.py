"""Who is let in, how much, and how many at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from msds.web.guard import HEADERS, Guard
from msds.web.settings import Access, Limits, is_loopback

TOKEN = "t" * 24


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Answers with the length of the body."""
    length, more = 0, True
    while more:
        message = await receive()
        length += len(message.get("body", b""))
        more = message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(length).encode()})


def client_of(access: Access, limits: Limits | None = None) -> TestClient:
    guard = Guard(echo, access, limits or Limits())
    return TestClient(guard, base_url="http://localhost", follow_redirects=False)


@pytest.fixture
def open_door() -> TestClient:
    return client_of(Access())


@pytest.fixture
def locked() -> TestClient:
    return client_of(Access(token=TOKEN))


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1:80", "[::1]:8737"])
def test_names_of_this_machine_are_known(open_door: TestClient, host: str) -> None:
    assert open_door.get("/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "", "a" * 500])
def test_other_names_are_refused_since_anyone_can_make_them_lead_here(
    open_door: TestClient, host: str
) -> None:
    answer = open_door.get("/", headers={"host": host})
    assert answer.status_code == 421
    assert "--allow-host" in answer.json()["error"]


def test_pages_of_other_sites_cannot_have_something_done(open_door: TestClient) -> None:
    for headers in (
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ):
        assert open_door.post("/", headers=headers).status_code == 403
    own = {"origin": "http://localhost", "sec-fetch-site": "same-origin"}
    assert open_door.post("/", headers=own).status_code == 200


def test_a_token_is_needed_where_there_is_one(locked: TestClient) -> None:
    assert locked.get("/").status_code == 401
    assert locked.get("/", headers={"authorization": "Bearer wrong"}).status_code == 401
    assert locked.get("/", headers={"authorization": f"Basic {TOKEN}"}).status_code == 401
    assert locked.get("/", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200
    assert locked.get("/api/health").status_code == 200


def test_a_token_in_the_address_becomes_a_cookie_that_no_script_reads(locked: TestClient) -> None:
    answer = locked.get(f"/?token={TOKEN}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert "HttpOnly" in answer.headers["set-cookie"]
    assert "SameSite=Strict" in answer.headers["set-cookie"]
    assert locked.get("/").status_code == 200
    assert locked.post(f"/?token={TOKEN}", headers={"cookie": "a=b"}).status_code == 401


def test_a_token_in_the_address_redirects_to_this_server_only(locked: TestClient) -> None:
    answer = locked.get(f"//evil.example/?token={TOKEN}")
    assert (
        answer.headers["location"].count("/")
        == answer.headers["location"].lstrip("/").count("/") + 1
    )


def test_every_answer_has_the_headers_that_keep_it_harmless(locked: TestClient) -> None:
    for answer in (locked.get("/"), locked.get("/api/health"), locked.get(f"/?token={TOKEN}")):
        for name, value in HEADERS:
            assert answer.headers[name] == value


def test_a_body_that_says_it_is_too_large_is_refused() -> None:
    client = client_of(Access(), Limits(body=1000))
    assert client.post("/", content=b"x" * 1000).text == "1000"
    answer = client.post("/", content=b"x" * 1001)
    assert answer.status_code == 413


def test_a_body_that_does_not_say_its_length_is_counted() -> None:
    client = client_of(Access(), Limits(body=1000))

    def pieces() -> Iterator[bytes]:
        for _ in range(3):
            yield b"x" * 400

    assert client.post("/", content=pieces()).status_code == 413


def scope_of(headers: list[tuple[bytes, bytes]]) -> dict[str, Any]:
    return {
        "type": "http", "method": "POST", "path": "/", "query_string": b"",
        "headers": [(b"host", b"localhost"), *headers],
    }  # fmt: skip


async def answer_of(guard: Guard, receive: Any, headers: list[tuple[bytes, bytes]]) -> int:
    statuses: list[int] = []

    async def send(message: Any) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    await guard(scope_of(headers), receive, send)
    return statuses[0]


async def quick() -> Any:
    return {"type": "http.request", "body": b"", "more_body": False}


def after(event: asyncio.Event) -> Any:
    """A body that comes when an event has happened."""

    async def slow() -> Any:
        await event.wait()
        return await quick()

    return slow


def test_requests_beyond_the_limit_are_told_to_come_again() -> None:
    async def check() -> None:
        guard = Guard(echo, Access(), Limits(requests=2))
        go_on = asyncio.Event()
        first = [asyncio.create_task(answer_of(guard, after(go_on), [])) for _ in range(2)]
        await asyncio.sleep(0)
        assert guard.waiting == 2
        assert await answer_of(guard, quick, []) == 503
        go_on.set()
        assert [await one for one in first] == [200, 200]
        assert (guard.waiting, guard.answered) == (0, 2)
        assert await answer_of(guard, quick, []) == 200
        assert guard.answered == 3

    asyncio.run(check())


def test_bodies_beyond_the_memory_for_them_are_told_to_come_again() -> None:
    async def check() -> None:
        guard = Guard(echo, Access(), Limits(body=100, bodies=150))
        go_on = asyncio.Event()
        first = asyncio.create_task(answer_of(guard, after(go_on), [(b"content-length", b"100")]))
        await asyncio.sleep(0)
        assert await answer_of(guard, quick, [(b"content-length", b"51")]) == 503
        assert await answer_of(guard, quick, [(b"content-length", b"50")]) == 200
        assert await answer_of(guard, quick, []) == 503  # may be as long as is allowed
        go_on.set()
        assert await first == 200

    asyncio.run(check())


def test_a_body_that_does_not_come_is_not_waited_for_for_ever() -> None:
    async def never() -> Any:
        await asyncio.Event().wait()

    guard = Guard(echo, Access(), Limits(patience=0.01))
    assert asyncio.run(answer_of(guard, never, [])) == 408


def test_an_error_of_ours_costs_its_own_request(capsys: pytest.CaptureFixture[str]) -> None:
    async def broken(scope: Any, receive: Any, send: Any) -> None:
        raise RuntimeError("secret words")

    client = TestClient(Guard(broken, Access(), Limits()), base_url="http://localhost")
    answer = client.get("/")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "secret words" in capsys.readouterr().err


def test_only_this_machine_reaches_loopback() -> None:
    assert all(map(is_loopback, ("localhost", "127.0.0.1", "127.8.8.8", "::1")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "192.168.1.4", "example.org")))
