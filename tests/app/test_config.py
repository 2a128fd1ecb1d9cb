"""Settings: who wins, what a value may look like, and what a wrong one says."""

import pytest

from gossamer.app.config import SETTINGS, Configuration, parse_duration
from gossamer.errors import UsageError


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A user's configuration folder and a current folder, both empty."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home"))
    (tmp_path / "home" / "gossamer").mkdir(parents=True)
    (tmp_path / "here").mkdir()
    return tmp_path


def configuration(home, environment=None):
    return Configuration(environment or {}, folder=home / "here")


def test_each_place_wins_over_the_next(home):
    value = configuration(home).get("search.k")
    assert (value.value, value.origin) == (10, "default")
    user_file = home / "home" / "gossamer" / "gossamer.toml"
    user_file.write_text("[search]\nk = 1\n[serve]\nport = 9000\n")
    value = configuration(home).get("search.k")
    assert (value.value, value.origin) == (1, str(user_file))
    here = home / "here" / "gossamer.toml"
    here.write_text("[search]\nk = 2\n")
    value = configuration(home).get("search.k")
    assert (value.value, value.origin) == (2, str(here))
    # A key that the nearer file does not name still comes from the other one.
    assert configuration(home).get("serve.port").value == 9000
    value = configuration(home, {"GOSSAMER_SEARCH_K": "3"}).get("search.k")
    assert (value.value, value.origin) == (3, "GOSSAMER_SEARCH_K")
    value = configuration(home, {"GOSSAMER_SEARCH_K": "3"}).get("search.k", 4)
    assert (value.value, value.origin) == (4, "--k")


def test_every_default_is_a_value_its_setting_takes(home):
    values = configuration(home).all()
    assert [value.setting.key for value in values] == list(SETTINGS)
    assert {value.origin for value in values} == {"default"}


@pytest.mark.parametrize(("written", "size"), [("512MiB", 2**29), ("2GiB", 2**31), (4096, 4096), ("1.5 k", 1536)])
def test_sizes(home, written, size):
    assert configuration(home).get("index.memory_limit", written).value == size


@pytest.mark.parametrize("written", ["", "GiB", "-1", "1 parsec", 0, True, 1.5])
def test_what_is_not_a_size(home, written):
    with pytest.raises(UsageError, match=r"--memory-limit: index\.memory_limit = "):
        configuration(home).get("index.memory_limit", written)


@pytest.mark.parametrize(
    ("written", "seconds"), [("36h", 129_600), ("90s", 90), ("500ms", 0.5), (2, 2), ("1.5m", 90), ("2d", 172_800)]
)
def test_durations(written, seconds):
    assert parse_duration(written) == seconds


@pytest.mark.parametrize("written", ["", "h", "-1s", "soon", False])
def test_what_is_not_a_duration(written):
    with pytest.raises(ValueError, match="36h"):
        parse_duration(written)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[search]\nkk = 3\n", r"unknown setting search\.kk; did you mean search\.k\?"),
        ("[serach]\nk = 3\n", r"unknown setting serach\.k; did you mean search\.k\?"),
        ("k = 3\n", r"unknown setting k; known settings: index\.encoder"),
        ('[search]\nk = "ten"\n', r"search\.k = 'ten': not a whole number from 1 to 10000"),
        ("[search]\nk = 0\n", r"search\.k = 0: not a whole number"),
        ("[search]\nk = true\n", r"search\.k = True: not a whole number"),
        ("[index]\npassages = 3\n", r'not a whole number from 10 to 100000, nor "off"'),
        ("[index]\nencoder = 7\n", r"index\.encoder = 7: not a text"),
        ("[search\n", "cannot be read as TOML"),
    ],
)
def test_a_wrong_file_says_what_and_where(home, content, message):
    path = home / "here" / "gossamer.toml"
    path.write_text(content)
    with pytest.raises(UsageError, match=message) as caught:
        configuration(home)
    assert str(path) in str(caught.value)
    assert caught.value.exit_code == 2


def test_environment(home):
    with pytest.raises(UsageError, match=r"GOSSAMER_SEARCH_KAY: unknown setting search\.kay; did you mean search\.k"):
        configuration(home, {"GOSSAMER_SEARCH_KAY": "3"})
    with pytest.raises(UsageError, match=r"GOSSAMER_INDEX_MEMORY_LIMIT: index\.memory_limit = 'big'"):
        configuration(home, {"GOSSAMER_INDEX_MEMORY_LIMIT": "big"})
    # Other variables of ours are no settings, and other people's are none of our business.
    configuration(home, {"GOSSAMER_CPU": "portable", "SEARCH_K": "x"})


def test_a_flag_is_checked_and_named(home):
    with pytest.raises(UsageError, match=r"--memory-limit: index\.memory_limit = 'lots': 'lots' is not a size"):
        configuration(home).get("index.memory_limit", "lots")
    assert configuration(home).get("index.passages", "off").value is None
