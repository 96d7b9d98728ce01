"""The reading order of a schema dump."""

import re

from server.store.schema import SCHEMA, readable

DUMP = r"""--
-- PostgreSQL database dump
--

\restrict Zq1

-- Dumped from database version 18.4

SET statement_timeout = 0;

--
-- Name: note_job(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.note_job() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  -- A comment of the function's.
  RETURN NEW;
END $$;


SET default_tablespace = '';

--
-- Name: assets; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.assets (
    id bigint NOT NULL,
    kind text NOT NULL
)
WITH (fillfactor='50');


--
-- Name: COLUMN assets.kind; Type: COMMENT; Schema: public; Owner: -
--

COMMENT ON COLUMN public.assets.kind IS 'What it is for.';


--
-- Name: assets_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

ALTER TABLE public.assets ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME public.assets_id_seq
    CACHE 1
);


--
-- Name: users; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.users (
    id uuid NOT NULL
);


--
-- Name: assets assets_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.assets
    ADD CONSTRAINT assets_pkey PRIMARY KEY (id);


--
-- Name: assets_kind; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX assets_kind ON public.assets USING btree (kind);


--
-- PostgreSQL database dump complete
--

\unrestrict Zq1

"""

READABLE = """
CREATE TABLE users (
    id uuid NOT NULL
);

CREATE TABLE assets (
    id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    kind text NOT NULL,
    CONSTRAINT assets_pkey PRIMARY KEY (id)
)
WITH (fillfactor='50');
COMMENT ON COLUMN assets.kind IS 'What it is for.';
CREATE INDEX assets_kind ON assets USING btree (kind);

CREATE FUNCTION note_job() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
  -- A comment of the function's.
  RETURN NEW;
END $$;
"""


def test_parts_of_a_table_come_with_it_and_tables_in_the_order_of_migrations() -> None:
    head, schema = readable(DUMP).split("\n\n", 1)
    assert "make schema" in head
    assert "\n" + schema == READABLE


def test_the_schema_holds_everything_that_a_dump_of_it_would() -> None:
    schema, made = SCHEMA.read_text(), dict[tuple[str, str], bool]()
    for migration in sorted((SCHEMA.parent / "migrations").glob("*.sql")):
        for verb, kind, name in re.findall(
            r"^(CREATE|DROP) (?:UNIQUE |UNLOGGED |OR REPLACE )?"
            r"(TABLE|TYPE|INDEX|FUNCTION|TRIGGER) (\w+)",
            migration.read_text(),
            re.MULTILINE,
        ):
            made[kind, name] = verb == "CREATE"
    for (kind, name), stands in made.items():
        assert bool(re.search(rf"\b{kind} {name}\b", schema)) is stands, name
    assert "public." not in schema
