"""Sample the call stacks of this process by CPU time (SIGPROF) and report where its time went.

The handler runs in the main thread between two bytecodes, so a native call delays it; each sample therefore weighs the
CPU time since the last one, and a long native call gets its whole weight on its Python caller. Samples are shared
among threads by the CPU time each used (`pthread_getcpuclockid`; where that is missing, evenly among those that do not
wait). What it cannot see: the interpreter looks for signals only at calls, loop ends and function entries, so a leaf
function without any of them is seen at its entry or as its caller.

What an event loop or a pool of threads runs has nobody above it on the stack: the report's "starts" tell from where
it was started, [what runs it, stack, times].

A program that takes SIGPROF for itself ends the sampling (the report's "taken" says so); a handler that was there
before is still called. Options: "interval_seconds", and "windowed": nothing is sampled outside `resume()` … `pause()`.
The first `resume()` drops what was sampled before it, also without the option.
"""

import _thread
import opcode  # here, not where it is used: the handler may interrupt the program's own import of it
import os
import signal
import sys
import time

import llmopt_garbage
import llmopt_report
import llmopt_started

INTERVAL_SECONDS = 0.001
LARGEST_INTERVAL_SECONDS = 0.05
# The handler may cost this part of the interval; deep stacks then get a longer interval instead of a slower program.
HANDLER_SHARE = 0.03
DEPTH = 256  # frames kept of a deeper stack, half at the root end and half at the leaf end
SPENT_SECONDS = 0.01  # the handler's cost is looked at each time it has spent this much
STACKS = 20_000  # distinct stacks; with more the interval doubles, and the bound with it
INHERITED = "LLMOPT_SAMPLING"  # set inside a window, so that the Python children started there sample too
HERE = os.path.dirname(os.path.abspath(__file__)) + os.sep

# Where threads wait, for systems without a clock per thread: the file of the innermost frame.
IDLE_FILES = (
    "threading.py",
    "queue.py",
    "selectors.py",
    "subprocess.py",
    "socket.py",
    "ssl.py",
    os.path.join("concurrent", "futures", "thread.py"),
    os.path.join("multiprocessing", "connection.py"),
    os.path.join("multiprocessing", "popen_fork.py"),
    os.path.join("multiprocessing", "queues.py"),
    os.path.join("multiprocessing", "synchronize.py"),
)

_sampler = None


def start(settings):
    """Begin to sample; called by `sitecustomize`, in the main thread, before the program's first line."""
    global _sampler
    if not hasattr(signal, "setitimer"):
        return
    options = settings["options"]
    _sampler = Sampler(options.get("interval_seconds") or INTERVAL_SECONDS)
    _sampler.windowed = bool(options.get("windowed"))
    _shield_threads()
    _stop_before_exec()
    llmopt_report.at_exit(settings, _sampler.collect, _sampler.restart)
    _sampler.install()
    _sampler.garbage.watch()
    llmopt_started.watch(_sampler.saw_start)
    os.register_at_fork(before=_sampler.hold, after_in_parent=_sampler.go_on)
    if not _sampler.windowed or INHERITED in os.environ:
        _sampler.resume()


def resume():
    """The timed region begins."""
    if _sampler is not None:
        if not _sampler.windowed:
            _sampler.pause()
            _sampler.windowed = True
            _sampler.clear()
        os.environ[INHERITED] = "1"
        _sampler.resume()


def pause():
    """The timed region ends."""
    if _sampler is not None and _sampler.windowed:
        _sampler.pause()
        os.environ.pop(INHERITED, None)


class Sampler:
    """The samples of one process and the timer that takes them."""

    def __init__(self, interval_seconds):
        self.interval = interval_seconds
        self.windowed = False
        self.running = False
        self.ticking = False  # the timer goes on between windows: it would never fire in windows below its 4 ms
        self.sampling = False
        self.held = None
        self.previous = None
        self.folder = _current_folder()
        self.main = _thread.get_ident()
        self.codes = {}  # id -> code object: hashing a code object walks all its constants
        self.entries = {}  # id of a code object -> offsets of its RESUME instructions
        self.garbage = llmopt_garbage.Garbage(self)
        self.clear()

    def clear(self):
        self.stacks = {}
        self.lines = {}
        self.starts = {}
        self.clocks = {}
        self.used = {}
        self.garbage.clear()
        self.carried = 0.0  # CPU seconds since the last sample when a window ended: the next one counts them
        self.wall = 0.0
        self.cpu = 0.0
        self.delay = 0.0
        self.spent = 0.0
        self.bound = STACKS
        self.started = time.time()

    def install(self):
        previous = signal.getsignal(signal.SIGPROF)
        self.previous = previous if callable(previous) else None
        signal.signal(signal.SIGPROF, self.sample)
        _unblock()

    def resume(self):
        if self.running:
            return
        self.running = True
        self.wall_from = time.perf_counter()
        self.delay_from = _delay_seconds()
        self.cpu_from = self.looked = time.process_time()
        self.last = self.cpu_from - self.carried
        self._use_of_threads(sys._current_frames())
        if not self.ticking and not self._taken():
            self.ticking = True
            signal.setitimer(signal.ITIMER_PROF, self.interval, self.interval)

    def pause(self):
        if not self.running:
            return
        self.running = False
        now = time.process_time()
        self.carried = now - self.last
        self.wall += time.perf_counter() - self.wall_from
        self.delay += _delay_seconds() - self.delay_from
        self.cpu += now - self.cpu_from

    def stop(self):
        """No more samples, and no timer that would go on in a program that this process becomes."""
        self.pause()
        self.ticking = False
        signal.setitimer(signal.ITIMER_PROF, 0)

    def restart(self):
        """In a forked child: the timer is gone, the parent's samples are not this process's."""
        running, self.running = self.running, False
        self.ticking = False
        self.sampling = False  # another thread may have forked while the handler was at work
        self.main = _thread.get_ident()
        self.clear()
        _unblock()
        if running and not _about_to_exec(sys._getframe()):
            self.resume()

    def hold(self):
        """Before a fork: Linux before 4.19 begins it anew at each signal, so that one that takes longer never ends."""
        timer = signal.setitimer(signal.ITIMER_PROF, 0)
        if timer[0]:
            self.held = timer

    def go_on(self):
        """After the fork, whose time goes to the next sample."""
        timer, self.held = self.held, None
        if timer is not None:
            signal.setitimer(signal.ITIMER_PROF, *timer)

    def sample(self, number, frame):
        if self.sampling:
            return  # the next tick came while the handler was still at work
        self.sampling = True
        now = time.process_time()
        if self.running and frame is not None:
            self.add(frame, self.garbage.until(now) - self.last)
        if self.previous is not None:
            self.previous(number, frame)
        self.last = time.process_time()
        self.spent += self.last - now
        if self.spent > SPENT_SECONDS or len(self.stacks) > self.bound:
            self._slow_down()
        self.sampling = False

    def add(self, frame, seconds):
        frames = sys._current_frames()
        frames[self.main] = frame  # not this method's own: in its own local, it and its callers would outlive the call
        if len(frames) == 1:
            self.weigh(frame, seconds)
            return
        use = self._use_of_threads(frames)
        total = sum(use.values())
        for thread, part in use.items():
            if part > 0:
                self.weigh(frames[thread], seconds * part / total)

    def weigh(self, frame, seconds):
        if frame.f_code is self.garbage.code:
            frame = frame.f_back
        if seconds > 2 * self.interval and frame.f_back is not None and self._just_entered(frame):
            frame = frame.f_back  # the time passed before this frame began: in an operator its caller evaluated
        self.charge(self.stack(frame), frame.f_lineno, seconds)

    def charge(self, stack, line, seconds):
        """Count the time for a stack whose innermost frame is at that line."""
        self.stacks[stack] = self.stacks.get(stack, 0.0) + seconds
        at = stack[0], line
        self.lines[at] = self.lines.get(at, 0.0) + seconds

    def saw_start(self, runner, frame):
        """Somebody starts what the `runner` ("loop" or "pool") will run."""
        if self.running and len(self.starts) < STACKS:
            key = (runner, self.stack(frame))
            self.starts[key] = self.starts.get(key, 0) + 1

    def stack(self, frame):
        """The ids of the code objects, innermost first."""
        codes, found = self.codes, []
        while frame is not None:
            code = frame.f_code
            key = id(code)
            if key not in codes:
                codes[key] = code
            found.append(key)
            frame = frame.f_back
        if len(found) > DEPTH:
            found[DEPTH // 2 : -DEPTH // 2] = []
        return tuple(found)

    def _just_entered(self, frame):
        code = frame.f_code
        offsets = self.entries.get(id(code))
        if offsets is None:
            self.codes[id(code)] = code
            offsets = self.entries[id(code)] = _entries(code)
        return frame.f_lasti in offsets

    def _use_of_threads(self, frames):
        """CPU seconds each thread used since it was asked last; without such clocks, 1 for each that does not wait."""
        if not CLOCKS:
            return _waiting_left_out(frames, self.main)
        use = {}
        for thread in frames:
            seconds = self._seconds_of(thread)
            use[thread] = seconds - self.used.get(thread, seconds if thread == self.main else 0.0)
            self.used[thread] = seconds
        return use if any(part > 0 for part in use.values()) else {self.main: 1}

    def _seconds_of(self, thread):
        # A thread that has a frame is alive, which is what makes asking for its clock safe.
        for _ in range(2):
            if thread not in self.clocks:
                self.clocks[thread] = time.pthread_getcpuclockid(thread)
            try:
                return time.clock_gettime(self.clocks[thread])
            except OSError:  # the clock of an earlier thread with the same number
                del self.clocks[thread]
                self.used.pop(thread, None)
        return 0.0

    def _slow_down(self):
        """Take samples half as often, if those since the last look were too many or cost too much."""
        too_dear = self.spent > HANDLER_SHARE * (self.last - self.looked)
        self.spent, self.looked = 0.0, self.last
        if len(self.stacks) > self.bound:
            self.bound *= 2
        elif not too_dear:
            return
        self.interval = min(2 * self.interval, max(self.interval, LARGEST_INTERVAL_SECONDS))
        if self.running:
            signal.setitimer(signal.ITIMER_PROF, self.interval, self.interval)

    def _taken(self):
        return signal.getsignal(signal.SIGPROF) != self.sample

    def collect(self):
        taken = self._taken()
        self.stop()
        if not self.wall:
            return None
        table = Table(self.folder, self.codes)
        for stack, line, seconds in self.garbage.shared():
            self.charge(stack, line, seconds)
        stacks = [[table.indices(stack), seconds] for stack, seconds in self.stacks.items()]
        starts = [[runner, table.indices(stack), times] for (runner, stack), times in self.starts.items()]
        lines = [[table.path(code), line, seconds] for (code, line), seconds in self.lines.items()]
        return {
            "started": self.started,
            "windowed": self.windowed,
            "taken": taken,
            "interval": self.interval,
            "wall": self.wall,
            "delay": self.delay,
            "cpu": self.cpu,
            "collecting": self.garbage.seconds,
            "functions": table.functions,
            "stacks": stacks,
            "starts": starts,
            "lines": [line for line in lines if not line[0].startswith(HERE)],
        }


class Table:
    """The functions of a report, numbered as their code objects are met."""

    def __init__(self, folder, codes):
        self.folder = folder
        self.codes = codes
        self.functions = []
        self.numbers = {}

    def indices(self, stack):
        """The stack (innermost first, as sampled) as numbers, outermost first, without scaffolding."""
        return [self.number(code) for code in reversed(self.without_scaffolding(stack))]

    def without_scaffolding(self, stack):
        own = [code for code in stack if not self.path(code).startswith(HERE)]
        return [code for i, code in enumerate(own) if i == 0 or not _is_bootstrap(self.path(code))]

    def number(self, code):
        if code not in self.numbers:
            self.numbers[code] = len(self.functions)
            found = self.codes[code]
            name = getattr(found, "co_qualname", found.co_name)
            self.functions.append([self.path(code), name, found.co_firstlineno])
        return self.numbers[code]

    def path(self, code):
        name = self.codes[code].co_filename
        return name if name.startswith("<") else os.path.normpath(os.path.join(self.folder, name))


def _is_bootstrap(path):
    """The machinery that runs a module: `import` and `python -m`."""
    return path.startswith(("<frozen importlib", "<frozen runpy")) or path in RUNPY


RUNPY = os.path.join(os.path.dirname(os.__file__), "runpy.py")


def _delay_seconds():
    """How long the main thread stood ready while other programs had the cores: no waiting of the program's own."""
    try:
        with open("/proc/self/schedstat") as stream:
            return int(stream.read().split()[1]) / 1e9
    except (OSError, IndexError, ValueError):  # only Linux tells
        return 0.0


def _current_folder():
    try:
        return os.getcwd()
    except FileNotFoundError:
        return os.sep


def _has_thread_clocks():
    without_gil = not getattr(sys, "_is_gil_enabled", lambda: True)()
    return hasattr(time, "pthread_getcpuclockid") and not without_gil


CLOCKS = _has_thread_clocks()


def _waiting_left_out(frames, main):
    busy = {thread: 1 for thread, frame in frames.items() if not _waits(frame)}
    return busy or {main: 1}


def _waits(frame):
    return frame.f_code.co_filename.endswith(IDLE_FILES)


def _entries(code):
    """Values of `f_lasti` that say: the frame has just been entered or resumed, nothing of it ran yet."""
    if sys.version_info < (3, 11):
        return frozenset([-1])
    resume, instructions = opcode.opmap["RESUME"], code.co_code
    return frozenset(i for i in range(0, len(instructions), 2) if instructions[i] == resume)


def _shield_threads():
    """Threads start with SIGPROF blocked, so that it wakes the main thread also when that waits for one of them."""
    for name in ("start_new_thread", "start_new", "start_joinable_thread"):
        original = getattr(_thread, name, None)
        if original is not None:
            shielded = _shielded(original)
            setattr(_thread, name, shielded)
            _replace_in_threading("_" + name, original, shielded)


def _replace_in_threading(name, original, shielded):
    threading = sys.modules.get("threading")
    if threading is not None and getattr(threading, name, None) is original:
        setattr(threading, name, shielded)


def _shielded(begin):
    def start_thread(*args, **options):
        before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGPROF])
        try:
            return begin(*args, **options)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    return start_thread


def _unblock():
    """What a thread forks or starts has inherited that it blocks SIGPROF."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGPROF])


def _stop_before_exec():
    """A timer outlives exec and its handler does not: SIGPROF would kill the new program."""
    for name in ("execv", "execve"):
        if hasattr(os, name):
            setattr(os, name, _stopped(getattr(os, name)))


def _stopped(execute):
    def exec_program(*args):
        was_running = _sampler.running
        _sampler.stop()
        llmopt_report.finish_all()
        try:
            return execute(*args)
        except OSError:
            if was_running:
                _sampler.resume()
            raise

    return exec_program


def _about_to_exec(frame):
    """Whether this fork is `subprocess` with a preexec_fn, which execs from C, where nothing can stop the timer."""
    while frame is not None:
        if frame.f_code.co_name == "_execute_child":
            return True
        frame = frame.f_back
    return False
