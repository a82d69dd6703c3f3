"""No outside text reaches an inner address: in no spelling, after no redirect, by no name that changes its mind."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from architect.integrations.http.addresses import is_inner
from architect.integrations.http.asking import HttpConditions
from architect.integrations.http.client import AddressRefusedError, GuardedWebClient, HostUnreachableError, resolve
from architect.integrations.prometheus.asking import PrometheusConditions, PromqlRunner, address, shown
from architect.runs.events import Outcome
from architect.runs.model import ConditionKind, Executor, Truth
from builders.requests import Heard, condition, context, planned, request, stopping


class Answers(BaseHTTPRequestHandler):
    """Answers by path; remembers what it was asked."""

    asked: list[tuple[str, str, str]]

    def do_GET(self) -> None:
        self._answer("")

    def do_HEAD(self) -> None:
        self._answer("")

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers.get("content-length", 0))).decode())

    def _answer(self, body: str) -> None:
        self.asked.append((self.command, self.headers.get("host", ""), self.path + (f" {body}" if body else "")))
        status, headers, text = self._content()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(text.encode())

    def _content(self) -> tuple[int, dict[str, str], str]:
        if self.path.startswith("/to/"):
            return 302, {"location": self.path.removeprefix("/to/")}, ""
        if self.path == "/loop":
            return 302, {"location": "/loop"}, ""
        if self.path == "/api/v1/query":
            sample = '{"metric": {"__name__": "up", "job": "shop"}, "value": [1, "0.5"]}'
            return 200, {}, f'{{"status": "success", "data": {{"resultType": "vector", "result": [{sample}]}}}}'
        return (200, {}, '{"status": "ok"}') if self.path == "/health" else (503, {}, "down")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it so
        """Say nothing."""


@contextmanager
def serving() -> Iterator[tuple[int, list[tuple[str, str, str]]]]:
    """Serve on a free loopback port."""
    asked: list[tuple[str, str, str]] = []
    handler = type("OwnAnswers", (Answers,), {"asked": asked})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server.server_port, asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1", "127.9.9.9", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
        "100.100.100.200", "224.0.0.1", "255.255.255.255", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1",
        "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1", "::ffff:a9fe:a9fe", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::a00:1", "2002:7f00:1::", "2002:a9fe:a9fe::", "2001:0:0:0:0:0:80ff:fffe", "::127.0.0.1",
        "not an address",
    ],
)  # fmt: skip
def test_an_inner_address_is_known_in_every_spelling(text: str) -> None:
    assert is_inner(text)


@pytest.mark.parametrize(
    "text", ["1.1.1.1", "93.184.215.14", "2606:4700:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]
)
def test_an_address_of_the_open_net_is_not_inner(text: str) -> None:
    assert not is_inner(text)


@pytest.mark.parametrize(
    "host",
    ["localhost", "127.0.0.1", "0x7f.1", "127.1", "2130706433", "0177.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "0"],
)
def test_a_spelling_of_loopback_is_refused_when_it_is_connected(host: str) -> None:
    with serving() as (port, asked), pytest.raises((AddressRefusedError, HostUnreachableError)):
        GuardedWebClient({}).send("GET", f"http://{host}:{port}/health", environment={})
    assert asked == []


@pytest.mark.parametrize(
    "url",
    ["ftp://shop.example/", "file:///etc/passwd", "http://a@shop.example/", "http:///", "http://[", "http://a\tb/"],
)
def test_only_plain_web_addresses_are_asked(url: str) -> None:
    with pytest.raises(AddressRefusedError):
        GuardedWebClient({"shop.example": ""}).send("GET", url, environment={})


def test_a_host_that_the_profile_names_is_reached_where_the_profile_says() -> None:
    with serving() as (port, asked):
        client = GuardedWebClient({"shop.example:8080": f"127.0.0.1:{port}"})
        client.send("GET", "http://shop.example:8080/health?a=b", environment={})
    assert asked == [("GET", "shop.example:8080", "/health?a=b")]


def test_a_redirect_to_an_inner_address_is_refused() -> None:
    with serving() as (port, asked):
        client = GuardedWebClient({"shop.example": f"127.0.0.1:{port}"})
        with pytest.raises(AddressRefusedError):
            client.send("GET", f"http://shop.example/to/http://127.0.0.1:{port}/health", environment={})
        with pytest.raises(AddressRefusedError):
            client.send("GET", "http://shop.example/to/http://169.254.169.254/latest/meta-data", environment={})
    assert [path for _, _, path in asked if path == "/health"] == []


def test_a_redirect_to_a_named_host_is_followed_without_the_body() -> None:
    with serving() as (port, asked):
        client = GuardedWebClient({"shop.example": f"127.0.0.1:{port}"})
        answer = client.send(
            "POST", "http://shop.example/to/http://shop.example/health", environment={}, body=b"secret"
        )
    assert (answer.status, answer.url) == (200, "http://shop.example/health")
    assert asked[-1] == ("GET", "shop.example", "/health")


def test_redirects_end() -> None:
    with serving() as (port, _):
        client = GuardedWebClient({"shop.example": f"127.0.0.1:{port}"})
        with pytest.raises(HostUnreachableError, match="more than 5 redirects"):
            client.send("GET", "http://shop.example/loop", environment={})


def test_a_name_is_resolved_once_and_exactly_that_address_is_spoken_to() -> None:
    answers = iter((("93.184.215.14",), ("127.0.0.1",)))
    resolved: list[str] = []

    def changing(host: str, port: int) -> Sequence[str]:
        resolved.append(host)
        return next(answers)

    with serving() as (port, asked):
        client = GuardedWebClient({}, resolver=changing)
        with pytest.raises(HostUnreachableError):
            client.send("GET", f"http://rebinding.example:{port}/health", environment={}, timeout_s=0.2)
        with pytest.raises(AddressRefusedError):
            client.send("GET", f"http://rebinding.example:{port}/health", environment={})
    assert asked == []
    assert len(resolved) == 2


def test_one_inner_address_among_several_is_enough_to_refuse() -> None:
    client = GuardedWebClient({}, resolver=lambda host, port: ("93.184.215.14", "10.0.0.1"))
    with pytest.raises(AddressRefusedError, match=r"10\.0\.0\.1"):
        client.send("GET", "http://mixed.example/", environment={})


def test_through_a_proxy_only_named_hosts_are_asked() -> None:
    with serving() as (port, asked):
        client = GuardedWebClient({"shop.example": ""})
        proxy = {"http_proxy": f"http://127.0.0.1:{port}"}
        client.send("GET", "http://shop.example/", environment=proxy)
        with pytest.raises(AddressRefusedError):
            client.send("GET", "http://elsewhere.example/", environment=proxy)
    assert [(host, path) for _, host, path in asked] == [("shop.example", "http://shop.example/")]


def test_a_name_without_an_address_is_said() -> None:
    with pytest.raises(HostUnreachableError, match="has no address"):
        resolve("nowhere.invalid", 80)


@pytest.mark.parametrize(
    ("path", "truth"),
    [("/health", Truth.HOLDS), ("/orders", Truth.DOES_NOT), ("/to/http://10.0.0.1/", Truth.CANNOT_TELL)],
)
def test_a_condition_on_a_url(path: str, truth: Truth) -> None:
    with serving() as (port, _):
        asker = HttpConditions(GuardedWebClient({"shop.example": f"127.0.0.1:{port}"}))
        asked = condition(ConditionKind.HTTP_HEALTH, f"http://shop.example{path}", expected="2xx")
        assert asker.ask(asked, context({})).truth is truth


def test_a_host_that_does_not_answer_is_not_healthy() -> None:
    asker = HttpConditions(GuardedWebClient({"shop.example": "127.0.0.1:1"}))
    asked = condition(ConditionKind.HTTP_HEALTH, "http://shop.example/health", expected="2xx")
    assert asker.ask(asked, context({})).truth is Truth.DOES_NOT


def test_a_query_is_asked_as_a_form_of_the_documents_own_prometheus() -> None:
    with serving() as (port, asked):
        hosts = {"metrics:9090": f"127.0.0.1:{port}"}
        asker = PrometheusConditions(GuardedWebClient(hosts), hosts)
        bounded = condition(
            ConditionKind.PROMQL, "up < 1", comparison="<=", value=0.6, connection="http://metrics:9090/api/v1/query"
        )
        assert asker.ask(bounded, context({})).truth is Truth.HOLDS
    assert asked == [("POST", "metrics:9090", "/api/v1/query query=up+%3C+1")]


def test_without_a_prometheus_in_the_profile_nothing_is_told() -> None:
    asker = PrometheusConditions(GuardedWebClient({}), {})
    found = asker.ask(condition(ConditionKind.PROMQL, "up", comparison=">", value=0.0), context({}))
    assert (found.truth, found.is_settled) == (Truth.CANNOT_TELL, True)


def test_a_promql_action_shows_its_samples() -> None:
    with serving() as (port, _):
        hosts = {"prometheus": f"127.0.0.1:{port}", "prometheus:9090": f"127.0.0.1:{port}"}
        heard = Heard()
        action = planned("up", executor=Executor.PROMQL)
        outcome = PromqlRunner(GuardedWebClient(hosts), hosts).start(request(action, {}), heard, stopping())
    assert outcome.outcome is Outcome.SUCCEEDED
    assert heard.text == 'up{job="shop"} 0.5\n'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://metrics:9090/api/v1/query", "http://metrics:9090"),
        ("https://metrics/prefix/api/v1/query_range", "https://metrics/prefix"),
        (None, "http://prometheus:9090"),
    ],
)
def test_where_prometheus_is(text: str | None, expected: str) -> None:
    assert address(text, {"prometheus": "10.0.0.1:9090"}, {}) == expected


def test_no_samples_are_said() -> None:
    assert shown({"data": {"resultType": "vector", "result": []}}) == "no samples\n"
    assert shown({"data": {"resultType": "scalar", "result": [1, "3"]}}) == "3\n"
