"""Checking a label in one line."""

from datetime import date

from backend.schemas.screening import Verdict
from backend.services import catalog, screening
from backend.services.screening import Finding, lexicon
from backend.services.screening.judge import conclude, gaps
from backend.services.screening.law import NO_LAW, law_on
from backend.services.screening.requirements import Requirement, require_allergy

KNOWN = catalog.shipped()
A_DAY = date(2026, 11, 23)
WORDS = {  # "Ingredients", milk, sugar, salt, gluten
    "ar": ("المكونات", "حليب", "سكر", "ملح", "جلوتين"),
    "bg": ("Съставки", "мляко", "захар", "сол", "глутен"),
    "cs": ("Složení", "mléko", "cukr", "sůl", "lepek"),
    "da": ("Ingredienser", "mælk", "sukker", "salt", "gluten"),
    "de": ("Zutaten", "Milch", "Zucker", "Salz", "Gluten"),
    "el": ("Συστατικά", "γάλα", "ζάχαρη", "αλάτι", "γλουτένη"),
    "en": ("Ingredients", "milk", "sugar", "salt", "gluten"),
    "es": ("Ingredientes", "leche", "azúcar", "sal", "gluten"),
    "et": ("Koostisosad", "piim", "suhkur", "sool", "gluteen"),
    "fi": ("Ainekset", "maito", "sokeri", "suola", "gluteenia"),
    "fr": ("Ingrédients", "lait", "sucre", "sel", "gluten"),
    "hr": ("Sastojci", "mlijeko", "šećer", "sol", "gluten"),
    "hu": ("Összetevők", "tej", "cukor", "só", "glutén"),
    "is": ("Innihald", "mjólk", "sykur", "salt", "glúten"),
    "it": ("Ingredienti", "latte", "zucchero", "sale", "glutine"),
    "nl": ("Ingrediënten", "melk", "suiker", "zout", "gluten"),
    "no": ("Ingredienser", "melk", "sukker", "salt", "gluten"),
    "pl": ("Składniki", "mleko", "cukier", "sól", "gluten"),
    "pt": ("Ingredientes", "leite", "açúcar", "sal", "glúten"),
    "ro": ("Ingrediente", "lapte", "zahăr", "sare", "gluten"),
    "ru": ("Состав", "молоко", "сахар", "соль", "глютен"),  # noqa: RUF001 -- Cyrillic
    "sv": ("Ingredienser", "mjölk", "socker", "salt", "gluten"),
    "uk": ("Склад", "молоко", "цукор", "сіль", "глютен"),
}


def allergy(code: str, *, traces: bool = True) -> list[Requirement]:
    """Return what somebody with an allergy avoids."""
    return [require_allergy(KNOWN.allergens[code], KNOWN, traces=traces)]


def judged(
    text: str, requirements: list[Requirement], *, lang: str | None = "en", law: str | None = None
) -> tuple[Verdict, tuple[Finding, ...]]:
    """Check a label for one person."""
    reading = screening.read(text, lexicon.shipped(), language=lang)
    rules = law_on(law, KNOWN, A_DAY) if law else NO_LAW
    findings = screening.judge(reading, requirements, KNOWN, law=rules)
    reasons = gaps(reading, requirements, KNOWN, law=rules, answered=True)
    return conclude(findings, reasons), findings
