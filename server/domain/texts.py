"""The texts of things by the names of their fields, as they are checked."""

from collections.abc import Iterable, Iterator

from server.domain.characters import Description, FrozenCharacter
from server.domain.scenes import Scene
from server.domain.spec import RenderSpec
from server.domain.stories import Draft

Texts = dict[str, str]


def texts_of_character(looks: Description, path: str = "character") -> Texts:
    """Returns the texts of a character."""
    names = ("name", "species", "hair", "eyes", "skin", "clothing")
    texts = {f"{path}.{name}": getattr(looks, name) for name in names}
    for name in ("features", "traits"):
        texts.update(_listed(f"{path}.{name}", getattr(looks, name)))
    return texts


def texts_of_story(draft: Draft) -> Texts:
    """Returns the texts of a story and of its pages."""
    texts = {"story.title": draft.title}
    for place, page in enumerate(draft.pages):
        texts[f"story.pages[{place}].text"] = page.text
        texts[f"story.pages[{place}].scene_description"] = page.scene_description
        texts.update(_set(page.fixed, f"story.pages[{place}].scene"))
    return texts


def texts_of_spec(spec: RenderSpec, told: str = "scene") -> Texts:
    """Returns the texts of what a picture shows; `told` names its scene description."""
    return {
        told: spec.scene,
        "page.text": spec.page_text,
        **texts_of_cast(spec.cast),
        **_listed("page.before", spec.before),
        **_set(spec.fixed, "page.scene"),
    }


def texts_of_specs(specs: Iterable[tuple[RenderSpec, int | None, str]]) -> Texts:
    """Returns the texts of the pictures of a story.

    Each comes with the number of its page and the field of its scene description.
    """
    return {name: text for spec, number, told in specs for name, text in _paged(spec, number, told)}


def texts_of_cast(cast: Iterable[FrozenCharacter]) -> Texts:
    """Returns the texts of frozen characters, each named by its id."""
    return {
        name: text
        for one in cast
        for name, text in texts_of_character(one.description, f"characters[{one.id}]").items()
    }


def names_of_cast(cast: Iterable[FrozenCharacter]) -> Texts:
    """Returns the names of frozen characters, as `texts_of_cast` names their fields."""
    return {f"characters[{one.id}].name": one.description.name for one in cast}


def texts_of_scene(scene: Scene, path: str = "scene") -> Texts:
    """Returns the texts of what was read from a page, or set by its author."""
    texts = {f"{path}.place": scene.place, f"{path}.told": scene.told}
    for name in ("extras", "props", "colours", "absent"):
        texts.update(_listed(f"{path}.{name}", getattr(scene, name)))
    for place, figure in enumerate(scene.figures):
        for name in ("doing", "holding", "wearing", "without"):
            texts.update(_listed(f"{path}.figures[{place}].{name}", getattr(figure, name)))
    return texts


def _set(fixed: Scene | None, path: str) -> Texts:
    return {} if fixed is None else texts_of_scene(fixed, path)


def _listed(path: str, items: Iterable[str]) -> Texts:
    return {f"{path}[{place}]": item for place, item in enumerate(items)}


def _paged(spec: RenderSpec, number: int | None, told: str) -> Iterator[tuple[str, str]]:
    yield told, spec.scene
    # A cover may have the words of the first page.
    yield f"story.pages[{(number or 1) - 1}].text", spec.page_text
    path = f"story.pages[{number - 1}].scene" if number else "cover.scene"
    yield from _set(spec.fixed, path).items()
    yield from texts_of_cast(spec.cast).items()
