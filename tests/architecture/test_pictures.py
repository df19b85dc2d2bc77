"""The pictures of the documentation are what the commands print."""

import re

from tools.pictures import PICTURE, render


def test_the_picture_of_a_label_is_current() -> None:
    assert render() == PICTURE.read_text("utf-8"), "run `make pictures`"


def test_a_picture_loads_nothing() -> None:
    picture = PICTURE.read_text("utf-8").replace('xmlns="http://www.w3.org/2000/svg"', "")

    assert re.findall(r"url\((?!#)|@import|href=|<script", picture) == []
