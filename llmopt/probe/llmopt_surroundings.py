"""What a call does beside returning: warnings, log records, prints, files, random numbers, settings of the process."""

import gc
import io
import logging
import os
import random
import sys
import tempfile
import threading
import warnings
import zlib

import llmopt_describe

MOST = 50  # warnings or log records of one call
MOST_CHARACTERS = 2000
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

_passing = ["/dev", "/proc"]  # folders of which nothing outlives the command, its own HOME and TMPDIR among them
_written = set()  # files opened to be written, and databases, since it was cleared


def prepare():
    """Once in a process: every log record is made, and none is printed for want of a handler."""
    logging.root.setLevel(1)
    logging.root.addHandler(logging.NullHandler())
    warnings.simplefilter("always")
    _passing.extend(map(os.path.realpath, (os.path.expanduser("~"), tempfile.gettempdir())))
    sys.addaudithook(_watch)


def _watch(event, args):
    """Called by the interpreter at each event, of any thread; what it raised would be the program's to handle."""
    writes = event == "sqlite3.connect" or (event == "open" and isinstance(args[2], int) and args[2] & WRITING)
    if writes and isinstance(args[0], (str, bytes, os.PathLike)):
        _written.add(os.fsdecode(args[0]))


def _lasting_folders(paths):
    """The folders that outlive the process, byte code's left out; names of files may be random, and do not count."""
    named = [os.path.realpath(path) for path in paths if path and not path.startswith((":", "file:"))]  # not in memory
    folders = {os.path.dirname(path) for path in named}
    kept = [each for each in folders if os.path.basename(each) != "__pycache__"]
    kept = [each for each in kept if not (each + "/").startswith(tuple(folder + "/" for folder in _passing))]
    return sorted(map(llmopt_describe.message, kept))


class Surroundings:
    """A context around one call; `report()` afterwards tells what it saw."""

    def __enter__(self):
        self.logs = []
        self.recording = warnings.catch_warnings(record=True)
        self.warnings = self.recording.__enter__()
        warnings.simplefilter("always")
        self.factory = logging.getLogRecordFactory()
        logging.setLogRecordFactory(self._log)
        self.streams = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = _Stream(), _Stream()
        self.written = sys.stdout, sys.stderr
        _written.clear()
        _seed()
        self.random = _random_state()
        self.process = _process_state()
        return self

    def __exit__(self, *problem):
        self.folders = _lasting_folders(set(_written))
        self.random_after = _random_state()
        self.process_after = _process_state()
        sys.stdout, sys.stderr = self.streams
        logging.setLogRecordFactory(self.factory)
        self.recording.__exit__(*problem)

    def _log(self, *args, **kwargs):
        record = self.factory(*args, **kwargs)
        if len(self.logs) < MOST:
            problem = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
            self.logs.append([record.name, record.levelname, _cut(_message(record)), problem])
        return record

    def report(self):
        return {
            "warnings": [
                [llmopt_describe.name_of(each.category), _cut(llmopt_describe.message(each.message))]
                for each in self.warnings[:MOST]
            ],
            "logs": self.logs,
            "printed": [_cut(llmopt_describe.message(stream.text())) for stream in self.written],
            "files": self.folders,
            "random": self.random_after if self.random_after != self.random else "",
            "process": _changes(self.process, self.process_after),
        }


def _changes(before, after):
    """What is set otherwise than before, by name."""
    names = [name for name in {**before, **after} if before.get(name) != after.get(name)]
    changes = {name: llmopt_describe.message(after.get(name)) for name in sorted(names, key=str)}
    if "environment" in changes:
        changes["environment"] = str(_changes(before["environment"], after["environment"]))
    return {str(name): change for name, change in changes.items()}


class _Stream(io.TextIOWrapper):
    def __init__(self):
        super().__init__(io.BytesIO(), encoding="utf-8", errors="backslashreplace", newline="\n")

    def text(self):
        try:
            self.flush()
            return self.buffer.getvalue().decode("utf-8", "replace")
        except ValueError:  # the program closed it
            return "closed"


def _message(record):
    try:
        return llmopt_describe.message(record.getMessage())
    except Exception:  # a format that does not fit its arguments
        return str(record.msg)


def _cut(text):
    if len(text) <= MOST_CHARACTERS:
        return text
    return "%s… %s" % (text[:MOST_CHARACTERS], llmopt_describe.digest(text.encode("utf-8", "surrogatepass")))


def _seed():
    random.seed(0)
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed(0)


def _random_state():
    _, numbers, gauss = random.getstate()
    parts = [repr(hash(numbers)), repr(gauss)]  # the hash of integers is the same in every process
    if "numpy.random" in sys.modules:
        kind, keys, *rest = sys.modules["numpy.random"].get_state()
        parts += [kind, llmopt_describe.digest(keys.tobytes()), repr(rest)]
    return "%08x" % zlib.crc32("".join(parts).encode())


def _process_state():
    state = {
        "working folder": os.getcwd(),
        "environment": dict(getattr(os.environ, "_data", os.environ)),  # without decoding it
        "recursion limit": sys.getrecursionlimit(),
        "garbage collector": (gc.isenabled(), gc.get_threshold()),
        "switch interval": sys.getswitchinterval(),
        "threads": threading.active_count(),
        "sys.path": list(sys.path),
    }
    if "decimal" in sys.modules:
        context = sys.modules["decimal"].getcontext()
        state["decimal precision"] = (context.prec, context.rounding)
    if "numpy" in sys.modules:
        state["numpy error handling"] = sorted(sys.modules["numpy"].geterr().items())
    return state
