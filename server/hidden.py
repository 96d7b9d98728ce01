"""Texts without their secrets: passwords, tokens and signatures in URLs."""

import re

MARK = "********"

# In a password every character may be raw but a blank; what follows its last @ is the host.
_CREDENTIALS = re.compile(r"([A-Za-z][\w+.-]*://)([^\s/@:]*)(:[^\s@]*(?:@[^\s@/]*)*)?@")
# A value may have quotes and brackets; those at its end are of the text around.
_QUERY = re.compile(r"(?<=[?&])([\w.%-]+)=([^\s&#\"<>]*?)(?=['\")\]>,.:;]{0,3}(?:[\s&#\"<>]|$))")
_FRAGMENT = re.compile(r"(://[^\s#]*)#[^\s\"<>]+?(?=['\")\]>,.:;]{0,3}(?:[\s\"<>]|$))")

_SHOWN = re.compile(
    r"(host|hostaddr|port|user|dbname|database|options|application_name|fallback_application_name"
    r"|connect_timeout|channel_binding|gssencmode|keepalives\w*|tcp_user_timeout|target_session_attrs"
    r"|load_balance_hosts|ssl(mode|rootcert|cert|key|crl|negotiation|sni)|service|servicefile"
    r"|passfile|client_encoding|pgbouncer|connection_limit|search_path|versionId)"
)
"""Parameters of URLs whose values are no secrets; the values of all others are hidden."""


def without_secrets(text: str) -> str:
    """Returns a text with the passwords, parameters and fragments of its URLs hidden."""
    text = _CREDENTIALS.sub(_hide_credentials, text)
    text = _QUERY.sub(_hide_parameter, text)
    return _FRAGMENT.sub(rf"\1#{MARK}", text)


def _hide_credentials(match: "re.Match[str]") -> str:
    scheme, user, password = match.groups()
    if password:
        return f"{scheme}{user}:{MARK}@"
    # Alone, it is a user for a database, and a token for everything else.
    return match[0] if scheme.startswith("postgres") else f"{scheme}{MARK}@"


def _hide_parameter(match: "re.Match[str]") -> str:
    return match[0] if _SHOWN.fullmatch(match[1]) or not match[2] else f"{match[1]}={MARK}"
