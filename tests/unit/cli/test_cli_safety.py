"""A refused text, in the output of commands."""

from imggen.testing import FakeService
from tests.unit.cli.conftest import Command


def test_a_refused_text_is_told_by_its_field_and_rule_with_the_way_to_appeal(
    fake: FakeService, command: Command
) -> None:
    fake.refuse_next_text("character.hair", method="CreateCharacter")
    command("characters", "create", "--name", "Mia", "--hair", "something", code=1)
    digest = "5f" * 32
    assert command.err.startswith(
        'imggen: CONTENT_POLICY: character.hair: breaks the rule "profanity-words" (profanity); '
        f"change it, or appeal: an operator can allow it by its hash, {digest} ["
    )
    assert "stage=admission" in command.err
    assert "something" not in command.err
