"""What is checked: a printed text, a list of ingredients, a recipe or a dish of a menu."""

from typing import Annotated, Self

from pydantic import AfterValidator, Field, PlainValidator, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from backend.schemas.base import Incoming, LanguageTag, Text, refuse_control_characters

MAX_TEXT = 20_000
"""Code points of a label, whatever its form: the parts count together."""

MAX_MENU_TEXT = 100_000
_FORMS = ("text", "ingredients", "recipe")

LabelText = Annotated[Text, StringConstraints(min_length=1, max_length=MAX_TEXT)]
Regime = Annotated[Text, StringConstraints(max_length=20)]
Title = Annotated[Text, StringConstraints(min_length=1, max_length=200)]
_Name = Annotated[str, StringConstraints(max_length=100)]
_Number = Annotated[int, Field(ge=0, le=2**53)]  # beyond that, readers of JSON round


def _refuse_no_id(value: object) -> object:
    is_number = isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 2**53
    if not (is_number or (isinstance(value, str) and len(value) <= 100)):
        raise PydanticCustomError("label_id", "must be a text of at most 100 characters, or a whole number")
    return refuse_control_characters(value) if isinstance(value, str) else value


# One check instead of a union's two, each of which would have a fault of its own.
LabelId = Annotated[str | int, PlainValidator(_refuse_no_id, json_schema_input_type=_Name | _Number)]


def _refuse_null(value: str | tuple[str, ...] | Incoming | None) -> str | tuple[str, ...] | Incoming:
    if value is None:  # leaving a member out and saying that there is none are not the same
        raise PydanticCustomError("null", "must not be null")
    return value


GivenText = Annotated[LabelText | None, AfterValidator(_refuse_null)]
Ingredients = Annotated[tuple[LabelText, ...], Field(min_length=1, max_length=500)]
GivenIngredients = Annotated[Ingredients | None, AfterValidator(_refuse_null)]


class RecipeComponent(Incoming):
    """One part of a recipe, and what goes into it. Without ingredients its name alone is known."""

    name: Title
    ingredients: Annotated[tuple[LabelText, ...], Field(max_length=500)] = ()


class Recipe(Incoming):
    """What a dish is cooked from."""

    name: Title | None = None
    components: Annotated[tuple[RecipeComponent, ...], Field(min_length=1, max_length=100)]


GivenRecipe = Annotated[Recipe | None, AfterValidator(_refuse_null)]


class Label(Incoming):
    """A label in exactly one of three forms, with 20,000 characters at most.

    Attributes:
        text: What is printed on the label.
        ingredients: Its ingredients one by one; nothing in one of them speaks of another.
        recipe: What a dish is cooked from.
        lang: The label's language, if known: decides between words that two languages spell alike.
        regime: The food law that the label follows (`eu`, `uk`, `us`, `ca`, `au-nz`, `jp`, `kr`, `cn` or
            `codex`): decides what silence means. Without one, nothing is taken as declared.
    """

    text: GivenText = None
    ingredients: GivenIngredients = None
    recipe: GivenRecipe = None
    lang: LanguageTag | None = None
    regime: Regime | None = None

    @model_validator(mode="after")
    def _have_one_form(self) -> Self:
        if sum(getattr(self, form) is not None for form in _FORMS) != 1:
            raise PydanticCustomError("one_form", "must have exactly one of text, ingredients and recipe")
        if _length(self) > MAX_TEXT:
            raise PydanticCustomError("too_much_text", "must not have more than 20000 characters in all")
        return self


class BatchLabel(Label):
    """One label of many.

    Attributes:
        id: Comes back with the answer.
    """

    id: LabelId | None = None


class Dish(Incoming):
    """One dish of a menu: its name, and what else is known of it.

    Attributes:
        description: What the menu says below the name. It is no list: its silence means nothing.
        ingredients: What the dish is made of, all of it.
        text: The same as one text, for example the label of a product that is served as it is.
        id: Comes back with the answer.
    """

    name: Title
    description: Annotated[Text, StringConstraints(min_length=1, max_length=2_000)] | None = None
    ingredients: Ingredients | None = None
    text: LabelText | None = None
    id: LabelId | None = None

    @model_validator(mode="after")
    def _have_one_list(self) -> Self:
        if self.ingredients is not None and self.text is not None:
            raise PydanticCustomError("one_form", "must not have both ingredients and text")
        if dish_length(self) > MAX_TEXT:
            raise PydanticCustomError("too_much_text", "must not have more than 20000 characters in all")
        return self


def dish_length(dish: Dish) -> int:
    """Return how many characters a dish has."""
    texts = (dish.name, dish.description or "", dish.text or "", *(dish.ingredients or ()))
    return sum(map(len, texts))


def _length(label: Label) -> int:
    if label.recipe is None:
        return sum(map(len, (label.text or "", *(label.ingredients or ()))))
    names = len(label.recipe.name or "")
    return names + sum(
        len(component.name) + sum(map(len, component.ingredients)) for component in label.recipe.components
    )
