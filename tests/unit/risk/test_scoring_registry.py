"""The registry of models: one champion, two people, nothing changed in place."""

import pytest

from risk.errors import InvalidParameterError
from risk.scoring.registry import ModelEntry, ModelRegistry, RegistryError


def entry(version="one", **changes):
    return ModelEntry(version, "0" * 64, "tables", {"brier": 0.2}, **changes)


def refused(action, *arguments, **options):
    with pytest.raises(RegistryError) as error:
        action(*arguments, **options)
    return error.value.code


@pytest.fixture
def registry():
    return ModelRegistry().register(entry("one")).register(entry("two"))


def test_two_people_make_a_champion_and_the_one_before_retires(registry):
    first = registry.propose("one", person="Li").promote("one", person="Wang")
    assert (first.champion.version, first.champion.proposed_by, first.champion.promoted_by) == ("one", "Li", "Wang")
    second = first.propose("two", person="Wang").promote("two", person="Li")
    assert [(item.version, item.state) for item in second.entries] == [("one", "retired"), ("two", "champion")]
    assert registry.champion is None
    assert first.champion.version == "one"


def test_moves_that_are_not_allowed(registry):
    assert refused(registry.promote, "one", person="Li") == "not_proposed"
    proposed = registry.propose("one", person="Li")
    assert refused(proposed.promote, "one", person="Li") == "same_person"
    champion = proposed.promote("one", person="Wang")
    assert refused(champion.propose, "one", person="Li") == "model_not_candidate"
    assert refused(champion.promote, "one", person="Li") == "model_not_candidate"
    assert refused(registry.propose, "three", person="Li") == "unknown_model"
    assert refused(registry.register, entry("one")) == "model_registered"
    assert refused(registry.register, entry("three", state="champion")) == "model_not_candidate"
    with pytest.raises(InvalidParameterError):
        registry.propose("one", person=" ")


def test_a_new_proposal_replaces_the_one_before(registry):
    again = registry.propose("one", person="Li").propose("one", person="Wang")
    assert again.promote("one", person="Li").champion.proposed_by == "Wang"
    assert refused(again.promote, "one", person="Wang") == "same_person"
