"""Listening sockets, and the limit of open files."""

from __future__ import annotations

import resource
import socket
from collections.abc import Callable
from contextlib import ExitStack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.web.deadlines import Limits
from exporter.web.listen import (
    ListenError,
    format_address,
    open_sockets,
    parse_listen_address,
    raise_open_files_limit,
)


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (":10317", ("", 10317)),
        ("127.0.0.1:0", ("127.0.0.1", 0)),
        ("localhost:80", ("localhost", 80)),
        ("[::1]:10317", ("::1", 10317)),
        ("[::]:65535", ("::", 65535)),
    ],
)
def test_addresses_are_read(address: str, expected: tuple[str, int]) -> None:
    """Host and port of every form of an address are found."""
    assert parse_listen_address(address) == expected


OTHERS = ("", "10317", "localhost", "::1:80", "a:b", "a:", ":65536", "[::1]", "[]:1", "a:-1")
NOT_HOSTS = ("host name:1", "[::g]:1", "*:1", "[127.0.0.1]:1", "[a]:1", "http://a:1", "a/b:1")


@pytest.mark.parametrize("address", [*OTHERS, *NOT_HOSTS])
def test_other_texts_are_refused(address: str) -> None:
    """A text that is no address is refused, and the message shows a correct one."""
    with pytest.raises(ListenError, match=r"not an address \(host:port, \[IPv6\]:port or :port\)"):
        parse_listen_address(address)


@settings(deadline=None, max_examples=40)
@given(st.text(max_size=30))
def test_no_text_breaks_the_parser(address: str) -> None:
    """Any text is an address or a ListenError."""
    try:
        _, port = parse_listen_address(address)
    except ListenError:
        return
    assert 0 <= port <= 65535


def _open(stack: ExitStack, *addresses: str) -> list[socket.socket]:
    return [stack.enter_context(sock) for sock in open_sockets(addresses)]


def _connect(host: str, sock: socket.socket) -> None:
    socket.create_connection((host, sock.getsockname()[1]), timeout=60).close()


def test_an_address_without_host_is_every_interface() -> None:
    """`:port` takes IPv4 and, where the machine has it, IPv6."""
    with ExitStack() as stack:
        (sock,) = _open(stack, ":0")
        _connect("127.0.0.1", sock)
        if socket.has_dualstack_ipv6():
            _connect("::1", sock)


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")
def test_an_ipv6_address_is_written_in_brackets() -> None:
    """An IPv6 address is listened on, and shown in the form of a URL."""
    with ExitStack() as stack:
        (sock,) = _open(stack, "[::1]:0")
        _connect("::1", sock)
        assert format_address(sock) == f"[::1]:{sock.getsockname()[1]}"


def test_a_host_name_is_resolved() -> None:
    """A name is listened on at its IPv4 address."""
    with ExitStack() as stack:
        (sock,) = _open(stack, "localhost:0")
        assert format_address(sock) == f"127.0.0.1:{sock.getsockname()[1]}"


def test_a_taken_port_is_named_with_advice() -> None:
    """The message for a taken port says which, and what to do."""
    with ExitStack() as stack:
        address = format_address(_open(stack, "127.0.0.1:0")[0])
        with pytest.raises(ListenError) as caught:
            open_sockets([address])
    assert str(caught.value) == (
        f"cannot listen on {address}: address already in use "
        "(another exporter? choose another with --web.listen-address)"
    )


def test_all_addresses_are_opened_or_none() -> None:
    """A socket opened before the one that fails is closed again."""
    with ExitStack() as stack:
        free, taken = (format_address(sock) for sock in _open(stack, "127.0.0.1:0", "127.0.0.1:0"))
        stack.pop_all().close()
        _open(stack, taken)
        with pytest.raises(ListenError, match=taken):
            open_sockets([free, taken])
        _open(stack, free)


@pytest.mark.parametrize(
    ("address", "problem"),
    [
        ("no-name.invalid:1", "cannot listen on no-name.invalid:1: the name cannot be resolved"),
        ("192.0.2.1:0", "this machine does not have that address"),
    ],
)
def test_an_address_that_cannot_be_used_is_named_with_the_reason(
    address: str, problem: str
) -> None:
    """An unknown name, and an address of another machine."""
    with pytest.raises(ListenError, match=problem):
        open_sockets([address])


def test_the_kernel_holds_little_for_each_peer() -> None:
    """A connection to a peer that does not read takes well under a megabyte of the kernel's."""
    with ExitStack() as stack:
        (sock,) = _open(stack, "127.0.0.1:0")
        stack.enter_context(socket.create_connection(sock.getsockname(), timeout=60))
        accepted = stack.enter_context(sock.accept()[0])
        assert accepted.getsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF) <= 1024 * 1024


def test_answers_do_not_wait_for_acknowledgements() -> None:
    """The last piece is sent immediately, not after the peer's delayed acknowledgement."""
    with ExitStack() as stack:
        (sock,) = _open(stack, "127.0.0.1:0")
        stack.enter_context(socket.create_connection(sock.getsockname(), timeout=60))
        accepted = stack.enter_context(sock.accept()[0])
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")
@pytest.mark.parametrize(
    "addresses", [["[::]:{}"], ["0.0.0.0:{}", "[::]:{}"], ["[::]:{}", "0.0.0.0:{}"]]
)
def test_every_interface_of_ipv6_takes_ipv4_too(addresses: list[str]) -> None:
    """`[::]:port` alone means the same as `:port`; `0.0.0.0:port` may be used with it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with ExitStack() as stack:
        opened = _open(stack, *(address.format(port) for address in addresses))
        assert len(opened) == len(addresses)
        for host in ("127.0.0.1", "::1"):
            socket.create_connection((host, port), timeout=60).close()


UNLIMITED = resource.RLIM_INFINITY


class Machine:
    """Limits as the kernel keeps them."""

    def __init__(self, soft: int, hard: int) -> None:
        self.limits = (soft, hard)

    def getrlimit(self, _: int) -> tuple[int, int]:
        """Return both limits."""
        return self.limits

    def setrlimit(self, _: int, limits: tuple[int, int]) -> None:
        """Set both, as the kernel allows a process without privileges."""
        soft, hard = limits
        assert hard == self.limits[1]
        assert hard == UNLIMITED or 0 <= soft <= hard
        self.limits = limits


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, int], Machine]:
    """Return a function that replaces the limits of this machine."""

    def put(soft: int, hard: int) -> Machine:
        made = Machine(soft, hard)
        monkeypatch.setattr(resource, "getrlimit", made.getrlimit)
        monkeypatch.setattr(resource, "setrlimit", made.setrlimit)
        return made

    return put


@pytest.mark.parametrize(
    ("soft", "hard", "after"),
    [
        (1024, 524_288, 16_384),
        (1024, 4096, 4096),
        (1024, 1024, 1024),
        (65_536, 524_288, 65_536),
        (1024, UNLIMITED, 16_384),
        (UNLIMITED, UNLIMITED, 16_384),
    ],
)
def test_the_limit_is_raised_as_far_as_it_may_be(
    machine: Callable[[int, int], Machine], soft: int, hard: int, after: int
) -> None:
    """Up to the wanted number, never above the hard limit, and never down."""
    made = machine(soft, hard)
    assert raise_open_files_limit(16_384) == after
    assert made.limits == (soft if soft in (UNLIMITED, after) else after, hard)


@given(st.integers(1, 100_000), st.integers(1, 100_000), st.integers(1, 100_000))
def test_it_never_goes_down(soft: int, hard: int, wanted: int) -> None:
    """For any limits, the new one is at least the old one and at most the hard one."""
    made = Machine(min(soft, hard), hard)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(resource, "getrlimit", made.getrlimit)
        patch.setattr(resource, "setrlimit", made.setrlimit)
        assert min(soft, hard) <= raise_open_files_limit(wanted) <= hard


def test_this_process_gets_the_descriptors_that_its_connections_need() -> None:
    """On this machine the limit really is set, and is enough where the hard limit allows it."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        reached = raise_open_files_limit()
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        assert soft in (reached, UNLIMITED)
        assert reached > Limits().connections or reached == hard
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
