"""What a sandbox lets its processes ask of the kernel in; the seccomp filter that refuses the rest, as bytes, out.

The filter is a program for the kernel's classic BPF machine (linux/filter.h, linux/seccomp.h). What it refuses fails
with EPERM, so that a program that can do without does; nothing is killed but code of another architecture.
"""

from __future__ import annotations

import os
import struct

# Numbers on (x86_64, aarch64), from asm/unistd_64.h and asm-generic/unistd.h of Linux 6.1; None: there is no such call.
NUMBERS: dict[str, tuple[int | None, int | None]] = {
    # looking into other processes, and taking from them
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
    "kcmp": (312, 272),
    "pidfd_getfd": (438, 438),
    "migrate_pages": (256, 238),
    "move_pages": (279, 239),
    # mounts and namespaces; clone is looked at more closely
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "move_mount": (429, 429),
    "open_tree": (428, 428),
    "open_tree_attr": (467, 467),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "unshare": (272, 97),
    "setns": (308, 268),
    # the kernel's keys, and its parts that were the way in most often
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "userfaultfd": (323, 282),
    "fanotify_init": (300, 262),
    "lookup_dcookie": (212, 18),
    "nfsservctl": (180, 42),
    "uselib": (134, None),
    "modify_ldt": (154, None),
    # files by handle, which goes past every path
    "open_by_handle_at": (304, 265),
    "name_to_handle_at": (303, 264),
    # the machine itself
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "reboot": (169, 142),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    "acct": (163, 89),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "clock_adjtime": (305, 266),
    "adjtimex": (159, 171),
    "iopl": (172, None),
    "ioperm": (173, None),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "syslog": (103, 116),
    "vhangup": (153, 58),
}
# What namespaces of its own keep a process from, and rules for files do not: memory, semaphores and queues that all
# processes of a user share by number or name, and word of what happens in folders that it may not read.
OF_THE_USERS: dict[str, tuple[int | None, int | None]] = {
    "shmget": (29, 194),
    "shmat": (30, 196),
    "shmctl": (31, 195),
    "semget": (64, 190),
    "semop": (65, 193),
    "semctl": (66, 191),
    "semtimedop": (220, 192),
    "msgget": (68, 186),
    "msgsnd": (69, 189),
    "msgrcv": (70, 188),
    "msgctl": (71, 187),
    "mq_open": (240, 180),
    "mq_unlink": (241, 181),
    "inotify_add_watch": (254, 27),
}
# What may be asked for this process or thread, as 0, and not for another one by its number.
FIRST_IS_PROCESS = ((302, 261), (203, 122), (144, 119), (142, 118), (314, 274))  # prlimit64, sched_set{affinity,...}
SECOND_IS_PROCESS = ((141, 140, 2), (251, 30, 3))  # setpriority, ioprio_set; their first argument for all of a user's
CLONE, CLONE3, SOCKET, CONNECT, IOCTL = (56, 220), (435, 435), (41, 198), (42, 203), (16, 29)
SOCKETPAIR = (53, 199)
ARCHITECTURES = {"x86_64": (0, 0xC000003E), "aarch64": (1, 0xC00000B7)}  # column of the table, AUDIT_ARCH_*
X32 = 0x40000000  # the bit of x86_64's second set of numbers
NEW_NAMESPACES = 0x7E020000  # CLONE_NEWNS, NEWCGROUP, NEWUTS, NEWIPC, NEWUSER, NEWPID and NEWNET
TIOCSTI, TIOCLINUX = 0x5412, 0x541C  # typing into a terminal
AF_UNIX, AF_INET, AF_INET6, AF_NETLINK = 1, 2, 10, 16
SOCK_STREAM, SOCK_SEQPACKET, SOCK_TYPES = 1, 5, 0xF

LOAD, EQUAL, AT_LEAST, ANY_BIT, AND, RETURN = 0x20, 0x15, 0x35, 0x45, 0x54, 0x06
NUMBER_AT, ARCHITECTURE_AT, FIRST_AT, SECOND_AT = 0, 4, 16, 24  # in struct seccomp_data; low halves of the arguments
ALLOW, KILL, FAIL = 0x7FFF0000, 0x80000000, 0x00050000
EPERM, ENOSYS, EAFNOSUPPORT = 1, 38, 97

Instruction = tuple[int, int, int, int]


def machine() -> str:
    """The architecture the filter is for; "" where its numbers are not known."""
    name = os.uname().machine
    return name if name in ARCHITECTURES else ""


def program(*, sockets: bool, alone: bool = True, counting: bool = False, architecture: str = "") -> bytes:
    """The filter. Without `sockets` none is left but unnamed pairs and listening ones that nobody can connect to;
    `alone`: in namespaces of its own; `counting` leaves perf its counters."""
    column, audit = ARCHITECTURES[architecture or machine()]
    table = NUMBERS if alone else {**NUMBERS, **OF_THE_USERS}
    refused = [numbers[column] for name, numbers in table.items() if not (counting and name == "perf_event_open")]
    steps: list[Instruction] = [
        (LOAD, 0, 0, ARCHITECTURE_AT),
        (EQUAL, 1, 0, audit),
        (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, NUMBER_AT),
        (AT_LEAST, 0, 1, X32),
        (RETURN, 0, 0, FAIL | ENOSYS),
        *[step for number in refused if number is not None for step in _when(number, [_fail(EPERM)])],
        *_when(CLONE3[column], [_fail(ENOSYS)]),  # its flags are behind a pointer; libraries fall back to clone
        *_when(CLONE[column], _clone()),
        *_when(IOCTL[column], _ioctl()),
        *_when(SOCKET[column], _families() if sockets else _unnamed()),
        *([] if sockets else _when(SOCKETPAIR[column], _unnamed())),
        *([] if sockets else _when(CONNECT[column], [_fail(EPERM)])),
        *([] if alone else _of_others(column)),
        (RETURN, 0, 0, ALLOW),
    ]
    return b"".join(struct.pack("=HBBI", *step) for step in steps)


def _fail(number: int) -> Instruction:
    return (RETURN, 0, 0, FAIL | number)


def _when(number: int, then: list[Instruction]) -> list[Instruction]:
    """`then` for one call; it must return. For another one it is jumped over."""
    return [(EQUAL, 0, len(then), number), *then]


def _clone() -> list[Instruction]:
    return [(LOAD, 0, 0, FIRST_AT), (ANY_BIT, 0, 1, NEW_NAMESPACES), _fail(EPERM), (RETURN, 0, 0, ALLOW)]


def _ioctl() -> list[Instruction]:
    return [
        (LOAD, 0, 0, SECOND_AT),
        (EQUAL, 1, 0, TIOCSTI),
        (EQUAL, 0, 1, TIOCLINUX),
        _fail(EPERM),
        (RETURN, 0, 0, ALLOW),
    ]


def _families() -> list[Instruction]:
    """The usual families: others (packets, virtual machines' sockets, Bluetooth) know nothing of network namespaces."""
    return [
        (LOAD, 0, 0, FIRST_AT),
        (EQUAL, 4, 0, AF_UNIX),
        (EQUAL, 3, 0, AF_INET),
        (EQUAL, 2, 0, AF_INET6),
        (EQUAL, 1, 0, AF_NETLINK),
        _fail(EAFNOSUPPORT),
        (RETURN, 0, 0, ALLOW),
    ]


def _unnamed() -> list[Instruction]:
    """Streams of AF_UNIX, which `connect` being refused keeps unconnected; datagrams could be sent to any name, also by
    one of a pair, and "raw" sockets are datagram ones (unix_create in net/unix/af_unix.c)."""
    return [
        (LOAD, 0, 0, FIRST_AT),
        (EQUAL, 1, 0, AF_UNIX),
        _fail(EPERM),
        (LOAD, 0, 0, SECOND_AT),
        (AND, 0, 0, SOCK_TYPES),
        (EQUAL, 2, 0, SOCK_STREAM),
        (EQUAL, 1, 0, SOCK_SEQPACKET),
        _fail(EPERM),
        (RETURN, 0, 0, ALLOW),
    ]


def _of_others(column: int) -> list[Instruction]:
    """What would hold up other processes of the user: their limits, cores, priorities."""
    steps = [step for numbers in FIRST_IS_PROCESS for step in _when(numbers[column], _own(FIRST_AT))]
    for *numbers, everything in SECOND_IS_PROCESS:
        whose = [(LOAD, 0, 0, FIRST_AT), (EQUAL, 0, 1, everything), _fail(EPERM)]
        steps += _when(numbers[column], [*whose, *_own(SECOND_AT)])
    return steps


def _own(at: int) -> list[Instruction]:
    return [(LOAD, 0, 0, at), (EQUAL, 1, 0, 0), _fail(EPERM), (RETURN, 0, 0, ALLOW)]
