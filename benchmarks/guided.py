"""Files that a fuzzer grows towards code it has not reached yet: `python -m benchmarks.guided settings --runs 20000`.

For the readers of text that take milliseconds (`benchmarks.fuzz.QUICK`). Atheris (https://github.com/google/atheris) sees
which branches of the package and of the parsers a file reaches and keeps what reaches new ones; a reader may take a file
or refuse it with a PmoError, and anything else ends the run and is a finding, whose bytes are kept in `.cache/guided/`.
Atheris is no dependency: `.uv/bin/uv pip install atheris` gets it.
"""

from __future__ import annotations

import argparse
import importlib.util
import shutil
import sys
import tempfile
from pathlib import Path

KEPT = Path(__file__).resolve().parents[1] / ".cache" / "guided"
INSTRUMENTED = ["pmo_analysis", "tomllib", "json", "nbformat", "xml", "benchmarks.fuzz"]
MOST_BYTES, SECONDS, MEGABYTES = 65_536, 60, 3000


def main() -> None:
    """Grow files for one reader until the runs are done or one is neither taken nor refused."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("reader", choices=["msproject_xml", "settings", "schemes", "manifest", "notebook"])
    parser.add_argument("--runs", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    if importlib.util.find_spec("atheris") is None:
        sys.exit("Atheris is not installed here; `.uv/bin/uv pip install atheris` gets it.")
    import atheris

    with atheris.instrument_imports(include=INSTRUMENTED):
        from benchmarks.fuzz import QUICK
        from pmo_analysis.contract.errors import PmoError

    file, folder = QUICK[asked.reader], Path(tempfile.mkdtemp(prefix="pmo-guided-"))
    corpus = KEPT / asked.reader
    corpus.mkdir(parents=True, exist_ok=True)
    (corpus / "good").write_bytes(file.good())

    def feed(data: bytes) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        try:
            file.feed(data, folder)
        except PmoError:
            return

    limits = [f"-max_len={MOST_BYTES}", "-len_control=0", f"-timeout={SECONDS}", f"-rss_limit_mb={MEGABYTES}"]
    told = [f"-runs={asked.runs}", f"-seed={asked.seed}", "-print_final_stats=1", f"-artifact_prefix={corpus}/finding-"]
    atheris.Setup([sys.argv[0], *limits, *told, str(corpus)], feed)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
