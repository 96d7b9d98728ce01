"""URLs of the database: as users have them, as asyncpg takes them, and without their secrets."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from server.causes import FileUnusable
from server.database_urls import read_url
from server.databases import URL

PLAIN: Mapping[str, str] = {}


def _query(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query))


@pytest.mark.parametrize(
    ("url", "where"),
    [
        ("postgresql://db/imggen", 'the database "imggen" at db:5432'),
        ("postgres://u:p%2Fw@db:6432/imggen", 'the database "imggen" at db:6432'),
        ("postgresql+asyncpg://u@db/imggen", 'the database "imggen" at db:5432'),
        ("postgresql://[::1]:5433/imggen", 'the database "imggen" at [::1]:5433'),
        ("postgresql://a:1,b:2/imggen", 'the database "imggen" at a:1, b:2'),
        ("postgresql://a,b:2/imggen", 'the database "imggen" at a:5432, b:2'),
        ("postgresql://u@/x?host=/run/pg", 'the database "x" at the socket /run/pg/.s.PGSQL.5432'),
        ("postgresql://%2Frun%2Fpg/x", 'the database "x" at the socket /run/pg/.s.PGSQL.5432'),
        ("postgresql:///x", 'the database "x" at a local socket'),
        ("postgresql://u@db/?dbname=x", 'the database "x" at db:5432'),
        ("postgresql://u@db?hostaddr=10.0.0.1", 'the database "u" at db:5432'),
    ],
)
def test_an_address_names_database_and_place(url: str, where: str) -> None:
    assert read_url(url, PLAIN).where == where


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("imggen", "is not a URL of Postgres"),
        ("mysql://u:hunter2@db/x", "is not a URL of Postgres"),
        ("host=db password=hunter2", "is not a URL of Postgres"),
        ("postgresql://u:hunter2/4@db/x", "its @"),
        ("postgresql://u:hunter2#4@db/x", "is not a URL of Postgres"),
        ("postgresql://u:hunter2?4@db/x", "its port"),
        ("postgresql://u:hunter2@db:http/x", "its port"),
        ("postgresql://u:hunter2@db:99999/x", "its port"),
        ("postgresql://u:hunter2@::1:5432/x", "without brackets"),
        ("postgresql://u:hunter2@a,b/x?port=1,2,3", "2 hosts and 3 ports"),
        ("postgresql://u:hunter2@db/x?sslmode=always", "sslmode=always: is not offered"),
        ("postgresql://u:hunter2@db/x?target_session_attrs=standby", "is not offered"),
        ("postgresql://u:hunter2@db/x?gssencmode=require", "is not offered"),
        ("postgresql://u:hunter2@db/x?connect_timeout=soon", "is not a whole number"),
        ("postgresql://u:hunter2@db/x?ssl=strict", "ssl=strict, which is not offered"),
        ("postgresql://u:hunter2@db/x?service=nobody&servicefile=/no/such", "cannot be read"),
    ],
)
def test_what_is_no_address_is_refused_without_its_password(url: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as refused:
        read_url(url, PLAIN)
    assert "hunter2" not in str(refused.value)


def test_parameters_that_asyncpg_has_nothing_for_are_dropped_and_named() -> None:
    found = read_url(
        "postgresql://db/x?channel_binding=require&gssencmode=disable&keepalives=1"
        "&keepalives_idle=30&load_balance_hosts=disable&pgbouncer=true&sslmode=require",
        PLAIN,
    )
    assert found.dropped == (
        *("channel_binding", "gssencmode", "keepalives", "keepalives_idle", "pgbouncer"),
    )
    assert not {*found.dropped, "load_balance_hosts"} & _query(found.url).keys()
    assert _query(found.url)["sslmode"] == "require"
    assert "channel_binding in IMGGEN_DATABASE_URL has no effect" in found.notes(URL)


@pytest.mark.parametrize(
    ("parameters", "translated"),
    [
        ("fallback_application_name=web", {"application_name": "web"}),
        ("fallback_application_name=web&application_name=own", {"application_name": "own"}),
        ("", {"application_name": "imggen", "sslmode": "prefer", "port": "5432"}),
        ("requiressl=1", {"sslmode": "require"}),
        ("ssl=true", {"sslmode": "require"}),
        ("ssl=verify-full", {"sslmode": "verify-full"}),
        ("ssl=require&sslmode=verify-ca", {"sslmode": "verify-ca"}),
        ("options=-c%20statement_timeout%3D5s", {"options": "-c statement_timeout=5s"}),
        ("options=a+b", {"options": "a+b"}),
    ],
)
def test_others_are_translated(parameters: str, translated: dict[str, str]) -> None:
    found = _query(read_url(f"postgresql://db/x?{parameters}", PLAIN).url)
    assert {name: found[name] for name in translated} == translated


def test_a_time_to_connect_is_kept() -> None:
    assert read_url("postgresql://db/x?connect_timeout=3", PLAIN).timeout == 3
    assert read_url("postgresql://db/x?connect_timeout=0", PLAIN).timeout == 5


def test_hosts_are_shuffled_where_the_load_is_to_be_balanced() -> None:
    hosts = ",".join(f"h{number}" for number in range(50))
    found = read_url(f"postgresql://u:p%2B%20w@{hosts}/x?load_balance_hosts=random", PLAIN)
    assert found.where == read_url(f"postgresql://{hosts}/x", PLAIN).where
    dialled = [found.dial() for _ in range(5)]  # one for each connection, as libpq does
    assert len({_query(url)["host"] for url in dialled}) > 1
    for url in dialled:
        assert set(_query(url)["host"].split(",")) == set(hosts.split(","))
        assert _query(url).keys() == _query(found.url).keys()
        assert urlsplit(url)[:3] == urlsplit(found.url)[:3]


def test_each_host_keeps_its_port_when_they_are_shuffled() -> None:
    url = "postgresql://a:1,[::1]:2,c:3/x?load_balance_hosts=random"
    query = _query(read_url(url, PLAIN).dial())
    pairs = zip(query["host"].split(","), query["port"].split(","), strict=True)
    assert set(pairs) == {("a", "1"), ("[::1]", "2"), ("c", "3")}


def test_any_server_of_several_hosts_will_do_unless_the_url_says_otherwise() -> None:
    found = _query(read_url("postgresql://a,b/x", PLAIN).url)
    assert found["target_session_attrs"] == "any"  # libpq's default
    assert found["host"] == "a,b"


def test_the_systems_authorities_are_a_file() -> None:
    found = _query(read_url("postgresql://db/x?sslrootcert=system", PLAIN).url)
    assert Path(found["sslrootcert"]).is_file()
    assert found["sslmode"] == "verify-full"


def test_what_the_environment_adds_is_named_and_part_of_the_address() -> None:
    environment = {"PGPORT": "6000", "PGSSLMODE": "disable", "PGHOST": "else", "PGTZ": "UTC"}
    found = read_url("postgresql://u@db/x", environment)
    assert found.taken == ("PGPORT", "PGSSLMODE")
    assert found.where == 'the database "x" at db:6000'
    assert _query(found.url)["sslmode"] == "disable"
    assert "PGPORT of the environment adds to IMGGEN_DATABASE_URL" in found.notes(URL)
    assert read_url("postgresql://db:1/x?sslmode=require", environment).taken == ()


def test_a_wrong_variable_is_named() -> None:
    with pytest.raises(ValueError, match="PGSSLMODE=always: is not offered"):
        read_url("postgresql://db/x", {"PGSSLMODE": "always"})


def test_a_service_is_looked_up(tmp_path: Path) -> None:
    services = tmp_path / "services.conf"
    services.write_text("[pictures]\nhost=db\nport=6000\ndbname=x\npassword=100%\n")
    found = read_url(f"postgresql://u@/?service=pictures&servicefile={services}", PLAIN)
    assert found.where == 'the database "x" at db:6000'
    with pytest.raises(ValueError, match=r"service=other: .* does not have it"):
        read_url("postgresql:///?service=other", {"PGSERVICEFILE": str(services)})


@pytest.mark.parametrize("name", ["sslrootcert", "sslcert", "sslkey", "sslcrl"])
def test_a_file_that_is_none_is_named(name: str, tmp_path: Path) -> None:
    garbage = tmp_path / "garbage.pem"
    garbage.write_text("nothing")
    for path in ("/no/such.pem", tmp_path, *([garbage] if name != "sslkey" else [])):
        found = read_url(f"postgresql://db/x?sslmode=verify-full&{name}={path}", PLAIN)
        with pytest.raises(FileUnusable, match=f"{name}.*{path}"):
            found.check_files()
