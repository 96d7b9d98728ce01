"""The dialect of hosted models: sentences, whole characters, and nothing of other models."""

from dataclasses import replace
from uuid import UUID

from actors.prompts.hosted import HostedDialect
from server.domain.characters import Description, FrozenCharacter, Gender
from server.domain.scenes import DayTime, Mood, Scene, Season, Weather
from server.domain.spec import RenderSpec
from server.domain.states import ImageType
from tests.unit.content import CARTOON, figure, render_spec

MIA = FrozenCharacter(
    UUID(int=1),
    1,
    Description(
        name="Mia",
        age=7,
        gender=Gender.FEMALE,
        hair="long red hair",
        clothing="a yellow dress.",
        traits=("brave",),
    ),
)
RUSTY = FrozenCharacter(UUID(int=2), 1, Description(name="Rusty", species="fox", skin="orange"))
CLOSING = (
    "Without photo, realistic, blurry.\n"
    "Without any lettering: no text, letters, numbers, captions, speech bubbles, signatures or "
    "watermarks anywhere in the picture."
)


def prompt(
    spec: RenderSpec, scene: str, pictures: tuple[UUID, ...] = (), limit: int = 32_000
) -> str:
    """Returns the prompt of a spec with a scene description."""
    return HostedDialect(limit).compile(replace(spec, scene=scene), Scene(), pictures).prompt


def read(scene: Scene, *cast: FrozenCharacter) -> str:
    """Returns the prompt of a page that was read."""
    return HostedDialect(32_000).compile(paged("The page.", *cast), scene).prompt


def paged(page_text: str, *cast: FrozenCharacter) -> RenderSpec:
    return replace(render_spec(cast), page_text=page_text)


def test_a_scene_says_style_action_people_mood_and_what_is_left_out() -> None:
    spec = paged('"Wait!" cried Mia. They ran.', MIA, RUSTY)
    assert prompt(spec, "Mia and Rusty run\nthrough a forest.", (RUSTY.id,)) == (
        "A picture for a page of a children's book. The style is children's book illustration, "
        "cartoon style, vibrant colors. Bright colors.\n\n"
        "The picture shows: Mia and Rusty run through a forest.\n\n"
        "Its 2 characters from left to right, each of them once:\n"
        "1. Mia, a brave 7-year-old girl with long red hair, wearing a yellow dress.\n"
        "2. Rusty, a fox with orange fur.\n\n"
        "Of the pictures sent along, the first picture shows Rusty. Draw each of them as the same "
        "character, with the same face, hair and build; the background, pose and light are those "
        "of the new picture.\n\n"
        "The mood is that of this page, whose words are not in the picture: "
        '"Wait!" cried Mia. They ran.\n\n' + CLOSING
    )


def test_a_portrait_has_one_character_and_no_places() -> None:
    said = prompt(render_spec([MIA], ImageType.PORTRAIT), "")
    assert said.startswith("A portrait for a children's book. The style is ")
    assert "\n\nIts only character is Mia, a brave 7-year-old girl with long red hair" in said
    assert "left" not in said.replace("left out", "")
    assert said.endswith(CLOSING)


def test_the_pictures_sent_along_are_named_in_their_order() -> None:
    said = prompt(render_spec([MIA, RUSTY]), "a forest", (RUSTY.id, MIA.id))
    assert "the first picture shows Rusty, the second picture shows Mia." in said


def test_the_syntax_of_other_models_is_not_passed_on() -> None:
    style = replace(
        CARTOON,
        prompt_template="(watercolor:1.3), soft light BREAK <lora:ink:0.8>",
        negative_prompt="(photo:1.4), photo, realistic",
    )
    said = prompt(render_spec([MIA], style=style), "a forest")
    assert "The style is watercolor, soft light." in said
    assert "Without photo, realistic." in said
    for leaked in ("(", ":1", "<", "BREAK", "lowres", "bad anatomy", "extra limbs"):
        assert leaked not in said


def test_no_words_to_leave_out_leave_only_the_lettering() -> None:
    said = prompt(render_spec([MIA], style=replace(CARTOON, negative_prompt="")), "a forest")
    assert said.count("Without") == 1


def test_over_the_limit_the_page_goes_first_and_characters_stay_whole() -> None:
    spec = paged("The wind blew. " * 4000, MIA, RUSTY)
    scene = "Mia runs. " * 30
    said = prompt(spec, scene)
    assert 31_900 < len(said) <= 32_000
    assert scene.strip() in said
    assert "2. Rusty, a fox with orange fur." in said
    assert "blew.\n\nWithout photo" in said


def test_no_limit_is_passed_and_no_character_is_cut() -> None:
    spec = paged("The wind blew and the leaves fell " * 9, MIA, RUSTY)
    people = {line for line in prompt(spec, "").splitlines() if line[:2] in {"1.", "2."}}
    for limit in range(1300):
        said = prompt(spec, "Mia runs through a forest of tall trees. Rusty follows.", (), limit)
        assert len(said.encode()) <= limit
        lines = {line for line in said.splitlines() if line[:2] in {"1.", "2."}}
        assert lines in (set(), people)
        assert ("Its only character is Mia" in said) <= ("wearing a yellow dress." in said)


def test_a_text_is_cut_after_a_sentence_or_a_word() -> None:
    spec = replace(render_spec([]), style=replace(CARTOON, description=""))
    whole = len(prompt(spec, ""))
    said = prompt(spec, "One two three. Four five six.", limit=whole + 2 + 19 + 18)
    assert "The picture shows: One two three.\n" in said
    said = prompt(spec, "One two three four five", limit=whole + 2 + 19 + 18)
    assert "The picture shows: One two three.\n" in said


def test_a_text_without_spaces_is_cut_after_a_sentence_or_else_anywhere() -> None:
    spec = replace(render_spec((), ImageType.SCENE), page_text="")
    whole = len(prompt(spec, ""))
    limit = whole + 2 + len("The picture shows: ") + 3 * 8 + 3
    fox, stop = "\N{CJK UNIFIED IDEOGRAPH-72D0}", "\N{IDEOGRAPHIC FULL STOP}"
    assert f"The picture shows: {fox * 3}{stop}\n" in prompt(
        spec, f"{fox * 3}{stop}{fox * 9}{stop}", limit=limit
    )
    assert f"The picture shows: {fox * 8}.\n" in prompt(spec, fox * 99, limit=limit)


def test_the_same_content_gives_the_same_prompt() -> None:
    spec = paged("A page.", MIA, RUSTY)
    assert prompt(spec, "a forest", (MIA.id,)) == prompt(spec, "a forest", (MIA.id,))


def test_a_page_without_a_description_is_told_once() -> None:
    said = read(Scene(told="Mia runs."), MIA)
    assert said.count("Mia runs") == 1
    assert "The page." not in said


def test_all_that_was_read_is_said_in_words() -> None:
    scene = Scene(
        figures=(
            figure(MIA, doing=("climb the old oak",), mood=Mood.AFRAID, holding=("lamp",)),
            figure(RUSTY, wearing=("red scarf",)),
        ),
        extras=("owl",),
        place="forest",
        time=DayTime.NIGHT,
        season=Season.WINTER,
        weather=(Weather.SNOW,),
        props=("lamp", "apple"),
        absent=("moon",),
    )
    said = read(scene, MIA, RUSTY)
    assert "yellow dress, climbing the old oak, afraid, holding a lamp." in said
    assert "2. Rusty, a fox with orange fur, wearing a red scarf." in said
    assert "In it: in the forest, at night, in winter, snow, an owl, an apple." in said
    assert "Not in the picture: moon." in said


def test_a_place_without_anybody_says_so() -> None:
    said = "There are no people in the picture."
    assert said in read(Scene(place="mill"))
    assert said not in read(Scene(place="mill", extras=("crowd",)))
    assert said not in read(Scene(place="mill", told="Somebody is in the mill."))
    assert said not in read(Scene(place="mill"), MIA)


def test_a_cover_with_parts_that_are_set_is_not_told_its_first_page() -> None:
    spec = replace(paged("Mia swam in the lake.", MIA), image_type=ImageType.COVER, scene="The Map")
    read_page = HostedDialect(32_000).compile(spec, Scene(place="lake")).prompt
    fixed = replace(spec, fixed=Scene(place="attic"))
    told = HostedDialect(32_000).compile(fixed, Scene(place="attic")).prompt
    assert "Mia swam" in read_page
    assert "Mia swam" not in told
    assert "The picture shows: The Map." in told
