"""What words of Polish, Czech and Croatian labels stand for, in the cases that labels use."""

import pytest

from backend.schemas.screening import Verdict
from tests.labels import allergy, judged
from tests.phrases import Table, listed

MADE_FROM: Table = {
    "pl": {
        "milk": (
            "serwatka w proszku, kazeinian sodu, śmietanki, masła, twarożkiem, maślanka w proszku, "
            "czekoladą mleczną, tłuszcz mleczny"
        ),
        "milk.sheep": "bryndza",
        "gluten.wheat": (
            "mąki pszennej, kasza manna, kuskus, bułką tartą, seitan, panierce, skrobią pszenną, "
            "sosem sojowym"
        ),
        "gluten.barley": "słodu jęczmiennego, ekstrakt słodowy, piwem, pęczak",
        "gluten.rye": "mąka żytnia, zakwasu żytniego",
        "gluten.oats": "płatków owsianych",
        "gluten.spelt": "mąka orkiszowa",
        "eggs": "białko jaja kurzego, żółtka jaj, jajecznego, majonezem, beza, lizozym z jaj",
        "fish": "surimi, sosem rybnym, śledzi, łososia, filety z makreli, tuńczykiem, dorsza, tran",
        "crustaceans": "krewetek, szyjki rakowe, kryl",
        "molluscs": "omułków, kalmary, ośmiornicy, małży",
        "peanuts": "masło orzechowe, orzeszkami ziemnymi, orzeszków arachidowych, fistaszki",
        "soybeans": "lecytyny sojowej, tofu, białkiem sojowym, soi",
        "nuts.almond": "marcepanu, płatki migdałowe, migdałami",
        "nuts.hazelnut": "orzechów laskowych",
        "nuts.walnut": "orzechami włoskimi",
        "nuts.cashew": "orzechów nerkowca",
        "sesame": "chałwa, tahini, nasion sezamu, pasta sezamowa",
        "celery": "korzenia selera, seler naciowy",
        "mustard": "gorczycy, musztardą, olej gorczycowy",
        "sulphites": "pirosiarczyn sodu, dwutlenkiem siarki, siarczyny",
        "lupin": "łubinu",
    },
    "cs": {
        "milk": (
            "sušená syrovátka, kaseinát sodný, smetany, másla, tvarohu, podmáslí, mléčnou čokoládou, "
            "mléčné bílkoviny"
        ),
        "milk.sheep": "brynza",
        "gluten.wheat": (
            "pšeničné mouky, krupice, strouhanky, kuskus, seitan, sójovou omáčku, pšeničný škrob"
        ),
        "gluten.barley": "sladový výtažek, ječného sladu, pivem, kroupy",
        "gluten.rye": "žitná mouka",
        "gluten.oats": "ovesných vloček",
        "gluten.spelt": "špaldová mouka",
        "eggs": "sušený bílek, žloutků, vaječné těstoviny, majonézou, vajec",
        "fish": "surimi, rybí omáčka, tuňáka, tresčí játra, sardinky, uzené makrely",
        "crustaceans": "krevety, krabí maso",
        "molluscs": "slávky, kalamáry, chobotnice",
        "peanuts": "burské oříšky, arašídové máslo, arašídů",
        "soybeans": "sójový lecitin, tofu, sójové bílkoviny",
        "nuts.almond": "marcipánu, mandlí",
        "nuts.hazelnut": "lískových ořechů",
        "nuts.walnut": "vlašské ořechy",
        "nuts.cashew": "kešu",
        "sesame": "sezamových semínek, tahini",
        "celery": "bulvový celer, celerová sůl",
        "mustard": "hořčičné semínko, hořčici",
        "sulphites": "oxid siřičitý, disiřičitan draselný",
        "lupin": "vlčí bob",
    },
    "hr": {
        "milk": (
            "surutka u prahu, sirutke, natrijev kazeinat, kiselo vrhnje, maslaca, kajmak, pavlaka, "
            "mliječnu čokoladu"
        ),
        "gluten.wheat": "pšeničnog brašna, griz, krušne mrvice, kuskus, bulgur, soja sos",
        "gluten.barley": "ječmenog slada, sladni ekstrakt, pivom",
        "gluten.rye": "raženo brašno",
        "gluten.oats": "zobenih pahuljica, ovsene mekinje",
        "gluten.spelt": "pirovo brašno",
        "eggs": "žumance u prahu, bjelanjak, majonezom, melanž jaja, belanca",
        "fish": "surimi, riblji umak, tunjevina, srdele, inćuna, dimljeni losos",
        "crustaceans": "škampi, kozice, rakova",
        "molluscs": "lignje, dagnji, hobotnica",
        "peanuts": "kikiriki maslac, kikirikijem",
        "soybeans": "sojin lecitin, tofu, sojinih proteina",
        "nuts.almond": "marcipan, bademovo brašno",
        "nuts.hazelnut": "pasta od lješnjaka, lešnici",
        "nuts.walnut": "mljeveni orasi",
        "sesame": "susama, tahini, halva",
        "celery": "koren celera",
        "mustard": "senfa, slačica, zrna gorušice",
        "sulphites": "sumporov dioksid, natrijum metabisulfit",
        "lupin": "brašno lupine",
    },
}
NONE_OF_IT: Table = {
    "pl": {
        "milk": (
            "mleko kokosowe, mleczka kokosowego, masło kakaowe, masłem kakaowym, masło orzechowe, "
            "kwas mlekowy, mleczan wapnia, masło shea, mleczko pszczele, napój ryżowy"
        ),
        "nuts": "gałka muszkatołowa, wiórki kokosowe, mleko kokosowe",
        "gluten": "mąka gryczana, skrobia kukurydziana, makaron ryżowy, kasza jaglana, ziele angielskie",
        "eggs": "jajko czekoladowe",
        "fish": "złowione w Bałtyku",
    },
    "cs": {
        "milk": (
            "kokosové mléko, kokosovým mlékem, kakaové máslo, kakaového másla, arašídové máslo, "
            "kyselina mléčná, mléčnan vápenatý, bambucké máslo"
        ),
        "nuts": "muškátový oříšek, kokosový ořech, strouhaný kokos",
        "gluten": "pohanková mouka, kukuřičný škrob, rýžové nudle, jáhly",
        "eggs": "čokoládové vejce",
        "molluscs": "hlíva ústřičná",
    },
    "hr": {
        "milk": (
            "kokosovo mlijeko, kokosovog mleka, kakao maslac, kakaov maslac, maslac od kikirikija, "
            "mliječna kiselina, kalcijev laktat, shea maslac"
        ),
        "nuts": "muškatni oraščić, kokosovo brašno, kokosov orah",
        "gluten": "heljdino brašno, kukuruzni škrob, rižini rezanci, palenta",
        "eggs": "čokoladna jaja",
        "fish": "ulovljeno u Jadranu",
    },
}
MAY_BE_THERE: Table = {
    "pl": {
        "milk": (
            "Może zawierać mleko i seler, Może zawierać śladowe ilości mleka, "
            "Wyprodukowano w zakładzie w którym używa się mleka"
        ),
        "nuts": "Produkt może zawierać orzechy",
    },
    "cs": {
        "milk": "Může obsahovat stopy mléka, Může obsahovat mléko",
        "nuts": "Může obsahovat skořápkové plody",
    },
    "hr": {
        "milk": "Može sadržavati tragove mlijeka, Može sadržati mleko",
        "nuts": "Može sadržavati orašasto voće",
    },
}
IS_ABSENT: Table = {
    "pl": {
        "gluten": "Ryż. Nie zawiera glutenu, Ryż. Bez glutenu, Ryż bezglutenowy",
        "milk": "Ryż. Bez mleka",
    },
    "cs": {"gluten": "Rýže. Neobsahuje lepek, Rýže. Bez lepku, Rýže bezlepková", "milk": "Rýže. Bez mléka"},
    "hr": {"gluten": "Riža. Ne sadrži gluten, Riža. Bez glutena", "milk": "Riža. Bez mlijeka"},
}
GOES_ON = [
    ("pl", "Ryż, bez dodatku cukru, mleko w proszku"),
    ("cs", "Rýže, bez přidaného cukru, sušené mléko"),
    ("hr", "Riža, bez dodanog šećera, mlijeko u prahu"),
]


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


@pytest.mark.parametrize(("lang", "text"), GOES_ON)
def test_an_absence_ends_before_the_next_ingredient(lang: str, text: str) -> None:
    assert judged(f"{text}.", allergy("milk"), lang=lang)[0] is Verdict.CONTAINS
