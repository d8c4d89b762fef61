"""What is said about installing can be done: no entry of an index that is not there, files that name what there is."""

import re
import shlex
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml

from ui.cli.main import app

ROOT = Path(__file__).resolve().parents[1]
DEPLOY = ROOT / "docs" / "deploy"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
COMMAND = typer.main.get_command(app)
UNITS = sorted(path.name for path in DEPLOY.glob("engine-*"))
AS_IF_ON_AN_INDEX = re.compile(
    rf"""\b(install|uvx|--from)\b(?!ed)[^\n`]*?(?<![/\w])["']?{PROJECT["name"]}(\[[\w,]*\])?["']?(?![/\w[]|\s*@)"""
)


def commands_of(shell: str) -> list[list[str]]:
    """The words of each ``engine …`` in a line of a shell."""
    return [words[1:] for part in shell.split("&&") if (words := shlex.split(part)) and words[0].endswith("engine")]


def parse(words: list[str]) -> None:
    """Read a command as ``engine`` does, without running it. Raises errors of click."""
    context = COMMAND.make_context("engine", list(words))
    name, verb, rest = COMMAND.resolve_command(context, [*context._protected_args, *context.args])  # type: ignore[attr-defined]
    verb.make_context(name, rest, parent=context)


@pytest.mark.parametrize(
    ("text", "is_wrong"),
    [
        ("pip install 'visual-semantic-engine[web]'", True),
        ('pip install "visual-semantic-engine"', True),
        ("uv tool install visual-semantic-engine", True),
        ("uvx --from visual-semantic-engine engine", True),
        ("pipx install 'visual-semantic-engine[web] @ git+ADDRESS'", False),
        ("pip install '/home/me/visual-semantic-engine[web]'", False),
        ("pipx uninstall visual-semantic-engine", False),
        ("pipx inject visual-semantic-engine streamlit", False),
    ],
)
def test_an_entry_of_an_index_is_recognised(text: str, is_wrong: bool) -> None:
    assert bool(AS_IF_ON_AN_INDEX.search(text)) == is_wrong


def test_nothing_says_that_the_project_is_on_an_index() -> None:
    files = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md"]
    for folder in ("engine", "index", "ui", "docs", "scripts", "benchmarks"):
        files += [
            path for path in (ROOT / folder).rglob("*") if path.suffix in ("", ".py", ".md", ".ipynb", ".1", ".yaml")
        ]
    texts = {path: path.read_text(encoding="utf-8") for path in files if path.is_file()}
    assert len(texts) > 300
    assert [f"{path}: {found[0]}" for path, text in texts.items() for found in AS_IF_ON_AN_INDEX.finditer(text)] == []


@pytest.fixture(scope="module")
def steps() -> list[tuple[str, str]]:
    """The instructions of the Containerfile, each with its text on one line."""
    text = (DEPLOY / "Containerfile").read_text(encoding="utf-8")
    lines = "\n".join(line for line in text.splitlines() if not line.startswith("#")).replace("\\\n", " ").splitlines()
    return [(name, rest) for name, _, rest in (line.partition(" ") for line in lines if line.strip())]


def test_the_image_is_made_of_what_the_checkout_has(steps: list[tuple[str, str]]) -> None:
    copied = [words for name, rest in steps if name == "COPY" and "--from" not in rest for words in rest.split()[:-1]]
    assert [name for name in copied if not (ROOT / name).exists()] == []
    assert {"constraints.txt", "engine", "index", "ui", "alembic"} <= set(copied)
    (extras,) = (found[1] for _, rest in steps if (found := re.search(r"/source\[([\w,]+)\]", rest)))
    assert set(extras.split(",")) <= PROJECT["optional-dependencies"].keys()
    assert {"web", "serve"} <= set(extras.split(","))


def test_the_image_runs_as_nobody_in_particular(steps: list[tuple[str, str]]) -> None:
    (user,) = (rest for name, rest in steps if name == "USER")
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", user)
    after = steps[[name for name, _ in steps].index("USER") :]
    commands = [words for name, rest in after if name == "RUN" for words in commands_of(rest)]
    assert [words[0] for words in commands] == ["index", "search", "caption"]
    for words in commands:
        parse(words)


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    """The services of the compose file by name."""
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text(encoding="utf-8"))["services"]
    return found


def test_services_share_a_library_and_only_read_photos(services: dict[str, Any]) -> None:
    assert services.keys() == {"serve", "ui", "index"}
    for service in services.values():
        library, cache, photos = service["volumes"]
        assert (library, cache) == ("library:/library", "cache:/cache")
        assert photos.startswith("${PHOTOS:?")
        assert photos.endswith(":/photos:ro")
        assert service["read_only"]
        assert (DEPLOY / service["build"]["context"]).resolve() == ROOT
        parse(service["command"][1:])


@pytest.mark.parametrize(("name", "variable"), [("serve", "ENGINE_SERVE_TOKEN"), ("ui", "ENGINE_UI_PASSWORD")])
def test_a_service_has_its_secret_from_outside(services: dict[str, Any], name: str, variable: str) -> None:
    service = services[name]
    assert service["environment"][variable].startswith(f"${{{variable}:?")
    assert "--public" in service["command"]
    port = service["command"][-1]
    assert service["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert f"http://127.0.0.1:{port}/" in service["healthcheck"]["test"][-1]
    compile(service["healthcheck"]["test"][-1], "healthcheck", "exec")


@pytest.mark.parametrize("unit", [name for name in UNITS if name.endswith(".service")])
def test_units_start_commands_that_there_are(unit: str) -> None:
    text = (DEPLOY / unit).read_text(encoding="utf-8")
    (line,) = re.findall(r"^ExecStart=(.+)$", text, re.MULTILINE)
    (words,) = commands_of(line)
    parse(words)
    assert {"ProtectSystem=strict", "ProtectHome=read-only", "NoNewPrivileges=yes"} <= set(text.splitlines())


def test_the_timer_has_a_unit_of_its_name() -> None:
    assert UNITS == ["engine-index.service", "engine-index.timer", "engine-serve.service"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed")
def test_systemd_understands_the_units(tmp_path: Path) -> None:
    command = tmp_path / ".local" / "bin" / "engine"
    command.parent.mkdir(parents=True)
    command.touch(mode=0o755)
    environment = {"HOME": str(tmp_path), "XDG_RUNTIME_DIR": str(tmp_path), "PATH": "/usr/bin:/bin"}
    done = subprocess.run(
        ["systemd-analyze", "--user", "verify", *(DEPLOY / unit for unit in UNITS)],
        env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
