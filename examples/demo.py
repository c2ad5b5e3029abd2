"""Run llmopt on a copy of an example project, as a user would on a repository of their own.

    python examples/demo.py logstats                      # no model: the built-in rules
    python examples/demo.py difftext --model replay:FILE  # recorded answers of a model

The copy is a git repository below build/demo/. Whatever follows the project's name goes to `llmopt optimize`.
"""

import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
DEMO = HERE.parent / "build" / "demo"


def main() -> int:
    name, *flags = sys.argv[1:]
    repository = make_repository(HERE / name, DEMO / name)
    llmopt = [sys.executable, "-m", "llmopt", "optimize", str(repository), "--python", sys.executable, *flags]
    print(f"$ llmopt optimize {repository.relative_to(HERE.parent)} {' '.join(flags)}", flush=True)
    code = subprocess.run(llmopt, check=False).returncode
    if code == 0:
        subprocess.run(["git", "-C", str(repository), "log", "--oneline", "--stat", "--branches=llmopt/*", "--not", "HEAD"], check=False)
    return code


def make_repository(project: Path, copy: Path) -> Path:
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(project, copy, ignore=shutil.ignore_patterns("__pycache__", ".llmopt", ".venv"))
    author = ["-c", "user.name=demo", "-c", "user.email=demo@localhost"]
    for command in (["init", "--quiet"], ["add", "--all"], [*author, "commit", "--quiet", "-m", f"The {project.name} example"]):
        subprocess.run(["git", "-C", str(copy), *command], check=True)
    return copy


if __name__ == "__main__":
    sys.exit(main())
