"""Settings are checked strictly, and an untrusted file changes nothing."""

from __future__ import annotations

import stat
from pathlib import Path

import msgspec
import pytest

from architect.commands.model import Effect
from architect.kernel.errors import SettingsError
from architect.runs.profiles import LOCAL, ProfileKind, SecretReference, SecretScheme
from architect.settings import (
    NAMED_TABLES,
    TABLES,
    digest_of,
    find_project_file,
    line_of,
    load_settings,
    parse_settings,
    state_folder,
    store_url,
)

ROOT = Path(__file__).resolve().parents[2]
HERE = Path("architect.toml")

GOOD = """
[people]
count = 3

[profiles.shop]
kind = "live"
pass = ["PATH", "LC_*"]
repository = "ops"
people = ["dana", "lee"]
environment = { ORDERS_URL = "env:ORDERS_URL", LEVEL = "debug" }

[profiles.shop.hosts]
"metrics:9090" = "10.1.2.3:9090"
shop = ""

[profiles.shop.systems]
context = "shop-eu"

[scripts."bin/fail_over.sh"]
effect = "disruptive"
sha256 = "0000000000000000000000000000000000000000000000000000000000000000"
"""


def trust_all(path: Path, digest: str) -> bool:
    return True


def trust_none(path: Path, digest: str) -> bool:
    return False


def message(text: str) -> str:
    """Return what the person reads when the file holds `text`."""
    with pytest.raises(SettingsError) as caught:
        parse_settings(text, HERE)
    return str(caught.value)


def test_a_whole_file_is_read() -> None:
    settings = parse_settings(GOOD, HERE)
    shop = settings.profile("shop")
    assert settings.people_count == 3
    assert shop.kind is ProfileKind.LIVE
    assert shop.environment["ORDERS_URL"] == SecretReference(scheme=SecretScheme.ENVIRONMENT, location="ORDERS_URL")
    assert shop.environment["LEVEL"] == "debug"
    assert shop.passes_on("LC_ALL")
    assert not shop.passes_on("HOME")
    assert shop.knows_host("metrics")
    assert shop.knows_host("SHOP.")
    assert not shop.knows_host("elsewhere")
    assert shop.systems.expected == {"kubernetes": "shop-eu"}
    assert settings.scripts[0].effect is Effect.DISRUPTIVE


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[peeple]\ncount = 1\n", "architect.toml:1: unknown setting `peeple` (did you mean `people`?)"),
        ("\n[people]\ncuont = 1\n", "architect.toml:3: unknown setting `people.cuont` (did you mean `count`?)"),
        ('[people]\ncount = "two"\n', "architect.toml:2: `people.count`: expected `int`, got `str`"),
        ("[people]\ncount = 0\n", "architect.toml:2: `people.count`: expected `int` >= 1"),
        ("people = 3\n", "architect.toml:1: expected a table `[people]`"),
        ("profiles = 3\n", "architect.toml:1: expected a table of tables `[profiles.NAME]`"),
        ("[profiles.a]\npass = []\n", "architect.toml:1: object missing required field `kind`"),
        ('[profiles.a]\nkind = "prod"\n', "architect.toml:2: `profiles.a.kind`: invalid enum value 'prod'"),
        ('[profiles.a]\nkind = "sandbox"\npass = ["HOME"]\n', "the environment of a sandbox starts empty"),
        ('[profiles.a]\nkind = "live"\ntools = { kubectl = "kubectl" }\n', "architect.toml:3: `profiles.a.tools`"),
        ('[profiles.a]\nkind = "live"\n[profiles.a.hosts]\nx = "http://x/"\n', "architect.toml:3: `profiles.a.hosts`"),
        (
            '[profiles.a]\nkind = "live"\n[profiles.a.environment]\nK = "keyring:nothing"\n',
            "architect.toml:4: `profiles.a.environment.K`: `keyring:` is no reference as it stands",
        ),
        ("[people\n", "architect.toml:1: not TOML"),
    ],
)
def test_a_wrong_setting_names_file_line_and_what_was_expected(text: str, expected: str) -> None:
    assert expected in message(text)


def test_a_profile_that_nobody_wrote_gives_the_nearest_name() -> None:
    with pytest.raises(SettingsError, match="did you mean `shop`"):
        parse_settings(GOOD, HERE).profile("shopp")


@pytest.mark.parametrize("value", ["https://x/y", "file://host/path", "plain", "a:b"])
def test_a_value_that_only_resembles_a_reference_stays_a_value(value: str) -> None:
    text = f'[profiles.a]\nkind = "live"\nenvironment = {{ V = "{value}" }}\n'
    assert parse_settings(text, HERE).profile("a").environment["V"] == value


def test_the_profile_local_exists_without_any_file(tmp_path: Path) -> None:
    settings = load_settings(tmp_path, is_trusted=trust_none, user_folder=tmp_path / "none")
    assert settings.profile().name == LOCAL
    assert settings.profile().passes_on("PGHOST")
    assert settings.people_count == 1


def test_an_untrusted_project_file_is_ignored_and_named(tmp_path: Path) -> None:
    (tmp_path / "architect.toml").write_text(GOOD)
    settings = load_settings(tmp_path, is_trusted=trust_none, user_folder=tmp_path / "none")
    assert "shop" not in settings.profiles
    assert settings.people_count == 1
    assert settings.scripts == ()
    assert "architect trust" in settings.notices[0]
    with pytest.raises(SettingsError, match="architect trust"):
        settings.profile("shop")


def test_trust_holds_for_the_digest_that_was_read(tmp_path: Path) -> None:
    file = tmp_path / "architect.toml"
    file.write_text(GOOD)
    trusted = digest_of(GOOD)

    def is_trusted(path: Path, digest: str) -> bool:
        return (path, digest) == (file, trusted)

    assert "shop" in load_settings(tmp_path, is_trusted=is_trusted, user_folder=tmp_path / "none").profiles
    file.write_text(GOOD.replace("count = 3", "count = 1"))
    assert "shop" not in load_settings(tmp_path, is_trusted=is_trusted, user_folder=tmp_path / "none").profiles


def test_a_broken_file_that_is_not_trusted_does_not_stop_anything(tmp_path: Path) -> None:
    (tmp_path / "architect.toml").write_text("[[[")
    assert load_settings(tmp_path, is_trusted=trust_none, user_folder=tmp_path / "none").notices


def test_the_file_is_found_upwards(tmp_path: Path) -> None:
    (tmp_path / "architect.toml").write_text(GOOD)
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    assert find_project_file(inner) == tmp_path / "architect.toml"


def test_the_users_own_file_counts_and_the_number_of_people_never_falls(tmp_path: Path) -> None:
    home = tmp_path / "home"
    project = tmp_path / "project"
    home.mkdir()
    project.mkdir()
    (home / "architect.toml").write_text('[people]\ncount = 5\n[profiles.mine]\nkind = "live"\n')
    (home / "architect.toml").chmod(0o600)
    (project / "architect.toml").write_text(GOOD)
    settings = load_settings(project, is_trusted=trust_all, user_folder=home)
    assert settings.people_count == 5
    assert {"mine", "shop", LOCAL} <= set(settings.profiles)


def test_a_user_file_that_others_may_write_is_refused(tmp_path: Path) -> None:
    (tmp_path / "architect.toml").write_text(GOOD)
    (tmp_path / "architect.toml").chmod(0o666)
    with pytest.raises(SettingsError, match="others may write"):
        load_settings(tmp_path / "nowhere", is_trusted=trust_none, user_folder=tmp_path)


def test_a_repository_is_relative_to_its_file(tmp_path: Path) -> None:
    assert parse_settings(GOOD, tmp_path / "architect.toml").profile("shop").repository == str(tmp_path / "ops")


def test_the_line_of_a_setting_with_a_quoted_key_is_found() -> None:
    assert line_of(GOOD, ("profiles", "shop", "hosts", "metrics:9090")) == 13


def test_the_digest_of_a_profile_changes_with_anything_it_says() -> None:
    first = parse_settings(GOOD, HERE).profile("shop").digest
    second = parse_settings(GOOD.replace("10.1.2.3", "10.1.2.4"), HERE).profile("shop").digest
    assert first != second


def test_the_state_folder_is_private(tmp_path: Path) -> None:
    folder = state_folder(None, {"ARCHITECT_STATE": str(tmp_path / "deep" / "state")})
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert state_folder(str(tmp_path / "other"), {"ARCHITECT_STATE": str(folder)}) == tmp_path / "other"


def test_a_state_folder_that_is_open_to_others_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    with pytest.raises(SettingsError, match="open to others"):
        state_folder(str(folder), {})


def test_a_state_folder_that_cannot_be_made_says_why(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="cannot be used"):
        state_folder(str(tmp_path / "file" / "state"), {})


def test_the_own_store_is_never_the_operated_services_database() -> None:
    assert store_url({"DATABASE_URL": "postgresql://operated"}) is None
    assert store_url({"ARCHITECT_DATABASE_URL": "postgresql://own"}) == "postgresql://own"


def documented_settings() -> list[str]:
    """Return every setting there is, spelled as the reference spells it."""
    prefixes = {section: f"{section}.NAME" if section in NAMED_TABLES else section for section in TABLES}
    return [
        f"{prefixes[section]}.{field.encode_name}"
        for section, kind in TABLES.items()
        for field in msgspec.structs.fields(kind)
    ]


@pytest.mark.parametrize("name", documented_settings())
def test_every_setting_is_documented(name: str) -> None:
    page = (ROOT / "docs" / "reference" / "settings.md").read_text()
    assert f"| `{name}` |" in page
