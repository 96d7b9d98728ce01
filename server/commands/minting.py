"""`python -m server token`."""

import argparse
import sys

from server.commands.common import Commands
from server.hidden import without_secrets
from server.identity.caller import Role
from server.settings import GatewaySettings


def _token(options: argparse.Namespace) -> int:
    from server.identity.tokens import mint_token

    settings = GatewaySettings()
    if settings.key_set:
        print(
            f"error: tokens are signed with the keys at {without_secrets(str(settings.key_set))}; "
            f"get one from "
            f"{settings.jwt_issuer}",
            file=sys.stderr,
        )
        return 2
    print(
        mint_token(
            settings.jwt_secret.get_secret_value(),
            issuer=settings.jwt_issuer,
            audience=settings.jwt_audience,
            subject=options.subject,
            roles=options.role,
            ttl_s=options.ttl,
        )
    )
    return 0


def add(commands: Commands) -> None:
    """Adds the command."""
    parser = commands.add_parser(
        "token",
        help="print a token for development, signed with IMGGEN_JWT_SECRET",
        epilog='use it as: grpcurl -plaintext -H "authorization: Bearer $(python -m server token)" '
        "localhost:50051 imggen.v1.StyleService/ListStyles",
    )
    parser.add_argument(
        "--subject", default="developer", help="the user that it is for (default: developer)"
    )
    parser.add_argument(
        "--role",
        action="append",
        default=[],
        type=Role,
        choices=list(Role),
        metavar="|".join(Role),
        help="a role of the user; may be given more than once",
    )
    parser.add_argument(
        "--ttl",
        type=float,
        default=8 * 3600.0,
        metavar="SECONDS",
        help="how long it is valid (default: 8 hours)",
    )
    parser.set_defaults(command=_token)
