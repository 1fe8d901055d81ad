"""What every command promises, read off click's own tree."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from pilothouse import __version__
from pilothouse.cli.main import COMMAND_MODULES, cli, main

ROOT = Path(__file__).parents[3]
PRINTS_NO_DATA = {"demo"}
"""It tells a story; what it leaves is asked of the other commands."""


def command(name: str) -> click.Command:
    found = cli.get_command(click.Context(cli), name)
    assert found is not None
    return found


@pytest.mark.parametrize("name", COMMAND_MODULES)
def test_every_command_says_in_a_sentence_what_it_does(name: str) -> None:
    found = command(name)
    assert found.name == name
    text = (found.help or "").strip()
    first = text.split("\n\n")[0].replace("\n", " ")
    assert re.match(r"[A-Z].*[.:)]$|.*\.$", first), first
    assert len(first) > 15
    for parameter in found.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, f"{name} {parameter.opts}"
            assert parameter.help.strip().endswith((".", ")")), f"{name} {parameter.opts}: {parameter.help}"


@pytest.mark.parametrize("name", sorted(set(COMMAND_MODULES) - PRINTS_NO_DATA))
def test_every_command_that_prints_data_prints_json_too(name: str) -> None:
    options = {word for parameter in command(name).params for word in parameter.opts}
    assert "--json" in options
    assert "--workspace" in options or name == "init"


@pytest.mark.parametrize("name", COMMAND_MODULES)
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_help_works_anywhere(name: str, flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, flag]) == 0
    told = capsys.readouterr()
    assert told.out.startswith(f"Usage: pilothouse {name}")
    assert told.err == ""


def test_the_list_of_commands_has_a_line_for_each(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    listed = re.findall(r"^  ([a-z]+) +\S", capsys.readouterr().out.split("Commands:")[1], re.MULTILINE)
    assert listed == list(COMMAND_MODULES)


@pytest.mark.parametrize(
    ("given", "meant"),
    [("runss", "runs"), ("trian", "train"), ("roll-back", "rollback"), ("modles", "models")],
)
def test_a_misspelt_command_is_recognised(given: str, meant: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([given]) == 2
    told = capsys.readouterr()
    assert f"Did you mean '{meant}'?" in told.err
    assert told.out == ""


def test_a_command_that_resembles_none_leads_to_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["xyzzy"]) == 2
    assert "`pilothouse --help` lists the commands" in capsys.readouterr().err


@pytest.mark.parametrize("name", COMMAND_MODULES)
def test_an_unknown_option_is_a_usage_error(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    code = main([name, "--no-such-option"])
    told = capsys.readouterr()
    assert told.out == ""
    assert code in (1, 2)  # `run` passes on what it does not know.
    assert "Traceback" not in told.err


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert __version__ in capsys.readouterr().out


def test_the_module_and_the_script_are_one() -> None:
    script = Path(sys.executable).parent / ("pilothouse.exe" if sys.platform == "win32" else "pilothouse")
    both = [
        subprocess.run([*argv, "--version"], capture_output=True, text=True, check=True).stdout
        for argv in ([sys.executable, "-m", "pilothouse"], [str(script)])
    ]
    assert both[0] == both[1]


def test_the_readme_mentions_every_command() -> None:
    text = (ROOT / "README.md").read_text()
    missing = [
        name
        for name in COMMAND_MODULES
        if not re.search(rf"`(pilothouse )?{name}\b|pilothouse {name}\b", text)
    ]
    assert missing == []
