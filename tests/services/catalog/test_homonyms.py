"""Names that mean different things in different languages: the caller's language decides, or nothing."""

import pytest

from backend.services import catalog
from backend.services.catalog import AmbiguousNameError, RequirementType, UnknownNameError, bind, spoken

KNOWN = catalog.shipped()


@pytest.mark.parametrize(
    ("name", "language", "code"),
    [
        pytest.param("kummel", "sv", "fish.hake", id="Swedish-hake"),
        pytest.param("kummel", "de", "caraway", id="German-caraway"),
        pytest.param("Kümmel", None, "caraway", id="the-accent-tells"),
        pytest.param("batata", "pt", "potato", id="Portuguese-potato"),
        pytest.param("batata", "es", "sweet_potato", id="Spanish-sweet-potato"),
        pytest.param("piment", "fr", "chilli", id="French-chilli"),
        pytest.param("Kartoffel", "fr", "potato", id="a-name-of-one-meaning-needs-no-language"),
        pytest.param("chilli", "de", "chilli", id="a-code-neither"),
    ],
)
def test_a_name_means_what_it_means_in_the_callers_language(
    name: str, language: str | None, code: str
) -> None:
    assert KNOWN.resolve(RequirementType.ALLERGY, name, language=language) == code


@pytest.mark.parametrize("language", [None, "pl"])
@pytest.mark.parametrize(
    ("name", "meanings"),
    [
        ("kummel", ("hake", "caraway")),
        ("batata", ("potato", "sweet potato")),
        ("PIMENT", ("chilli",)),
    ],
)
def test_without_such_a_language_the_name_is_refused_with_its_meanings(
    name: str, meanings: tuple[str, ...], language: str | None
) -> None:
    with pytest.raises(AmbiguousNameError) as refused:
        KNOWN.resolve(RequirementType.ALLERGY, name, language=language)

    assert refused.value.nearest == meanings


def test_a_name_that_means_something_else_in_the_callers_language_is_unknown() -> None:
    with pytest.raises(UnknownNameError) as refused:
        KNOWN.resolve(RequirementType.ALLERGY, "Piment", language="de")

    assert not isinstance(refused.value, AmbiguousNameError)


@pytest.mark.parametrize(
    ("header", "language"),
    [("sv-SE, en;q=0.5", "sv"), ("fi", None), ("", None), ("fi, de;q=0.3", "de")],
)
def test_the_caller_speaks_what_their_header_prefers(header: str, language: str | None) -> None:
    bind(KNOWN, accept_language=header)

    assert spoken() == language
