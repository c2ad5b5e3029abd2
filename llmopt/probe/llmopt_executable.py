"""Say which lines of some files can run, as this interpreter compiles them: `python llmopt_executable.py`.

The task's options are {"lines": {path: [changed line, ...]}}. The report is {path: {"functions": [...], "module":
[...]}}, the changed ones among the lines with code. The head of a function or class, decorators included, is not among
them: it runs when the module is imported. Where a head changed, the first line of the function stands for it. Nor is
anything in functions that a decorator compiles (numba): nobody sees those run.
"""

import ast
import dis
import os
import sys
import warnings

import llmopt_observe

FUNCTION = 0x1 | 0x2  # CO_OPTIMIZED | CO_NEWLOCALS
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)

_settings = None


def start(settings):
    """Called by `sitecustomize`."""
    global _settings
    _settings = settings


def main():
    import llmopt_report

    settings = sys.modules["llmopt_executable"]._settings  # this file is __main__ too
    found = {}
    for path, changed in settings["options"]["lines"].items():
        with open(os.path.join(settings["tree"], *path.split("/")), "rb") as stream:
            source = stream.read()
        try:
            found[path] = executable(source, set(changed))
        except (SyntaxError, ValueError):
            continue
    llmopt_report.write(settings, found)


def executable(source, changed):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tree = ast.parse(source)
        in_functions, in_modules = lines_of(compile(source, "file", "exec", dont_inherit=True))
    heads = compiled(tree)
    for node in ast.walk(tree):
        if isinstance(node, DEFINITIONS):
            head = set(range(first_line(node), first_line(node.body[0])))
            heads |= head or {node.lineno} - in_functions
            if head & changed:
                inside = [line for line in in_functions - head - heads if node.lineno < line <= node.end_lineno]
                changed = changed | set(sorted(inside)[:1])
    functions = (in_functions - heads) & changed
    module = (in_modules - in_functions - heads - docstrings(tree)) & changed
    return {"functions": sorted(functions), "module": sorted(module)}


def compiled(tree):
    """The lines of functions that a decorator compiles."""
    lines = set()
    for node in ast.walk(tree):
        if isinstance(node, DEFINITIONS) and any(map(llmopt_observe._compiles, node.decorator_list)):
            lines.update(range(first_line(node), node.end_lineno + 1))
    return lines


def lines_of(code):
    """Lines with code of functions, and of modules and classes."""
    functions, module = set(), set()
    into = functions if code.co_flags & FUNCTION == FUNCTION else module
    into.update(line for _, line in dis.findlinestarts(code) if line)
    for inner in code.co_consts:
        if hasattr(inner, "co_code"):
            more = lines_of(inner)
            functions |= more[0]
            module |= more[1]
    return functions, module


def first_line(node):
    return min([node.lineno] + [each.lineno for each in getattr(node, "decorator_list", ())])


def docstrings(tree):
    lines = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef)) and ast.get_docstring(node, clean=False) is not None:
            lines.update(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    return lines


if __name__ == "__main__":
    main()
