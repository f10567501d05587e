"""Sets up `.venv` from requirements.lock on a machine that has only Python: `make` calls this.

A private copy of uv (`.uv/`, pinned with hashes in `.ci/uv.txt`) installs the locked packages with
compiled bytecode, then the project itself in editable form. The stamp `.venv/.ready` is written
last: without it the next call starts from nothing, so an interrupted set-up mends itself.
The syntax stays old on purpose, so that an old Python reaches the message about its age.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TOOL = ROOT / ".uv"
HOME = ROOT / ".venv"
STAMP = HOME / ".ready"
INPUTS = ("requirements.lock", "pyproject.toml", ".ci/uv.txt", ".ci/bootstrap.py")
OLDEST = (3, 11)


class SetupError(Exception):
    """A set-up step failed; the text says what to do."""


def main() -> int:
    """Set up or bring up to date; 0 when `.venv` is ready."""
    began = time.monotonic()
    try:
        require_python()
        with one_at_a_time():
            if not is_ready():
                set_up()
        say("ready in %.0f s" % (time.monotonic() - began))
    except SetupError as error:
        say("stopped: %s" % error)
        return 1
    except KeyboardInterrupt:
        say("interrupted; the next call starts it anew")
        return 130
    return 0


def set_up() -> None:
    """The four steps, in order; the stamp last."""
    keep = STAMP.exists()
    with contextlib.suppress(FileNotFoundError):
        STAMP.unlink()
    say("1/4 installer (uv)")
    uv = installer()
    if not keep:
        say("2/4 empty environment in .venv")
        run([uv, "venv", "--quiet", "--clear", "--python", sys.executable, str(HOME)])
    say("3/4 packages of requirements.lock (some 300 MB when none is cached)")
    into = ["--python", str(HOME / "bin" / "python"), "--compile-bytecode"]
    run([uv, "pip", "sync", *into, "--require-hashes", "requirements.lock"])
    say("4/4 this project, editable")
    run([uv, "pip", "install", *into, "--quiet", "--no-deps", "--no-build-isolation", "--editable", "."])
    STAMP.write_text(fingerprint())


def require_python() -> None:
    """Refuse a Python that the project cannot run on."""
    if sys.version_info < OLDEST:
        raise SetupError(
            "%s is Python %d.%d, and 3.11 or newer is needed. Name a newer one: make PYTHON=python3.11 …"
            % (sys.executable, sys.version_info[0], sys.version_info[1])
        )


@contextlib.contextmanager
def one_at_a_time():
    """Of two set-ups at once the second waits, then finds the work done."""
    with open(str(ROOT / ".ci" / "bootstrap.py")) as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another set-up is at work here; waiting for it")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def is_ready() -> bool:
    """Whether `.venv` was made from these very inputs; then the stamp only gets a new date."""
    same = STAMP.exists() and STAMP.read_text() == fingerprint()
    if same:
        STAMP.touch()
    return same


def fingerprint() -> str:
    """What the environment depends on, as one number."""
    content = b"\0".join((ROOT / name).read_bytes() for name in INPUTS)
    return hashlib.sha256(content + sys.version.encode()).hexdigest()


def installer() -> str:
    """The path of uv: the private one, made when absent, else one on the PATH."""
    uv = TOOL / "bin" / "uv"
    wanted = (ROOT / ".ci" / "uv.txt").read_text().split()[0].replace("==", " ")
    if uv.exists() and version(str(uv)) == wanted:
        return str(uv)
    shutil.rmtree(str(TOOL), ignore_errors=True)
    for attempt in (install_in_own_environment, install_beside):
        if attempt() and version(str(uv)) == wanted:
            return str(uv)
    found = shutil.which("uv")
    if found:
        say("    using the uv on the PATH (%s)" % version(found))
        return found
    raise SetupError(
        "uv could not be installed (reasons above). Either Python's venv module is missing "
        "(Debian, Ubuntu: apt-get install python3-venv), or no package index can be reached "
        "(behind a company index set PIP_INDEX_URL). Then run the same command again."
    )


def install_in_own_environment() -> bool:
    """uv by pip in a private environment; False where Python came without venv or pip."""
    made = subprocess.run(
        [sys.executable, "-m", "venv", str(TOOL)], cwd=str(ROOT), stdout=subprocess.DEVNULL, check=False
    )
    return made.returncode == 0 and pip_install(str(TOOL / "bin" / "python"))


def install_beside() -> bool:
    """uv by the machine's own pip into a folder, where venv does not work."""
    shutil.rmtree(str(TOOL), ignore_errors=True)
    return pip_install(sys.executable, "--target", str(TOOL))


def pip_install(python: str, *options: str) -> bool:
    """uv as pinned in `.ci/uv.txt`, its hash checked."""
    command = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *options]
    command += ["--require-hashes", "-r", ".ci/uv.txt"]
    return subprocess.run(command, cwd=str(ROOT), check=False).returncode == 0


def version(uv: str) -> str:
    """`uv 1.2.3`, or nothing where it does not run."""
    try:
        answer = subprocess.run([uv, "--version"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    except OSError:
        return ""
    return " ".join(answer.stdout.decode().split()[:2])


def run(command: list) -> None:
    """One command of uv: its summary lines are shown, its list of packages is not."""
    process = subprocess.Popen(command, cwd=str(ROOT), env=environment(), stderr=subprocess.PIPE)
    for line in process.stderr or ():
        text = line.decode(errors="replace").rstrip()
        if not text.startswith((" + ", " - ", " ~ ")):
            say("    " + text)
    if process.wait():
        raise SetupError("`uv %s` failed, see above. Run the same command again." % " ".join(command[1:3]))


def environment() -> dict:
    """uv's surroundings: pip's settings serve it too; it never fetches a Python of its own."""
    values = dict(os.environ, UV_PYTHON_DOWNLOADS="never")
    values.pop("VIRTUAL_ENV", None)
    values.setdefault("UV_HTTP_TIMEOUT", "180")
    for ours, pips in (("UV_DEFAULT_INDEX", "PIP_INDEX_URL"), ("SSL_CERT_FILE", "PIP_CERT")):
        if pips in values:
            values.setdefault(ours, values[pips])
    return values


def say(text: str) -> None:
    """One short line of progress."""
    print("set-up: " + text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
