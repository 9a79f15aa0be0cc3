"""Tokens as FiftyOne hands them to operators: declared secrets, and what is read of them."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from fiftyone.internal.secrets import EnvSecretProvider
from fiftyone.plugins.secrets import SecretsDictionary

from pairlens.fiftyone_plugin.predictors import secrets


@pytest.fixture(autouse=True)
def _no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in secrets.NAMES:
        monkeypatch.delenv(name, raising=False)


def plugin_secrets(**known: str) -> SecretsDictionary:
    def resolve(key: str, operator_uri: str) -> object:
        return EnvSecretProvider().get_sync(key)

    return SecretsDictionary(known, "@pairlens/curation/x", resolve, list(secrets.NAMES))


def test_the_plugin_declares_what_it_reads(repo_root: Path) -> None:
    declared = yaml.safe_load((repo_root / "fiftyone.yml").read_text())
    assert declared["secrets"] == list(secrets.NAMES)


def test_without_a_secret_there_is_no_token() -> None:
    with secrets.using_lookup(secrets.plugin_lookup(plugin_secrets())):
        assert secrets.find_token(secrets.HTTP_TOKEN, "host") is None


def test_where_the_plugin_has_none_the_environment_has(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(secrets.VLM_TOKEN, "of-the-environment")
    with secrets.using_lookup(secrets.plugin_lookup(SecretsDictionary({}))):
        found = secrets.find_token(secrets.VLM_TOKEN, "host")
    assert found is not None and found.reveal() == "of-the-environment"


def test_secrets_are_texts_or_objects_that_hold_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(secrets.VLM_TOKEN, "resolved-late")
    given = plugin_secrets(**{secrets.HTTP_TOKEN: "resolved-before"})
    lookup = secrets.plugin_lookup(given)
    for _ in range(2):  # FiftyOne gives an object the first time and a text from then on
        with secrets.using_lookup(lookup):
            found = [secrets.find_token(name, "host") for name in secrets.NAMES[:2]]
        assert [token.reveal() for token in found if token] == ["resolved-before", "resolved-late"]
