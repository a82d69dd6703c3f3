"""Which addresses may be spoken to: judged on what a name resolved to, in every spelling. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")
_LOCALLY_TRANSLATED = ipaddress.IPv6Network("64:ff9b:1::/48")
_METADATA = frozenset(map(ipaddress.ip_address, ("169.254.169.254", "100.100.100.200", "fd00:ec2::254")))


def is_inner(text: str) -> bool:
    """Say whether an address is loopback, private, link-local, shared, metadata or otherwise not of the open net.

    An address that carries another one inside (mapped, translated, 6to4, Teredo) is inner when that one is.
    """
    try:
        address = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return True
    return any(_is_inner(each) for each in (address, *_carried(address)))


def _is_inner(address: Address) -> bool:
    return not address.is_global or address.is_multicast or address in _METADATA


def _carried(address: Address) -> Iterator[Address]:
    if isinstance(address, ipaddress.IPv4Address):
        return
    if address.ipv4_mapped:
        yield address.ipv4_mapped
    if address.sixtofour:
        yield address.sixtofour
    if address.teredo:
        yield from address.teredo
    if address in _TRANSLATED or address in _LOCALLY_TRANSLATED or int(address) >> 32 == 0:
        yield ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
