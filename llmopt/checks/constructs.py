"""What an edit adds that no speedup needs: ways to tell a benchmark from use, to act outside the call, to hide.

Two versions of some sources in, the constructs that only the new one has out, each with its line and its rule. A table
below names what a rule looks for; static patterns are a first and cheap net, what slips through meets the other checks.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from llmopt.checks.names import FUNCTIONS, Scope, Visit, above, dotted, imported, literal, module_scope, source, walk
from llmopt.checks.sources import Source, Unit, units, unshared

# Each rule with the reason given to whoever proposed the edit.
WHY = {
    "frames": "code that looks at its callers can tell a benchmark from its users",
    "tracing": "a trace hook sees, and changes, whatever else runs in the process",
    "modules": "it changes or depends on what else the process has imported",
    "patching": "everybody else who uses that object would get the change, timers and assertions included",
    "settings": "it sets the whole process, not this code",
    "environment": "what the code does would depend on where it runs",
    "identity": "an id stays when the object changes and is given to another object when it is gone",
    "exits": "whatever should run afterwards would not",
    "network": "the code did not use the network before",
    "processes": "the code started no process before, and work done elsewhere is not less work",
    "threads": "the code started no thread or task before, and work put off is not less work",
    "files": "the code wrote no files before, and what is kept on disk outlives the run",
    "execution": "code that is made or loaded at run time cannot be checked",
    "equality": "what compares equal decides whether a result is right",
    "answers": "a table of constants fits the inputs it was made from",
    "silence": "it hides what the code tells its users",
    "broad except": "it would hide errors that the code raised before",
    "test tools": "the code would know of its tests",
}
# Another way to do what the edited code did before is no news for these: `currentframe` in place of `stack`.
WHERE_IT_IS_DONE = frozenset({"frames", "tracing", "modules", "settings", "execution", "silence"})
# Acts of these are no news in a file that had some before.
WHERE_THERE_WAS_NONE = frozenset({"network", "processes", "threads", "files", "test tools"})

NAMES = {
    "frames": """
        sys._getframe sys._getframemodulename sys._current_frames sys._current_exceptions inspect.currentframe
        inspect.stack inspect.trace inspect.getouterframes inspect.getinnerframes inspect.getframeinfo
        inspect.getsource inspect.getsourcelines inspect.getsourcefile traceback.extract_stack traceback.print_stack
        traceback.format_stack traceback.walk_stack gc.get_objects gc.get_referrers gc.get_referents
    """,
    "tracing": """
        sys.settrace sys.setprofile sys.gettrace sys.getprofile threading.settrace threading.setprofile
        threading.settrace_all_threads threading.setprofile_all_threads sys.addaudithook sys.monitoring
        sys.activate_stack_trampoline tracemalloc.start tracemalloc.stop
    """,
    "modules": """
        sys.modules sys.path sys.meta_path sys.path_hooks sys.path_importer_cache sys.builtin_module_names
        importlib.reload importlib.invalidate_caches site.addsitedir site.addpackage sys.dont_write_bytecode
    """,
    "settings": """
        gc.disable gc.enable gc.freeze gc.unfreeze gc.set_threshold gc.set_debug gc.callbacks os.sched_setaffinity
        os.sched_setscheduler os.sched_setparam os.nice os.setpriority os.chdir os.umask os.setuid resource.setrlimit
        sys.setrecursionlimit sys.setswitchinterval sys.set_int_max_str_digits sys.setdlopenflags
        threading.stack_size locale.setlocale decimal.setcontext socket.setdefaulttimeout time.tzset
        asyncio.set_event_loop_policy multiprocessing.set_start_method random.seed random.setstate numpy.random.seed
        numpy.random.set_state numpy.seterr numpy.setbufsize torch.set_num_threads torch.manual_seed
        torch.set_num_interop_threads threadpoolctl.threadpool_limits numexpr.set_num_threads numba.set_num_threads
        pandas.set_option mkl.set_num_threads faulthandler.enable faulthandler.disable sys.setcheckinterval
    """,
    "environment": """
        os.environ os.environb os.getenv os.getenvb os.putenv os.unsetenv sys.argv sys.orig_argv sys.flags
        sys.executable sys.warnoptions sys._xoptions os.uname os.getlogin os.getpid os.getppid os.sched_getaffinity
        os.getloadavg platform.node platform.machine platform.processor platform.platform platform.uname
        platform.release platform.version socket.gethostname getpass.getuser sys.gettrace psutil.*
    """,
    "exits": """
        sys.exit os._exit os.abort os.kill os.killpg os.execv os.execve os.execvp os.execl os.execle os.execlp
        builtins.exit builtins.quit atexit.* signal.signal signal.alarm signal.raise_signal signal.setitimer
        signal.pthread_kill signal.set_wakeup_fd signal.siginterrupt _thread.interrupt_main _thread.exit
        faulthandler._sigsegv
    """,
    "network": """
        socket.* ssl.* urllib.request.* http.client.* http.server.* requests.* httpx.* aiohttp.* ftplib.* smtplib.*
        poplib.* imaplib.* telnetlib.* xmlrpc.* socketserver.* urllib3.* websockets.* paramiko.* grpc.* boto3.*
        asyncio.open_connection asyncio.start_server asyncio.open_unix_connection
    """,
    "processes": """
        subprocess.* multiprocessing.* os.system os.popen os.fork os.forkpty os.posix_spawn os.posix_spawnp os.spawnl
        os.spawnv os.spawnlp os.spawnvp pty.* concurrent.futures.ProcessPoolExecutor
        concurrent.futures.process.* asyncio.create_subprocess_exec asyncio.create_subprocess_shell pexpect.*
        joblib.Parallel joblib.parallel.Parallel
    """,
    "threads": """
        threading.Thread threading.Timer _thread.start_new_thread _thread.start_new
        concurrent.futures.ThreadPoolExecutor concurrent.futures.thread.* asyncio.create_task asyncio.ensure_future
        asyncio.to_thread asyncio.run_coroutine_threadsafe asyncio.TaskGroup anyio.create_task_group sched.*
    """,
    "files": """
        os.remove os.unlink os.mkdir os.makedirs os.rename os.renames os.replace os.rmdir os.removedirs os.symlink
        os.link os.truncate os.ftruncate os.mkfifo os.write shutil.copy shutil.copy2 shutil.copyfile shutil.copyfileobj
        shutil.copytree shutil.move shutil.rmtree tempfile.* shelve.* dbm.* sqlite3.connect numpy.save numpy.savez
        numpy.savez_compressed numpy.memmap joblib.dump joblib.Memory diskcache.* pickle.dump
    """,
    "execution": """
        builtins.exec builtins.eval builtins.compile ctypes.* cffi.* marshal.loads marshal.load types.CodeType
        types.FunctionType code.* codeop.* runpy.* zipimport.*
    """,
    "silence": """
        warnings.simplefilter warnings.filterwarnings logging.disable logging.captureWarnings
        contextlib.redirect_stdout contextlib.redirect_stderr
    """,
    "test tools": "pytest.* unittest.* doctest.* nose.* hypothesis.* mock.* timeit.* pyperf.*",
}
# Attributes that say it by themselves, whatever object they are read from.
ATTRIBUTES = {
    "frames": "f_back f_globals f_locals f_code f_lasti tb_frame gi_frame cr_frame ag_frame",
    "execution": "__code__ __globals__ __closure__ __builtins__ co_code co_consts",
    "processes": "run_in_executor",
}
CALLED = {"files": "write_text write_bytes", "silence": "setLevel"}
ASSIGNED = {
    "patching": "__defaults__ __kwdefaults__",
    "equality": "__class__ __eq__ __ne__ __hash__ __instancecheck__ __subclasscheck__",
}
# Names that only somebody who hides them would write as a string.
STRINGS = {
    "frames": "_getframe f_back f_globals f_locals",
    "tracing": "settrace setprofile",
    "environment": "PYTEST_CURRENT_TEST PYTEST_VERSION GITHUB_ACTIONS",
    "exits": "_exit",
}
OPENERS = frozenset({"builtins.open", "io.open", "codecs.open", "gzip.open", "bz2.open", "lzma.open", "os.fdopen"})
WATCHED = frozenset({"sys", "os", "gc", "inspect", "builtins", "time", "threading", "signal", "warnings", "importlib"})
# Constants of one display, and characters of one string, from which it is a table of answers. The largest that
# hand-written optimisations of public repositories add by the way are a third of it (`benchmarks/guard_history.py`).
TABLE, TEXT = 60, 2000
# A ladder of `if n == 3: return 17` is a table too.
LADDER = 24
COMPARED = frozenset({"get", "setdefault", "add", "pop", "discard", "remove", "index", "update", "append"})
CACHES = ("lru_cache", "cache", "cached", "memoize", "cacheit")


@dataclass(frozen=True)
class Use:
    """A construct at a line: `key` tells it from others of its rule, `what` is for people."""

    rule: str
    key: str
    what: str
    line: int
    leaves: tuple[str, ...] = ()


def _table(rows: Mapping[str, str]) -> dict[str, str]:
    return {name: rule for rule, names in rows.items() for name in names.split()}


BY_NAME, BY_ATTRIBUTE, BY_CALL, BY_ASSIGNMENT, BY_STRING = map(_table, (NAMES, ATTRIBUTES, CALLED, ASSIGNED, STRINGS))


def added(old: Mapping[str, Source], new: Mapping[str, Source]) -> list[tuple[str, Use]]:
    """The constructs, with their paths, that the new sources have and the old ones do not, in the order of the text.

    A construct that moved within a file or between the given ones is not new.
    """
    before = {path: units(*given) for path, given in old.items()}
    after = {path: units(*given) for path, given in new.items()}
    gone = {path: unshared(before[path], after.get(path, [])) for path in old}
    come = {path: unshared(after[path], before.get(path, [])) for path in new}
    was = [(path, use) for path in old for use in _uses(old[path][0], gone[path])]
    left = Counter((use.rule, use.key) for _, use in was)
    done = {(path, use.rule) for path, use in was if use.rule in WHERE_IT_IS_DONE}
    lines = {line.strip() for _, text in old.values() for line in text.split("\n")}
    found: dict[tuple[str, str, str], Use] = {}
    for path, (tree, text) in new.items():
        for use in _oldest_first(_uses(tree, come[path]), text.split("\n"), lines):
            left[use.rule, use.key] -= 1
            if left[use.rule, use.key] < 0 and (path, use.rule) not in done:
                found.setdefault((path, use.rule, use.key), use)
    excused = _excused(found.values(), {path: (old[path][0], before[path]) for path in old}, gone)
    uses = [(path, use) for (path, *_), use in found.items() if use not in excused]
    return sorted([*uses, *_equalities(before, after)], key=lambda each: (each[0], each[1].line))


def _oldest_first(uses: Iterable[Use], text: Sequence[str], lines: Collection[str]) -> list[Use]:
    """Where one of several equal uses is new, it is one on a line that is new."""
    return sorted(uses, key=lambda use: (text[use.line - 1].strip() not in lines, use.line))


def _excused(
    uses: Iterable[Use], before: Mapping[str, tuple[ast.Module, list[Unit]]], gone: Mapping[str, list[Unit]]
) -> set[Use]:
    """Acts in files that did the like before, and tables whose constants stood there in another form."""
    uses = list(uses)
    doubtful = {use.rule for use in uses} & WHERE_THERE_WAS_NONE
    had = {use.rule for each in before.values() for use in _uses(*each)} & doubtful if doubtful else set()
    known: Counter[str] = Counter()
    if any(use.leaves for use in uses):
        known = Counter(each for path in gone for unit in gone[path] for each in _values(unit.node))
    return {
        use
        for use in uses
        if use.rule in had or (use.leaves and (Counter(use.leaves) & known).total() * 2 >= len(use.leaves))
    }


def _values(root: ast.AST) -> Iterator[str]:
    """The constants in some code, and the words of its strings."""
    for node in ast.walk(root):
        if isinstance(node, ast.Constant):
            yield repr(node.value)
            yield from node.value.split() if isinstance(node.value, str) else ()


def _uses(tree: ast.Module, chosen: Iterable[Unit]) -> list[Use]:
    scope = module_scope(tree.body)
    cached = frozenset(
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef)
        and any(ast.unparse(each).partition("(")[0].endswith(CACHES) for each in node.decorator_list)
    )
    return [use for unit in chosen for visit in walk(unit.node, scope) for use in _of(visit, cached)]


def _of(visit: Visit, cached: frozenset[str]) -> Iterator[Use]:
    node = visit.node
    for kind, find in FINDERS:
        if isinstance(node, kind):
            yield from find(visit)
    if isinstance(node, ast.Call) and (use := _identity(visit, cached)):
        yield use


def _use(visit: Visit, rule: str, key: str, what: str = "", leaves: tuple[str, ...] = ()) -> Use:
    return Use(rule, key, what or f"`{key.removeprefix('builtins.')}`", getattr(visit.node, "lineno", 1), leaves)


# --- names -----------------------------------------------------------------------------------------------------------


def _rule_of(name: str) -> str:
    """The rule that a dotted name falls under: by itself, or as part of a module that does."""
    if name in BY_NAME:
        return BY_NAME[name]
    last = name.rpartition(".")[2]
    if last.isupper() or last.endswith(("Error", "Exception", "Expired", "Warning")):
        return ""  # a constant or an exception of the module does nothing by itself
    parts = name.split(".")
    prefixes = (".".join([*parts[:count], "*"]) for count in range(len(parts) - 1, 0, -1))
    return next((BY_NAME[prefix] for prefix in prefixes if prefix in BY_NAME), "")


def _named(visit: Visit) -> Iterator[Use]:
    if _is_only_compared(visit):
        return
    if (name := dotted(visit.node, visit.scope)) and (rule := _rule_of(name)):
        if visit.up and isinstance(visit.up.node, ast.Attribute) and _rule_of(dotted(visit.up.node, visit.scope)):
            return  # the longer name is the one to report
        key = _around(visit) if rule in ("environment", "modules") else name
        yield _use(visit, rule, key)


def _is_only_compared(visit: Visit) -> bool:
    """`except X`, `isinstance(y, X)`: a name that is only asked about."""
    child = visit.node
    for outer in above(visit):
        node = outer.node
        if isinstance(node, ast.ExceptHandler):
            return child is node.type
        if isinstance(node, ast.Call) and dotted(node.func, outer.scope) in BUILTIN_QUESTIONS:
            return child in node.args[1:]
        if not isinstance(node, (ast.Attribute, ast.Tuple, ast.BinOp)):
            return False
        child = node
    return False


BUILTIN_QUESTIONS = frozenset({"builtins.isinstance", "builtins.issubclass"})


def _around(visit: Visit) -> str:
    """The expression that a name is used in: which variable is read, with what default."""
    best: ast.AST = visit.node
    for outer in above(visit):
        node = outer.node
        read = isinstance(node, (ast.Attribute, ast.Subscript)) and node.value is best
        if not (read or isinstance(node, ast.Compare) or (isinstance(node, ast.Call) and node.func is best)):
            break
        best = node
    text = ast.unparse(best)
    return text if len(text) <= 60 else ast.unparse(visit.node)


def _attribute(visit: Visit) -> Iterator[Use]:
    node = visit.node
    assert isinstance(node, ast.Attribute)
    rule = (BY_ATTRIBUTE if isinstance(node.ctx, ast.Load) else BY_ASSIGNMENT).get(node.attr)
    if isinstance(node.ctx, ast.Load):
        if rule:
            yield _use(visit, rule, f".{node.attr}")
        elif node.attr == "__dict__" and (owner := dotted(node.value, visit.scope)):
            if _is_changed(visit) and not owner.startswith("builtins."):
                yield _use(visit, "patching", ast.unparse(node))
            elif owner in WATCHED:
                yield _use(visit, "execution", ast.unparse(node))
        return
    owner = dotted(node.value, visit.scope)
    if rule:
        yield _use(visit, rule, f"{ast.unparse(node)} = …")
    elif owner and not owner.startswith("builtins."):
        yield _use(visit, "patching", f"{ast.unparse(node)} = …")


def _is_changed(visit: Visit) -> bool:
    """`X[...] = y`, `del X[...]`, `X.update(...)`."""
    outer = visit.up.node if visit.up else None
    if isinstance(outer, ast.Attribute):
        return outer.attr in ("update", "pop", "setdefault", "clear", "popitem", "__setitem__")
    return isinstance(outer, ast.Subscript) and not isinstance(outer.ctx, ast.Load)


def _imported(visit: Visit) -> Iterator[Use]:
    """Names that are imported one by one; whole modules only where that alone is telling."""
    node = visit.node
    assert isinstance(node, (ast.Import, ast.ImportFrom))
    if isinstance(node, ast.ImportFrom) and any(alias.name == "*" for alias in node.names) and source(node) in WATCHED:
        yield _use(visit, "execution", f"from {source(node)} import *")
    for name in sorted(set(imported(node).values())):
        rule = _rule_of(name) or (BY_NAME.get(f"{name}.*", "") if isinstance(node, ast.Import) else "")
        if rule in ("execution", "test tools") or (rule and isinstance(node, ast.ImportFrom)):
            yield _use(visit, rule, name)


def _text(visit: Visit) -> Iterator[Use]:
    node = visit.node
    assert isinstance(node, ast.Constant)
    if visit.up and isinstance(visit.up.node, ast.Expr):
        return  # a docstring
    if isinstance(node.value, str) and (rule := BY_STRING.get(node.value)):
        yield _use(visit, rule, repr(node.value))
    if isinstance(node.value, (str, bytes)) and len(node.value) >= TEXT:
        what = f"a literal of {len(node.value):,} characters"
        yield _use(visit, "answers", repr(node.value), what, _words(node.value))


def _words(value: str | bytes) -> tuple[str, ...]:
    return tuple(value.split()) if isinstance(value, str) else (repr(value),)


# --- calls -----------------------------------------------------------------------------------------------------------


def _call(visit: Visit) -> Iterator[Use]:
    node = visit.node
    assert isinstance(node, ast.Call)
    name = dotted(node.func, visit.scope)
    if name in ("builtins.setattr", "builtins.delattr") and node.args:
        yield from _set(visit, node)
    elif name == "builtins.getattr" and _is_computed(node, visit.scope):
        yield _use(visit, "execution", ast.unparse(node)[:60])
    elif name in ("builtins.__import__", "importlib.import_module") and not (node.args and literal(node.args[0])):
        yield _use(visit, "execution", f"{name.removeprefix('builtins.')}(…)")
    elif name == "contextlib.suppress" and any(_is_broad(each, visit.scope) for each in node.args):
        yield _use(visit, "broad except", "suppress(Exception)")
    elif (found := dotted(node, visit.scope)) and found != name and (rule := _rule_of(found)):
        yield _use(visit, rule, found)
    elif isinstance(node.func, ast.Attribute) and (rule := BY_CALL.get(node.func.attr, "")):
        yield _use(visit, rule, f".{node.func.attr}(…)")
    if mode := _writing(node, name):
        yield _use(visit, "files", f"open(…, {mode})")


def _set(visit: Visit, node: ast.Call) -> Iterator[Use]:
    owner = dotted(node.args[0], visit.scope)
    attribute = literal(node.args[1]) if len(node.args) > 1 else ""
    rule = BY_ASSIGNMENT.get(attribute, "")
    if rule:
        yield _use(visit, rule, ast.unparse(node)[:60])
    elif owner and not owner.startswith("builtins."):
        yield _use(visit, "patching", ast.unparse(node)[:60])


def _is_computed(node: ast.Call, scope: Scope) -> bool:
    """`getattr(sys, name)`: what it gives cannot be seen."""
    return len(node.args) > 1 and not literal(node.args[1]) and dotted(node.args[0], scope) in WATCHED


def _writing(node: ast.Call, name: str) -> str:
    """The mode, as written, with which a call opens a file to write; "" when it does not."""
    is_method = isinstance(node.func, ast.Attribute) and node.func.attr == "open" and not name
    if not (name in OPENERS or is_method):
        return ""
    given = [each.value for each in node.keywords if each.arg == "mode"] or node.args[0 if is_method else 1 :][:1]
    if not given:
        return ""
    if isinstance(given[0], ast.Constant):
        writes = isinstance(given[0].value, str) and len(given[0].value) <= 4 and set("wax+") & set(given[0].value)
        return repr(given[0].value) if writes else ""
    return "" if is_method else ast.unparse(given[0])


def _raised(visit: Visit) -> Iterator[Use]:
    node = visit.node
    assert isinstance(node, ast.Raise)
    error = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
    if error and (name := dotted(error, visit.scope)) in ("builtins.SystemExit", "builtins.KeyboardInterrupt"):
        yield _use(visit, "exits", f"raise {name.removeprefix('builtins.')}")


def _handler(visit: Visit) -> Iterator[Use]:
    """A handler for everything that neither raises again nor looks at the error."""
    node = visit.node
    assert isinstance(node, ast.ExceptHandler)
    if not _is_broad(node.type, visit.scope):
        return
    inner = [each for statement in node.body for each in ast.walk(statement)]
    looks = any(isinstance(each, ast.Name) and each.id == node.name for each in inner)
    if not looks and not any(isinstance(each, ast.Raise) for each in inner):
        yield _use(visit, "broad except", f"except {ast.unparse(node.type) if node.type else ''}".strip())


def _is_broad(error: ast.expr | None, scope: Scope) -> bool:
    if isinstance(error, ast.Tuple):
        return any(_is_broad(each, scope) for each in error.elts)
    return error is None or dotted(error, scope) in ("builtins.Exception", "builtins.BaseException")


# --- tables of answers -----------------------------------------------------------------------------------------------


def _display(visit: Visit) -> Iterator[Use]:
    if visit.up and isinstance(visit.up.node, DISPLAYS):
        return  # part of a larger one
    leaves = constants(visit.node)
    if len(leaves) >= TABLE:
        yield _use(visit, "answers", " ".join(leaves), f"a literal of {len(leaves)} constants", tuple(leaves))


DISPLAYS = (ast.Dict, ast.List, ast.Set, ast.Tuple)


def constants(node: ast.AST) -> list[str]:
    """The constants of a display and of the displays in it, as written."""
    found, stack = [], [node]
    while stack:
        each = stack.pop()
        if isinstance(each, ast.Constant):
            found.append(repr(each.value))
        elif isinstance(each, (*DISPLAYS, ast.UnaryOp)):
            stack.extend(child for child in ast.iter_child_nodes(each) if isinstance(child, ast.expr))
    return found


def _ladder(visit: Visit) -> Iterator[Use]:
    node = visit.node
    assert isinstance(node, FUNCTIONS)
    returned = [each for each in ast.walk(node) if isinstance(each, ast.Return) and _is_constant(each.value)]
    tests = [each for each in ast.walk(node) if isinstance(each, (ast.If, ast.match_case))]
    if min(len(returned), len(tests)) >= LADDER:
        yield _use(visit, "answers", f"ladder {node.name}", f"a function that returns {len(returned)} constants")


def _is_constant(node: ast.expr | None) -> bool:
    return isinstance(node, (ast.Constant, *DISPLAYS)) and bool(constants(node))


# --- identities ------------------------------------------------------------------------------------------------------


def _identity(visit: Visit, cached: frozenset[str]) -> Use | None:
    """`cache[id(x)]` in something that outlives the call; a set of ids within one call is fine."""
    node = visit.node
    assert isinstance(node, ast.Call)
    if dotted(node.func, visit.scope) != "builtins.id":
        return None
    places = [_place(visit, cached)]
    if name := _assigned_name(visit):
        function = next((each for each in above(visit) if isinstance(each.node, FUNCTIONS)), None)
        uses = walk(function.node, function.scope) if function else ()
        places = [_place(use, cached) for use in uses if isinstance(use.node, ast.Name) and use.node.id == name]
    if key := next((place for place in places if place), ""):
        return _use(visit, "identity", key, f"id(…) as a key of `{key}`")
    return None


def _assigned_name(visit: Visit) -> str:
    for outer in above(visit):
        if isinstance(outer.node, (ast.Assign, ast.NamedExpr)):
            target = outer.node.targets[0] if isinstance(outer.node, ast.Assign) else outer.node.target
            return target.id if isinstance(target, ast.Name) else ""
        if not isinstance(outer.node, (ast.Tuple, ast.JoinedStr, ast.FormattedValue, ast.BinOp)):
            return ""
    return ""


def _place(visit: Visit, cached: frozenset[str]) -> str:
    """The lasting container that a value is a key of, "" for none."""
    child = visit.node
    for outer in above(visit):
        node = outer.node
        if isinstance(node, ast.Subscript):
            return _lasting(node.value, outer) if child is node.slice else ""
        if isinstance(node, ast.Compare):
            asked = node.ops and isinstance(node.ops[0], (ast.In, ast.NotIn)) and child is node.left
            return _lasting(node.comparators[0], outer) if asked else ""
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute) and node.func.attr in COMPARED and child in node.args:
                return _lasting(node.func.value, outer)
            if isinstance(node.func, ast.Name) and node.func.id in cached:
                return node.func.id
            if not (isinstance(node.func, ast.Name) and node.func.id in ("hash", "str", "hex", "repr", "tuple")):
                return ""
        elif not isinstance(node, (ast.Tuple, ast.JoinedStr, ast.FormattedValue, ast.BinOp)):
            return ""
        child = node
    return ""


def _lasting(container: ast.expr, visit: Visit) -> str:
    """The container as written when it outlives the call: an attribute, a global, a changeable default."""
    if isinstance(container, ast.Attribute):
        return ast.unparse(container)
    if not isinstance(container, ast.Name):
        return ""
    scope, inner = visit.scope, None
    while scope.outer:  # up to the module's
        if container.id in scope.bound:
            return container.id if container.id in scope.kept or _returns(scope.node, inner) else ""
        scope, inner = scope.outer, scope.node
    return container.id


def _returns(function: ast.AST | None, inner: ast.AST | None) -> bool:
    """Does a function give away one that it defines, with what that one holds on to?"""
    if not isinstance(function, FUNCTIONS) or not isinstance(inner, FUNCTIONS):
        return False
    given = [node.value for node in ast.walk(function) if isinstance(node, ast.Return)]
    return any(isinstance(each, ast.Name) and each.id == inner.name for each in given)


# --- classes ---------------------------------------------------------------------------------------------------------

COMPARING = frozenset({"__eq__", "__ne__", "__instancecheck__", "__subclasscheck__", "__subclasshook__", "__class__"})
PLAIN = "int float complex str bytes bytearray list tuple dict set frozenset bool ndarray Decimal"


def _equalities(before: Mapping[str, list[Unit]], after: Mapping[str, list[Unit]]) -> Iterator[tuple[str, Use]]:
    """Comparisons that a class got: one that it did not have, or in a new class one that is always true or that
    stands in for a plain value's."""
    had = {(unit.owner, name) for each in before.values() for unit in each for name in _defines(unit.node)}
    classes = {owner for each in before.values() for owner in _heads(each)}
    for path, given in after.items():
        heads = _heads(given)
        for unit in given:
            for name in sorted(_defines(unit.node) & COMPARING):
                is_new = unit.owner and (unit.owner, name) not in had
                if is_new and (unit.owner in classes or _is_suspect(unit.node, heads[unit.owner], name)):
                    yield path, Use("equality", unit.owner + name, f"`{unit.owner}{name}`", unit.node.lineno)


def _heads(given: Iterable[Unit]) -> dict[str, ast.ClassDef]:
    """The classes by the `owner` of what is in them."""
    return {f"{unit.owner}{unit.node.name}.": unit.node for unit in given if isinstance(unit.node, ast.ClassDef)}


def _defines(node: ast.stmt) -> set[str]:
    if isinstance(node, FUNCTIONS):
        return {node.name}
    targets = node.targets if isinstance(node, ast.Assign) else []
    return {target.id for target in targets if isinstance(target, ast.Name)}


def _is_suspect(node: ast.stmt, head: ast.ClassDef, name: str) -> bool:
    if name not in ("__eq__", "__ne__"):
        return True
    if any(ast.unparse(base).rpartition(".")[2] in PLAIN.split() for base in head.bases):
        return True
    given = [each.value for each in ast.walk(node) if isinstance(each, ast.Return)]
    return bool(given) and all(isinstance(each, ast.Constant) for each in given)


# --- all of them -----------------------------------------------------------------------------------------------------

Finder = Callable[[Visit], Iterator[Use]]
FINDERS: tuple[tuple[type[ast.AST] | tuple[type[ast.AST], ...], Finder], ...] = (
    ((ast.Name, ast.Attribute), _named),
    (ast.Attribute, _attribute),
    ((ast.Import, ast.ImportFrom), _imported),
    (ast.Constant, _text),
    (ast.Call, _call),
    (ast.Raise, _raised),
    (ast.ExceptHandler, _handler),
    (DISPLAYS, _display),
    (FUNCTIONS, _ladder),
)
