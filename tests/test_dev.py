"""`./dev` without a network: what it says, what it leaves alone, and what it does when a step fails."""

import ast
import fcntl
import importlib.machinery
import importlib.util
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[1]
BARE = {"PATH": os.defpath, "HOME": "/nowhere"}


def load(path: Path) -> ModuleType:
    """The command as a module; it has no suffix, so the loader is named."""
    loader = importlib.machinery.SourceFileLoader("dev", str(path))
    spec = importlib.util.spec_from_loader("dev", loader)
    assert spec
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


dev = load(ROOT / "dev")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the frame, in a folder with a space in its name, that has not been set up."""
    root = tmp_path / "a project"
    shutil.copytree(ROOT / "requirements", root / "requirements")
    for name in ("dev", "pyproject.toml"):
        shutil.copy(ROOT / name, root)
    return root


def pretend_set_up(project: Path) -> None:
    """Leave what a complete setup leaves: a Python, and the stamp."""
    bin_folder = project / ".venv" / "bin"
    bin_folder.mkdir(parents=True)
    (bin_folder / "python").symlink_to(sys.executable)
    (project / ".venv" / dev.STAMP).write_text(load(project / "dev").fingerprint("dev.txt"))


def call(project: Path, *arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(project / "dev"), *arguments]
    return subprocess.run(command, check=False, env=BARE | environ, cwd="/", capture_output=True, text=True)


def test_help_names_every_verb() -> None:
    done = call(ROOT, "--help")
    assert done.returncode == 0
    assert all(f"  {verb} " in done.stdout for verb in ("demo", "test", "check", "bench", "prove", "setup", "run"))


@pytest.mark.parametrize("arguments", [[], ["dance"]])
def test_missing_or_unknown_verb_shows_the_usage_and_ends_with_2(arguments: list[str]) -> None:
    done = call(ROOT, *arguments)
    assert done.returncode == 2
    assert "usage: ./dev VERB" in done.stderr


def test_file_parses_on_an_older_python_so_that_it_can_say_what_it_needs() -> None:
    text = (ROOT / "dev").read_text()
    ast.parse(text, feature_version=(3, 8))
    check = text.index("if sys.version_info < (3, 11)")
    assert text.count("import ", 0, check) == 1


def test_complete_setup_is_not_done_again(project: Path) -> None:
    pretend_set_up(project)
    done = call(project, "run", "python", "-c", "import os; print(os.environ['VIRTUAL_ENV'])")
    assert (done.stdout.strip(), done.stderr) == (str(project / ".venv"), "")
    assert not (project / ".tools").exists()


def test_exit_code_of_the_command_is_passed_on(project: Path) -> None:
    pretend_set_up(project)
    assert call(project, "run", "python", "-c", "raise SystemExit(7)").returncode == 7


def test_command_that_does_not_exist_is_named(project: Path) -> None:
    pretend_set_up(project)
    done = call(project, "run", "no-such-command")
    assert done.returncode == 1
    assert "There is no command 'no-such-command'" in done.stderr


def test_other_environments_do_not_reach_the_command(project: Path) -> None:
    pretend_set_up(project)
    show = "import os; print([n for n in ('PYTHONPATH', 'CONDA_PREFIX', 'PIP_TARGET') if n in os.environ])"
    done = call(project, "run", "python", "-c", show, PYTHONPATH="/elsewhere", CONDA_PREFIX="/c", PIP_TARGET="/t")
    assert done.stdout.strip() == "[]"


def test_only_pictures_make_the_command_wait_for_all_libraries(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    command, taken = load(project / "dev"), list[str]()
    monkeypatch.setattr(command, "ensure", lambda name=".venv": project / name)
    monkeypatch.setattr(command, "become", lambda venv, _: taken.append(venv.name))
    for asked in (["haversack", "ticker"], ["haversack", "-p", "live", "plot", "depth"], ["python"]):
        command.run(asked)
    assert taken == [".venv-command", ".venv", ".venv"]


def test_failing_setup_is_told_without_a_traceback(project: Path) -> None:
    (project / ".tools").write_text("a file where a folder should be")
    done = call(project, "setup")
    assert done.returncode == 1
    assert "./dev setup: The setup did not work" in done.stderr
    assert "Traceback" not in done.stderr


def test_python_without_pip_is_told_how_to_get_it(project: Path) -> None:
    command = load(project / "dev")
    with pytest.raises(command.Failure, match="apt install python3-pip"):
        command.find_uv(None, {"PATH": "/nowhere"})


def test_settings_that_reach_the_registry_are_kept_and_others_dropped() -> None:
    kept = {
        "PIP_INDEX_URL": "a",
        "PIP_CERT": "b",
        "SSL_CERT_FILE": "c",
        "HTTPS_PROXY": "d",
        "UV_DEFAULT_INDEX": "e",
        "UV_INDEX_MINE_PASSWORD": "f",
        "PYTHONHASHSEED": "0",
        "HAVERSACK_REFERENCE": "g",
    }
    dropped = dict.fromkeys(
        ["VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH", "PYTHONHOME", "PYTHONOPTIMIZE", "PIP_USER", "PIP_TARGET"], "x"
    )
    assert dev.clean_environment(kept | dropped | {"UV_PYTHON": "x", "UV_PROJECT_ENVIRONMENT": "x"}) == kept


def test_registry_of_pip_is_told_to_uv_and_the_environment_wins() -> None:
    listing = """:env:.index-url='https://mirror.example/env'
global.extra-index-url='\\nfile:///one\\nfile:///two'
global.index-url='https://mirror.example/file'
list.format='columns'
"""
    assert dev.registry_settings(listing) == {
        "UV_DEFAULT_INDEX": "https://mirror.example/env",
        "UV_INDEX": "file:///one file:///two",
    }


def test_note_counts_only_with_the_python_it_was_made_with(tmp_path: Path) -> None:
    note = tmp_path / dev.STAMP
    assert not dev.says(note, "complete")
    note.write_text("complete")
    assert not dev.says(note, "complete")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    assert dev.says(note, "complete")
    assert not dev.says(note, "something else")


@pytest.mark.parametrize(
    ("name", "added", "changes"),
    [
        ("requirements/dev.txt", "\nanother==1\n", True),
        ("requirements/tools.txt", "\nanother==1\n", True),
        ("requirements/bench.txt", "\nanother==1\n", False),
        ("requirements/check.txt", "\nanother==1\n", False),
        ("pyproject.toml", "\n[tool.other]\nx = 1\n", False),
        ("pyproject.toml", '\n[project.urls]\nhome = "x"\n', True),
    ],
)
def test_stamp_changes_with_what_is_installed(project: Path, name: str, added: str, changes: bool) -> None:
    command = load(project / "dev")
    before = command.fingerprint("dev.txt")
    with (project / name).open("a") as file:
        file.write(added)
    assert (command.fingerprint("dev.txt") != before) is changes


def test_stamp_changes_when_the_folder_moves(project: Path, tmp_path: Path) -> None:
    before = load(project / "dev").fingerprint("dev.txt")
    moved = project.rename(tmp_path / "elsewhere")
    assert load(moved / "dev").fingerprint("dev.txt") != before


@pytest.mark.parametrize(
    ("printed", "advice"),
    [
        ("/usr/bin/python3: No module named pip", "apt install python3-pip"),
        ("error: failed to write: No space left on device (os error 28)", "disk is full"),
        ("error: Permission denied (os error 13)", "cannot be written"),
        ("error sending request: dns error: failed to lookup address", "registry cannot be reached"),
        ("Retrying after connection broken: [Errno -3] Temporary failure in name resolution", "cannot be reached"),
        ("invalid peer certificate: UnknownIssuer", "registry cannot be reached"),
        ("error: Hash mismatch for `aiohttp`", "Do not use it"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.", "Do not use it"),
        ("error: Failed to read: no usable wheels are available", "not published for this Python"),
        ("something new", "ended with status 3"),
    ],
)
def test_failing_step_shows_its_words_and_what_to_do(printed: str, advice: str) -> None:
    command = [sys.executable, "-c", f"print({printed!r}); raise SystemExit(3)"]
    with pytest.raises(dev.Failure) as failure:
        dev.step("Packing", command, BARE)
    assert str(failure.value).startswith(f"Packing did not work.\n  | {printed}\n")
    assert advice in str(failure.value)


def test_only_one_setup_runs_at_a_time(project: Path) -> None:
    (project / ".tools").mkdir()
    lock = (project / ".tools" / "lock").open("w")
    with lock, load(project / "dev").one_at_a_time(), pytest.raises(BlockingIOError):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


@pytest.mark.parametrize("path", sorted((ROOT / "requirements").rglob("*.txt")), ids=lambda path: path.name)
def test_every_requirement_is_pinned_with_hashes(path: Path) -> None:
    entries = path.read_text().replace("\\\n", " ").splitlines()
    assert entries
    assert [line for line in entries if "==" not in line or "--hash=sha256:" not in line or "://" in line] == []


def test_oldest_uv_is_the_one_that_pyproject_asks_for() -> None:
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text())["dependency-groups"]
    assert groups["tools"] == ["uv>=" + ".".join(map(str, dev.UV_OLDEST))]


@pytest.mark.parametrize(("name", "groups_held"), [("dev.txt", ["test", "build"]), ("check.txt", ["test", "check", "build"])])
def test_requirements_hold_what_pyproject_asks_for(name: str, groups_held: list[str]) -> None:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    extras, groups = pyproject["project"]["optional-dependencies"], pyproject["dependency-groups"]
    wanted = [*pyproject["project"]["dependencies"], *extras["cli"], *(text for held in groups_held for text in groups[held])]
    pinned = {line.partition("==")[0] for line in (ROOT / "requirements" / name).read_text().splitlines()}
    assert {name_in(text) for text in wanted} <= pinned


def name_in(requirement: str) -> str:
    return requirement.partition(">")[0].lower().replace("_", "-")
