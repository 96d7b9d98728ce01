"""The command that draws a whole story from a file."""

from pathlib import Path

import click

from imggen.cli.batch_progress import follow_batch, headline
from imggen.cli.batches import end_with, print_end
from imggen.cli.checks import print_unchecked
from imggen.cli.consoles import echo
from imggen.cli.file_names import file_stem
from imggen.cli.input_files import read_text
from imggen.cli.losses import end_strictly, losses_of, strict_option
from imggen.cli.options import KINDS
from imggen.cli.output_files import force_option, forced
from imggen.cli.pictures_folder import Pictures
from imggen.cli.plans import print_plan
from imggen.cli.routes import quote_lines
from imggen.cli.session import Session, connected
from imggen.cli.story_file import read_story_file
from imggen.cli.submission import Labels, save, save_known_portraits, submit
from imggen.cli.submission import plan as plan_file
from imggen.cli.submission import quote as quote_file
from imggen.fields import AssetKindName


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--again", is_flag=True, help="Draw it again, with new seeds.")
@click.option("--quote", is_flag=True, help="Print what it would cost; draw nothing.")
@click.option("--plan", is_flag=True, help="Print what each page would show; draw nothing.")
@click.option("--no-wait", is_flag=True, help="Print the batch without waiting for it.")
@click.option(
    "--output",
    "-o",
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder for the pictures.  [default: named after the title]",
)
@click.option(
    "--kind",
    type=click.Choice(KINDS),
    default="display",
    show_default=True,
    help="The assets that are saved.",
)
@force_option
@strict_option
@connected
def story(
    session: Session,
    file: Path,
    again: bool,
    quote: bool,
    plan: bool,
    no_wait: bool,
    output: Path | None,
    kind: AssetKindName,
    strict: bool,
) -> None:
    """Draw a whole story from a file: portraits, pages and optionally a cover.

    The file is YAML. Only title, style and pages are required; for a character only the name:

    \b
      title: The Map
      style: watercolor            # imggen styles
      characters:
        - name: Mia
          age: 7
          gender: female           # or male
          species: human           # or fox, bear, ...
          hair: curly red hair
          eyes: green
          skin: light              # or fur
          clothing: a yellow dress
          features: [freckles]
          traits: [brave]
      pages:
        - text: Mia finds a map in the attic.
          characters: [Mia]        # who is in the picture; others are where the text names them
        - text: She follows it to the old oak.
          scene: Mia under a big oak at sunset   # default: taken from the text
          characters: [Mia]
        - text: They talked until the stars came out.
          scene:                   # or only what --plan shows to be read wrongly
            figures:               # then all who are there
              Mia: {doing: [sit by the fire], mood: happy, holding: [a map]}
            place: cave
            time: night            # or dawn, morning, day, evening
      cover:                       # optional; draws a cover
        scene: Mia in front of the old oak, the map in her hand   # or fields, as for a page
        characters: [Mia]          # default: those whom the scene names, or on the most pages
      options:                     # all optional
        cover: true                # default: false, or true where cover is set above
        portraits: true
        scenes: true
        images_per_page: 1         # up to 4, to choose from
        aspect_ratio: 16:9         # or 4:3, 1:1
        model: storybook
        provider: local            # or openai; imggen providers
        quality: hd                # or standard
        min_quality: good          # or draft, fine, best: how good the model must be
        max_cost: 0.10             # dollars for each picture; 0: free models only
        references: true           # draw pages from the portraits; default: set by the service
        allow_reuse: false         # take equal pictures that are stored already, free
        priority: 2                # 1 (first) to 3
        metadata:                  # your own words on its jobs; imggen jobs --meta order=4711
          order: 4711

    Portraits are drawn first, and each page as soon as those of its characters are done. The
    same file gives the same batch: run the command again after Ctrl-C or a crash to continue
    watching it. Ctrl-C stops watching; the batch continues. At the end comes what it cost, by
    model, a table of what the pictures do not show as told: left out, or drawn as something
    else, and which of them no classifier has looked at. --plan tells before anything is drawn:
    who is on each page, where, doing what, what its model would not show, and which other one
    would show more.

    \b
    Examples:
      imggen story map.yaml
      imggen story map.yaml --quote
      imggen story map.yaml --plan
      imggen story map.yaml --again --output second-try --kind print
      imggen story map.yaml --no-wait --json | jq -r .batch.batchId
    """
    content = read_story_file(file, read_text(file))
    if quote:
        price = quote_file(session.client, content)
        session.document(*quote_lines(price), quote=price)
        return
    if plan:
        print_plan(session, plan_file(session.client, content))
        return
    folder = output or Path(file_stem(content.title) or file_stem(file.stem) or "story")
    pictures = Pictures(folder, kind, story=content.title, force=forced())
    if not no_wait:
        pictures.check()
    submitted = submit(session.client, content, again=again)
    if no_wait:
        lines = [
            f"batch {submitted.batch.batch_id}",
            f"story {submitted.story.id}",
            headline(submitted.batch),
        ]
        session.document(*lines, batch=submitted.batch, story=submitted.story)
        return
    last = follow_batch(
        session.client, submitted.batch.batch_id, submitted.names, silent=session.json
    )
    images = list(last.images)
    drawn = save(session.client, images, Labels(images, submitted.names), pictures).values()
    known = save_known_portraits(session.client, images, submitted, pictures)
    if session.json:
        session.document(
            batch=last.batch, images=images, story=submitted.story, folder=str(folder.resolve())
        )
    else:
        print_end(last, submitted.names, content.options.model)
        print_unchecked(session.client, images, Labels(images, submitted.names))
        for path in (*known.values(), *drawn):
            echo(f"saved {path}")
    end_with(last.batch)
    pictures.end()
    end_strictly(losses_of(images), strict=strict)
