"""Settings and where they come from: flag, then environment, then ``gossamer.toml``, then default.

The file is looked for in the current folder first and in the user's configuration folder second; a key
that neither knows takes its default. Unknown keys are errors that name the nearest known one.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from gossamer.errors import UsageError
from gossamer.retrieval.defaults import ENCODER

FILE_NAME = "gossamer.toml"

_TIME_UNITS = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def parse_duration(value: object) -> float:
    """A duration in seconds: a number, or text such as ``"500ms"``, ``"90s"`` and ``"36h"``.

    Raises:
        ValueError: Saying what a duration looks like.

    Example:
        >>> parse_duration("36h")
        129600.0
    """
    match = re.fullmatch(r"\s*(\d{1,18}(?:\.\d{1,9})?)\s*(ms|[smhd]?)\s*", str(value))
    if match is None or isinstance(value, bool):
        raise ValueError('not a duration; write a number of seconds or, for example, "500ms", "90s" or "36h"')
    return float(match[1]) * _TIME_UNITS[match[2]]


def _size(value: object) -> int:
    from gossamer.retrieval.index.limits import parse_size

    if isinstance(value, bool) or not isinstance(value, (int, str)):
        raise ValueError("not a size")
    return parse_size(value)


def _whole_number(low: int, high: int) -> Callable[[object], int]:
    def parse(value: object) -> int:
        if not isinstance(value, bool) and re.fullmatch(r"\d{1,9}", str(value)) and low <= int(str(value)) <= high:
            return int(str(value))
        raise ValueError(f"not a whole number from {low} to {high}")

    return parse


def _names(value: object) -> list[str]:
    names = value if isinstance(value, list) else str(value).split(",")
    return [str(name).strip() for name in names if str(name).strip()]


def _or_word(word: str, parse: Callable[[object], Any]) -> Callable[[object], Any]:
    """A parser that also takes ``word``, which stands for None."""

    def parse_or_none(value: object) -> Any:
        if str(value).lower() == word:
            return None
        try:
            return parse(value)
        except ValueError as error:
            raise ValueError(f'{error}, nor "{word}"') from None

    return parse_or_none


def _text(value: object) -> str:
    if isinstance(value, str) and value.strip():
        return value.strip()
    raise ValueError("not a text")


def _or_none(value: object) -> str | None:
    """A text; ``none`` stands for None."""
    text = _text(value)
    return None if text.lower() == "none" else text


@dataclass(frozen=True)
class Setting:
    """One setting: its name, how it is read, and what holds when nobody says anything.

    Args:
        key: ``section.name`` in the file.
        default: As a person would write it in the file.
        parse: From the written form to the value used; raises ValueError with a clause that follows the value.
        help: One line.
    """

    key: str
    default: str
    parse: Callable[[object], Any]
    help: str

    @property
    def variable(self) -> str:
        """The environment variable: ``GOSSAMER_SEARCH_K`` for ``search.k``."""
        return "GOSSAMER_" + self.key.replace(".", "_").upper()


SETTINGS = {
    setting.key: setting
    for setting in (
        Setting("index.encoder", ENCODER, _text, "how a new index turns text into vectors: bm25, gossamer or a folder"),
        Setting("index.analyzer", "english", _text, "how a new index turns text into terms: a name or a JSON file"),
        Setting("index.fields", "none", _or_none, "declared fields of a new index, such as title^3, year:integer"),
        Setting("index.passages", "180", _or_word("off", _whole_number(10, 100_000)), "words per passage, or off"),
        Setting("index.archive_depth", "2", _whole_number(0, 100), "archives inside each other to open; 0 opens none"),
        Setting("index.memory_limit", "512MiB", _size, "memory that indexing may use over the base"),
        Setting("index.threads", "auto", _or_word("auto", _whole_number(1, 1024)), "threads for indexing, or auto"),
        Setting("search.k", "10", _whole_number(1, 10_000), "how many documents a search shows"),
        Setting("search.typos", "auto", _or_word("auto", _whole_number(0, 2)), "edits to correct; auto or 0 to 2"),
        Setting("search.synonyms", "none", _or_none, "file of synonyms that every search uses"),
        Setting("serve.host", "127.0.0.1", _text, "loopback address of the search page"),
        Setting("serve.port", "8765", _whole_number(0, 65_535), "port of the search page; 0 picks a free one"),
        Setting("serve.facets", "auto", _or_word("auto", _names), "fields that the search page counts: a, b; or auto"),
        Setting("serve.refresh", "1s", parse_duration, "how often the search page looks for a new commit"),
    )
}


@dataclass(frozen=True)
class Value:
    """A setting in force: what was written, what it means, and who said so."""

    setting: Setting
    written: str
    value: Any
    origin: str


class Configuration:
    """Everything said in the environment and the files, checked.

    Args:
        environment: Variable names to values; the process's own by default.
        folder: Where ``gossamer.toml`` is looked for first; the current folder by default.

    Raises:
        UsageError: For a file that is not TOML, an unknown key or a value that its setting does not take.

    Example:
        >>> Configuration({"GOSSAMER_SEARCH_K": "3"}).get("search.k").value
        3
    """

    def __init__(self, environment: Mapping[str, str] | None = None, folder: Path | None = None) -> None:
        self.files = [path for path in _candidates(folder or Path.cwd()) if path.is_file()]
        self._said: dict[str, Value] = {}
        for path in reversed(self.files):
            for key, written in _read_file(path):
                self._say(key, written, str(path))
        for variable, written in _from_environment(os.environ if environment is None else environment):
            self._say(_key_of(variable), written, variable)

    def get(self, key: str, flag: object = None) -> Value:
        """The value of ``key`` in force; ``flag`` is what the command line said, None for nothing.

        Raises:
            UsageError: When the flag's value is not one that the setting takes.
        """
        setting = SETTINGS[key]
        if flag is not None:
            option = "--" + key.split(".")[1].replace("_", "-")
            return _checked(setting, flag, option)
        return self._said.get(key) or _checked(setting, setting.default, "default")

    def all(self) -> list[Value]:
        """Every setting with the value in force, in the order of the documentation."""
        return [self.get(key) for key in SETTINGS]

    def _say(self, key: str, written: object, origin: str) -> None:
        if key not in SETTINGS:
            near = get_close_matches(key, SETTINGS, n=1)
            hint = f"; did you mean {near[0]}?" if near else f"; known settings: {', '.join(SETTINGS)}"
            raise UsageError(f"{origin}: unknown setting {key}{hint}")
        self._said[key] = _checked(SETTINGS[key], written, origin)


def _checked(setting: Setting, written: object, origin: str) -> Value:
    try:
        return Value(setting, str(written), setting.parse(written), origin)
    except ValueError as error:
        raise UsageError(f"{origin}: {setting.key} = {written!r}: {error}") from None


def _candidates(folder: Path) -> list[Path]:
    """The files in the order of precedence."""
    from typer import get_app_dir

    return [folder / FILE_NAME, Path(get_app_dir("gossamer")) / FILE_NAME]


def _read_file(path: Path) -> list[tuple[str, object]]:
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib

    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"{path}: cannot be read as TOML: {error}") from None
    return [
        (f"{section}.{name}" if name else section, written)
        for section, table in content.items()
        for name, written in (table.items() if isinstance(table, dict) else [("", table)])
    ]


def _from_environment(environment: Mapping[str, str]) -> list[tuple[str, str]]:
    """The variables that belong to a section of ours; GOSSAMER_CPU and the like are not settings."""
    sections = tuple({"GOSSAMER_" + key.split(".")[0].upper() + "_" for key in SETTINGS})
    return [(name, value) for name, value in environment.items() if name.startswith(sections)]


def _key_of(variable: str) -> str:
    section, name = variable.removeprefix("GOSSAMER_").lower().split("_", 1)
    return f"{section}.{name}"
