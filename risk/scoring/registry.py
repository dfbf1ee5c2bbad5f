"""Champion and challenger as plain data: which model makes scores, which waits, and who may move one to the other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from risk.errors import InvalidParameterError, RiskError

STATES: tuple[str, ...] = ("candidate", "champion", "retired")


class RegistryError(RiskError):
    """A move that the registry does not allow."""

    code = "registry_refused"


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """One model of a registry.

    Attributes
    ----------
    version : str
        Name of the model, unique.
    digest : str
        SHA-256 of its file.
    state : str
        One of :data:`STATES`.
    table_version : str
        Version of the evidence tables of the fit.
    metrics : mapping
        Measures on rows held out.
    proposed_by, promoted_by : str or None
        Two different people, where it was promoted.
    """

    version: str
    digest: str
    table_version: str
    metrics: Mapping[str, Any]
    state: str = "candidate"
    proposed_by: str | None = None
    promoted_by: str | None = None


@dataclass(frozen=True, slots=True)
class ModelRegistry:
    """The models of a market; every change returns another registry.

    Attributes
    ----------
    entries : tuple of ModelEntry
        In the order of their registration; at most one is champion.
    """

    entries: tuple[ModelEntry, ...] = ()

    @property
    def champion(self) -> ModelEntry | None:
        """The model that makes scores, if there is one."""
        return next((entry for entry in self.entries if entry.state == "champion"), None)

    def find(self, version: str) -> ModelEntry:
        """Return the entry of a version; raises :class:`RegistryError` (``unknown_model``)."""
        for entry in self.entries:
            if entry.version == version:
                return entry
        raise RegistryError(f"No model is called {version!r}.", code="unknown_model", field="version")

    def register(self, entry: ModelEntry) -> ModelRegistry:
        """Return the registry with a new candidate.

        Raises
        ------
        RegistryError
            ``model_registered`` where the version is taken, ``model_not_candidate`` where it claims another state.
        """
        if any(known.version == entry.version for known in self.entries):
            raise RegistryError(f"{entry.version} is registered already.", code="model_registered", field="version")
        if entry.state != "candidate":
            raise RegistryError("A model is registered as candidate.", code="model_not_candidate", field="state")
        return ModelRegistry((*self.entries, entry))

    def propose(self, version: str, *, person: str) -> ModelRegistry:
        """Return the registry in which `person` proposes a candidate as champion."""
        entry = self.find(version)
        _check_person(person)
        if entry.state != "candidate":
            raise RegistryError(f"{version} is {entry.state}.", code="model_not_candidate", field="version")
        return self._with(replace(entry, proposed_by=person, promoted_by=None))

    def promote(self, version: str, *, person: str) -> ModelRegistry:
        """Return the registry in which a proposed candidate is champion and the champion before it is retired.

        Raises
        ------
        RegistryError
            ``unknown_model``, ``model_not_candidate``, ``not_proposed``, or ``same_person`` where the one who proposed
            it would promote it.
        """
        entry = self.find(version)
        _check_person(person)
        if entry.state != "candidate":
            raise RegistryError(f"{version} is {entry.state}.", code="model_not_candidate", field="version")
        if entry.proposed_by is None:
            raise RegistryError(f"Nobody has proposed {version}.", code="not_proposed", field="version")
        if entry.proposed_by == person:
            raise RegistryError("A second person has to promote a model.", code="same_person", field="person")
        registry = self
        if self.champion is not None:
            registry = registry._with(replace(self.champion, state="retired"))
        return registry._with(replace(entry, state="champion", promoted_by=person))

    def _with(self, changed: ModelEntry) -> ModelRegistry:
        return ModelRegistry(tuple(changed if entry.version == changed.version else entry for entry in self.entries))


def _check_person(person: str) -> None:
    if not person.strip():
        raise InvalidParameterError("person", person, "the name of a person")
