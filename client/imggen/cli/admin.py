"""The commands of operators; all of them need the role admin."""

import click

from imggen.cli.history import history_lines
from imggen.cli.session import Session, connected


@click.group()
def admin() -> None:
    """See and steer all users' jobs; needs the role admin."""


@admin.command()
@click.argument("job_id")
@connected
def history(session: Session, job_id: str) -> None:
    """Show all that is known of a job: choices, attempts, stages, calls and money.

    \b
    Example:
      imggen admin history JOB_ID
    """
    found = session.client.get_job_history(job_id)
    session.document(
        *history_lines(found),
        job=found.job,
        userId=found.user_id,
        admitted=found.admitted,
        attempts=found.attempts,
        movements=found.movements,
    )
