"""The second wall: namespaces in which a run sees no network but the sandbox's ports, and can write only its own.

The process that makes them keeps them: entered with `nsenter`, gone with the world. Its listening sockets are made
inside and handed out to the gateway, which answers them from outside, so that nothing runs inside but the run.
"""

from __future__ import annotations

import array
import ctypes
import errno
import fcntl
import json
import os
import socket
import struct
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_CLONE_NEWNS, _CLONE_NEWUSER, _CLONE_NEWNET = 0x00020000, 0x10000000, 0x40000000
_MS_BIND, _MS_REC, _MS_PRIVATE, _MS_NOSUID, _MS_NODEV = 4096, 16384, 1 << 18, 2, 4
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1
_SYS_MOUNT_SETATTR = 442
_AT_FDCWD, _AT_RECURSIVE = -100, 0x8000
_MOUNT_ATTR_RDONLY = 1
_LOOPBACK = "127.0.0.1"
_HIDDEN = ("/tmp", "/run", "/var/run", "/dev/shm")  # noqa: S108 hidden, not used
"""Where other programs of the machine keep their sockets."""

_LIBC = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    """Build the namespaces, hand the sockets out, and keep both until the gateway is gone."""
    door = socket.socket(fileno=int(sys.argv[1]))
    order = json.loads(sys.argv[2])
    try:
        _enter_new_namespaces()
        _raise_loopback()
        listeners = [_listen(port) for port in order["ports"]]
        confine(
            writable=[Path(path) for path in order["writable"]],
            visible=[Path(path) for path in order["visible"]],
            hosts=Path(order["hosts"]),
        )
    except OSError as error:
        door.sendall(f"{error.strerror or error}".encode())
        return
    descriptors = array.array("i", [listener.fileno() for listener in listeners])
    door.sendmsg([b"ready"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptors)])
    door.recv(1)


def confine(*, writable: Sequence[Path], visible: Sequence[Path], hosts: Path) -> None:
    """Make the file system read-only in this mount namespace, but for `writable` and empty places for sockets.

    What is hidden with those places comes back where it is named in `visible`.
    """
    _mount(None, "/", None, _MS_REC | _MS_PRIVATE)
    kept = [_Kept.open(path, is_writable=False) for path in visible]
    kept += [_Kept.open(path, is_writable=True) for path in writable]
    _mount(str(hosts), "/etc/hosts", None, _MS_BIND)
    _set_read_only("/", is_read_only=True)
    for place in dict.fromkeys(Path(path).resolve() for path in _HIDDEN):
        if place.is_dir():
            _mount("tmpfs", str(place), "tmpfs", _MS_NOSUID | _MS_NODEV)
    for folder in kept:
        folder.put_back()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """A folder that is to be seen inside, held open while the places around it are hidden."""

    path: Path
    descriptor: int
    is_writable: bool

    @classmethod
    def open(cls, path: Path, *, is_writable: bool) -> _Kept:
        real = path.resolve()
        return cls(path=real, descriptor=os.open(real, os.O_PATH | os.O_DIRECTORY), is_writable=is_writable)

    def put_back(self) -> None:
        if self.is_writable or not self.path.exists():
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            _mount(f"/proc/self/fd/{self.descriptor}", str(self.path), None, _MS_BIND | _MS_REC)
            _set_read_only(str(self.path), is_read_only=not self.is_writable)
        os.close(self.descriptor)


def _enter_new_namespaces() -> None:
    """Make user, network and mount namespaces; this user stays who he is in them."""
    uid, gid = os.geteuid(), os.getegid()
    _check(_LIBC.unshare(_CLONE_NEWUSER | _CLONE_NEWNET | _CLONE_NEWNS))
    Path("/proc/self/setgroups").write_text("deny", encoding="ascii")
    Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1", encoding="ascii")
    Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1", encoding="ascii")


def _raise_loopback() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as device:
        request = struct.pack("16sH14x", b"lo", 0)
        name, flags = struct.unpack("16sH14x", fcntl.ioctl(device, _SIOCGIFFLAGS, request))
        fcntl.ioctl(device, _SIOCSIFFLAGS, struct.pack("16sH14x", name, flags | _IFF_UP))


def _listen(port: int) -> socket.socket:
    listener = socket.socket()
    listener.bind((_LOOPBACK, port))
    listener.listen(64)
    return listener


def _mount(source: str | None, target: str, kind: str | None, flags: int) -> None:
    words = [None if word is None else os.fsencode(word) for word in (source, target, kind)]
    _check(_LIBC.mount(*words, ctypes.c_ulong(flags), None), target)


def _set_read_only(path: str, *, is_read_only: bool) -> None:
    """Change a mount and all below it (Linux 5.12)."""
    setting, clearing = (_MOUNT_ATTR_RDONLY, 0) if is_read_only else (0, _MOUNT_ATTR_RDONLY)
    attributes = struct.pack("4Q", setting, clearing, 0, 0)
    number, size = ctypes.c_long(_SYS_MOUNT_SETATTR), ctypes.c_size_t(len(attributes))
    _check(_LIBC.syscall(number, _AT_FDCWD, os.fsencode(path), _AT_RECURSIVE, attributes, size), path)


def _check(result: int, path: str = "") -> None:
    if result:
        number = ctypes.get_errno() or errno.EPERM
        raise OSError(number, os.strerror(number), path)


if __name__ == "__main__":
    main()
