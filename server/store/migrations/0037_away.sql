-- What the health of a gateway proves, and which transactions hold back the feed.

-- A gateway writes its row every few seconds: a database that only reads serves no call.
CREATE TABLE write_probes (
  gateway text PRIMARY KEY,
  at timestamptz NOT NULL,
  room bytea  -- of a write that proves that the disk has room, and is rolled back
);
ALTER TABLE write_probes ALTER COLUMN room SET STORAGE EXTERNAL;
COMMENT ON TABLE write_probes IS 'The last write of each gateway, which proves that it can write.';
COMMENT ON COLUMN write_probes.gateway IS 'The machine and the process.';

-- Numbers of transactions are those of the whole server. Of the ones that run in this statement's
-- snapshot, these may yet write the outbox, or have written what the snapshot does not see. Not so:
-- sessions of other databases, those whose user may not write the outbox, and what is prepared
-- without having written it. A transaction that cannot be found has ended since the snapshot.
--
-- STABLE, so that the snapshot is that of the statement which calls it.
CREATE FUNCTION outbox_writers() RETURNS TABLE (xact bigint, pid integer, prepared text)
    LANGUAGE sql STABLE AS $$
  SELECT running.id::text::bigint, session.pid, prepared.gid
  FROM pg_snapshot_xip(pg_current_snapshot()) AS running (id)
  LEFT JOIN pg_locks held ON held.locktype = 'transactionid' AND held.mode = 'ExclusiveLock'
    AND held.granted AND held.transactionid = running.id::xid
  LEFT JOIN pg_stat_get_activity(NULL) session ON session.pid = held.pid
  LEFT JOIN pg_prepared_xacts prepared ON prepared.transaction = running.id::xid
  WHERE CASE
    WHEN prepared.gid IS NOT NULL THEN prepared.database = current_database() AND EXISTS (
      SELECT FROM pg_locks wrote WHERE wrote.virtualtransaction = held.virtualtransaction
        AND wrote.locktype = 'relation' AND wrote.relation = 'outbox'::regclass
    )
    WHEN session.pid IS NOT NULL THEN
      session.datid = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND EXISTS (
        SELECT FROM pg_roles WHERE pg_has_role(session.usesysid, oid, 'MEMBER')
          AND has_table_privilege(oid, 'outbox', 'INSERT')
      )
    ELSE true
  END
$$;

-- Returns the number of the first transaction that may yet add a change: all before it are settled.
CREATE FUNCTION outbox_settled() RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT coalesce(min(xact), pg_snapshot_xmax(pg_current_snapshot())::text::bigint)
  FROM outbox_writers()
$$;
