"""A plan in; this process without capabilities, behind Landlock's rules and a seccomp filter, out.

Run in the launcher's forked child, so nothing but the standard library and little of that. What cannot be done is an
OSError: a command is then not started, rather than started with less around it. Linux: linux/landlock.h, prctl(2).
"""

from __future__ import annotations

import ctypes
import errno
import os
import signal
import struct

LANDLOCK_CREATE_RULESET, LANDLOCK_ADD_RULE, LANDLOCK_RESTRICT_SELF = 444, 445, 446  # the same everywhere
ASK_VERSION = 1  # LANDLOCK_CREATE_RULESET_VERSION
PATH_BENEATH = 1
SECCOMP = {"x86_64": 317, "aarch64": 277}
CAPSET = {"x86_64": 126, "aarch64": 91}
SET_FILTER, SPECULATION_AS_IT_IS = 1, 4  # else older kernels slow the whole process down
CAPABILITY_VERSION = 0x20080522
PR_SET_PDEATHSIG, PR_CAPBSET_DROP, PR_SET_CHILD_SUBREAPER, PR_SET_NO_NEW_PRIVS = 1, 24, 36, 38
PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL = 47, 4
MOST_CAPABILITIES = 64
FILE_RIGHTS = 0b1100000000000111  # of a file that is no folder: execute, write, read, truncate, ioctl

# drop capabilities; (handled file rights, network rights, scopes, [(path, rights)]); seccomp filter
Landlock = tuple[int, int, int, list[tuple[bytes, int]]]
Plan = tuple[bool, "Landlock | None", bytes]

libc = ctypes.CDLL(None, use_errno=True)


def restrict(plan: Plan) -> None:
    """Do it to this process, for good."""
    drop, rules, program = plan
    prctl(PR_SET_NO_NEW_PRIVS, 1)
    if rules is not None:
        enclose(*rules)
    if drop:
        drop_capabilities()
    if program:
        filter_calls(program)


def prctl(option: int, value: int, third: int = 0) -> None:
    zero = ctypes.c_ulong(0)
    checked(libc.prctl(option, ctypes.c_ulong(value), ctypes.c_ulong(third), zero, zero))


def syscall(number: int, *arguments: object) -> int:
    return checked(libc.syscall(ctypes.c_long(number), *arguments))


def checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def end_with_parent() -> None:
    """Have the kernel end this process when the one that started it ends."""
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def adopt_orphans() -> None:
    """Become the parent of descendants whose own parent ends."""
    prctl(PR_SET_CHILD_SUBREAPER, 1)


def landlock_version() -> int:
    """The ABI's version, 0 where there is no Landlock."""
    version: int = libc.syscall(ctypes.c_long(LANDLOCK_CREATE_RULESET), None, ctypes.c_size_t(0), ASK_VERSION)
    return max(0, version)


def enclose(files: int, network: int, scopes: int, rules: list[tuple[bytes, int]]) -> None:
    """Landlock: of what is handled, only what the rules allow below their paths."""
    fields = [files, network, scopes][: 1 if not network | scopes else 2 if not scopes else 3]
    attributes = struct.pack(f"={len(fields)}Q", *fields)
    ruleset = syscall(LANDLOCK_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), 0)
    for path, rights in rules:
        allow(ruleset, path, rights)
    syscall(LANDLOCK_RESTRICT_SELF, ruleset, 0)
    os.close(ruleset)


def allow(ruleset: int, path: bytes, rights: int) -> None:
    """One rule; a path that is gone needs none."""
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except (FileNotFoundError, PermissionError, NotADirectoryError):
        return
    is_folder = (os.fstat(opened).st_mode & 0o170000) == 0o040000
    rule = struct.pack("=Qi", rights if is_folder else rights & FILE_RIGHTS, opened)
    syscall(LANDLOCK_ADD_RULE, ruleset, PATH_BENEATH, rule, 0)
    os.close(opened)


def drop_capabilities() -> None:
    """All of them, also those that a program of root's would get back when it is started."""
    for number in range(MOST_CAPABILITIES):
        try:
            prctl(PR_CAPBSET_DROP, number)
        except OSError as problem:
            if problem.errno not in (errno.EINVAL, errno.EPERM):  # no such one; not ours to drop, so not ours to get
                raise
    try:
        prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)
    except OSError as problem:
        if problem.errno != errno.EINVAL:
            raise
    header = struct.pack("=Ii", CAPABILITY_VERSION, 0)
    syscall(CAPSET[os.uname().machine], header, struct.pack("=6I", *[0] * 6))


class Program(ctypes.Structure):
    """struct sock_fprog"""

    _fields_ = (("length", ctypes.c_ushort), ("steps", ctypes.c_char_p))


def filter_calls(program: bytes) -> None:
    """seccomp: what the filter refuses fails from here on."""
    loaded = Program(len(program) // 8, program)
    syscall(SECCOMP[os.uname().machine], SET_FILTER, SPECULATION_AS_IT_IS, ctypes.byref(loaded))
