"""What words of Hungarian labels stand for: compounds in one word, with their endings."""

import pytest

from backend.schemas.screening import Verdict
from tests.labels import allergy, judged
from tests.phrases import Table, listed

MADE_FROM: Table = {
    "hu": {
        "milk": (
            "tejet, tejből, tejpor, sovány tejport, tejfehérje, tejszármazék, tejsavópor, tejszínből, "
            "vajzsír, túrót, tejföl, nátrium-kazeinát, étkezési savópor, tejcsokoládé, sajtpor"
        ),
        "milk.sheep": "juhtúró",
        "gluten.wheat": (
            "búzaliszt, búzakeményítő, búzadara, zsemlemorzsa, kuszkusz, szejtán, szójaszósz, "
            "finomliszt, búzából"
        ),
        "gluten.barley": "árpamaláta, malátakivonat, sör",
        "gluten.rye": "rozsliszt",
        "gluten.oats": "zabpehely, zabkorpa",
        "gluten.spelt": "tönkölybúzaliszt",
        "eggs": "tojásfehérje, tojássárgája por, tojásport, majonéz, tojásból, habcsók",
        "fish": "surimi, halszósz, tonhalat, szardella, tőkehalfilé, lazacos, hering",
        "crustaceans": "garnélarák, rákhús",
        "molluscs": "kagylót, tintahal, polip",
        "peanuts": "földimogyorót, mogyoróvaj, amerikai mogyoró",
        "soybeans": "szójalecitin, szójafehérje, szójából, tofu",
        "nuts.almond": "marcipán, mandulát, mandulaliszt",
        "nuts.hazelnut": "mogyorópaszta, törökmogyoró",
        "nuts.walnut": "dióbél",
        "nuts.cashew": "kesudiót",
        "sesame": "szezámmag, szezámmagpaszta, tahini",
        "celery": "zellergumó, zellert",
        "mustard": "mustármag, mustárral",
        "sulphites": "kén-dioxid, kálium-metabiszulfit",
        "lupin": "csillagfürtliszt",
    },
}
NONE_OF_IT: Table = {
    "hu": {
        "milk": (
            "kókusztej, kókusztejszín, kakaóvaj, mogyoróvaj, tejsav, kalcium-laktát, laktózmentes, "
            "sheavaj, rizsital, mandulatej"
        ),
        "nuts": "szerecsendió, kókuszdió, kókuszreszelék, tonkabab",
        "gluten": (
            "hajdinaliszt, kukoricakeményítő, rizstészta, gluténmentes kukoricadara, burgonyakeményítő"
        ),
        "eggs": "csokoládétojás",
    },
}
MAY_BE_THERE: Table = {
    "hu": {
        "milk": "Nyomokban tejet tartalmazhat, Tartalmazhat: tej",
        "nuts": "Nyomokban dióféléket és szezámmagot tartalmazhat",
        "sesame": "Nyomokban dióféléket és szezámmagot tartalmazhat",
    },
}
IS_ABSENT: Table = {
    "hu": {"gluten": "Rizs. Glutént nem tartalmaz, Rizs. Gluténmentes", "milk": "Rizs. Tejet nem tartalmaz"}
}


@pytest.mark.parametrize(("lang", "text", "code"), listed(MADE_FROM))
def test_a_derived_ingredient_is_what_it_is_made_from(lang: str, text: str, code: str) -> None:
    assert judged(text, allergy(code), lang=lang)[0] is Verdict.CONTAINS


@pytest.mark.parametrize(("lang", "text", "code"), listed(NONE_OF_IT))
def test_a_trap_word_is_none(lang: str, text: str, code: str) -> None:
    assert judged(text, allergy(code), lang=lang)[1] == ()


@pytest.mark.parametrize(("lang", "text", "code"), listed(MAY_BE_THERE))
def test_a_warning_is_a_warning(lang: str, text: str, code: str) -> None:
    assert judged(f"{text}.", allergy(code), lang=lang)[0] is Verdict.MAY_CONTAIN


@pytest.mark.parametrize(("lang", "text", "code"), listed(IS_ABSENT))
def test_what_a_label_is_free_from_is_not_in_it(lang: str, text: str, code: str) -> None:
    verdict = judged(f"{text}.", allergy(code), lang=lang)[0]

    assert verdict not in {Verdict.CONTAINS, Verdict.MAY_CONTAIN, Verdict.LIKELY}
