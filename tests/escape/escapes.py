"""The table of escapes: what each hostile program tries, the program, and what comes of it under each layer.

A program says `past(...)` for each way that worked. `Escape.then` is the next candidate's program, which looks for what
the first one left behind. The table "Tests of escapes" of docs/security.md is made of this one.
"""

from __future__ import annotations

from dataclasses import dataclass

STOPPED, HARMLESS, GETS_PAST, NOT_TRIED = "stopped", "harmless", "**not stopped**", "not tried"


@dataclass(frozen=True)
class Escape:
    """`bubblewrap`, `landlock` and `off` are what comes of it there. `root`: only root's programs get past when nothing
    stops them. `may_lack`: kernels are built or set up without it. `since`: the version of Landlock that stops it."""

    name: str
    program: str
    bubblewrap: str = STOPPED
    landlock: str = STOPPED
    off: str = GETS_PAST
    then: str = ""
    root: bool = False
    may_lack: bool = False
    since: int = 1

    def under(self, layer: str) -> str:
        return {"bubblewrap": self.bubblewrap, "landlock": self.landlock, "process": self.off}[layer]


SECRETS = [
    Escape(
        "read a key and other files in the user's HOME",
        """
        def key(): return read(world.key)
        def netrc(): return read(world.home + "/.netrc")
        def folder(): return ".ssh" in os.listdir(world.home)
        tries(key, netrc, folder)
        """,
    ),
    Escape(
        "read the key through a link in the tree, `/proc/self/root`, `/proc/PID/root` or a file handle",
        """
        def link():
            os.symlink(world.key, "inside")
            return read("inside")
        def hard_link():
            os.link(world.key, "hard")
            return read("hard")
        def own_root(): return read("/proc/self/root" + world.key)
        def others_root(): return read("/proc/%d/root%s" % (world.pid, world.key))
        def above(): return read(os.path.relpath(world.key))
        def from_there():
            os.chdir(world.home)
            return read(".netrc")
        def reopened():
            found = os.open(world.key, os.O_PATH)
            return read("/proc/self/fd/%d" % found)
        tries(link, hard_link, own_root, others_root, above, from_there, reopened)
        """,
    ),
    Escape(
        "read what links in the repository lead to that are called `tests` and `conftest.py`, which the sandbox mounts",
        """
        def tests(): return read("links/tests/id_rsa")
        def conftest(): return read("links/conftest.py")
        tries(tests, conftest)
        """,
    ),
    Escape(
        "open a file by its handle, past every path (`open_by_handle_at`)",
        """
        def handle():
            made = ctypes.create_string_buffer(struct.pack("=Ii", 128, 0), 136)
            mount = ctypes.c_int()
            call("name_to_handle_at", -100, world.key.encode(), made, ctypes.byref(mount), 0)
            near = os.open("/", os.O_RDONLY)
            found = call("open_by_handle_at", near, made, os.O_RDONLY)
            return world.secret.encode() in os.read(found, 100)
        tries(handle)
        """,
        root=True,
    ),
    Escape(
        "find tokens in environments: its own, `/proc/PID/environ` of others",
        """
        def own(): return "STANDIN_TOKEN" in os.environ or read("/proc/self/environ")
        def neighbours(): return read("/proc/%d/environ" % world.pid)
        tries(own, neighbours)
        """,
    ),
    Escape(
        "read the credentials in the checkout's `.git/config`",
        """
        def config(): return read(world.checkout + "/.git/config")
        tries(config)
        """,
    ),
    Escape(
        "read another process's memory (ptrace, `process_vm_readv`, `/proc/PID/mem`)",
        """
        def mem():
            with open("/proc/%d/mem" % world.pid, "rb", buffering=0) as memory:
                memory.seek(world.memory)
                return world.secret.encode() in memory.read(64)
        def vm():
            room = ctypes.create_string_buffer(64)
            own = struct.pack("=QQ", ctypes.addressof(room), 64)
            others = struct.pack("=QQ", world.memory, 64)
            call("process_vm_readv", world.pid, own, 1, others, 1, 0)
            return world.secret.encode() in room.raw
        def trace():
            call("ptrace", 16, world.pid, 0, 0)  # PTRACE_ATTACH
            os.waitpid(world.pid, 0x40000000)
            call("ptrace", 17, world.pid, 0, 0)
            return True
        tries(mem, vm, trace)
        """,
    ),
    Escape(
        "write into another process's memory",
        """
        def mem():
            with open("/proc/%d/mem" % world.pid, "r+b", buffering=0) as memory:
                memory.seek(world.memory)
                return memory.write(b"hostile\\0")
        def vm():
            room = ctypes.create_string_buffer(b"hostile")
            own = struct.pack("=QQ", ctypes.addressof(room), 8)
            return call("process_vm_writev", world.pid, own, 1, struct.pack("=QQ", world.memory, 8), 1, 0)
        tries(mem, vm)
        """,
    ),
    Escape(
        "take another process's open files (`/proc/PID/fd`, `pidfd_getfd`)",
        """
        def by_path(): return read("/proc/%d/fd/%d" % (world.pid, world.held))
        def by_number():
            found = call("pidfd_getfd", call("pidfd_open", world.pid, 0), world.held, 0)
            return world.secret.encode() in os.pread(found, 100, 0)
        tries(by_path, by_number)
        """,
    ),
    Escape(
        "use file descriptors that llmopt or the launcher left open",
        """
        numbers = [int(name) for name in os.listdir("/proc/self/fd")]
        left = {}
        for number in numbers:
            try:
                left[number] = os.readlink("/proc/self/fd/%d" % number)
            except OSError:
                continue
        for number, what in left.items():
            if number > 3 or (number == 0 and what != "/dev/null"):
                past(what)
        """,
        off=STOPPED,
    ),
    Escape(
        "see the arguments of other processes",
        """
        def arguments(): return b"STANDIN_TOKEN" in open("/proc/%d/cmdline" % world.pid, "rb").read()
        tries(arguments)
        """,
        landlock=GETS_PAST,
    ),
    Escape(
        "look up whether a path exists, and its size",
        """
        def size(): return os.stat(world.key).st_size > 0
        tries(size)
        """,
        landlock=GETS_PAST,
    ),
    Escape(
        "watch which files the user opens (inotify)",
        """
        def watch():
            return call("inotify_add_watch", call("inotify_init1", 0), (world.home + "/.ssh").encode(), 0x20)
        tries(watch)
        """,
    ),
]

WRITES = [
    Escape(
        "write outside of the tree: by path, `..`, a link, a hard link, `/proc/self/root`, `O_TMPFILE`",
        """
        def by_path(): return write(world.outside + "/new")
        def above(): return write(os.path.relpath(world.outside + "/above"))
        def link():
            os.symlink(world.kept, "link")
            return write("link")
        def hard_link():
            os.link(world.kept, "hard")
            return write("hard", "ab")
        def own_root(): return write("/proc/self/root" + world.outside + "/root")
        def own_folder(): return write("/proc/self/cwd/../outside/cwd")
        def from_there():
            os.chdir(world.outside)
            return write("there")
        def unnamed():
            made = os.open(world.outside, os.O_TMPFILE | os.O_WRONLY)
            os.link("/proc/self/fd/%d" % made, world.outside + "/unnamed")
            return True
        def from_the_tree():
            write("own")
            os.link("own", world.outside + "/linked")
            return True
        tries(by_path, above, link, hard_link, own_root, own_folder, unnamed, from_the_tree, from_there)
        """,
    ),
    Escape(
        "remove, cut off, rename or replace files outside",
        """
        def cut():
            os.truncate(world.kept, 0)
            return True
        def replace():
            write("own")
            os.replace("own", world.kept)
            return True
        def away():
            os.rename(world.kept, "away")
            return True
        def exchange():
            write("own")
            return call("renameat2", -100, b"own", -100, world.kept.encode(), 2)
        def folder():
            os.rename(world.outside, world.outside + "-gone")
            return True
        def remove():
            os.unlink(world.home + "/.netrc")
            return True
        tries(cut, exchange, replace, away, folder, remove)
        """,
    ),
    Escape(
        "change mode, times or owner's marks of the user's files",
        """
        def mode():
            os.chmod(world.kept, 0o777)
            return True
        def times():
            os.utime(world.kept, (1, 1))
            return True
        tries(mode, times)
        """,
        landlock=GETS_PAST,
    ),
    Escape(
        "write hooks and configuration of the checkout's git",
        """
        def hook(): return write(world.checkout + "/.git/hooks/post-commit")
        def config(): return write(world.checkout + "/.git/config", "ab")
        tries(hook, config)
        """,
        bubblewrap=HARMLESS,
    ),
    Escape(
        "write what starts with the user's next program: `.bashrc`, `.pth`, `usercustomize`, `sitecustomize`",
        """
        user = world.home + "/.local/lib/site-packages/"
        def shell(): return write(world.home + "/.bashrc", "ab")
        def paths(): return write(user + "hostile.pth")
        def users(): return write(user + "usercustomize.py")
        def sites(): return write(world.site + "/sitecustomize.py")
        tries(shell, paths, users, sites)
        """,
    ),
    Escape(
        "poison packages and their byte code in the interpreter's environment",
        """
        def package(): return write(world.site + "/package.py")
        def code(): return write(world.site + "/__pycache__/package.pyc")
        def new(): return write(world.site + "/json.py")
        tries(package, code, new)
        """,
    ),
    Escape(
        "replace llmopt's own modules in the target's processes",
        """
        def module():
            open(world.probe + "/llmopt_marks.py", "r+b").close()
            return True
        tries(module)
        """,
    ),
    Escape(
        "change the tree's tests",
        """
        def test(): return write("tests/test_shop.py")
        def new(): return write("tests/conftest.py")
        def as_the_checkout(): return write(world.checkout + "/tests/test_shop.py")
        def replaced():
            os.rename("tests", "tests-gone")
            os.mkdir("tests")
            return write("tests/test_shop.py")
        def with_its_folder():
            os.rename("inner", "inner-gone")
            os.makedirs("inner/tests")
            return write("inner/tests/test_inner.py")
        tries(test, new, as_the_checkout, replaced, with_its_folder)
        """,
        landlock=GETS_PAST,
    ),
    Escape(
        "write into devices and the kernel's settings: `/dev`, `/proc/sys`, core pattern, sysrq, control groups",
        """
        def setting(path):
            def opened():
                os.close(os.open(path, os.O_WRONLY))  # nothing is written
                return True
            opened.__name__ = path
            return opened
        tries(*map(setting, [
            "/proc/sys/kernel/core_pattern", "/proc/sys/vm/overcommit_memory", "/proc/sysrq-trigger",
            "/sys/power/state",
            "/sys/fs/cgroup/memory/release_agent", "/sys/fs/cgroup/cgroup.procs", "/sys/fs/cgroup/memory/cgroup.procs",
            "/dev/kmsg", "/dev/mem",
        ]))
        """,
        root=True,
    ),
]

NETWORK = [
    Escape(
        "reach a server on the host's loopback",
        """
        def loopback():
            socket.create_connection(("127.0.0.1", world.ports["loopback"]), 5)
            return True
        tries(loopback)
        """,
    ),
    Escape(
        "reach a server on the host's network address",
        """
        def own_address():
            socket.create_connection((world.address, world.ports["own address"]), 5)
            return True
        tries(own_address)
        """,
    ),
    Escape(
        "send a datagram, as a look-up of names does",
        """
        def datagram():
            return socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"?", ("127.0.0.1", world.ports["names"]))
        tries(datagram)
        time.sleep(0.2)
        """,
        bubblewrap=HARMLESS,
    ),
    Escape(
        "connect to a socket by its path (docker, ssh-agent)",
        """
        def docker():
            socket.socket(socket.AF_UNIX).connect(world.outside + "/docker.sock")
            return True
        tries(docker)
        """,
    ),
    Escape(
        "send to a socket by its path without connecting (system log), also through a pair of sockets",
        """
        place = world.outside + "/log.sock"
        def socket_of(kind):
            def sent(): return socket.socket(socket.AF_UNIX, kind).sendto(b"hostile", place)
            return sent
        def pair_of(kind):
            def sent_by_one_of_a_pair(): return socket.socketpair(socket.AF_UNIX, kind)[0].sendto(b"hostile", place)
            return sent_by_one_of_a_pair
        tries(socket_of(socket.SOCK_DGRAM), socket_of(socket.SOCK_RAW))
        tries(pair_of(socket.SOCK_DGRAM), pair_of(socket.SOCK_RAW))
        time.sleep(0.2)
        """,
    ),
    Escape(
        "connect to an abstract socket (X11, D-Bus)",
        """
        def abstract():
            socket.socket(socket.AF_UNIX).connect(world.abstract)
            return True
        tries(abstract)
        """,
    ),
    Escape(
        "open sockets that see packets",
        """
        def packets(): return socket.socket(socket.AF_PACKET, socket.SOCK_RAW).fileno()
        def raw(): return socket.socket(socket.AF_INET, socket.SOCK_RAW, 1).fileno()
        tries(packets, raw)
        """,
        root=True,
    ),
]

PROCESSES = [
    Escape(
        "end or stop another process: signals by number, group, thread, pidfd and file owner",
        """
        def stop():
            os.kill(world.pid, signal.SIGSTOP)
            return True
        def thread(): return call("tgkill", world.pid, world.pid, 18)
        def by_descriptor(): return call("pidfd_send_signal", call("pidfd_open", world.pid, 0), 18, None, 0)
        def by_owner():
            import fcntl
            one, other = socket.socketpair()
            fcntl.fcntl(one, fcntl.F_SETOWN, world.pid)
            fcntl.fcntl(one, 10, signal.SIGUSR1)  # F_SETSIG
            fcntl.fcntl(one, fcntl.F_SETFL, os.O_ASYNC)
            other.send(b"!")
            time.sleep(0.2)
        def end():
            os.kill(world.pid, signal.SIGKILL)
            return True
        tries(by_owner, thread, by_descriptor, stop, end)
        """,
        since=6,
    ),
    Escape(
        "hold another process up: priority, cores, scheduling, limits, the out-of-memory score",
        """
        import resource
        def priority():
            os.setpriority(os.PRIO_PROCESS, world.pid, 19)
            return True
        def cores():
            os.sched_setaffinity(world.pid, [min(os.sched_getaffinity(0))])
            return True
        def scheduling():
            os.sched_setscheduler(world.pid, os.SCHED_IDLE, os.sched_param(0))
            return True
        def disk(): return call("ioprio_set", 1, world.pid, 3 << 13)
        def limits():
            resource.prlimit(world.pid, resource.RLIMIT_FSIZE, (0, 0))
            return True
        def score(): return open("/proc/%d/oom_score_adj" % world.pid, "w").write("900")
        tries(priority, cores, scheduling, disk, limits, score)
        """,
    ),
    Escape(
        "read from and type into the user's terminal, write escape sequences to it",
        """
        def written(): return os.write(os.open(world.terminal, os.O_RDWR | os.O_NOCTTY), b"\\x1b]0;hostile\\x07")
        def typed():
            import fcntl, termios
            fcntl.ioctl(os.open(world.terminal, os.O_RDWR | os.O_NOCTTY), termios.TIOCSTI, b"x")
            return True
        def own():
            return os.open("/dev/tty", os.O_RDWR)
        tries(written, typed, own)
        """,
    ),
    Escape(
        "use or remove System V shared memory of others",
        """
        def segment():
            at = libc.shmat(world.segment, None, 0)
            if at in (None, ctypes.c_void_p(-1).value):
                raise OSError(ctypes.get_errno(), "shmat")
            ctypes.memmove(at, b"hostile", 7)
            return True
        def removed(): return libc.shmctl(world.segment, 0, None) == 0
        tries(segment, removed)
        """,
    ),
    Escape(
        "change POSIX shared memory of others (`/dev/shm`)",
        """
        def shared(): return write(world.shared)
        tries(shared)
        """,
        bubblewrap=HARMLESS,
        landlock=GETS_PAST,
    ),
]

KERNEL = [
    Escape(
        "become another user by a setuid program",
        """
        def setuid(): return subprocess.check_output(["./id", "-u"]).strip() == b"65534"
        tries(setuid)
        """,
        root=True,
    ),
    Escape(
        "use root's capabilities: device files, mounts, chroot, other namespaces",
        """
        def device():
            os.mknod("device", stat.S_IFCHR | 0o666, os.makedev(1, 3))
            return True
        def mounted():
            call("mount", b"none", os.path.abspath("mount").encode(), b"tmpfs", 0, None)
            call("umount2", os.path.abspath("mount").encode(), 0)
            return True
        def bound():
            call("mount", world.home.encode(), os.path.abspath("mount").encode(), None, 4096, None)
            found = read("mount/.netrc")
            call("umount2", os.path.abspath("mount").encode(), 0)
            return found
        def others(): return call("setns", os.open("/proc/self/ns/uts", os.O_RDONLY), 0)
        def caged():
            os.chroot(".")
            return True
        tries(device, mounted, bound, others, caged)
        """,
        root=True,
    ),
    Escape(
        "make namespaces of its own, in which it is root (`unshare`, `clone`)",
        """
        def unshared():
            child = os.fork()
            if child == 0:
                os._exit(1 if libc.unshare(0x10000000 | 0x20000) else 0)
            return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        tries(unshared)
        """,
        may_lack=True,
    ),
    Escape(
        "use the kernel's keys",
        """
        def session(): return call("keyctl", 0, -3, 0)
        tries(session)
        """,
        may_lack=True,
    ),
    Escape(
        "load BPF programs",
        """
        def mapped(): return call("bpf", 0, struct.pack("=IIII", 2, 4, 4, 1) + bytes(112), 128)
        tries(mapped)
        """,
        root=True,
        may_lack=True,
    ),
    Escape(
        "open performance counters",
        """
        def counter(): return call("perf_event_open", struct.pack("=IIQ", 1, 128, 0) + bytes(112), 0, -1, -1, 0)
        tries(counter)
        """,
        root=True,
        may_lack=True,
    ),
    Escape(
        "make an io_uring",
        """
        def ring(): return call("io_uring_setup", 1, ctypes.create_string_buffer(120))
        tries(ring)
        """,
        may_lack=True,
    ),
    Escape(
        "catch page faults (userfaultfd)",
        """
        def faults(): return call("userfaultfd", 1)
        tries(faults)
        """,
        may_lack=True,
    ),
    Escape(
        "load a kernel module",
        """
        def module():
            try:
                call("finit_module", -1, b"", 0)
            except OSError as problem:
                return problem.errno == errno.EBADF  # it was looked at: only the module is missing
        tries(module)
        """,
        root=True,
        may_lack=True,
    ),
    Escape(
        "change the clock",
        """
        def clock():
            state = ctypes.create_string_buffer(512)
            call("adjtimex", state)
            struct.pack_into("=I", state, 0, 0x4000)  # ADJ_TICK, with what it is already
            return call("adjtimex", state)
        tries(clock)
        """,
        root=True,
    ),
    Escape(
        "raise its own limits and priority, be spared when memory runs out",
        """
        import resource
        def core():
            resource.setrlimit(resource.RLIMIT_CORE, (1000, 1000))
            return True
        def spared(): return open("/proc/self/oom_score_adj", "w").write("-500")
        def priority():
            os.nice(-5)
            return True
        tries(core, spared, priority)
        """,
        root=True,
    ),
]

NOTE = """
        name = "llmopt-note-" + world.secret
        def left(folder):
            def note(): return WHAT
            note.__name__ = folder
            return note
        tries(*map(left, FOLDERS))
        """


def _note(what: str, *folders: str) -> str:
    return NOTE.replace("WHAT", what).replace("FOLDERS", f"[{', '.join(folders)}]")


LEAVE, FIND = (
    'write(folder + "/" + name)',
    'os.path.exists(folder + "/" + name) and (os.unlink(folder + "/" + name) or True)',
)
TEMPORARY = ('"/tmp"', '"/var/tmp"', '"/run"')
OWN = ('os.environ["HOME"]', 'os.environ["TMPDIR"]')

LEFT = [
    Escape(
        "leave a file in HOME or TMPDIR for the next candidate", _note(LEAVE, *OWN), off=STOPPED, then=_note(FIND, *OWN)
    ),
    Escape(
        "leave a file in `/tmp`, `/var/tmp` or `/run` for it", _note(LEAVE, *TEMPORARY), then=_note(FIND, *TEMPORARY)
    ),
    Escape(
        "leave POSIX shared memory for it",
        _note(LEAVE, '"/dev/shm"'),
        landlock=GETS_PAST,
        then=_note(FIND, '"/dev/shm"'),
    ),
    Escape(
        "leave System V shared memory for it",
        "print(libc.shmget(int(world.secret[:6], 16), 4096, 0o1600))",
        then="""
        def segment():
            found = libc.shmget(int(world.secret[:6], 16), 4096, 0)
            return found >= 0 and libc.shmctl(found, 0, None) == 0
        tries(segment)
        """,
    ),
    Escape(
        "leave a message queue for it",
        'call("mq_open", world.secret.encode(), os.O_CREAT | os.O_RDWR, 0o600, None)',
        then="""
        def queue():
            found = call("mq_open", world.secret.encode(), os.O_RDONLY, 0, None)
            call("mq_unlink", world.secret.encode())
            return found
        tries(queue)
        """,
        may_lack=True,
    ),
]

# What runs on, or tries to, when its command is over: each has the name of the stand-in secret in its arguments.
LASTING = [
    Escape(
        "ignore every signal it may, past the time limit",
        """
        for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
            signal.signal(number, signal.SIG_IGN)
        time.sleep(100)
        """,
        off=STOPPED,
    ),
    Escape(
        "stop itself (SIGSTOP), so that it never ends",
        """
        os.kill(os.getpid(), signal.SIGSTOP)
        """,
        off=STOPPED,
    ),
    Escape(
        "leave a daemon: two forks, a session of its own, no files, another environment",
        """
        if os.fork() == 0:
            os.setsid()
            if os.fork() == 0:
                os.closerange(0, 100)
                os.execve(sys.executable, [sys.executable, "-c", "import time; time.sleep(100)", world.secret], {})
            os._exit(0)
        os.wait()
        """,
        off=STOPPED,
    ),
    Escape(
        "leave a process that always starts its successor and ends, too quick to be ended",
        """
        if os.fork() == 0:
            os.setsid()
            while True:
                if os.fork():
                    os._exit(0)
        """,
        off=STOPPED,
    ),
    Escape(
        "leave a process that is its starter's sibling (`CLONE_PARENT`)",
        """
        import platform
        number = {"x86_64": 56, "aarch64": 220}[platform.machine()]
        if libc.syscall(number, 0x8000 | 17, None, None, None, None) == 0:
            time.sleep(100)
        """,
        off=STOPPED,
    ),
    Escape(
        "leave zombies and the parent that does not wait for them",
        """
        if os.fork() == 0:
            os.setsid()
            for _ in range(20):
                if os.fork() == 0:
                    os._exit(0)
            time.sleep(100)
        """,
        off=STOPPED,
    ),
]

# Each is held to a bound; `test_bounds` says to which.
FORKS = Escape(
    "fork until nothing else can start",
    """
        made = 0
        try:
            while made < 3000:
                if os.fork() == 0:
                    time.sleep(100)
                made += 1
                print(made, flush=True)
        except OSError:
            time.sleep(100)
        """,
    off=STOPPED,
)
MEMORY = Escape(
    "fill the memory",
    """
        held = [bytearray(b"x" * 50_000_000) for _ in range(40)]
        past("filled")
        """,
    off=STOPPED,
)
IN_MEMORY = Escape(
    "fill the memory with files in `/dev/shm` and `/tmp`",
    """
        for folder in ("/tmp", "/dev/shm"):
            try:
                with open(folder + "/llmopt-note-" + world.secret, "wb") as stream:
                    for _ in range(30):
                        stream.write(b"x" * 50_000_000)
                past(folder)
            except OSError as problem:
                print(problem)
        """,
    landlock=GETS_PAST,
    off=GETS_PAST,
)
DISK = Escape(
    "fill the disk",
    """
        for number in range(40):
            with open("filler%d" % number, "wb") as stream:
                for _ in range(8):
                    stream.write(b"x" * 10_000_000)
                stream.flush()
                os.fsync(stream.fileno())
            time.sleep(0.1)
        past("filled")
        """,
    off=STOPPED,
)
INODES = Escape(
    "fill the disk with empty files",
    """
        for number in range(100):
            os.mkdir("many%d" % number)
            for file in range(1000):
                os.close(os.open("many%d/%d" % (number, file), os.O_CREAT | os.O_WRONLY))
            time.sleep(0.03)
        past("filled")
        """,
    off=STOPPED,
)
ONE_FILE = Escape(
    "write one file without end",
    """
        with open("endless", "wb") as stream:
            while True:
                stream.write(b"x" * 1_000_000)
        """,
    off=STOPPED,
)
OUTPUT = Escape(
    "print without end",
    """
        while True:
            os.write(1, b"x" * 1_000_000)
        """,
    off=STOPPED,
)
MARKS = Escape(
    "flood the pipe of marks with lines, garbage and a line without end, and close it",
    """
        for _ in range(40):
            os.write(3, b"begin\\n" * 10_000)
        os.write(3, b"\\xff\\0\\x1b[2J\\n")
        for _ in range(40):
            os.write(3, b"x" * 50_000)
        os.close(3)
        print("done")
        """,
    bubblewrap=HARMLESS,
    landlock=HARMLESS,
    off=HARMLESS,
)
PARENT = Escape(
    "end the process that started it",
    """
        def parent():
            os.kill(os.getppid(), signal.SIGKILL)
            return os.getppid() > 1
        tries(parent)
        time.sleep(1)
        """,
    bubblewrap=HARMLESS,
    off=HARMLESS,
    since=6,
)
RESULTS = Escape(
    "leave results that are pipes, devices, links, folders, endless, nested, torn, or of another task's name",
    """
        os.chdir(world.results)
        os.mkfifo("x-1-0.json")
        os.mkdir("x-2-0.json")
        os.symlink(world.key, "x-3-0.json")
        os.symlink("/dev/zero", "x-4-0.json")
        os.symlink("x-5-0.json", "x-5-0.json")
        for name, content in (("x-6", b'{"torn'), ("x-7", b"[" * 400_000), ("x-8", b"1" * 400_000), ("x-9", b"NaN"),
                              ("leaks-1", b'{"a": 1}'), ("x-10", b"10")):
            with open(name + "-0.json", "wb") as stream:
                stream.write(content)
        os.truncate(os.open("x-11-0.json", os.O_CREAT | os.O_RDWR), 2_000_000_000)
        """,
    bubblewrap=HARMLESS,
    landlock=HARMLESS,
    off=HARMLESS,
)
BOUNDED = [FORKS, MEMORY, IN_MEMORY, DISK, INODES, ONE_FILE, OUTPUT, MARKS, PARENT, RESULTS]

SIMPLE = [*SECRETS, *WRITES, *NETWORK, *PROCESSES, *KERNEL, *LEFT]  # what a program says is what was seen
ALL = [*SIMPLE, *LASTING, *BOUNDED]


def table() -> str:
    """The rows of "Tests of escapes" in docs/security.md."""
    rows = [f"| {each.name} | {each.bubblewrap} | {each.landlock} | {each.off} |" for each in ALL]
    return "\n".join(["| what it tries | bubblewrap | Landlock + seccomp | off |", "|---|---|---|---|", *rows])
