"""What a label lists is never cleared by what looks like a claim, a warning or another word."""

import pytest

from backend.schemas.screening import Verdict
from tests.labels import allergy, judged


@pytest.mark.parametrize(
    ("lang", "text", "codes"),
    [
        # A bakery or a kitchen is where a food is made: what it uses is in it.
        ("en", "Ingredients: sugar, salt. Our bakery uses fresh milk and butter.", ["milk"]),
        ("en", "Ingredients: sugar, salt. Baked in a bakery with butter and eggs.", ["milk", "eggs"]),
        (
            "de",
            "Zutaten: Zucker, Salz. Hergestellt in einer Bäckerei aus Weizenmehl, Butter und Eiern.",
            ["gluten.wheat", "milk", "eggs"],
        ),
        ("de", "Brot, in unserer Bäckerei mit Milch und Butter gebacken, Salz", ["milk"]),
        ("nl", "Ingrediënten: rijst, zout. In onze bakkerij gebakken met melk en boter.", ["milk"]),
        ("da", "Ingredienser: sukker, salt. Fremstillet i et bageri med smør og æg.", ["milk", "eggs"]),
        ("no", "Ingredienser: sukker, salt. Laget i et bakeri med smør og egg.", ["milk", "eggs"]),
        ("sv", "Ingredienser: socker, salt. Tillverkad i ett bageri av smör och ägg.", ["milk", "eggs"]),
        ("fi", "Ainesosat: sokeri, suola. Valmistettu leipomossa voista ja maidosta.", ["milk"]),
        ("ro", "Ingrediente: zahăr, sare. Produs într-o brutărie din lapte și unt.", ["milk"]),
        ("fr", "Ingrédients: sel. Dans notre boulangerie nous utilisons du beurre et du lait.", ["milk"]),
        ("cs", "Složení: cukr, sůl. Ve výrobě se používá máslo a mléko.", ["milk"]),
        ("de", "Zutaten: Reis, Salz. Nicht für Veganer: Milch, Eier", ["milk", "eggs"]),
        ("de", "Zutaten: Reis, Salz. Nicht für die Mikrowelle. Milch", ["milk"]),
        ("de", "Reis, Salz. Nicht für Nussallergiker geeignet.", ["nuts"]),
        ("de", "Reis, Salz. Kaum für Nussallergiker geeignet.", ["nuts"]),
        # "And" behind a comma may end a list that an absence stands in.
        ("en", "Ingredients: rice. Without gluten, milk and eggs.", ["milk", "eggs"]),
        ("en", "Ingredients: rice; filling: without gluten, milk and eggs.", ["milk", "eggs"]),
        ("en", "Ingredients:\nRice flour\nWithout gluten, milk\nand eggs", ["milk", "eggs"]),
        ("en", "Rice. Without gluten Milk and eggs", ["milk", "eggs"]),
        ("pl", "Składniki: ryż, sól. Bez glutenu, mleko i jaja.", ["milk", "eggs"]),
        ("fi", "Ainesosat: riisi, suola. Ilman gluteenia, maito ja muna.", ["milk", "eggs"]),
        ("cs", "Složení: rýže, sůl. Bez lepku, mléko a vejce.", ["milk", "eggs"]),
        ("hr", "Sastojci: riža, sol. Bez glutena, mlijeko i jaja.", ["milk", "eggs"]),
        ("ro", "Ingrediente: orez, sare. Fără gluten, lapte și ouă.", ["milk", "eggs"]),
        ("fr", "Ingrédients: riz, sel. Sans gluten, lait et œufs.", ["milk", "eggs"]),
        # A food's own name, whatever else it means.
        ("nl", "Ingrediënten: aardappel, tong, zout", ["fish", "fish.sole"]),
        ("fr", "Ingrédients: riz, ebi, sel", ["crustaceans"]),
        ("en", "Ingredients: rice, ebi, salt", ["crustaceans"]),
        ("de", "Zutaten: Lachsfleisch (60 %), Wasser, Salz", ["fish"]),
        ("cs", "Složení: mango máslo, cukr", ["milk"]),
        ("sv", "Ingredienser: nötburgare, nötbiffar, salt", ["nuts"]),
        ("pl", "Składniki: masło z jabłek, sól", ["milk"]),
        ("hu", "Összetevők: rizs, rakott, só", ["crustaceans"]),
        ("en", "Ingredients: rice gluten, salt", ["gluten"]),
        ("en", "Ingredients: king oyster, salt", ["molluscs"]),
        ("en", "Ingredients: buttermilk squash, mustard yellow, salt", ["milk", "mustard"]),
        ("es", "Ingredientes: huevo vegetal, sal", ["eggs"]),
        ("fr", "Ingrédients: crème de fraises, sel", ["milk", "strawberry"]),
        ("nl", "Ingrediënten: griesmeelpudding, zout", ["milk", "gluten.wheat"]),
        ("cs", "Složení: máslová fazole, rýžová krupice, cukr", ["bean", "rice"]),
    ],
)
def test_what_is_listed_is_listed(lang: str, text: str, codes: list[str]) -> None:
    answers = {code: judged(text, allergy(code, traces=False), lang=lang, law="eu")[0] for code in codes}

    assert answers == dict.fromkeys(codes, Verdict.CONTAINS)


@pytest.mark.parametrize(
    ("lang", "text", "code"),
    [
        ("cs", "Složení: smetánka, cukr, sůl", "milk"),
        ("no", "Ingredienser: rekker, salt", "crustaceans"),
        ("da", "Ingredienser: rejser, salt", "crustaceans"),
        ("ro", "Ingrediente: lupte, sare", "milk"),
        ("pt", "Ingredientes: cará, sal", "fish"),
        ("hr", "Sastojci: razno brašno, sol", "gluten.rye"),
        ("en", "Wine. Contains sulphates.", "sulphites"),
    ],
)
def test_a_misspelt_name_is_likely(lang: str, text: str, code: str) -> None:
    assert judged(text, allergy(code, traces=False), lang=lang, law="eu")[0] is Verdict.LIKELY


@pytest.mark.parametrize(
    ("lang", "text"),
    [
        ("de", "Zutaten: Puddingschnecken, Zucker"),
        ("de", "Zutaten: Schneckennudel, Zucker"),
        ("de", "Zutaten: Zimtschnecken, Zucker"),
        ("de", "Zutaten: Hefeschnecke, Zucker"),
        ("da", "Ingredienser: kanelsnegl, sukker"),
        ("cs", "Složení: skořicový šnek, cukr"),
    ],
)
def test_a_pastry_is_no_snail_and_may_be_of_anything(lang: str, text: str) -> None:
    assert judged(text, allergy("molluscs"), lang=lang)[1] == ()
    assert judged(text, allergy("gluten.wheat"), lang=lang)[0] is Verdict.UNKNOWN
    assert judged(text, allergy("milk"), lang=lang)[0] is Verdict.UNKNOWN
