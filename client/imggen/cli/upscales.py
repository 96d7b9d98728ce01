"""The command that makes print assets anew."""

from pathlib import Path

import click

from imggen.cli.ignored import refuse_typed
from imggen.cli.options import metadata_option
from imggen.cli.output_files import checked_file, force_option, why
from imggen.cli.pasting import pasted
from imggen.cli.progress import enlarged_note, to_the_end
from imggen.cli.session import Session, connected
from imggen.v1.image_pb2 import Image
from imggen.v1.job_pb2 import Job


@click.command()
@click.argument("image_id")
@click.option(
    "--min-size",
    default="",
    metavar="WxH",
    help="The least size in pixels; 24 million at most.  [default: 2048x2048 for a portrait,"
    " 3000x2000 for others]",
)
@metadata_option
@click.option("--priority", type=int, help="1 (first) to 3.  [default: 2]")
@click.option("--no-wait", is_flag=True, help="Print the job without waiting for it.")
@click.option(
    "--output",
    "-o",
    type=click.Path(dir_okay=False, path_type=Path),
    callback=checked_file,
    help="Save the new print file to this file.",
)
@force_option
@connected
def upscale(
    session: Session,
    image_id: str,
    min_size: str,
    metadata: dict[str, str],
    priority: int | None,
    no_wait: bool,
    output: Path | None,
) -> None:
    """Make the print file of an image anew, enlarged by a model.

    A picture's print file is enlarged by Lanczos, which is fast and adds no details, unless the
    service is set to use a model. This uses the model for one image, free, in about 10 seconds
    without a GPU. Everything else of the image stays, and so does the old print file until the new
    one is stored. It has the shape of the picture, so that a page of 16:9 and --min-size 4500x3000
    gives 5344x3000.

    \b
    Examples:
      imggen upscale IMAGE_ID --output mia-print.jpg
      imggen upscale IMAGE_ID --min-size 4096x4096 --output mia-poster.jpg
      imggen upscale IMAGE_ID --no-wait --json | jq -r .job.jobId
    """
    _refuse_ignored(no_wait=no_wait, saves=output is not None)
    job = session.client.upscale(image_id, min_size=min_size, priority=priority, metadata=metadata)
    if no_wait:
        session.document(f"job {job.job_id}", *_lines(job), job=job)
        return
    last = to_the_end(session, job.job_id)
    lines = [*_lines(last.job), f"print {last.image.print_url}"]
    if output is None:
        session.document(*lines, job=last.job, image=last.image)
        return
    path = _saved(session, last.image, output, lines, last.job)
    session.document(*lines, f"saved {path}", job=last.job, image=last.image, path=str(path))


def _refuse_ignored(*, no_wait: bool, saves: bool) -> None:
    if no_wait:
        refuse_typed("saves nothing with --no-wait; leave one of them out", "output", "force")
    elif not saves:
        refuse_typed("is for a file that --output saves; leave it out", "force")


def _saved(session: Session, image: Image, output: Path, lines: list[str], job: Job) -> Path:
    """Saves the print file; says what was made, too, where it cannot be saved."""
    try:
        return session.client.download(image, output, kind="print")
    except OSError as error:
        session.document(*lines, job=job, image=image)
        then = f"save it with: {pasted('download', image.id, 'FILE', '--kind', 'print')}"
        raise click.ClickException(f"cannot save to {output}: {why(error)}; {then}") from error


def _lines(job: Job) -> list[str]:
    """Returns an upscale as a few lines for people."""
    size = f"print file of {job.upscaling.print_size}"
    return [f"image {job.image_id}", size, *filter(None, [enlarged_note(job)])]
