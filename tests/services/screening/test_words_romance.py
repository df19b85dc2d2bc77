"""What words of Spanish, Italian, Portuguese and Romanian labels stand for."""

import pytest

from backend.schemas.screening import Verdict
from tests.labels import allergy, judged
from tests.phrases import Table, listed

MADE_FROM: Table = {
    "es": {
        "milk": (
            "suero de leche en polvo, caseinato sódico, nata, mantequilla, queso rallado, requesón, "
            "yogur, dulce de leche"
        ),
        "milk.sheep": "queso manchego",
        "gluten.wheat": (
            "sémola de trigo duro, cuscús, seitán, pan rallado, fideos, salsa de soja, harina de fuerza"
        ),
        "gluten.barley": "extracto de malta, cerveza",
        "gluten.rye": "harina de centeno",
        "gluten.oats": "copos de avena",
        "gluten.spelt": "harina de espelta",
        "eggs": (
            "clara de huevo, yema de huevo pasteurizada, mayonesa, merengue, ovoproductos, lisozima de huevo"
        ),
        "fish": "surimi, salsa de pescado, lomos de bacalao, filetes de anchoa, atún claro, merluza",
        "crustaceans": "gambas peladas, langostinos, buey de mar, krill",
        "molluscs": "mejillones, tinta de calamar, pulpo, berberechos",
        "peanuts": "mantequilla de maní, crema de cacahuete, aceite de cacahuete",
        "soybeans": "tofu, miso, lecitina de soja, salsa teriyaki",
        "nuts.almond": "mazapán, turrón de jijona, leche de almendras",
        "nuts.hazelnut": "crema de avellanas",
        "nuts.cashew": "anacardos, castañas de cajú",
        "sesame": "tahini, ajonjolí, halva",
        "celery": "apionabo, sal de apio",
        "mustard": "granos de mostaza, salsa de mostaza y miel",
        "sulphites": "metabisulfito sódico, dióxido de azufre, anhídrido sulfuroso, E-224",
        "lupin": "altramuces, harina de altramuz",
    },
    "it": {
        "milk": (
            "siero di latte in polvere, caseinato di calcio, panna fresca, burro, mascarpone, ricotta, "
            "latticello, besciamella"
        ),
        "milk.sheep": "pecorino romano",
        "gluten.wheat": (
            "semola di grano duro, cous cous, seitan, pangrattato, crusca, farina 00, salsa di soia"
        ),
        "gluten.barley": "estratto di malto d'orzo, birra, orzo perlato",
        "gluten.rye": "farina di segale",
        "gluten.oats": "fiocchi d'avena",
        "gluten.spelt": "farina di farro",
        "eggs": "albume, tuorlo d'uovo, maionese, meringhe, lisozima da uovo, pasta all'uovo, savoiardi",
        "fish": "surimi, colatura di alici, baccalà, pasta d'acciughe, tonno, bottarga, colla di pesce",
        "crustaceans": "gamberetti, scampi, polpa di granchio, mazzancolle",
        "molluscs": "cozze, vongole, nero di seppia, polpo",
        "peanuts": "burro di arachidi, olio di semi di arachide, noccioline americane",
        "soybeans": "tofu, miso, lecitina di soia, germogli di soia",
        "nuts.almond": "marzapane, amaretti, latte di mandorla",
        "nuts.hazelnut": "gianduia, granella di nocciole",
        "nuts.walnut": "gherigli di noce, nocino",
        "nuts.cashew": "anacardi",
        "sesame": "tahina, semi di sesamo",
        "celery": "sedano rapa, semi di sedano",
        "mustard": "senape in grani, mostarda di frutta",
        "sulphites": "metabisolfito di potassio, anidride solforosa, solfiti",
        "lupin": "farina di lupino",
    },
    "pt": {
        "milk": (
            "soro de leite em pó, caseinato de sódio, natas, manteiga, requeijão, queijo ralado, "
            "leitelho, doce de leite"
        ),
        "gluten.wheat": "sêmola de trigo, seitan, pão ralado, farinha de rosca, couscous, molho shoyu",
        "gluten.barley": "extrato de malte, cerveja, cevadinha",
        "gluten.rye": "farinha de centeio",
        "gluten.oats": "flocos de aveia",
        "eggs": "clara de ovo, gema pasteurizada, maionese, pastéis de nata, fios de ovos",
        "fish": "surimi, molho de peixe, bacalhau desfiado, atum, pescada, delícias do mar",
        "crustaceans": "camarão seco, lagostins, sapateira",
        "molluscs": "amêijoas, lulas, polvo, mexilhões",
        "peanuts": "paçoca, manteiga de amendoim",
        "soybeans": "tofu, lecitina de soja, missô",
        "nuts.almond": "maçapão, leite de amêndoa",
        "nuts.cashew": "castanha de caju",
        "nuts.brazil": "castanha-do-pará",
        "sesame": "gergelim, tahine",
        "celery": "salsão, aipo em pó",
        "mustard": "sementes de mostarda",
        "sulphites": "metabissulfito de sódio, dióxido de enxofre",
        "lupin": "tremoços",
    },
    "ro": {
        "milk": (
            "zer praf, cazeinat de sodiu, smântână, unt, cașcaval, telemea, iaurt, frișcă lichidă, "
            "ciocolată cu lapte"
        ),
        "gluten.wheat": "făină albă de grâu, griș de grâu, pesmet, seitan, cușcuș, sos de soia",
        "gluten.barley": "extract de malț din orz, bere",
        "gluten.rye": "făină de secară",
        "gluten.oats": "fulgi de ovăz",
        "eggs": "albuș de ou, gălbenuș de ou praf, praf de ouă, maioneză, pișcoturi",
        "fish": "surimi, icre de crap, file de ton, macrou afumat, hamsii",
        "crustaceans": "creveți, batoane de crab și crevete",
        "molluscs": "midii, caracatiță, inele de calamar",
        "peanuts": "unt de arahide, alune de pământ",
        "soybeans": "lecitină de soia, proteină vegetală din soia, tofu",
        "nuts.almond": "marțipan, făină de migdale",
        "nuts.hazelnut": "alune de pădure",
        "nuts.walnut": "miez de nucă",
        "sesame": "tahini, semințe de susan",
        "celery": "țelină rădăcină",
        "mustard": "boabe de muștar",
        "sulphites": "metabisulfit de sodiu, dioxid de sulf",
        "lupin": "făină de lupin",
    },
}
NONE_OF_IT: Table = {
    "es": {
        "milk": (
            "leche de coco, manteca de cacao, mantequilla de cacahuete, leche de almendras, "
            "ácido láctico, lactato cálcico, crémor tártaro, manteca de karité, crema de cacahuete"
        ),
        "nuts": "nuez moscada, coco rallado, leche de coco, castañas de agua, chufa",
        "gluten": "trigo sarraceno, harina de maíz, fideos de arroz, sémola de maíz, cerveza de raíz",
        "eggs": "huevos de chocolate",
        "fish": "pescado en el Atlántico",
        "soybeans": "judías verdes, habas tonka",
    },
    "it": {
        "milk": (
            "latte di cocco, burro di cacao, burro di arachidi, latte di mandorla, acido lattico, "
            "lattato di sodio, cremor tartaro, burro di karitè, bevanda di riso"
        ),
        "nuts": "noce moscata, noce di cocco, latte di cocco, castagne d'acqua",
        "gluten": "grano saraceno, farina di mais, spaghetti di riso, semola di mais, grani di pepe",
        "eggs": "uovo di pasqua di cioccolato",
        "peanuts": "essiccati al sole",
        "fish": "colla vegetale",
    },
    "pt": {
        "milk": (
            "leite de coco, manteiga de cacau, manteiga de amendoim, leite de amêndoa, ácido láctico, "
            "lactato de cálcio, cremor tártaro, manteiga de karité"
        ),
        "nuts": "noz-moscada, coco ralado, leite de coco, chufa",
        "gluten": "trigo sarraceno, farinha de milho, massa de arroz, farinha de mandioca",
        "eggs": "ovos de páscoa",
        "soybeans": "favas tonka",
    },
    "ro": {
        "milk": (
            "lapte de cocos, unt de cacao, unt de arahide, lapte de migdale, acid lactic, "
            "lactat de calciu, cremă de tartru, unt de shea"
        ),
        "nuts": "nucșoară, nucă de cocos, lapte de cocos, castane de apă",
        "gluten": "hrișcă, mălai, tăiței de orez, făină de porumb",
        "fish": "codul de bare",
        "eggs": "ouă de ciocolată",
    },
}
MAY_BE_THERE: Table = {
    "es": {
        "nuts": "Puede contener trazas de frutos secos, Puede contener frutos de cáscara",
        "milk": "Elaborado en una fábrica que utiliza leche, No apto para alérgicos a la leche",
    },
    "it": {
        "nuts": "Può contenere tracce di frutta a guscio, Può contenere nocciole",
        "milk": "Prodotto in uno stabilimento che utilizza latte, Possibili tracce di latte",
    },
    "pt": {
        "nuts": "Pode conter vestígios de frutos de casca rija, Alérgicos: pode conter avelãs",
        "milk": "Produzido numa fábrica que utiliza leite, Pode conter traços de leite",
    },
    "ro": {
        "nuts": "Poate conține urme de migdale, Poate conține fructe cu coajă lemnoasă",
        "milk": "Poate conține urme de lapte, Produs într-o fabrică în care se utilizează lapte",
    },
}
IS_ABSENT: Table = {
    "es": {
        "gluten": "Arroz. Sin gluten, Arroz. No contiene gluten, Arroz. Libre de gluten",
        "milk": "Arroz. Sin leche",
    },
    "it": {"gluten": "Riso. Senza glutine, Riso. Privo di glutine", "milk": "Riso. Non contiene latte"},
    "pt": {"gluten": "Arroz. Sem glúten, Arroz. Não contém glúten", "milk": "Arroz. Isento de leite"},
    "ro": {"gluten": "Orez. Fără gluten, Orez. Nu conține gluten", "milk": "Orez. Fără lapte"},
}
GOES_ON = [
    ("es", "Arroz, sin azúcares añadidos, leche en polvo"),
    ("es", "Arroz, apto para vegetarianos, leche"),
    ("it", "Riso, senza zuccheri aggiunti, latte in polvere"),
    ("it", "Riso, senza conservanti - latte intero"),
    ("it", "Riso, cacao 2,0% latte intero"),
    ("es", "Arroz 70% bajo en grasa leche desnatada"),
    ("es", "Receta: leche, arroz"),
    ("pt", "Arroz, sem adição de açúcar, leite em pó"),
    ("ro", "Orez, fără zahăr adăugat, lapte praf"),
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
