"""What a food law requires on a day."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from backend.services.catalog.entries import Duty, DutyKind, Exemption, Regime


@dataclass(frozen=True, slots=True)
class Situation:
    """A food law on a day.

    Attributes:
        duties: What it says must be declared, or recommends.
        coming: What it will say later.
        exemptions: What need not be declared.
    """

    duties: tuple[Duty, ...]
    coming: tuple[Duty, ...]
    exemptions: tuple[Exemption, ...]


def situation_on(regime: Regime, day: date) -> Situation:
    """Return what a law says on a day, and what it will say."""
    return Situation(
        duties=tuple(duty for duty in regime.duties if duty.applies(day)),
        coming=tuple(duty for duty in regime.duties if duty.since is not None and duty.since > day),
        exemptions=tuple(exemption for exemption in regime.exemptions if exemption.applies(day)),
    )


def declared_on(regime: Regime, day: date | None) -> frozenset[str]:
    """Return the codes that a law requires on labels on a day; None means including what is yet to come.

    While packages labelled before a duty may still be sold, silence tells nothing about its allergen.
    """
    if day is None:
        return frozenset(regime.declares)
    return frozenset(duty.allergen for duty in _required(regime) if duty.applies(day) and _tells(duty, day))


def _required(regime: Regime) -> Iterator[Duty]:
    return (duty for duty in regime.duties if duty.kind is DutyKind.REQUIRED)


def _tells(duty: Duty, day: date) -> bool:
    return duty.old_labels_until is None or day > duty.old_labels_until
