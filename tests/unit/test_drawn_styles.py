"""Styles that a model draws as others: the catalogue says what the dialect does."""

from actors.prompts.styles import drawn_style
from imggen.testing.catalogue import STYLES
from server.domain.styles import Style
from server.routing.catalogue import KNOWN


def test_the_catalogue_lists_the_styles_that_storybook_draws_as_others() -> None:
    found = {}
    for one in STYLES:  # those of a new database, which a generated file has
        style = Style(
            one.id,
            one.version,
            one.display_name,
            one.description,
            one.prompt_template,
            one.negative_prompt,
        )
        drawn = drawn_style(style)
        if not drawn.exact:
            found[one.id] = drawn.word
    assert dict(KNOWN["storybook"].drawn_styles) == found == {"painterly": "watercolor"}


def test_other_models_know_every_style() -> None:
    others = [model for name, model in KNOWN.items() if name != "storybook"]
    assert not any(model.drawn_styles for model in others)
